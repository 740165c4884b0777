//! `chain add`, `chain list`, `chain rename`, `chain show-key`.

use highwater_core::apdu::Command;
use highwater_core::canonical::ChainId;
use highwater_core::hrs::Hrs;

use super::link::{Link, not_exported};
use super::{Failure, prompt};
use crate::config::Config;
use crate::device::Fault;
use crate::validator::{Memory, Pin, Pins, memory_path};
use crate::{advice, durable};

pub(super) async fn add(
    config: &Config,
    id: &str,
    key_index: u32,
    mark: Hrs,
    yes_simulated: bool,
) -> Result<(), Failure> {
    let chain = chain_id(id)?;
    not_exported(config)?;
    let mut link = Link::open(config).await?;
    let session = link.session().await?;
    let mut pins = Pins::load(&config.state_dir)?;
    let pinned = pins.get(id);
    if pinned.is_some_and(|pin| pin.installation != session.installation) {
        return Err(Failure::unavailable(advice::pinned_elsewhere(id)));
    }
    // Looked at without a pin too: pins may be lost where it is not. What cannot be read is not written over, it may
    // say that a device's mark fell.
    let known = Memory::found(&config.state_dir, id)?;
    if let Some(known) = known.as_ref().filter(|_| pinned.is_none()) {
        if let Some(why) = known.fallen_of(session.installation, None) {
            return Err(Failure::unavailable(advice::adopt_fallen(why)));
        }
        if let Some(why) = &known.fallen {
            return Err(Failure::unavailable(advice::add_after_fall(id, why)));
        }
        if mark < known.asked {
            return Err(Failure::unavailable(advice::add_below_asked(id, mark, known.asked)));
        }
    }
    let approved_now = match session.chain(id) {
        // Approved earlier, but not pinned: the last command was cut in between.
        Some(slot) if pinned.is_none() && slot.key_index == key_index && slot.mark.0 == mark => {
            remark!("{id} is approved on the device already; its key is pinned now");
            false
        }
        _ => {
            let question = format!("add chain {id}, key 44'/118'/0'/0'/{key_index}', mark {mark}.");
            let command = Command::AddChain { chain, key_index, mark };
            prompt::ask(&mut link, command, &question, session.target, yes_simulated).await?;
            true
        }
    };
    let key = key_of(&mut link, chain).await?;
    right_key(config, id, key, pinned, known.as_ref(), advice::add_other_key)?;
    // The state file first: a pinned chain without one does not start.
    let pin = Pin { key, installation: session.installation };
    let memory = match known {
        Some(known) if !approved_now => known,
        // The owner approved where to begin. That a device's mark fell is not forgotten by adding the chain again.
        known => {
            let mut memory = Memory::new(id, key, mark);
            memory.fallen = known.and_then(|known| known.fallen);
            memory
        }
    };
    // A daemon that serves the chain writes it alone, and would write its own over ours.
    if !link.raise(id, mark).await? {
        memory.save(&config.state_dir)?;
    }
    pins.pin(id, pin)?;
    say!("{id} added: key {}, mark {mark}", hex::encode(key));
    if config.chain(id).is_none() {
        say!("next: a [[chain]] section with id = {id:?} in the config, then start the daemon again");
    }
    Ok(())
}

/// The chain's id changes at an upgrade, its key does not: the new id is a chain of its own on the device.
pub(super) async fn rename(
    config: &Config,
    id: &str,
    new: &str,
    mark: Hrs,
    yes_simulated: bool,
) -> Result<(), Failure> {
    chain_id(new)?;
    let pin = pinned(config, id)?;
    let session = Link::open(config).await?.session().await?;
    if session.installation != pin.installation {
        return Err(Failure::unavailable(advice::pinned_elsewhere(id)));
    }
    let slot = session.chain(id).ok_or_else(|| Failure::unavailable(advice::not_on_device(id)))?;
    add(config, new, slot.key_index, mark, yes_simulated).await?;
    say!(
        "next: set stop_height of {id:?} to its last height; after the upgrade run `highwater chain remove {id}`"
    );
    Ok(())
}

pub(super) async fn show_key(config: &Config, id: &str, yes_simulated: bool) -> Result<(), Failure> {
    let chain = chain_id(id)?;
    let mut link = Link::open(config).await?;
    let session = link.session().await?;
    let key = key_of(&mut link, chain).await?;
    say!("{id}: {}", hex::encode(key));
    let question = format!("is the key of {id} on the screen {}?", hex::encode(key));
    prompt::ask(&mut link, Command::ShowKey(chain), &question, session.target, yes_simulated).await?;
    let pinned = Pins::load(&config.state_dir)?.get(id).map(|pin| pin.key == key);
    say!("{}", advice::key_shown(pinned));
    Ok(())
}

/// The pin of a chain. Without one, the advice depends on whether it was lost or never there.
pub(super) fn pinned(config: &Config, id: &str) -> Result<Pin, Failure> {
    Pins::load(&config.state_dir)?.get(id).ok_or_else(|| {
        let lost = memory_path(&config.state_dir, id).exists();
        Failure::usage(if lost { advice::pin_lost(id) } else { advice::not_pinned(id) })
    })
}

/// An error, in the words of the command, if the device's key is not the pinned one; also if it is not that of the state
/// file, which is all there is to compare it with where the pin is lost.
pub(super) fn right_key(
    config: &Config,
    id: &str,
    key: [u8; 32],
    pinned: Option<Pin>,
    memory: Option<&Memory>,
    not_pinned: fn(&str) -> String,
) -> Result<(), Failure> {
    if pinned.is_some_and(|pin| pin.key != key) {
        return Err(Failure::unavailable(not_pinned(id)));
    }
    if memory.is_some_and(|memory| memory.key != key) {
        let path = memory_path(&config.state_dir, id);
        return Err(Failure::unavailable(advice::other_key_in_file(id, &path)));
    }
    Ok(())
}

/// The device's key of a chain.
pub(super) async fn key_of(link: &mut Link, chain: ChainId<'_>) -> Result<[u8; 32], Failure> {
    let key = link.ask(Command::GetPublicKey(chain)).await?;
    key.try_into().map_err(|_| Failure::unavailable(advice::fault(&Fault::Malformed("GET_PUBLIC_KEY"))))
}

pub(super) async fn list(config: &Config) -> Result<(), Failure> {
    let pins = Pins::load(&config.state_dir)?;
    let session = Link::open(config).await?.session().await?;
    for slot in &session.slots {
        let pin = match pins.get(&slot.chain) {
            Some(pin) if pin.installation == session.installation => hex::encode(pin.key),
            Some(_) => "pinned on another installation".to_owned(),
            None => "not pinned".to_owned(),
        };
        say!("{}\t{}\tmark {}\t{pin}", slot.chain, slot.state, slot.mark);
    }
    for (chain, _) in pins.iter().filter(|(chain, _)| !session.slots.iter().any(|slot| slot.chain == *chain))
    {
        say!("{chain}\tnot on this device\tpinned");
    }
    Ok(())
}

pub(super) fn chain_id(id: &str) -> Result<ChainId<'_>, Failure> {
    let known = ChainId::new(id.as_bytes()).filter(|_| !durable::is_aside(id));
    known.ok_or_else(|| Failure::usage(format!("{id:?} is not a chain id: {}", advice::CHAIN_ID)))
}
