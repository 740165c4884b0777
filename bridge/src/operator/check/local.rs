//! What is looked at without a word to the device: configuration, state, sockets, pins, device file, clock.

use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::time::SystemTime;

use super::host::{self, Ground};
use super::trouble::Trouble;
use crate::admin::Client;
use crate::config::{Chain, Config, Transport};
use crate::device::{Lock, LockError, LockFile, lock_files};
use crate::node::{self, Address, Identity};
use crate::operator::{Here, exported_mark};
use crate::state_dir::{self, Purpose, StateDirError};
use crate::store::{ChainFile, Pins, chain_file_path, durable};
use crate::{log, users};

/// What was looked at, and what was found.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub(super) troubles: Vec<Trouble>,
    /// None: it cannot be used.
    pub(super) config: Option<Config>,
    /// A daemon runs on the state directory.
    pub(super) daemon: Option<Client>,
    /// The state directory can be used.
    pub(super) state: bool,
}

pub(super) async fn look(path: &Path, ground: &Ground) -> Looked {
    let mut looked = Looked::default();
    looked.troubles.extend(log::setting_error().map(Trouble::Log));
    let config = match Config::load(path) {
        Ok(config) => config,
        Err(error) => {
            looked.troubles.push(Trouble::Config(error));
            return looked;
        }
    };
    if config.chains.is_empty() {
        looked.troubles.push(Trouble::NoChain);
    }
    match reachable(&config.state_dir) {
        Err(error) => looked.troubles.push(Trouble::StateDir(error)),
        Ok(()) => {
            match state_dir::writable(&config.state_dir) {
                Ok(()) => looked.state = true,
                Err(error) => looked.troubles.push(Trouble::StateDir(error)),
            }
            match Client::connect(&config.state_dir).await {
                Ok(daemon) => looked.daemon = daemon,
                Err(error) => looked.troubles.push(Trouble::Daemon(error)),
            }
            state(&config, &mut looked.troubles);
        }
    }
    nodes(&config, &mut looked.troubles);
    if looked.daemon.is_none() {
        unserved(&config, &mut looked.troubles);
    }
    if config.devices.iter().any(|device| device.transport == Transport::Hid) {
        for file in host::ledgers(ground) {
            looked.troubles.extend(host::device_file(ground, &file));
        }
    }
    looked.config = Some(config);
    looked
}

/// Root makes no state directory, so there must be one.
fn reachable(state_dir: &Path) -> Result<(), StateDirError> {
    state_dir::prepare(state_dir, Purpose::Reads)?;
    match state_dir.exists() || users::ours() != 0 {
        true => Ok(()),
        false => Err(StateDirError::Missing(state_dir.to_owned())),
    }
}

/// Pins and state files, against the configuration.
fn state(config: &Config, troubles: &mut Vec<Trouble>) {
    let mark = exported_mark(config);
    match durable::read_text(&mark) {
        Ok(said) => troubles.push(Trouble::Exported { mark, said }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => troubles.push(Trouble::ExportUnread(mark, error)),
    }
    if let Err(error) = Identity::look(&config.state_dir) {
        troubles.push(Trouble::Identity(error));
    }
    let pins = match Pins::load(&config.state_dir) {
        Ok(pins) => pins,
        Err(error) => return troubles.push(Trouble::Pins(error)),
    };
    troubles.extend(host::clock(SystemTime::now(), &Pins::path(&config.state_dir)));
    for chain in &config.chains {
        match pins.get(&chain.id) {
            None if chain_file_path(&config.state_dir, &chain.id).exists() => {
                troubles.push(Trouble::PinLost(chain.id.clone()));
            }
            None => {
                let (chain, here) = (chain.id.clone(), Here::of(&config.state_dir, &pins));
                troubles.push(Trouble::NotPinned { chain, here });
            }
            Some(pin) => match ChainFile::load(&config.state_dir, &chain.id, &pin) {
                Ok(file) => of_file(chain, &file, troubles),
                Err(error) => troubles.push(Trouble::ChainFile(error)),
            },
        }
    }
}

fn of_file(chain: &Chain, file: &ChainFile, troubles: &mut Vec<Trouble>) {
    let id = || chain.id.clone();
    if let Some(stopped) = file.record.stopped {
        troubles.push(Trouble::Stopped { chain: id(), stopped });
    }
    let highest = file.record.highest_requested;
    if let Some(stop) = chain.stop_height.filter(|stop| highest.height.value() >= *stop) {
        troubles.push(Trouble::BeyondStop { chain: id(), stop, highest });
    }
}

/// What can be seen of a node without a connection.
fn nodes(config: &Config, troubles: &mut Vec<Trouble>) {
    for chain in &config.chains {
        if chain.nodes.is_empty() {
            troubles.push(Trouble::NoNode(chain.id.clone()));
        }
        // They were checked with the config.
        for address in chain.nodes.iter().filter_map(|node| node.parse::<Address>().ok()) {
            if let Err(error) = node::look(&address) {
                troubles.push(Trouble::Node { chain: chain.id.clone(), address, error });
            }
        }
    }
}

/// What a daemon would want for itself.
fn unserved(config: &Config, troubles: &mut Vec<Trouble>) {
    if let Some(listen) = config.admin.metrics
        && let Err(error) = TcpListener::bind(listen)
    {
        troubles.push(Trouble::Metrics(listen, error));
    }
    for file in lock_files(&config.devices, &config.state_dir) {
        // Nothing is made: where there is no file, nobody holds it.
        let (LockFile::Lasting(path) | LockFile::Passing(path)) = file;
        if let Err(LockError::Held(path)) = Lock::take_existing(&path) {
            troubles.push(Trouble::Held(path));
        }
    }
}
