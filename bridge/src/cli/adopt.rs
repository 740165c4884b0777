//! `mark adopt`: another device or installation takes over a chain, once its mark is at or above everything
//! that was ever asked before.

use highwater_core::apdu::{Command, Named};
use highwater_core::hrs::Hrs;

use super::chain::{chain_id, key_of, right_key};
use super::link::{Link, not_exported};
use super::{Failure, cause, prompt};
use crate::advice;
use crate::config::Config;
use crate::device::Session;
use crate::validator::{Memory, MemoryError, Pin, Pins};

pub(super) async fn adopt(
    config: &Config,
    id: &str,
    key_index: Option<u32>,
    last_signed: Option<Hrs>,
    yes_simulated: bool,
) -> Result<(), Failure> {
    not_exported(config)?;
    let chain = chain_id(id)?;
    let mut link = Link::open(config).await?;
    let session = link.session().await?;
    let mut pins = Pins::load(&config.state_dir)?;
    let pinned = pins.get(id);
    let (memory, floor) = remembered(config, id, pinned, &session, last_signed)?;
    let floor = floor.max(link.asked(id).await?.unwrap_or_default());

    let approved = session.chain(id);
    let command = match approved {
        None => {
            let key_index = key_index.ok_or_else(|| Failure::usage(advice::adopt_needs_index(id)))?;
            Some(Command::AddChain { chain, key_index, mark: floor })
        }
        Some(slot) => {
            right_key(
                config,
                id,
                key_of(&mut link, chain).await?,
                pinned,
                memory.as_ref(),
                advice::adopt_other_key,
            )?;
            let named = Named { chain, incarnation: slot.incarnation };
            let low = slot.state != "armed" || slot.mark.0 < floor;
            low.then_some(Command::SetMark { named, to: floor })
        }
    };
    if let Some(command) = command {
        let question = match approved {
            None => format!("add chain {id} with mark {floor}."),
            Some(slot) => format!("move the mark of {id} from {} to {floor}.", slot.mark),
        };
        prompt::ask(&mut link, command, &question, session.target, yes_simulated).await?;
    }

    // What counts is what stands now, on the device that was asked.
    let now = link.session().await?;
    let key = key_of(&mut link, chain).await?;
    let slot = now.chain(id).filter(|slot| slot.state == "armed" && now.installation == session.installation);
    let slot = slot.ok_or_else(|| Failure::unavailable(advice::adopt_changed(id)))?;
    right_key(config, id, key, pinned, memory.as_ref(), advice::adopt_other_key)?;
    if slot.mark.0 < floor {
        return Err(Failure::unavailable(advice::adopt_low(id, slot.mark.0, floor)));
    }
    // The state file first: cut in between, the old installation is pinned still, and the command can be run again.
    // A daemon that serves the chain writes it alone: what we read may be older than its last signature.
    if !link.raise(id, slot.mark.0).await? {
        let mut memory = memory.unwrap_or_else(|| Memory::new(id, key, floor));
        memory.asked = memory.asked.max(slot.mark.0);
        memory.fallen = None;
        memory.save(&config.state_dir)?;
    }
    match pinned {
        Some(_) => pins.move_to(id, now.installation)?,
        None => pins.pin(id, Pin { key, installation: now.installation })?,
    }
    link.repin().await?;
    say!(
        "{id} adopted: installation {}, key {}, mark {}",
        hex::encode(now.installation),
        hex::encode(key),
        slot.mark
    );
    if pinned.is_some_and(|pin| pin.installation != now.installation) {
        say!(
            "next: remove {id} from the other device if it still works; two of one seed must never sign at once"
        );
    }
    Ok(())
}

/// What the host remembers, and the mark that a device must have at least.
fn remembered(
    config: &Config,
    id: &str,
    pinned: Option<Pin>,
    session: &Session,
    last_signed: Option<Hrs>,
) -> Result<(Option<Memory>, Hrs), Failure> {
    let said = last_signed.unwrap_or_default();
    let same = pinned.is_some_and(|pin| pin.installation == session.installation);
    let found = match pinned {
        Some(pin) => Memory::load(&config.state_dir, id, &pin).map(Some),
        // The pin is lost; what was asked for need not be.
        None => Memory::found(&config.state_dir, id),
    };
    match found {
        Ok(Some(memory)) => {
            if let Some(why) = memory.fallen_of(session.installation, pinned) {
                return Err(Failure::unavailable(advice::adopt_fallen(why)));
            }
            let floor = memory.asked.max(said);
            Ok((Some(memory), floor))
        }
        Ok(None) if last_signed.is_none() => {
            let why = format!("{id} has no pin in this state directory");
            Err(Failure::usage(advice::adopt_needs_mark(id, &why)))
        }
        Ok(None) => Ok((None, said)),
        Err(MemoryError::Io(path, error)) => Err(MemoryError::Io(path, error).into()),
        // The pinned installation's own mark is the truth, so a lost file can be made from it.
        Err(_) if same && session.chain(id).is_some_and(|slot| slot.state == "armed") => Ok((None, said)),
        Err(error) if last_signed.is_none() => {
            Err(Failure::usage(advice::adopt_needs_mark(id, &cause(&error))))
        }
        Err(_) => Ok((None, said)),
    }
}
