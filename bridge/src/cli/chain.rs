//! `chain add`, `list`, `rename`, `show-key`, `remove`, `forget`, `release`.

use highwater_core::apdu::Command;
use highwater_core::hrs::Hrs;

use super::args::Form;
use super::terminal::Terminal;
use super::told::{self, Told as _};
use crate::advice;
use crate::config::Config;
use crate::device::SlotNumber;
use crate::failure::Failure;
use crate::operator::add::{self, New};
use crate::operator::prompt::Question;
use crate::operator::{Access, Chosen, mark, retire};
use crate::store::Pins;

pub(super) async fn add(config: &Chosen<'_>, new: New<'_>, terminal: &mut Terminal) -> Result<(), Failure> {
    let added = add::add(config, new, terminal).await?;
    tell_added(config, new.id, &added);
    Ok(())
}

pub(super) fn tell_added(config: &Chosen<'_>, id: &str, added: &add::Added) {
    say!("{id} added: key {}, mark {}", hex::encode(added.key), added.mark);
    if let Some(lasts) = &added.lasts {
        remark!("{lasts}");
    }
    if config.chain(id).is_none() {
        let device = match &config.device.name {
            Some(name) if config.devices.len() > 1 => format!(" and device = {name:?}"),
            _ => String::new(),
        };
        remark!(
            "next: a [[chain]] section with id = {id:?}{device} in the config, then start the daemon again"
        );
    }
}

pub(super) async fn rename(
    config: &Chosen<'_>,
    id: &str,
    new: New<'_>,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let added = add::rename(config, id, new, terminal).await?;
    tell_added(config, new.id, &added);
    remark!(
        "next: set stop_height of {id:?} to its last height; after the upgrade run `highwater chain remove {id}`"
    );
    Ok(())
}

pub(super) async fn show_key(config: &Chosen<'_>, id: &str, terminal: &mut Terminal) -> Result<(), Failure> {
    let chain = crate::operator::chain_id(id)?;
    let mut access = Access::open(config).await?;
    let session = access.session().await?;
    mark::find(&session, id)?;
    let key = access.key_of(chain).await?;
    say!("{id}: {}", hex::encode(key));
    let (command, target) = (Command::ShowKey(chain), session.target);
    let words = format!("is the key of {id} on the screen {}?", hex::encode(key));
    Question { command, words: &words, target, talk: terminal }.ask(&mut access.reach).await?;
    let pinned = Pins::load(&config.state_dir)?.get(id).map(|pin| pin.key == key);
    say!("{}", advice::key_shown(pinned));
    Ok(())
}

/// Of the device with this name; of all devices, if none is named.
pub(super) async fn list(config: &Config, named: Option<&str>, form: Form) -> Result<(), Failure> {
    let pins = Pins::load(&config.state_dir)?;
    let chosen = match named {
        Some(_) => vec![Chosen::near(config, None, named)?],
        None => Chosen::each(config).collect(),
    };
    let mut each = Vec::new();
    // One after another: beside no daemon each wants the same lock.
    for chosen in chosen {
        let session = Access::open(&chosen).await?.session().await?;
        each.push((chosen.device.name.clone(), session));
    }
    told::Chains::of(&each, &pins).tell(form)
}

pub(super) async fn remove(config: &Chosen<'_>, id: &str, terminal: &mut Terminal) -> Result<(), Failure> {
    let outcome = retire::remove(config, id, terminal).await?;
    say!("{id} removed: final mark {}, highest signed {}", outcome.mark, outcome.highest_signed);
    remark!("{}", advice::removed(id, outcome.goes_on, config.device.name.as_deref()));
    Ok(())
}

pub(super) async fn forget(
    config: &Chosen<'_>,
    id: &str,
    below: Option<Hrs>,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    match retire::forget(config, id, below, terminal).await? {
        Some(mark) => {
            say!("{id} forgotten: its slot is free; it may be signed up to {mark}, write that down")
        }
        None => say!("{id} forgotten: its slot is free; nothing here tells what was signed"),
    }
    Ok(())
}

pub(super) async fn forget_slot(
    config: &Chosen<'_>,
    slot: SlotNumber,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    retire::forget_slot(config, slot, terminal).await?;
    say!("slot {slot} forgotten: it is free");
    Ok(())
}

pub(super) async fn release(config: &Chosen<'_>, id: &str) -> Result<(), Failure> {
    match mark::release_owner(config, id).await? {
        Some(owner) => say!("{id}: node {owner} does not have the current height any more"),
        None => say!(
            "{id}: nothing was released: no node has the current height, or only its node knows which block is locked there"
        ),
    }
    Ok(())
}
