//! What only the device and the nodes tell: by the daemon's report, or by a look of our own.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use highwater_core::canonical::ChainId;
use highwater_moving::{Block, Ours, PublicKey};

use super::host::Ground;
use super::local::Looked;
use super::trouble::Trouble;
use crate::admin::links::{self, Host};
use crate::admin::{Cause, Report};
use crate::advice;
use crate::config::{self, Chain, Config};
use crate::device::{self, Device, Fault, LockError, Session, SlotNumber, SlotState, Standing, lock_files};
use crate::node::host_network::{HostNetwork, Told};
use crate::node::{self, Address, DialError};
use crate::operator::pinned_installations;
use crate::rpc::Rpc;
use crate::state_dir::{self, Purpose};
use crate::store::{ChainFile, Pin, Pins};

/// Adds what device and nodes tell to what was found on the host.
pub(super) async fn look(looked: &mut Looked, ground: &Ground) {
    let Some(config) = looked.config.take() else { return };
    match looked.daemon.take() {
        Some(mut daemon) => match daemon.status().await {
            Ok(report) => of_daemon(&config, &report, &mut looked.troubles),
            Err(error) => looked.troubles.push(Trouble::Daemon(error)),
        },
        None => by_ourselves(&config, looked, ground).await,
    }
    let Ok(pins) = Pins::load(&config.state_dir) else { return };
    for chain in &config.chains {
        // One that is not pinned was told before.
        if let Some(pin) = pins.get(&chain.id) {
            looked.troubles.extend(on_chain(chain, &pin).await);
        }
    }
}

/// Whether the node at `rpc` tells what the chain has, and the chain knows the validator.
async fn on_chain(chain: &Chain, pin: &Pin) -> Option<Trouble> {
    let rpc: Rpc = chain.rpc.as_deref()?.parse().ok()?;
    let (id, key) = (ChainId::new(chain.id.as_bytes())?, PublicKey::new(pin.key));
    let look = async {
        let tip = rpc.tip(id).await?.height;
        // Of the last block no block holds the commit yet.
        match tip.checked_sub(1).filter(|height| *height > 0) {
            Some(height) => rpc.block(id, &key, height).await.map(Some),
            None => Ok(None),
        }
    };
    match look.await {
        Err(error) => Some(Trouble::Rpc { chain: chain.id.clone(), error }),
        Ok(Some(Block { ours: Ours::NotInSet, height, .. })) => {
            let address = advice::address(&key);
            Some(Trouble::NotInSet { chain: chain.id.clone(), height, address })
        }
        Ok(_) => None,
    }
}

pub(super) fn of_daemon(config: &Config, report: &Report, troubles: &mut Vec<Trouble>) {
    // Its chains are not among those of the report.
    if report.signer_silent {
        troubles.push(Trouble::Daemon(advice::signer_silent().to_owned()));
    }
    if report.log_lines_dropped > 0 {
        troubles.push(Trouble::LogLost(report.log_lines_dropped));
    }
    for shown in report.each() {
        let device = config.devices.iter().find(|device| device.name.as_deref() == shown.name);
        if let Some((device, session)) = device.zip(shown.session) {
            of_session(config, device, session, troubles);
        }
    }
    if report.host_network == Some(false) {
        troubles.push(Trouble::NoNetwork);
    }
    // The one cure of a stopped chain is another device.
    let stopped = |id: &String| report.chains.iter().any(|chain| chain.stopped && chain.chain == *id);
    troubles.retain(|known| !matches!(known, Trouble::Ahead { chain, .. } if stopped(chain)));
    // What several chains have in common is told once.
    let mut devices = BTreeSet::new();
    for chain in &report.chains {
        let only = chain.nodes.len() == 1;
        let cut = chain.nodes.iter().filter(|node| node.link_cut).filter_map(|node| node.complaint.clone());
        troubles.extend(cut.map(|text| Trouble::LinkCut { text, only }));
        if let Some(problem) = &chain.problem {
            let trouble = match chain.problem_cause {
                Some(Cause::Elsewhere) => Some(Trouble::SignedElsewhere(problem.clone())),
                Some(Cause::Network | Cause::Link) => None,
                Some(Cause::Device) if !devices.insert(chain.device.as_deref()) => None,
                // A daemon of before names no cause.
                Some(Cause::Device | Cause::Other) | None => Some(Trouble::NotSigning(problem.clone())),
            };
            troubles.extend(trouble);
        }
        let warning = chain.warning.clone().and_then(|text| match chain.warning_cause {
            Some(Cause::Link) => None,
            Some(Cause::Elsewhere) => Some(Trouble::SignedElsewhere(text)),
            _ => Some(Trouble::Warning(text)),
        });
        troubles.extend(warning);
    }
}

