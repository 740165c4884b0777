//! `chain add`, `chain list`, `chain rename`, `chain show-key`.

use highwater_core::apdu::Command;
use highwater_core::canonical::ChainId;
use highwater_core::hrs::Hrs;

use super::link::{Link, not_exported};
use super::{Failure, prompt};
use crate::advice;
use crate::config::Config;
use crate::device::Fault;
use crate::validator::{Memory, Pin, Pins};

pub(super) async fn add(
    config: &Config,
    id: &str,
    key_index: u32,
    mark: Hrs,
    yes_simulated: bool,
) -> Result<(), Failure> {
    let chain = chain_id(id)?;
    not_exported(config)?;
    let mut pins = Pins::load(&config.state_dir)?;
    let mut link = Link::open(config).await?;
    let session = link.session().await?;
    if let Some(pin) = pins.get(id)
        && pin.installation != session.installation
    {
        return Err(Failure::unavailable(advice::pinned_elsewhere(id)));
    }
    let approved_now = match session.chain(id) {
        // Approved earlier, but not pinned: the last command was cut in between.
        Some(slot) if pins.get(id).is_none() && slot.key_index == key_index && slot.mark.0 == mark => {
            eprintln!("{id} is approved on the device already; its key is pinned now");
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
    // The state file first: a pinned chain without one does not start.
    let pin = Pin { key, installation: session.installation };
    let memory = match Memory::load(&config.state_dir, id, &pin) {
        Ok(known) if !approved_now => known,
        // The owner approved where to begin. That a device's mark fell is not forgotten by adding the chain again.
        Ok(known) => {
            let mut memory = Memory::new(id, key, mark);
            memory.fallen = known.fallen;
            memory
        }
        Err(_) => Memory::new(id, key, mark),
    };
    memory.save(&config.state_dir)?;
    pins.pin(id, pin)?;
    println!("{id} added: key {}, mark {mark}", hex::encode(key));
    if config.chain(id).is_none() {
        println!("next: a [[chain]] section with id = {id:?} in the config, then start the daemon again");
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
    let pin = Pins::load(&config.state_dir)?.get(id).ok_or_else(|| Failure::usage(advice::not_pinned(id)))?;
    let session = Link::open(config).await?.session().await?;
    if session.installation != pin.installation {
        return Err(Failure::unavailable(advice::pinned_elsewhere(id)));
    }
    let slot = session.chain(id).ok_or_else(|| Failure::unavailable(advice::not_on_device(id)))?;
    add(config, new, slot.key_index, mark, yes_simulated).await?;
    println!(
        "next: set stop_height of {id:?} to its last height; after the upgrade run `highwater chain remove {id}`"
    );
    Ok(())
}

pub(super) async fn show_key(config: &Config, id: &str, yes_simulated: bool) -> Result<(), Failure> {
    let chain = chain_id(id)?;
    let mut link = Link::open(config).await?;
    let session = link.session().await?;
    let key = key_of(&mut link, chain).await?;
    println!("{id}: {}", hex::encode(key));
    let question = format!("is the key of {id} on the screen {}?", hex::encode(key));
    prompt::ask(&mut link, Command::ShowKey(chain), &question, session.target, yes_simulated).await?;
    let pinned = Pins::load(&config.state_dir)?.get(id).map(|pin| pin.key == key);
    println!("{}", advice::key_shown(pinned));
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
        println!("{}\t{}\tmark {}\t{pin}", slot.chain, slot.state, slot.mark);
    }
    for (chain, _) in pins.iter().filter(|(chain, _)| !session.slots.iter().any(|slot| slot.chain == *chain))
    {
        println!("{chain}\tnot on this device\tpinned");
    }
    Ok(())
}

pub(super) fn chain_id(id: &str) -> Result<ChainId<'_>, Failure> {
    ChainId::new(id.as_bytes()).ok_or_else(|| {
        Failure::usage(format!(
            "{id:?} is not a chain id: use 1 to 50 of letters, digits, dot, underscore and dash"
        ))
    })
}
