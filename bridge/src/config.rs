//! The configuration: a TOML file, parsed and checked whole before anything opens.

mod device;
mod devices;
mod places;

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use highwater_core::canonical::ChainId;
use serde::Deserialize;

use crate::advice;
use crate::node::Address;
use crate::rpc::Rpc;
use crate::store::durable;
pub use device::{Device, Key, Transport};
pub(crate) use devices::names;
use places::{Place, Places, Wrong};

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Pins, the admin socket, the simulated device: everything the daemon writes.
    pub state_dir: PathBuf,
    /// The devices: `[device]`, or each `[[device]]`. At least one.
    #[serde(rename = "device", deserialize_with = "devices::one_or_several")]
    pub devices: Vec<Device>,
    /// The chains.
    #[serde(rename = "chain", default)]
    pub chains: Vec<Chain>,
    /// What an operator may look at.
    #[serde(default)]
    pub admin: Admin,
}

/// A chain and its nodes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// Chain id, byte for byte.
    pub id: String,
    /// The name of its device, if there are several.
    pub device: Option<String>,
    /// What its nodes get while the device is away.
    #[serde(default)]
    pub on_absent: OnAbsent,
    /// The last height to sign.
    pub stop_height: Option<u64>,
    /// Where its nodes listen: `unix:///path`, `tcp://host:port` or `noise://peer-id@host:port`.
    #[serde(default)]
    pub nodes: Vec<String>,
    /// The RPC of a node that tells which blocks have our signature: `http://host:port`.
    pub rpc: Option<String>,
}

/// What nodes get while the device is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnAbsent {
    /// Silence for 20 s, then errors.
    #[default]
    Error,
    /// Silence, always. For a chain of one validator, which one error would halt.
    Wait,
}

/// What an operator may look at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// Where `/metrics`, `/health` and `/status` are served. Nowhere if left out.
    pub metrics: Option<SocketAddr>,
    /// Whether that may be another address than one of loopback, as in a container of which the host forwards a port.
    #[serde(default)]
    pub metrics_exposed: bool,
}

impl Admin {
    /// Whether others than this host can read them.
    pub(crate) fn is_exposed(&self) -> bool {
        self.metrics.is_some_and(|listen| !listen.ip().is_loopback())
    }
}

/// The file cannot be used. Nothing was opened; the text names place, cause and cure.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is none, or it does not say what it should.
    #[error("{0}")]
    Content(String),
    /// It could not be read, and perhaps can be a little later.
    #[error("{0}")]
    Io(String),
}

impl Config {
    /// Reads and checks a file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let text = advice::config_unreadable(path, &error);
            match error.kind() {
                ErrorKind::NotFound | ErrorKind::InvalidData => ConfigError::Content(text),
                _ => ConfigError::Io(text),
            }
        })?;
        Self::read(&text).map_err(|Wrong { line, text }| {
            ConfigError::Content(format!("{}:{line}: {text}", path.display()))
        })
    }

    /// Checks the text of a file.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::read(text).map_err(|Wrong { line, text }| ConfigError::Content(format!("line {line}: {text}")))
    }

    fn read(text: &str) -> Result<Self, Wrong> {
        // Where what is read is of other kinds than it should be, the next line fails, and says where.
        let places: Places = toml::from_str(text).unwrap_or_default();
        let config: Self = toml::from_str(text).map_err(|error| {
            let removed = places.chains.iter().find_map(|chain| chain.vote_extensions.as_ref());
            match removed {
                Some(_) => Wrong::at(text, removed, advice::vote_extensions_removed()),
                None if let Some((place, found)) = places.unknown_transport() => {
                    Wrong::at(text, Some(place), advice::config_transport(found))
                }
                None => Wrong::of(text, &error),
            }
        })?;
        config.check(text, &places)?;
        Ok(config)
    }

    fn check(&self, text: &str, places: &Places) -> Result<(), Wrong> {
        let fail = |place: Option<&Place>, cause: String, cure: &str| {
            Err(Wrong::at(text, place, format_args!("{cause}; {cure}")))
        };
        if self.state_dir.as_os_str().is_empty() || self.state_dir.is_relative() {
            let cause = format!("state_dir {:?} is not an absolute path", self.state_dir);
            return fail(places.state_dir.as_ref(), cause, "name a directory that starts with /");
        }
        devices::check(&self.devices, &places.devices, &fail)?;
        match self.admin.metrics {
            None if self.admin.metrics_exposed => {
                let cause =
                    "metrics_exposed says where metrics may listen, and they listen nowhere".to_owned();
                let cure = "name an address in metrics, or remove the line";
                return fail(places.admin.metrics_exposed.as_ref(), cause, cure);
            }
            Some(listen) if self.admin.is_exposed() && !self.admin.metrics_exposed => {
                let cause = format!("metrics listens on {listen}, which is not a loopback address");
                return fail(places.admin.metrics.as_ref(), cause, advice::METRICS_ON_LOOPBACK);
            }
            _ => {}
        }
        let (mut ids, mut nodes) = (BTreeSet::new(), BTreeSet::new());
        let nowhere = places::Chain::default();
        for (number, chain) in self.chains.iter().enumerate() {
            let places = places.chains.get(number).unwrap_or(&nowhere);
            if ChainId::new(chain.id.as_bytes()).is_none() || durable::is_aside(&chain.id) {
                let cause = format!("id {:?} is not a chain id", chain.id);
                return fail(places.id.as_ref(), cause, advice::CHAIN_ID);
            }
            if !ids.insert(&chain.id) {
                let cause = format!("the chain of id {:?} stands twice", chain.id);
                return fail(places.id.as_ref(), cause, "keep one [[chain]] and list all its nodes there");
            }
            devices::check_chain(&self.devices, chain, places, &fail)?;
            if chain.stop_height == Some(0) {
                let cause = "stop_height 0 would sign nothing".to_owned();
                let cure = "name the last height to sign, or remove the line";
                return fail(places.stop_height.as_ref(), cause, cure);
            }
            if let Some(rpc) = &chain.rpc
                && rpc.parse::<Rpc>().is_err()
            {
                let cause = format!("rpc: {rpc:?} is no address of a node's RPC");
                let cure = "name it as http://HOST:PORT, as http://127.0.0.1:26657";
                return fail(places.rpc.as_ref(), cause, cure);
            }
            for (number, node) in chain.nodes.iter().enumerate() {
                let place = places.nodes.get(number);
                if let Err(error) = node.parse::<Address>() {
                    return fail(place, format!("nodes: {error}"), error.cure());
                }
                if !nodes.insert(node) {
                    let cause = format!("nodes: {node:?} stands twice");
                    return fail(place, cause, "one socket serves one chain, once");
                }
            }
        }
        Ok(())
    }

    /// The device that signs for a chain. The check has seen that there is exactly one.
    pub fn device_of(&self, chain: &Chain) -> Option<&Device> {
        match (&chain.device, &self.devices[..]) {
            (Some(name), _) => self.device(name),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }

    /// The device of this name.
    pub fn device(&self, name: &str) -> Option<&Device> {
        self.devices.iter().find(|device| device.name.as_deref() == Some(name))
    }

    /// The chains that a device signs for.
    pub fn chains_of<'a>(&'a self, device: &'a Device) -> impl Iterator<Item = &'a Chain> {
        self.chains.iter().filter(|chain| self.device_of(chain).is_some_and(|of| of.name == device.name))
    }

    /// The chain of this id.
    pub fn chain(&self, id: &str) -> Option<&Chain> {
        self.chains.iter().find(|chain| chain.id == id)
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
