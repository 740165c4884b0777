//! `run`: the daemon, from its start to its orderly end.

use std::time::Duration;

use highwater_moving::PublicKey;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::hosted_warning;
use super::stops::Stops;
use super::supervise::{death, outlive};
use crate::admin::{self, Counters, Listener};
use crate::advice;
use crate::config::Config;
use crate::device;
use crate::failure::Failure;
use crate::log::{Kind, Lost};
use crate::node::{self, Identity, Node};
use crate::operator::{lock, not_exported, pinned, pinned_installations};
use crate::rpc::{self, Rpc};
use crate::signer::{Served, Signer, Signers};
use crate::store::ChainFile;
use crate::users;
use crate::watchdog::{self, Watched};

/// Longer than the longest exchange with the device.
const LAST: Duration = device::LONG_DEADLINE.saturating_add(Duration::from_secs(5));

/// Serves until a signal asks it to end. A part that dies ends the whole, so that the service manager notices.
pub(super) async fn run(config: &Config, lost: Lost) -> Result<(), Failure> {
    if config.chains.is_empty() {
        return Err(Failure::usage(advice::no_chain()));
    }
    // The lock would make the directory, which is then no more seen to be missing.
    if let Some(chain) = config.chains.first()
        && users::ours() != 0
        && !config.state_dir.exists()
    {
        pinned(config, &chain.id)?;
    }
    let _locks = lock(config)?;
    // Only now: a command that held the lock may just have moved a pin, or carried the state away.
    not_exported(config)?;
    ChainFile::sweep(&config.state_dir)?;
    let mut served = Vec::new();
    for device in &config.devices {
        let mut chains = Vec::new();
        for chain in config.chains_of(device) {
            let pin = pinned(config, &chain.id)?;
            chains.push(Served::new(chain, pin, ChainFile::load(&config.state_dir, &chain.id, &pin)?));
        }
        served.push((device, chains));
    }
    for device in &config.devices {
        if let Some(target) = device.transport.target()
            && let Some(text) = hosted_warning(None, target)
        {
            let kind = if target.is_store() { Kind::DeviceMarkOnHost } else { Kind::DeviceSimulated };
            tracing::warn!(kind = %kind, device = device.name.as_deref(), "{text}");
        }
    }
    let mut stops = Stops::listen().map_err(|error| Failure::io("SIGTERM", &error))?;
    let socket = Listener::bind(&config.state_dir)
        .map_err(|error| Failure::state_file(&admin::socket_path(&config.state_dir), &error))?;
    let counters = Counters::beside(&lost);
    let (mut each, mut parts) = (Vec::new(), Vec::new());
    for (device, chains) in served {
        let pinned = pinned_installations(config, device);
        let plug = device::plug(device, &config.devices, &config.state_dir, pinned)
            .map_err(|error| Failure::io("the device's thread", &error))?;
        let name = device.name.as_deref();
        let (signer, of) = Signer::start_on(name, chains, config.state_dir.clone(), plug, counters.clone())
            .map_err(|error| Failure::io("the state files' thread", &error))?;
        each.push(signer);
        parts.push((device.name.clone(), of));
    }
    // The check of the config has seen that each chain has one.
    let signers = Signers::new(each).map_err(|error| Failure::software(error.to_string()))?;

    let identity = Identity::load(&config.state_dir)?;
    let key = hex::encode(identity.public_key());
    tracing::info!(kind = %Kind::DaemonIdentity, id = %identity.peer_id(), key, "who we are to nodes: the id on noise://, the key on tcp://");
    let stop = CancellationToken::new();
    let mut nodes = JoinSet::new();
    for chain in &config.chains {
        for address in &chain.nodes {
            // Both were checked with the config.
            let (Ok(parsed), Some(service)) = (address.parse(), signers.for_node(&chain.id, address)) else {
                continue;
            };
            let node = Node { chain: chain.id.clone(), address: parsed };
            nodes.spawn(node::run(node, identity.clone(), service, stop.clone()));
        }
    }
    let mut servers = JoinSet::new();
    servers.spawn(socket.serve(signers.clone()));
    if let Some(listen) = config.admin.metrics {
        if config.admin.is_exposed() {
            tracing::warn!(kind = %Kind::AdminExposed, %listen, "{}", advice::metrics_exposed(listen));
        }
        servers.spawn(admin::serve_http(listen, signers.clone(), counters));
    }
    for chain in &config.chains {
        // It was checked with the config.
        let rpc = chain.rpc.as_deref().and_then(|rpc| rpc.parse::<Rpc>().ok());
        let signer = signers.of(&chain.id);
        if let Some((rpc, (signer, key))) = rpc.zip(signer.and_then(|of| Some((of, of.key(&chain.id)?)))) {
            let (id, key, signer) = (chain.id.clone(), PublicKey::new(key), signer.clone());
            servers.spawn(async move {
                rpc::follow(rpc.beside_signing(), id, key, signer).await;
                Ok(())
            });
        }
    }
    let watched = signers.each().iter().map(|signer| {
        let (name, heart) = (signer.name().map(str::to_owned), signer.device().heartbeat());
        let asked = signer.clone();
        let signer = move || {
            let signer = asked.clone();
            async move { drop(signer.views().await) }
        };
        Watched { name, heart, signer }
    });
    tokio::spawn(watchdog::serve(watched.collect()));
    let shown = signers.clone();
    tokio::spawn(watchdog::tell_status(move || {
        let signers = shown.clone();
        async move { admin::report(&signers).await.verdict }
    }));
    tracing::info!(kind = %Kind::DaemonStarted, chains = config.chains.len(), "running");

    let signal = tokio::select! {
        signal = stops.next() => signal,
        failure = death(&mut parts, &mut nodes) => return Err(failure),
        never = outlive(&mut servers) => match never {},
    };
    tracing::info!(kind = %Kind::DaemonStopping, signal, "stopping");
    // A signature in flight is finished: each node's task answers its request first, and so does each device.
    watchdog::stopping();
    stop.cancel();
    while nodes.join_next().await.is_some() {}
    // A cable that hangs does not keep the daemon from ending.
    match tokio::time::timeout(LAST, signers.finish()).await {
        Ok(()) => Ok(()),
        Err(_) => Err(Failure::software(advice::unfinished(LAST))),
    }
}
