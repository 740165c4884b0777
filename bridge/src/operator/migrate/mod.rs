//! A validator moves here from another signer: its files are read and judged, its key is put on the device, and its chain
//! is added with the mark of the last place that the old signer signed.
//!
//! The old signer must not run. So its files are looked at four times: at first, some blocks later, before the owner is
//! asked for the mark, and after the owner approved it. Nothing of the old signer is changed before the device has
//! answered.

mod retiring;
mod silence;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use highwater_core::canonical::ChainId;
use highwater_core::hrs::Hrs;
use highwater_moving::{
    MOVED, MarkRule, PublicKey, Question, Source, Verdict, Warning, judge, never_signed, unchanged,
};

pub(crate) use retiring::{Old, Retired, retire};

use super::add::{self, Added, New};
use super::keys::{self, Read};
use super::known::chain_id;
use super::prompt::Talk;
use super::{Access, Chosen, seen};
use crate::advice;
use crate::device::{KeyNumber, SlotState};
use crate::failure::Failure;
use crate::old_signer::{OldFile, founds};
use crate::rpc::Rpc;
use crate::store::{ChainFile, Pins};
use crate::users::Hands;

/// Where the mark comes from.
#[derive(Debug, Clone)]
pub(crate) enum From {
    /// The files of a signer.
    Files(Source),
    /// The chain itself: two blocks without a signature of the key.
    Nothing(Rpc),
}

/// The node that is asked whether the key signed above what its files say.
#[derive(Debug, Clone)]
pub(crate) struct Asks {
    pub(crate) node: Rpc,
    /// The command names it, so without its answer nothing goes on.
    pub(crate) must: bool,
}

/// What moves, as the operator says.
#[derive(Debug, Clone)]
pub(crate) struct Wanted<'a> {
    pub(crate) from: From,
    pub(crate) chain: &'a str,
    pub(crate) states: &'a [PathBuf],
    pub(crate) rule: MarkRule,
    pub(crate) threshold: Option<usize>,
    /// The chain id, typed by who says that the key never signed for it.
    pub(crate) never_signed: Option<&'a str>,
    pub(crate) block_time: Duration,
    /// The place known that the mark is below, repeated by the operator.
    pub(crate) below: Option<Hrs>,
    pub(crate) asks: Option<Asks>,
}

/// Which key the chain signs with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    /// One that was imported.
    Imported(KeyNumber),
    /// One that stays in its store.
    Stays(u32),
}

impl Which {
    fn index(self) -> u32 {
        match self {
            Self::Imported(number) => number.index(),
            Self::Stays(index) => index,
        }
    }
}

/// What moves, found and judged: what the operator is shown before the device asks.
pub(crate) struct Judged {
    pub(crate) public: PublicKey,
    /// The highest place in the files; `None` if there are none.
    pub(crate) highest: Option<Hrs>,
    /// The mark that the chain begins with.
    pub(crate) mark: Hrs,
    pub(crate) warnings: Vec<Warning>,
    /// The files as they were found.
    states: Vec<OldFile>,
}

impl Wanted<'_> {
    fn look(&self, hands: &Hands) -> Result<Vec<OldFile>, Failure> {
        hands.as_asked(|| OldFile::read_all(self.states))
    }
}

/// Reads the key file.
pub(crate) fn read_key(wanted: &Wanted<'_>, path: &Path, hands: &Hands) -> Result<Read, Failure> {
    let file = hands.as_asked(|| OldFile::read(path))?;
    if file.path().ends_with(MOVED) {
        return Err(Failure::usage(advice::key_moved_before(path)));
    }
    let source = match wanted.from {
        From::Files(source) => source,
        // Nobody says of whom it is.
        From::Nothing(_) => Source::of_key(file.bytes()),
    };
    keys::read(source, &file)
}

