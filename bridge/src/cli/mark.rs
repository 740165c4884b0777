//! `mark show`, `mark set`.

use highwater_core::apdu::{Command, Named};
use highwater_core::hrs::Hrs;

use super::chain::{chain_id, key_of};
use super::link::Link;
use super::{Failure, prompt};
use crate::advice;
use crate::config::Config;
use crate::device::{Session, Slot};
use crate::validator::{Memory, Pins};

pub(super) async fn show(config: &Config, id: &str) -> Result<(), Failure> {
    let session = Link::open(config).await?.session().await?;
    let slot = find(&session, id)?;
    say!("{id}: mark {}, highest signed {}, {}", slot.mark, slot.highest_signed, slot.state);
    Ok(())
}

pub(super) async fn set(config: &Config, id: &str, to: Hrs, yes_simulated: bool) -> Result<(), Failure> {
    let chain = chain_id(id)?;
    let mut link = Link::open(config).await?;
    let session = link.session().await?;
    let slot = find(&session, id)?;
    let question = format!("move the mark of {id} from {} to {to}.", slot.mark);
    let command = Command::SetMark { named: Named { chain, incarnation: slot.incarnation }, to };
    let outcome = prompt::ask(&mut link, command, &question, session.target, yes_simulated).await?;
    say!("{id}: mark {}", outcome.mark);
    // The owner may have set it to what was signed elsewhere: a spare must not begin below it.
    if let Some(pin) = Pins::load(&config.state_dir)?.get(id)
        && key_of(&mut link, chain).await? == pin.key
        && !link.raise(id, outcome.mark).await?
    {
        let mut memory = Memory::load(&config.state_dir, id, &pin)?;
        memory.asked = memory.asked.max(outcome.mark);
        memory.save(&config.state_dir)?;
    }
    Ok(())
}

fn find<'a>(session: &'a Session, id: &str) -> Result<&'a Slot, Failure> {
    session.chain(id).ok_or_else(|| Failure::unavailable(advice::not_on_device(id)))
}
