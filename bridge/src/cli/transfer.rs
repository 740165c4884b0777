//! `state export`, `state import`: the bridge moves to another host, and signs at one place only.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Failure;
use super::link::{exported_mark, lock, not_exported};
use crate::config::Config;
use crate::node::Identity;
use crate::validator::{Memory, Pins, memory_path};
use crate::{advice, durable};

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
    not_exported(config)?;
    // Also proves that no daemon runs: what it asks for later would not be in the file.
    let _locks = lock(config)?;
    let pins = Pins::load(&config.state_dir)?;
    let read = |path: &Path| fs::read_to_string(path).map_err(|error| Failure::io(path.display(), &error));
    let identity = match fs::read(Identity::path(&config.state_dir)) {
        Ok(key) => Some(hex::encode(key)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(Failure::io(Identity::path(&config.state_dir).display(), &error)),
    };
    let pinned = read(&config.state_dir.join("pins.toml"))?;
    let mut packed = Packed { format: FORMAT, pins: pinned, chains: BTreeMap::new(), identity };
    for (chain, pin) in pins.iter() {
        // Only what this host would start with itself.
        Memory::load(&config.state_dir, chain, &pin)?;
        packed.chains.insert(chain.to_owned(), read(&memory_path(&config.state_dir, chain))?);
    }
    if to.exists() {
        return Err(Failure::usage(advice::export_exists(to)));
    }
    let text =
        serde_json::to_vec_pretty(&packed).map_err(|error| Failure::io(to.display(), &error.into()))?;
    let absolute = std::path::absolute(to).map_err(|error| Failure::io(to.display(), &error))?;
    durable::replace(&absolute, &text).map_err(|error| Failure::io(to.display(), &error))?;
    let mark = exported_mark(config);
    durable::replace(&mark, format!("exported to {}\n", absolute.display()).as_bytes())
        .map_err(|error| Failure::io(mark.display(), &error))?;
    println!("{} chains exported to {}; this host signs no more", packed.chains.len(), to.display());
    println!("next: carry file, config and device to the other host, and run `highwater state import` there");
    Ok(())
}

/// Unpacks into a state directory that knows no chain.
pub(super) fn import(config: &Config, from: &Path) -> Result<(), Failure> {
    let _locks = lock(config)?;
    if Pins::load(&config.state_dir)?.iter().next().is_some() || exported_mark(config).exists() {
        return Err(Failure::usage(advice::import_over(&config.state_dir)));
    }
    let failed = |path: &Path, error: io::Error| Failure::io(path.display(), &error);
    let text = fs::read(from).map_err(|error| failed(from, error))?;
    let packed: Packed = serde_json::from_slice(&text)
        .map_err(|error| Failure::usage(advice::import_damaged(from, &error.to_string())))?;
    if packed.format != FORMAT {
        let cause = format!("it has format {}", packed.format);
        return Err(Failure::usage(advice::import_damaged(from, &cause)));
    }
    let folder = config.state_dir.join("chains");
    fs::create_dir_all(&folder).map_err(|error| failed(&folder, error))?;
    for (chain, text) in &packed.chains {
        super::chain::chain_id(chain)?;
        let path = memory_path(&config.state_dir, chain);
        durable::replace(&path, text.as_bytes()).map_err(|error| failed(&path, error))?;
    }
    if let Some(identity) = &packed.identity {
        let key = hex::decode(identity)
            .map_err(|error| Failure::usage(advice::import_damaged(from, &error.to_string())))?;
        let path = Identity::path(&config.state_dir);
        durable::replace(&path, &key).map_err(|error| failed(&path, error))?;
    }
    // Last: until the pins stand, nothing starts.
    let path = config.state_dir.join("pins.toml");
    durable::replace(&path, packed.pins.as_bytes()).map_err(|error| failed(&path, error))?;
    for (chain, pin) in Pins::load(&config.state_dir)?.iter() {
        let memory = Memory::load(&config.state_dir, chain, &pin)?;
        println!("{chain} imported: last asked {}", memory.asked);
    }
    println!("next: plug the device in here, and start the daemon");
    Ok(())
}
