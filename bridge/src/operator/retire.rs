//! Removing a chain, and forgetting what was removed.

use highwater_core::apdu::{Command, Named, PromptStatus};
use highwater_core::hrs::Hrs;

use super::Access;
use super::known::chain_id;
use super::mark::find;
use super::prompt::{Question, Talk};
use crate::advice;
use crate::config::Config;
use crate::device::SlotState;
use crate::failure::Failure;
use crate::store::{ChainFile, Pins};

/// Removes a chain from the device; its final mark stays there as a tombstone.
pub(crate) async fn remove(config: &Config, id: &str, talk: &mut dyn Talk) -> Result<PromptStatus, Failure> {
    let chain = chain_id(id)?;
    let mut access = Access::open(config).await?;
    let session = access.session().await?;
    let slot = find(&session, id)?;
    let command = Command::RemoveChain(Named { chain, incarnation: slot.incarnation });
    let words = format!("remove chain {id}; it is signed for no more.");
    Question { access: &mut access, command, words: &words, target: session.target, talk }.ask().await
}

/// Frees the slot of a removed chain; returns the highest place that may be signed, which nothing tells any more then.
///
/// What the host knows goes with the slot, so a place above the device's mark must be repeated as `below`. Of a chain that
/// is stopped nothing is forgotten: the stop is all that keeps the fallen device from signing again.
pub(crate) async fn forget(
    config: &Config,
    id: &str,
    below: Option<Hrs>,
    talk: &mut dyn Talk,
) -> Result<Hrs, Failure> {
    let chain = chain_id(id)?;
    if config.chain(id).is_some() {
        return Err(Failure::usage(advice::still_configured(id)));
    }
    let mut access = Access::open(config).await?;
    let mut pins = Pins::load(&config.state_dir)?;
    let session = access.session().await?;
    let slot = session.tombstone(id).ok_or_else(|| Failure::unavailable(advice::not_removed(id)))?;
    let command = Command::ForgetChain(Named { chain, incarnation: slot.incarnation });
    let mark = slot.floor();
    let words = format!("forget {id} and its final mark {}.", slot.mark);
    // A chain that is pinned to another device goes on there.
    let pinned_here = pins.get(id).is_some_and(|pin| pin.installation == session.installation);
    let mut known = mark;
    if pinned_here {
        if let Some(stopped) = ChainFile::found(access.state_dir(), id)?.and_then(|file| file.record.stopped)
        {
            return Err(Failure::unavailable(advice::forget_stopped(&advice::stopped(id, stopped))));
        }
        known = access.floor(id).await?.unwrap_or(mark).max(mark);
        if known > mark && below != Some(known) {
            return Err(Failure::unavailable(advice::forget_below_known(id, mark, known)));
        }
    }
    Question { access: &mut access, command, words: &words, target: session.target, talk }.ask().await?;
    if pinned_here {
        pins.unpin(id)?;
        ChainFile::remove(access.state_dir(), id)?;
    }
    Ok(known)
}

/// Frees a damaged slot.
pub(crate) async fn forget_slot(config: &Config, slot: u8, talk: &mut dyn Talk) -> Result<(), Failure> {
    let mut access = Access::open(config).await?;
    let session = access.session().await?;
    if !session.slots.iter().any(|found| found.slot == slot && found.state == SlotState::Damaged) {
        return Err(Failure::usage(advice::not_damaged(slot)));
    }
    let command = Command::ForgetSlot(slot);
    let words = format!("forget the damaged slot {slot}.");
    Question { access: &mut access, command, words: &words, target: session.target, talk }.ask().await?;
    Ok(())
}