/// Nobody has the device or the nodes, so nobody is disturbed.
async fn by_ourselves(config: &Config, looked: &mut Looked, ground: &Ground) {
    let troubles = &mut looked.troubles;
    if looked.state {
        // Whoever opens the device takes its lock, which is a file of the state directory.
        match state_dir::prepare(&config.state_dir, Purpose::Writes) {
            Ok(()) => devices(config, troubles).await,
            Err(error) => troubles.push(Trouble::StateDir(error)),
        }
    }
    let network = HostNetwork::of(&Told::read(&ground.sys, &ground.proc)).map(Arc::new);
    for chain in &config.chains {
        for address in chain.nodes.iter().filter_map(|node| node.parse::<Address>().ok()) {
            let is_known =
                |known: &Trouble| matches!(known, Trouble::Node { address: known, .. } if *known == address);
            if !troubles.iter().any(is_known)
                && let Err(error) = node::reach(&address).await
            {
                let trouble = unreachable(chain, address, error, config, network.as_ref());
                // One network for all nodes.
                if !(matches!(trouble, Trouble::NoNetwork)
                    && troubles.iter().any(|known| matches!(known, Trouble::NoNetwork)))
                {
                    troubles.push(trouble);
                }
            }
        }
    }
}

/// A node that cannot be reached: by its own fault, by that of what lies between, or by that of this host.
pub(super) fn unreachable(
    chain: &Chain,
    address: Address,
    error: DialError,
    config: &Config,
    network: Option<&Arc<HostNetwork>>,
) -> Trouble {
    let id = chain.id.clone();
    let nodes = config.chains.iter().flat_map(|chain| &chain.nodes);
    let remote: Vec<Address> =
        nodes.filter_map(|node| node.parse().ok()).filter(Address::is_remote).collect();
    let host = network.filter(|_| address.is_remote()).map(|network| Host::of(network.clone(), &remote));
    match host {
        Some(host) if !host.is_up() && error.needs_network() => Trouble::NoNetwork,
        Some(host) if host.is_up() && error.is_cut() => {
            let complaint = advice::link::unreachable(&address, &error);
            let text = links::why_cut(&id, &address.to_string(), &host, &complaint);
            Trouble::LinkCut { text, only: chain.nodes.len() == 1 }
        }
        _ => Trouble::Node { chain: id, address, error },
    }
}

/// What each device says of itself. They are asked at one time: one that hangs is waited for, and holds up no other.
async fn devices(config: &Config, troubles: &mut Vec<Trouble>) {
    let mut locks = Vec::new();
    for file in lock_files(&config.devices, &config.state_dir) {
        match file.take() {
            Ok(lock) => locks.push(lock),
            Err(error) => {
                // Who holds it was told before, if it was held then.
                let is_told = troubles.iter().any(|known| matches!(known, Trouble::Held(_)));
                if !(is_told && matches!(error, LockError::Held(_))) {
                    troubles.push(Trouble::Lock(file, error));
                }
                return;
            }
        }
    }
    let seen = join_all(config.devices.iter().map(|device| ask(config, device))).await;
    for (device, seen) in config.devices.iter().zip(seen) {
        match seen {
            Ok(session) => of_session(config, device, &session, troubles),
            Err(Some(fault)) => troubles.push(Trouble::Device { device: device.name.clone(), fault }),
            Err(None) => {}
        }
    }
}

async fn ask(config: &Config, device: &config::Device) -> Result<Session, Option<Fault>> {
    let pinned = pinned_installations(config, device);
    let plug = device::plug(device, &config.devices, &config.state_dir, pinned);
    let plug = plug.map_err(|error| Some(Fault::Silent(error.to_string())))?;
    let (device, _) = Device::plugged(plug);
    let seen = device.looked().await;
    device.finish();
    seen.session.ok_or(seen.fault)
}

fn of_session(config: &Config, device: &config::Device, session: &Session, troubles: &mut Vec<Trouble>) {
    if session.standing != Standing::Sound {
        let (device, standing) = (device.name.clone(), session.standing);
        return troubles.push(Trouble::Unsound { device, standing });
    }
    let Ok(pins) = Pins::load(&config.state_dir) else { return };
    for chain in config.chains_of(device) {
        // One that is not pinned was told before.
        let Some(pin) = pins.get(&chain.id) else { continue };
        if pin.installation != session.installation {
            let (chain, found, pinned) = (chain.id.clone(), session.installation, pin.installation);
            troubles.push(Trouble::OtherInstallation { chain, found, pinned });
            continue;
        }
        let file = ChainFile::load(&config.state_dir, &chain.id, &pin).ok();
        troubles.extend(of_slot(chain, session, file.as_ref()));
    }
}

fn of_slot(chain: &Chain, session: &Session, file: Option<&ChainFile>) -> Option<Trouble> {
    let Some(slot) = session.chain(&chain.id).or_else(|| session.tombstone(&chain.id)) else {
        if let Some(slot) = session.perhaps(&chain.id) {
            return Some(Trouble::Damaged { chain: chain.id.clone(), slot: SlotNumber::of(slot.slot) });
        }
        return Some(Trouble::NotOnDevice { chain: chain.id.clone(), known: session.chains() });
    };
    if slot.state != SlotState::Armed {
        return Some(Trouble::Slot { chain: chain.id.clone(), state: slot.state });
    }
    // The one cure of a stopped chain is another device.
    let file = file.filter(|file| file.record.stopped.is_none())?;
    let (requested, mark) = (file.record.highest_requested, slot.mark.0);
    // A round is written ahead of its signatures; a height is not.
    let ahead = requested.height > mark.height;
    // A request that was never signed leaves the file one height ahead.
    let is_next = requested.height.value() == mark.height.value() + 1;
    (ahead && !is_next).then(|| Trouble::Ahead { chain: chain.id.clone(), requested, mark })
}
