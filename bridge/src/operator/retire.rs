//! Removing a chain, and forgetting what was removed.

use highwater_core::apdu::{Command, Named, PromptStatus};
use highwater_core::hrs::Hrs;

use super::known::chain_id;
use super::mark::find;
use super::prompt::{Question, Talk};
use super::{Access, Chosen};
use crate::advice;
use crate::device::{Session, Slot, SlotNumber, SlotState};
use crate::failure::Failure;
use crate::store::{ChainFile, Pin, Pins, chain_file_path};

/// A chain that was removed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Removed {
    /// Its final mark.
    pub(crate) mark: Hrs,
    /// The highest place that its device signed.
    pub(crate) highest_signed: Hrs,
    /// The chain is pinned to another device, and signs there.
    pub(crate) goes_on: bool,
}

/// Removes a chain from the device; its final mark stays there as a tombstone. What was removed before, by a command that
/// was cut, is told again.
pub(crate) async fn remove(config: &Chosen<'_>, id: &str, talk: &mut dyn Talk) -> Result<Removed, Failure> {
    let chain = chain_id(id)?;
    let mut access = Access::open(config).await?;
    let session = access.session().await?;
    let pin = Pins::load(&config.state_dir)?.get(id);
    let goes_on = pin.is_some_and(|pin| pin.installation != session.installation);
    if let (None, Some(slot)) = (session.chain(id), session.tombstone(id)) {
        return Ok(Removed { mark: slot.mark.0, highest_signed: slot.highest_signed.0, goes_on });
    }
    let slot = find(&session, id)?;
    let command = Command::RemoveChain(Named { chain, incarnation: slot.incarnation });
    let words = format!("remove chain {id}; it is signed for no more.");
    let question = Question { command, words: &words, target: session.target, talk };
    let PromptStatus { mark, highest_signed, .. } = question.ask(&mut access.reach).await?;
    Ok(Removed { mark, highest_signed, goes_on })
}

/// Frees the slot of a removed chain, and forgets what the host knows of a chain that is pinned to this device. Returns the
/// highest place that may be signed, which nothing tells any more then; `None`: nothing told before either.
///
/// What the host knows goes with the slot, so a place above the device's mark must be repeated as `below`. Of a chain that
/// is stopped nothing is forgotten: the stop is all that keeps the fallen device from signing again.
pub(crate) async fn forget(
    config: &Chosen<'_>,
    id: &str,
    below: Option<Hrs>,
    talk: &mut dyn Talk,
) -> Result<Option<Hrs>, Failure> {
    let chain = chain_id(id)?;
    let pin = Pins::load(&config.state_dir)?.get(id);
    if config.chain(id).is_some() && pin.is_none() {
        return Err(Failure::usage(advice::still_configured(id)));
    }
    let mut access = Access::open(config).await?;
    let session = access.session().await?;
    // A chain that is pinned to another device goes on there.
    let pinned_here = pin.is_some_and(|pin| pin.installation == session.installation);
    let goes_on = pin.is_some() && !pinned_here;
    // Its daemon would write the file again.
    if !goes_on && (config.chain(id).is_some() || access.serves(id).await?) {
        return Err(Failure::usage(advice::still_configured(id)));
    }
    let tombstone = session.tombstone(id);
    if tombstone.is_none() {
        was_forgotten_here(config, &session, id, pin)?;
    }
    let host = if pinned_here { known_to_host(&mut access, id).await? } else { None };
    let mark = tombstone.map(Slot::floor);
    if let Some(known) = host
        && mark < Some(known)
        && below != Some(known)
    {
        return Err(Failure::unavailable(match mark {
            Some(mark) => advice::forget_below_known(id, mark, known),
            None => advice::forget_the_rest(id, known),
        }));
    }
    if let Some(slot) = tombstone {
        let command = Command::ForgetChain(Named { chain, incarnation: slot.incarnation });
        let words = format!("forget {id} and its final mark {}.", slot.mark);
        Question { command, words: &words, target: session.target, talk }.ask(&mut access.reach).await?;
    }
    if pinned_here {
        // The pin last: while it stands, the command can be run again after a cut.
        ChainFile::remove(access.state_dir(), id)?;
        Pins::load(&config.state_dir)?.unpin(id)?;
    }
    Ok(mark.max(host))
}

/// What the host knows of a chain that is to be forgotten.
async fn known_to_host(access: &mut Access, id: &str) -> Result<Option<Hrs>, Failure> {
    let stopped = ChainFile::found(access.state_dir(), id)?.and_then(|file| file.record.stopped);
    if let Some(stopped) = stopped {
        return Err(Failure::unavailable(advice::forget_stopped(&advice::stopped(id, stopped))));
    }
    access.floor(id).await
}

/// An error, unless a chain without a tombstone is pinned to this device and is nowhere on it: the device has forgotten the
/// chain, and the host has not.
fn was_forgotten_here(
    config: &Chosen<'_>,
    session: &Session,
    id: &str,
    pin: Option<Pin>,
) -> Result<(), Failure> {
    let why = |text: String| Err(Failure::unavailable(text));
    if session.chain(id).is_some() {
        return why(advice::not_removed(id));
    }
    match pin {
        Some(pin) if pin.installation != session.installation => return why(advice::forget_elsewhere(id)),
        Some(_) => {}
        None if chain_file_path(&config.state_dir, id).exists() => return why(advice::pin_lost(id)),
        None => return why(advice::nothing_to_forget(id)),
    }
    // A damaged slot has no name, and may be this chain's.
    match session.slots.iter().find(|slot| slot.chain.is_empty() && slot.state != SlotState::Free) {
        Some(slot) => why(advice::perhaps_damaged(id, SlotNumber::of(slot.slot))),
        None => Ok(()),
    }
}

/// Frees a damaged slot.
pub(crate) async fn forget_slot(
    config: &Chosen<'_>,
    slot: SlotNumber,
    talk: &mut dyn Talk,
) -> Result<(), Failure> {
    let mut access = Access::open(config).await?;
    let session = access.session().await?;
    if !session.slots.iter().any(|found| found.slot == slot.index() && found.state == SlotState::Damaged) {
        return Err(Failure::usage(advice::not_damaged(slot)));
    }
    let command = Command::ForgetSlot(slot.index());
    let words = format!("forget the damaged slot {slot}.");
    Question { command, words: &words, target: session.target, talk }.ask(&mut access.reach).await?;
    Ok(())
}