/// Looks at what the old signer left for the first time, and judges it.
pub(crate) async fn judged(
    wanted: &Wanted<'_>,
    public: PublicKey,
    hands: &Hands,
    talk: &mut dyn Talk,
) -> Result<Judged, Failure> {
    let chain = chain_id(wanted.chain)?;
    let source = match &wanted.from {
        From::Files(source) => *source,
        From::Nothing(_) if !wanted.states.is_empty() => {
            return Err(Failure::usage(advice::nothing_and_states()));
        }
        From::Nothing(node) => {
            let mark = silence::mark(node, chain, &public, wanted.block_time, talk).await?;
            return Ok(Judged { public, highest: None, mark, warnings: Vec::new(), states: Vec::new() });
        }
    };
    let states = wanted.look(hands)?;
    let Verdict { mark, highest, warnings } = verdict(wanted, source, chain, &public, &states)?;
    Ok(Judged { public, highest: Some(highest), mark, warnings, states })
}

fn verdict(
    wanted: &Wanted<'_>,
    source: Source,
    chain: ChainId<'_>,
    public: &PublicKey,
    states: &[OldFile],
) -> Result<Verdict, Failure> {
    let question = Question {
        source,
        chain,
        key: Some(public),
        rule: wanted.rule,
        threshold: wanted.threshold,
        now: SystemTime::now(),
        block_time: wanted.block_time,
    };
    Ok(match wanted.never_signed {
        Some(typed) => never_signed(&question, typed, &founds(states))?,
        None => judge(&question, &founds(states))?,
    })
}

impl Judged {
    /// How long until the second look at the files: a signer that runs signs within so many blocks.
    pub(crate) fn pause(&self, wanted: &Wanted<'_>) -> Duration {
        if self.states.is_empty() { Duration::ZERO } else { wanted.block_time.saturating_mul(2) }
    }

    /// The old signer has written nothing since the first look.
    pub(crate) fn still(&self, wanted: &Wanted<'_>, hands: &Hands) -> Result<(), Failure> {
        Ok(unchanged(&founds(&self.states), &founds(&wanted.look(hands)?))?)
    }

    /// An error if the chain has a signature of the key above the mark. What else it shows is told.
    pub(crate) async fn not_above(&self, wanted: &Wanted<'_>, talk: &mut dyn Talk) -> Result<(), Failure> {
        let (From::Files(_), Some(Asks { node, must })) = (&wanted.from, &wanted.asks) else { return Ok(()) };
        let seen = match seen::above(node, chain_id(wanted.chain)?, &self.public, self.mark).await {
            Ok(seen) => seen,
            Err(error) if *must => return Err(error.into()),
            Err(error) => {
                talk.hint(&advice::not_looked_above(self.mark, &advice::setup_rpc(&error)));
                return Ok(());
            }
        };
        if let Some(blocks) = seen.signed_above(self.mark) {
            return Err(Failure::unavailable(advice::older_than_the_chain(wanted.chain, self.mark, blocks)));
        }
        match seen.not_told {
            Some((first, last)) if *must => {
                return Err(Failure::unavailable(advice::blocks_not_told(first, last)));
            }
            _ => seen.tell_gap(talk),
        }
        // A chain of this validator alone stands while nobody signs, so that is no error.
        if let Err(behind) = seen.tip.is_current(SystemTime::now(), wanted.block_time) {
            talk.hint(&advice::not_looked_above(self.mark, &behind.to_string()));
        }
        // A key that never signed is of a validator that is to come.
        if let Some(blocks) = seen.unknown().filter(|_| wanted.never_signed.is_none()) {
            talk.hint(&advice::key_not_in_set(wanted.chain, blocks));
        }
        Ok(())
    }

    /// The same once the owner has approved: what cannot be looked at now was looked at before.
    async fn silent_by_chain(&self, wanted: &Wanted<'_>) -> Result<(), Failure> {
        let Some(Asks { node, .. }) = &wanted.asks else { return Ok(()) };
        let seen = seen::above(node, chain_id(wanted.chain)?, &self.public, self.mark).await;
        match seen.ok().and_then(|seen| seen.signed_above(self.mark)) {
            Some((_, highest)) => Err(Failure::usage(advice::block_has_signature(highest))),
            None => Ok(()),
        }
    }

