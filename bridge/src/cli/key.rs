//! `key import`, `list`, `backup`, `restore`, `forget`, `show`: with or without a configuration.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use highwater_moving::{PublicKey, Source};

use super::args::{CONFIG, KeyArgs, KeyVerb};
use super::pubkey;
use super::terminal::Terminal;
use crate::advice;
use crate::config::Config;
use crate::device::KeyNumber;
use crate::failure::Failure;
use crate::old_signer::OldFile;
use crate::operator::Chosen;
use crate::operator::backup_file::{self, Copy};
use crate::operator::keys::{self, Held, Place, Read};
use crate::operator::reach::Reach;
use crate::state_dir::{self, Purpose};
use crate::users::Hands;

pub(super) async fn act(
    config: &Path,
    emulator: Option<SocketAddr>,
    named: Option<&str>,
    verb: KeyVerb,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    // What is wrong with a file is said before the device is looked for.
    let read = match &verb {
        KeyVerb::Import { from, source, to, .. } => {
            let read = read(*source, from.as_deref())?;
            to.as_deref().map(|to| backup_file::free(to, Some(&read.key.public))).transpose()?;
            Some(read)
        }
        KeyVerb::Backup { to, .. } => {
            backup_file::free(to, None)?;
            None
        }
        _ => None,
    };
    let copy = if let KeyVerb::Restore { file } = &verb { Some(Copy::read(file)?) } else { None };
    let mut reach = reach(config, emulator, named).await?;
    let reach = &mut reach;
    match verb {
        KeyVerb::Import { to, .. } => match read {
            Some(read) => {
                let held = keys::import(reach, &read.key, terminal).await?;
                drop(read);
                tell_held(held);
                back_up(reach, held.number, to, &Hands::own()).await
            }
            None => Ok(()),
        },
        KeyVerb::List => {
            let places = keys::list(reach).await?;
            places.iter().for_each(tell_place);
            if places.is_empty() {
                remark!("the device holds no key that was made elsewhere");
            }
            Ok(())
        }
        KeyVerb::Backup { number, to } => {
            keys::backup(reach, number).await?.write(&to)?;
            say!("imported key {number} backed up to {}", to.display());
            Ok(())
        }
        KeyVerb::Restore { .. } => match copy {
            Some(copy) => {
                tell_key(&PublicKey::new(copy.backup.public));
                tell_held(keys::restore(reach, &copy, terminal).await?);
                remark!("next: `highwater mark adopt ID --imported N` gives its chains their marks");
                Ok(())
            }
            None => Ok(()),
        },
        KeyVerb::Forget { number } => {
            keys::forget(reach, number, terminal).await?;
            say!("imported key {number} forgotten: its place is free");
            Ok(())
        }
        KeyVerb::Show { key } => show(reach, key).await,
    }
}

/// The device of the configuration if there is one, else whatever is plugged in.
async fn reach(config: &Path, emulator: Option<SocketAddr>, named: Option<&str>) -> Result<Reach, Failure> {
    if emulator.is_some() || config == Path::new(CONFIG) && !config.exists() {
        if let Some(name) = named {
            return Err(Failure::usage(advice::no_config_names(name, config)));
        }
        return Reach::alone(emulator).await;
    }
    let config = Config::load(config)?;
    state_dir::prepare(&config.state_dir, Purpose::Writes)?;
    let chosen = Chosen::near(&config, None, named)?;
    super::warn_hosted(chosen.device);
    Reach::open(&chosen).await
}

/// Reads a key file, and shows what the owner has to compare before the device asks.
fn read(source: Source, from: Option<&Path>) -> Result<Read, Failure> {
    let file = from.map_or_else(OldFile::of_stdin, OldFile::read)?;
    let read = keys::read(source, &file)?;
    tell_read(&read);
    Ok(read)
}

pub(super) fn tell_read(read: &Read) {
    tell_key(&read.key.public);
    for warning in &read.key.warnings {
        remark!("{warning}");
    }
    if let Some(mode) = read.open_to_others {
        remark!("{}", advice::key_open_to_others(&read.path, mode));
    }
    remark!("{}", advice::COMPARE);
}

/// The key in each form in which somebody may show it.
pub(super) fn tell_key(key: &PublicKey) {
    say!("address  {}", advice::address(key));
    say!("hex      {key}");
    say!("base64   {}", STANDARD.encode(key.as_bytes()));
}

pub(super) fn tell_held(held: Held) {
    let Held { number, before, .. } = held;
    match before {
        false => say!("imported key {number}: on the device"),
        true => say!("imported key {number}: on the device, since before"),
    }
}

/// Writes the backup of a key that was just imported; `None`: nobody wants one.
pub(super) async fn back_up(
    reach: &mut Reach,
    number: KeyNumber,
    to: Option<PathBuf>,
    hands: &Hands,
) -> Result<(), Failure> {
    let Some(to) = to else { return Ok(()) };
    let done = match keys::backup(reach, number).await {
        Ok(copy) => hands.as_asked(|| {
            copy.keep(&to)?;
            // A file system without owners, as on a stick, takes none: who may read there may read it.
            let _ = hands.give(&to);
            Ok(())
        }),
        Err(failure) => Err(failure),
    };
    done.map_err(|failure| failure.with(advice::imported_without_backup(number, &failure.to_string())))?;
    say!("backup   {}", to.display());
    Ok(())
}

fn tell_place(place: &Place) {
    let Place { number, public, chains } = place;
    let chains = if chains.is_empty() { "no chain".to_owned() } else { chains.join(", ") };
    match public {
        Some(key) => say!("{number}\t{}\t{key}\t{chains}", advice::address(key)),
        None => say!("{number}\tdamaged\t\t{chains}"),
    }
}

async fn show(reach: &mut Reach, key: KeyArgs) -> Result<(), Failure> {
    let public = match key.imported {
        Some(number) => keys::public(reach, number).await?,
        None => keys::derived(reach, key.index()).await?,
    };
    tell_key(&public);
    say!("tx       {}", pubkey::transaction(public.as_bytes()));
    Ok(())
}
