//! Moving a mark, with the owner's approval.

use highwater_core::apdu::{Command, Named};
use highwater_core::hrs::Hrs;

use super::known::{Known, chain_id, pinned};
use super::prompt::{Question, Talk};
use super::{Access, Chosen};
use crate::advice;
use crate::device::{Session, Slot, SlotNumber};
use crate::failure::Failure;
use crate::store::Pins;

/// Moves the mark; returns where it is then.
pub(crate) async fn set(
    config: &Chosen<'_>,
    id: &str,
    to: Hrs,
    below: Option<Hrs>,
    talk: &mut dyn Talk,
) -> Result<Hrs, Failure> {
    let chain = chain_id(id)?;
    let mut access = Access::open(config).await?;
    let session = access.session().await?;
    let slot = find(&session, id)?;
    let known = Known::new(access.floor(id).await?, &session, id);
    let confirmed = known.allows(id, to, below)?;
    let words = format!("move the mark of {id} from {} to {to}.", slot.mark);
    let command = Command::SetMark { named: Named { chain, incarnation: slot.incarnation }, to };
    let pin = Pins::load(&config.state_dir)?.get(id);
    let question = Question { command, words: &words, target: session.target, talk };
    // A mark on a spare is nothing that the record of the pinned device follows: `mark adopt` looks at it.
    if pin.is_none_or(|pin| pin.installation != session.installation) {
        return Ok(question.ask(&mut access.reach).await?.mark);
    }
    let mark = question.ask_for_mark(&mut access, id, to, confirmed).await?.mark;
    access.settle(id).await?;
    Ok(mark)
}

/// The slot in which a chain is approved.
pub(crate) fn find<'a>(session: &'a Session, id: &str) -> Result<&'a Slot, Failure> {
    session.chain(id).ok_or_else(|| {
        Failure::unavailable(match session.tombstone(id) {
            Some(_) => advice::was_removed(id),
            None => match session.perhaps(id) {
                Some(slot) => advice::perhaps_damaged(id, SlotNumber::of(slot.slot)),
                None => advice::unknown_on_device(id, &session.chains()),
            },
        })
    })
}

/// The node that has the height will not come back; the node, if one had it.
pub(crate) async fn release_owner(config: &Chosen<'_>, id: &str) -> Result<Option<String>, Failure> {
    let pin = pinned(config, id)?;
    Access::open(config).await?.release_owner(id, &pin).await
}