    /// Whether the chain was moved before, wholly and with this key: it is on the device and pinned here, and all that the
    /// files say is known. An error if it is there with another key, before that key is imported.
    pub(crate) async fn is_here(
        &self,
        config: &Chosen<'_>,
        access: &mut Access,
        wanted: &Wanted<'_>,
    ) -> Result<bool, Failure> {
        let chain = chain_id(wanted.chain)?;
        // Before a key is put on a device.
        access.is_not_elsewhere(wanted.chain).await?;
        let session = access.session().await?;
        let Some(slot) = session.chain(wanted.chain) else { return Ok(false) };
        if access.key_of(chain).await? != *self.public.as_bytes() {
            return Err(Failure::unavailable(advice::moved_other_key(wanted.chain)));
        }
        let pin = Pins::load(&config.state_dir)?.get(wanted.chain);
        // The device would refuse it, and pin it nobody may: the owner approved it for less than what was signed by now.
        if pin.is_none() && slot.mark.0 != self.mark {
            return Err(Failure::unavailable(advice::approved_for_another_mark(
                wanted.chain,
                slot.mark.0,
                self.mark,
            )));
        }
        let Some(pin) = pin.filter(|pin| pin.installation == session.installation) else { return Ok(false) };
        let record = ChainFile::load(&config.state_dir, wanted.chain, &pin)?.record;
        if record.intention.is_some() {
            return Ok(false);
        }
        // What the device itself knows: a record may be ahead of it. Without files the chain's height says nothing of what was
        // signed since, so such a move is never told as done.
        let known = slot.mark.0;
        match self.highest {
            Some(highest) if highest > known => {
                Err(Failure::unavailable(advice::signed_since_the_move(wanted.chain, highest, known)))
            }
            Some(_) => Ok(slot.state == SlotState::Armed),
            None => Ok(false),
        }
    }

    /// Adds the chain with this key and mark.
    pub(crate) async fn add(
        &self,
        config: &Chosen<'_>,
        access: &mut Access,
        wanted: &Wanted<'_>,
        key: Which,
        hands: &Hands,
        talk: &mut dyn Talk,
    ) -> Result<Added, Failure> {
        match &wanted.from {
            From::Files(_) => {
                self.still(wanted, hands)?;
                self.silent_by_chain(wanted).await?;
            }
            From::Nothing(node) => self.silent_by(node, wanted).await?,
        }
        let new = New {
            id: wanted.chain,
            key_index: key.index(),
            mark: self.mark,
            below: wanted.below,
            key: Some(*self.public.as_bytes()),
            looked_after: true,
        };
        let stays = |why: Failure| match key {
            Which::Imported(number) => why.with(advice::key_stays(number, &why.to_string())),
            Which::Stays(_) => why,
        };
        let approved = add::approve(config, access, wanted.chain, new, talk).await.map_err(stays)?;
        // Too late to take the mark back, and what must not happen now is that anything signs: nothing is pinned before the
        // last look, and a pin of an earlier life goes.
        if let Err(risk) = self.silent(wanted, hands).await {
            // The risk is told whatever becomes of the pin.
            let unpinned = Pins::load(&config.state_dir).and_then(|mut pins| pins.unpin(wanted.chain));
            return Err(stays(match unpinned {
                Ok(_) => risk,
                Err(error) => risk.with(format!("{risk} {error}")),
            }));
        }
        add::pin(config, access, approved).await.map_err(stays)
    }

    /// Whoever signed while the owner was asked, has signed above the mark.
    async fn silent(&self, wanted: &Wanted<'_>, hands: &Hands) -> Result<(), Failure> {
        let signed = match &wanted.from {
            From::Files(_) => match self.still(wanted, hands) {
                Ok(()) => self.silent_by_chain(wanted).await.err(),
                Err(written) => Some(written),
            },
            From::Nothing(node) => self.silent_by(node, wanted).await.err(),
        };
        match signed {
            Some(why) => {
                Err(Failure::unavailable(advice::signed_meanwhile(wanted.chain, self.mark, &why.to_string())))
            }
            None => Ok(()),
        }
    }

    async fn silent_by(&self, node: &Rpc, wanted: &Wanted<'_>) -> Result<(), Failure> {
        let chain = chain_id(wanted.chain)?;
        silence::broken(node, chain, &self.public, self.mark, wanted.block_time).await
    }
}
