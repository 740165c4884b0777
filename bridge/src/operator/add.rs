//! Adding a chain: approved on the device, its key pinned here.

use highwater_core::apdu::{Command, Status};
use highwater_core::hrs::Hrs;

use super::known::{Known, chain_id, pinned, right_key};
use super::prompt::{Question, Talk};
use super::seen::not_above;
use super::{Access, Chosen, not_exported};
use crate::advice;
use crate::device::{Pace, Session, Slot, SlotNumber};
use crate::failure::Failure;
use crate::store::{ChainFile, Pin, Pins};

/// What is to be added.
#[derive(Debug, Clone, Copy)]
pub(crate) struct New<'a> {
    /// The chain.
    pub(crate) id: &'a str,
    /// The number of its key.
    pub(crate) key_index: u32,
    /// Its first mark.
    pub(crate) mark: Hrs,
    /// The place known that the mark is below, repeated by the operator.
    pub(crate) below: Option<Hrs>,
    /// The key that it has to be, where that is known.
    pub(crate) key: Option<[u8; 32]>,
    /// Whether another signer is looked for once more between the approval and the pin: until then nothing may sign.
    pub(crate) looked_after: bool,
}

/// A chain that was added.
#[derive(Debug, Clone)]
pub(crate) struct Added {
    /// Its key.
    pub(crate) key: [u8; 32],
    /// Its mark.
    pub(crate) mark: Hrs,
    /// Its slot and how long the ring there lasts, in words.
    pub(crate) lasts: Option<String>,
}

pub(crate) async fn add(config: &Chosen<'_>, new: New<'_>, talk: &mut dyn Talk) -> Result<Added, Failure> {
    chain_id(new.id)?;
    not_exported(config)?;
    let mut access = Access::open(config).await?;
    add_by(config, &mut access, new.id, new, talk).await
}

/// Adds a chain by a way that is open. `like` is the chain by whose pace it is told how long the slot lasts.
async fn add_by(
    config: &Chosen<'_>,
    access: &mut Access,
    like: &str,
    new: New<'_>,
    talk: &mut dyn Talk,
) -> Result<Added, Failure> {
    let (id, mark) = (new.id, new.mark);
    // Of a chain that was here before, the key is known, and the owner need not be asked.
    let pinned = Pins::load(&config.state_dir)?.get(id).map(|pin| pin.key);
    let key = pinned.or(ChainFile::found(&config.state_dir, id)?.map(|file| file.key));
    if let Some(key) = key {
        not_above(config, id, key, mark, talk, advice::signed_above).await?;
    }
    let approved = approve(config, access, like, new, talk).await?;
    // Of any other chain the device tells the key only now. Nothing signs for it before it is pinned.
    if key.is_none() {
        not_above(config, id, approved.key, mark, talk, advice::approved_below_signed).await?;
    }
    pin(config, access, approved).await
}

/// A chain that stands on the device, and that no daemon signs for before it is pinned.
pub(super) struct Approved<'a> {
    id: &'a str,
    installation: [u8; 16],
    key: [u8; 32],
    mark: Hrs,
    pace: Pace,
}

impl Approved<'_> {
    /// The chain's key, as the device tells it.
    pub(super) fn key(&self) -> [u8; 32] {
        self.key
    }
}

