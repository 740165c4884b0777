//! `chain remove`, `chain forget`.

use highwater_core::apdu::{Command, Named};

use super::chain::chain_id;
use super::link::Link;
use super::{Failure, prompt};
use crate::advice;
use crate::config::Config;
use crate::validator::{Memory, Pins};

pub(super) async fn remove(config: &Config, id: &str, yes_simulated: bool) -> Result<(), Failure> {
    let chain = chain_id(id)?;
    let mut link = Link::open(config).await?;
    let session = link.session().await?;
    let slot = session.chain(id).ok_or_else(|| Failure::unavailable(advice::not_on_device(id)))?;
    let command = Command::RemoveChain(Named { chain, incarnation: slot.incarnation });
    let question = format!("remove chain {id}; it is signed for no more.");
    let outcome = prompt::ask(&mut link, command, &question, session.target, yes_simulated).await?;
    say!("{id} removed: final mark {}, highest signed {}", outcome.mark, outcome.highest_signed);
    say!("next: take its [[chain]] out of the config; `highwater chain forget {id}` frees the slot");
    Ok(())
}

pub(super) async fn forget(config: &Config, id: &str, yes_simulated: bool) -> Result<(), Failure> {
    let chain = chain_id(id)?;
    if config.chain(id).is_some() {
        return Err(Failure::usage(advice::still_configured(id)));
    }
    let mut link = Link::open(config).await?;
    let mut pins = Pins::load(&config.state_dir)?;
    let session = link.session().await?;
    let buried = session.slots.iter().find(|slot| slot.chain == id && slot.state.contains("removed"));
    let slot = buried.ok_or_else(|| Failure::unavailable(advice::not_removed(id)))?;
    let command = Command::ForgetChain(Named { chain, incarnation: slot.incarnation });
    let question = format!("forget {id} and its final mark {}.", slot.mark);
    prompt::ask(&mut link, command, &question, session.target, yes_simulated).await?;
    // A chain that is pinned to another device goes on there.
    if pins.get(id).is_some_and(|pin| pin.installation == session.installation) {
        pins.unpin(id)?;
        Memory::remove(&config.state_dir, id)?;
    }
    say!("{id} forgotten: its slot is free; its last mark was {}, write it down", slot.mark);
    Ok(())
}

pub(super) async fn forget_slot(config: &Config, slot: u8, yes_simulated: bool) -> Result<(), Failure> {
    let mut link = Link::open(config).await?;
    let session = link.session().await?;
    if !session.slots.iter().any(|found| found.slot == slot && found.state == "damaged") {
        return Err(Failure::usage(advice::not_damaged(slot)));
    }
    let question = format!("forget the damaged slot {slot}.");
    prompt::ask(&mut link, Command::ForgetSlot(slot), &question, session.target, yes_simulated).await?;
    say!("slot {slot} forgotten: it is free");
    Ok(())
}
