//! `state export`, `state import`: the bridge moves to another host, and signs at one place only.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::advice;
use crate::config::Config;
use crate::failure::Failure;
use crate::node::Identity;
use crate::operator::{chain_id, exported_mark, lock, not_exported};
use crate::store::{ChainFile, Pins, chain_file_path, durable};

/// Of the packed file.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Packed {
    format: u32,
    /// The file of pins.
    pins: String,
    /// Each chain's state file.
    chains: BTreeMap<String, String>,
    /// The key of our end of the links, in hex: nodes on `noise://` know this bridge by it.
    identity: Option<String>,
}

/// Packs, and retires what was packed.
pub(super) fn export(config: &Config, to: &Path) -> Result<(), Failure> {
    // Also proves that no daemon runs: what it asks for later would not be in the file.
    let _locks = lock(config)?;
    not_exported(config)?;
    let pins = Pins::load(&config.state_dir)?;
    let read = |path: &Path| durable::read_text(path).map_err(|error| Failure::state_file(path, &error));
    let identity = match durable::read(&Identity::path(&config.state_dir)) {
        Ok(key) => Some(hex::encode(key)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(Failure::state_file(&Identity::path(&config.state_dir), &error)),
    };
    let pinned = read(&Pins::path(&config.state_dir))?;
    let mut packed = Packed { format: FORMAT, pins: pinned, chains: BTreeMap::new(), identity };
    for (chain, pin) in pins.iter() {
        // Only what this host would start with itself.
        ChainFile::load(&config.state_dir, chain, &pin)?;
        packed.chains.insert(chain.to_owned(), read(&chain_file_path(&config.state_dir, chain))?);
    }
    let text =
        serde_json::to_vec_pretty(&packed).map_err(|error| Failure::io(to.display(), &error.into()))?;
    let absolute = std::path::absolute(to).map_err(|error| Failure::io(to.display(), &error))?;
    // What cannot be looked at is told before this host is out of service.
    if absolute.try_exists().map_err(|error| Failure::named(&absolute, &error, advice::MAKE_FOLDER))? {
        return Err(Failure::usage(advice::export_exists(to)));
    }
    if let Some(folder) = absolute.parent() {
        let found = fs::metadata(folder);
        found.map_err(|error| Failure::named(folder, &error, advice::MAKE_FOLDER))?;
    }
    // The host is out of service first: cut in between, nobody signs, and never two.
    let mark = exported_mark(config);
    durable::replace(&mark, format!("exported to {}\n", absolute.display()).as_bytes())
        .map_err(|error| Failure::io(mark.display(), &error))?;
    if let Err(error) = durable::write_new(&absolute, &text) {
        // Nothing can be imported, so this host goes on.
        if durable::is_gone(&absolute) {
            durable::remove(&mark).map_err(|error| Failure::io(mark.display(), &error))?;
        }
        return Err(Failure::io(to.display(), &error));
    }
    say!("{} chains exported to {}; this host signs no more", packed.chains.len(), to.display());
    remark!("next: carry file, config and device to the other host, and run `highwater state import` there");
    Ok(())
}

/// Unpacks into a state directory that knows no chain.
pub(super) fn import(config: &Config, from: &Path) -> Result<(), Failure> {
    let _locks = lock(config)?;
    if !durable::is_gone(&exported_mark(config)) {
        return Err(Failure::usage(advice::import_over(&config.state_dir)));
    }
    let failed = |path: &Path, error: io::Error| Failure::io(path.display(), &error);
    let text = fs::read(from).map_err(|error| Failure::named(from, &error, advice::NAME_EXPORTED))?;
    let damaged = |cause: &dyn Display| Failure::usage(advice::import_damaged(from, &cause.to_string()));
    let packed: Packed = serde_json::from_slice(&text).map_err(|error| damaged(&error))?;
    if packed.format != FORMAT {
        return Err(damaged(&format!("it has format {}", packed.format)));
    }
    let Checked { pins, chains, identity } = checked(&packed, config).map_err(|cause| damaged(&cause))?;
    let here = Pins::load(&config.state_dir)?;
    if here.iter().next().is_some() {
        return imported_already(config, &here, &pins, from);
    }

    for (chain, file) in &chains {
        // Its pin may be lost; or an import was cut, and is done again.
        let here = ChainFile::found(&config.state_dir, chain)?;
        if here.is_some_and(|here| {
            here.record.floor() > file.record.floor() || here.record.stopped != file.record.stopped
        }) {
            return Err(Failure::usage(advice::import_over(&config.state_dir)));
        }
    }
    // All of it is sound, so all of it is written.
    let folder = config.state_dir.join("chains");
    fs::create_dir_all(&folder).map_err(|error| failed(&folder, error))?;
    for (_, file) in &chains {
        file.save(&config.state_dir)?;
    }
    if let Some(key) = &identity {
        let path = Identity::path(&config.state_dir);
        durable::replace(&path, key).map_err(|error| failed(&path, error))?;
    }
    // Last: until the pins stand, nothing starts.
    let path = Pins::path(&config.state_dir);
    durable::replace(&path, packed.pins.as_bytes()).map_err(|error| failed(&path, error))?;
    for (chain, file) in &chains {
        say!("{chain} imported: highest requested {}", file.record.highest_requested);
    }
    remark!("next: plug the device in here, and start the daemon");
    Ok(())
}

/// The pins are written last, so where they are those that were packed, the import was ended. The state files may tell of
/// more by now.
fn imported_already(config: &Config, here: &Pins, packed: &Pins, from: &Path) -> Result<(), Failure> {
    if !here.iter().eq(packed.iter()) {
        return Err(Failure::usage(advice::import_over(&config.state_dir)));
    }
    for (chain, pin) in here.iter() {
        ChainFile::load(&config.state_dir, chain, &pin)?;
    }
    say!("{} is imported here already; nothing was changed", from.display());
    remark!("next: plug the device in here, and start the daemon");
    Ok(())
}

/// What was packed, found sound.
struct Checked {
    pins: Pins,
    /// Every pinned chain.
    chains: Vec<(String, ChainFile)>,
    /// The identity's file.
    identity: Option<Vec<u8>>,
}

/// An error says what is wrong with it.
fn checked(packed: &Packed, config: &Config) -> Result<Checked, String> {
    let mut chains = Vec::new();
    let pins = Pins::read(&packed.pins, &config.state_dir).map_err(|error| error.cause())?;
    for (chain, pin) in pins.iter() {
        chain_id(chain).map_err(|_| format!("{chain:?} is not a chain id"))?;
        let text = packed.chains.get(chain).ok_or_else(|| format!("it has no state of {chain}"))?;
        let file = ChainFile::read(text.as_bytes(), &config.state_dir, chain, &pin);
        chains.push((chain.to_owned(), file.map_err(|error| error.cause())?));
    }
    if let Some(chain) = packed.chains.keys().find(|chain| !chains.iter().any(|(known, _)| known == *chain)) {
        return Err(format!("it has no pin of {chain}"));
    }
    let identity = packed.identity.as_ref().map(|key| hex::decode(key).map_err(|error| error.to_string()));
    let identity = identity.transpose()?;
    if identity.as_ref().is_some_and(|key| !Identity::sound(key)) {
        return Err("its identity is no key".to_owned());
    }
    Ok(Checked { pins, chains, identity })
}