/// Has the owner approve a chain.
pub(super) async fn approve<'a>(
    config: &Chosen<'_>,
    access: &mut Access,
    like: &str,
    new: New<'a>,
    talk: &mut dyn Talk,
) -> Result<Approved<'a>, Failure> {
    let New { id, key_index, mark, below, key: wanted, looked_after } = new;
    let chain = chain_id(id)?;
    not_exported(config)?;
    access.is_not_elsewhere(id).await?;
    let session = access.session().await?;
    let before = Pins::load(&config.state_dir)?.get(id);
    if before.is_some_and(|pin| pin.installation != session.installation) {
        return Err(Failure::unavailable(advice::pinned_elsewhere(id)));
    }
    // Looked at without a pin too: pins may be lost where it is not. What cannot be read is not written over, it may
    // say that a device's mark fell.
    let file = ChainFile::found(&config.state_dir, id)?;
    if let Some(stopped) = file.as_ref().and_then(|file| file.record.stopped) {
        return Err(Failure::unavailable(advice::add_after_fall(id, &advice::stopped(id, stopped))));
    }
    let known = Known::new(access.floor(id).await?, &session, id);
    // Approved earlier, and not taken over here: the last command was cut in between. Of a chain that was pinned before,
    // the intention tells.
    let intended = |file: &ChainFile| file.record.intention.is_some_and(|intention| intention.to == mark);
    let unfinished = before.is_none() || file.as_ref().is_some_and(intended);
    let cut = |slot: &&Slot| unfinished && slot.key_index == key_index && slot.mark.0 == mark;
    let approved = session.chain(id).filter(cut);
    if before.is_some() && session.chain(id).is_some() && approved.is_none() {
        return Err(Failure::unavailable(advice::question_refused(Status::ChainKnown.word())));
    }
    // A daemon that has the chain in memory has its pin too, whatever became of the files since it started, and signs as soon
    // as the owner approves.
    if looked_after && access.serves(id).await? {
        return Err(Failure::usage(advice::served_still(id)));
    }
    let confirmed = known.allows(id, mark, below)?;
    let pace = access.pace(like).await?;
    match approved {
        Some(_) => talk.hint(&format!("{id} is approved on the device already; its key is pinned now")),
        None => {
            // A procedure that looks for another signer itself has asked where this key signed.
            let blank = session.slots.is_empty() && file.is_none() && before.is_none();
            if session.target.is_store() && blank && !looked_after {
                talk.hint(&advice::nothing_of_this_key(id, mark, &config.state_dir));
            }
            if mark.height.value() <= 1 {
                talk.hint(&advice::first_mark(id, mark));
            }
            if let Some(text) = shorter_slot(&session, id, pace) {
                talk.hint(&text);
            }
            let words = format!("add chain {id}, {}, mark {mark}.", advice::which_key(key_index));
            let command = Command::AddChain { chain, key_index, mark };
            let target = session.target;
            let question = Question { command, words: &words, target, talk };
            question.ask_for_mark(access, id, mark, confirmed).await?;
        }
    }
    let key = access.key_of(chain).await?;
    if wanted.is_some_and(|wanted| wanted != key) {
        access.forget_intention(id).await?;
        return Err(Failure::unavailable(advice::moved_other_key(id)));
    }
    if let Err(failure) = right_key(config, id, key, before, file.as_ref(), advice::add_other_key) {
        // What the owner approved is the mark of another key.
        access.forget_intention(id).await?;
        return Err(failure);
    }
    Ok(Approved { id, installation: session.installation, key, mark, pace })
}

/// Pins a chain that the owner approved.
pub(super) async fn pin(
    config: &Chosen<'_>,
    access: &mut Access,
    approved: Approved<'_>,
) -> Result<Added, Failure> {
    let Approved { id, installation, key, mark, pace } = approved;
    let mut pins = Pins::load(&config.state_dir)?;
    let now = access.session().await?;
    if now.installation != installation {
        return Err(Failure::unavailable(advice::adopt_changed(id)));
    }
    let imported = now.chain(id).is_some_and(Slot::is_imported);
    let pin = Pin { key, installation, imported };
    // The state file first: a pinned chain without one does not start.
    access.adopt(id, &now, ChainFile::new(id, key, mark), || pins.pin(id, pin)).await?;
    let lasts = now.chain(id).and_then(|slot| {
        let ring = now.ring(slot.slot).filter(|_| now.target.has_buttons())?;
        Some(advice::slot_lasts(SlotNumber::of(slot.slot), ring, now.erases_assumed, slot.writes, pace))
    });
    Ok(Added { key, mark, lasts })
}

/// Of a chain that would take a slot with a shorter ring than another has: the lowest one that is free. A chain that was
/// there before goes to its own.
fn shorter_slot(session: &Session, id: &str, pace: Pace) -> Option<String> {
    let slot = session.free().filter(|_| session.tombstone(id).is_none())?;
    let ring = session.ring(slot)?;
    let (longest, than) = session.longest()?;
    (ring.pairs < than.pairs)
        .then(|| advice::shorter_slot(SlotNumber::of(slot), ring, SlotNumber::of(longest), than, pace))
}

/// The chain's id changes at an upgrade, its key does not: the new id is a chain of its own on the device.
pub(crate) async fn rename(
    config: &Chosen<'_>,
    id: &str,
    new: New<'_>,
    talk: &mut dyn Talk,
) -> Result<Added, Failure> {
    chain_id(new.id)?;
    if new.id == id {
        return Err(Failure::usage(advice::renamed_to_itself(id)));
    }
    let pin = pinned(config, id)?;
    let mut access = Access::open(config).await?;
    let session = access.session().await?;
    if session.installation != pin.installation {
        return Err(Failure::unavailable(advice::pinned_elsewhere(id)));
    }
    let slot = session.chain(id).ok_or_else(|| Failure::unavailable(advice::not_on_device(id)))?;
    let new = New { key_index: slot.key_index, ..new };
    add_by(config, &mut access, id, new, talk).await
}
