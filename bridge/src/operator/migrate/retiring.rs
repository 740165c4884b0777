//! The old signer is retired, once Highwater has its key and its mark.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use highwater_core::hrs::{Height, Hrs};
use highwater_moving::{Act, Plan, PublicKey, Question, Remains, Source, State, unchanged};
use rand::RngCore as _;
use zeroize::Zeroizing;

use crate::advice;
use crate::config::Config;
use crate::failure::Failure;
use crate::old_signer::{OldFile, carry_out, founds, may_write};
use crate::operator::{chain_id, pinned};
use crate::store::ChainFile;
use crate::users::Hands;

/// A state that is so many heights below what is known here may be an old copy of the one that the signer signs by.
const FAR: u64 = 100;

/// The old signer, as the operator says.
#[derive(Debug, Clone)]
pub(crate) struct Old<'a> {
    pub(crate) source: Source,
    pub(crate) chain: &'a str,
    pub(crate) states: &'a [PathBuf],
    pub(crate) key: Option<PathBuf>,
    pub(crate) block_time: Duration,
}

/// What was done, and what is left to a person.
#[derive(Debug)]
pub(crate) struct Retired {
    /// The acts in words.
    pub(crate) done: Vec<String>,
    pub(crate) remains: Vec<Remains>,
    /// What makes it doubtful that these are the files that the old signer signs by.
    pub(crate) doubts: Vec<String>,
}

/// Retires the old signer's files. The chain has to be pinned here, with the key that is in them and at or above all that
/// they say was signed: then the device has answered, and what the files tell is known here.
pub(crate) fn retire(config: &Config, old: &Old<'_>, hands: &Hands) -> Result<Retired, Failure> {
    let chain = chain_id(old.chain)?;
    let pin = pinned(config, old.chain)?;
    let record = ChainFile::load(&config.state_dir, old.chain, &pin)?.record;
    // A mark that was asked for and is not approved is nothing that the device knows.
    if let Some(intention) = record.intention {
        return Err(Failure::unavailable(advice::not_approved_yet(old.chain, intention.to)));
    }
    let known = record.floor();
    let public = PublicKey::new(pin.key);
    hands.as_asked(|| {
        let states = OldFile::read_all(old.states)?;
        let key = old.key.as_deref().map(OldFile::read).transpose()?;
        let question = Question {
            source: old.source,
            chain,
            key: Some(&public),
            rule: highwater_moving::MarkRule::RoundDone,
            threshold: None,
            now: SystemTime::now(),
            block_time: old.block_time,
        };
        let mut fresh = Zeroizing::new([0; 32]);
        rand::rng().fill_bytes(&mut *fresh);
        let key = key.as_ref().map(OldFile::found);
        let Plan { acts, remains } = highwater_moving::retire(&question, &founds(&states), key, &fresh)?;
        let mut doubts = Vec::new();
        for file in &states {
            doubts.extend(all_is_known(old, file, known)?);
        }
        // Nobody is to learn in the middle that the rest cannot be done.
        acts.iter().try_for_each(may_write)?;
        let copies = acts.iter().take_while(|act| matches!(act, Act::Copy { .. })).count();
        let (copies, rest) = acts.split_at(copies);
        copies.iter().try_for_each(carry_out)?;
        // The copies hold what was judged: what is written over now is not lost.
        unchanged(&founds(&states), &founds(&OldFile::read_all(old.states)?))?;
        rest.iter().try_for_each(carry_out)?;
        Ok(Retired { done: acts.iter().flat_map(words).collect(), remains, doubts })
    })
}

/// An error if the file says more than is known here. If it says far less, a doubt: Highwater may have signed the rest, or the
/// file is an old copy.
fn all_is_known(old: &Old<'_>, file: &OldFile, known: Hrs) -> Result<Option<String>, Failure> {
    let place = State::read(old.source, file.path(), file.bytes())?.place;
    let below = known.height.value().saturating_sub(place.height.value());
    match place.height == Height::MAX || place <= known {
        true => Ok((below > FAR).then(|| advice::far_below(file.path(), place, known))),
        false => Err(Failure::unavailable(advice::retired_too_early(old.chain, file.path(), place, known))),
    }
}

fn words(act: &Act) -> Vec<String> {
    match act {
        Act::Copy { from, to } => vec![format!("copied   {from} to {to}")],
        Act::Write { to, .. } => vec![format!("retired  {to}: its signer signs nothing by it")],
        Act::Move { from, to, leaves: None } => vec![format!("moved    {from} to {to}")],
        Act::Move { from, to, leaves: Some(_) } => vec![
            format!("moved    {from} to {to}"),
            format!("left     {from}: a key of no validator, so that the node makes none"),
        ],
    }
}
