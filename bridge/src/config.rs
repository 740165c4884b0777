//! The configuration: a TOML file, parsed and checked whole before anything opens.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use highwater_core::canonical::ChainId;
use serde::Deserialize;

use crate::node::Address;
use crate::{advice, durable};

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Pins, the admin socket, the simulated device: everything the daemon writes.
    pub state_dir: PathBuf,
    /// The device.
    pub device: Device,
    /// The chains.
    #[serde(rename = "chain", default)]
    pub chains: Vec<Chain>,
    /// What an operator may look at.
    #[serde(default)]
    pub admin: Admin,
}

/// How the device is reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// The kind of cable.
    pub transport: Transport,
    /// Of `speculos`: where its APDU port listens.
    pub address: Option<SocketAddr>,
    /// Of `hid`: the USB serial number, if several Ledgers are plugged in.
    pub serial: Option<String>,
    /// Of `hid`: the device file, as `/dev/hidraw3`.
    pub path: Option<PathBuf>,
}

/// The kind of cable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// The signer in this process. Not a hardware key.
    Simulated,
    /// The firmware in the emulator.
    Speculos,
    /// A Ledger on USB.
    Hid,
}

/// A chain and its nodes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// Chain id, byte for byte.
    pub id: String,
    /// What its nodes get while the device is away.
    #[serde(default)]
    pub on_absent: OnAbsent,
    /// The last height to sign.
    pub stop_height: Option<u64>,
    /// Where its nodes listen: `unix:///path`, `tcp://host:port` or `noise://peer-id@host:port`.
    #[serde(default)]
    pub nodes: Vec<String>,
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
    /// Where `/metrics`, `/health` and `/status` are served; loopback only. Nowhere if left out.
    pub metrics: Option<SocketAddr>,
}

/// The file cannot be used. Nothing was opened; the text names place, cause and cure.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl Config {
    /// Reads and checks a file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError(advice::config_unreadable(path, &error)))?;
        Self::parse(&text).map_err(|ConfigError(text)| ConfigError(format!("{}: {text}", path.display())))
    }

    /// Checks the text of a file.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| {
            ConfigError(removed(text).unwrap_or_else(|| advice::config_syntax(&error.to_string())))
        })?;
        config.check(text)?;
        Ok(config)
    }

    fn check(&self, text: &str) -> Result<(), ConfigError> {
        let fail = |needle: &str, cause: String, cure: &str| {
            let line = text.lines().position(|line| line.contains(needle)).map_or(1, |at| at + 1);
            Err(ConfigError(format!("line {line}: {cause}; {cure}")))
        };
        if self.state_dir.as_os_str().is_empty() || self.state_dir.is_relative() {
            let cause = format!("state_dir {:?} is not an absolute path", self.state_dir);
            return fail("state_dir", cause, "name a directory that starts with /");
        }
        let device = &self.device;
        match (device.transport, device.address.is_some(), device.serial.is_some() || device.path.is_some()) {
            (Transport::Speculos, false, _) => {
                let cause = "transport \"speculos\" has no address".to_owned();
                return fail("transport", cause, "add address = \"127.0.0.1:9999\" to [device]");
            }
            (Transport::Simulated | Transport::Hid, true, _) => {
                let cause = "address belongs to transport \"speculos\" alone".to_owned();
                return fail("address", cause, "remove the line, or choose that transport");
            }
            (Transport::Simulated | Transport::Speculos, _, true) => {
                let cause = "serial and path belong to transport \"hid\" alone".to_owned();
                let needle = if device.serial.is_some() { "serial" } else { "path" };
                return fail(needle, cause, "remove the line, or choose that transport");
            }
            _ => {}
        }
        if let Some(listen) = self.admin.metrics
            && !listen.ip().is_loopback()
        {
            let cause = format!("metrics listens on {listen}, which is not a loopback address");
            return fail("metrics", cause, "use 127.0.0.1 and put a proxy before it");
        }
        let (mut ids, mut nodes) = (BTreeSet::new(), BTreeSet::new());
        for chain in &self.chains {
            if ChainId::new(chain.id.as_bytes()).is_none() || durable::is_aside(&chain.id) {
                let cause = format!("{:?} is not a chain id", chain.id);
                return fail(&chain.id, cause, advice::CHAIN_ID);
            }
            if !ids.insert(&chain.id) {
                let cause = format!("chain {:?} stands twice", chain.id);
                return fail(&chain.id, cause, "keep one [[chain]] and list all its nodes there");
            }
            if chain.stop_height == Some(0) {
                let cause = "stop_height 0 would sign nothing".to_owned();
                return fail("stop_height", cause, "name the last height to sign, or remove the line");
            }
            for node in &chain.nodes {
                if let Err(error) = node.parse::<Address>() {
                    return fail(node, error.to_string(), error.cure());
                }
                if !nodes.insert(node) {
                    let cause = format!("node {node:?} stands twice");
                    return fail(node, cause, "one socket serves one chain, once");
                }
            }
        }
        Ok(())
    }

    /// The chain of this id.
    pub fn chain(&self, id: &str) -> Option<&Chain> {
        self.chains.iter().find(|chain| chain.id == id)
    }
}

/// What to do about a file that cannot be read for a key which earlier versions had.
fn removed(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Before {
        #[serde(default)]
        chain: Vec<ChainBefore>,
    }
    #[derive(Deserialize)]
    struct ChainBefore {
        vote_extensions: Option<toml::Spanned<toml::Value>>,
    }
    let before: Before = toml::from_str(text).ok()?;
    let value = before.chain.into_iter().find_map(|chain| chain.vote_extensions)?;
    let line = text.get(..value.span().start)?.matches('\n').count() + 1;
    Some(format!("line {line}: {}", advice::vote_extensions_removed()))
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
