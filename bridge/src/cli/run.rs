//! `run`: the daemon, from its start to its orderly end.

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::chain::pinned;
use super::link::{lock, not_exported, simulated_warning};
use super::supervise::death;
use crate::admin::{self, Counters, Listener};
use crate::config::{Config, Transport};
use crate::device::{self, Device};
use crate::node::{self, Identity, Node};
use crate::validator::{Memory, Validator};

/// Serves until SIGTERM or Ctrl-C. A part that dies ends the whole, so that the service manager notices.
pub(super) async fn run(config: Config) -> Result<(), Failure> {
    if config.chains.is_empty() {
        return Err(Failure::usage("the config has no [[chain]]: add one, with its id and nodes"));
    }
    let _locks = lock(&config)?;
    // Only now: a command that held the lock may just have moved a pin, or carried the state away.
    not_exported(&config)?;
    Memory::sweep(&config.state_dir)?;
    let mut chains = Vec::new();
    for chain in &config.chains {
        let pin = pinned(&config, &chain.id)?;
        chains.push((chain, pin, Memory::load(&config.state_dir, &chain.id, &pin)?));
    }
    if config.device.transport == Transport::Simulated {
        tracing::warn!("{}", simulated_warning());
    }
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| Failure::io("SIGTERM", &error))?;
    let socket = Listener::bind(&config.state_dir)
        .map_err(|error| Failure::io(admin::socket_path(&config.state_dir).display(), &error))?;
    let (device, mut died) = Device::start(device::opener(&config.device, &config.state_dir))
        .map_err(|error| Failure::io("the device's thread", &error))?;

    let identity = Identity::load(&config.state_dir)?;
    let key = hex::encode(identity.public_key());
    tracing::info!(id = %identity.peer_id(), key, "who we are to nodes: the id on noise://, the key on tcp://");
    let counters = Counters::new();
    let stop = CancellationToken::new();
    let mut validators = Vec::new();
    let mut nodes = JoinSet::new();
    for (chain, pin, memory) in chains {
        let validator =
            Validator::new(chain, pin, memory, &config.state_dir, device.clone(), counters.clone())
                .map_err(|error| Failure::io("the state file's thread", &error))?;
        for address in &chain.nodes {
            // Checked with the config.
            let Ok(parsed) = address.parse() else { continue };
            let node = Node { chain: chain.id.clone(), address: parsed };
            nodes.spawn(node::run(node, identity.clone(), validator.for_node(address), stop.clone()));
        }
        validators.push(validator);
    }
    let mut servers = JoinSet::new();
    servers.spawn(socket.serve(device.clone(), validators.clone()));
    if let Some(listen) = config.admin.metrics {
        servers.spawn(admin::serve_http(listen, device.clone(), validators.clone(), counters));
    }
    // Without a service manager there is nobody to tell.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    tracing::info!(chains = validators.len(), "running");

    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
        failure = death(&mut died, &mut servers, &mut nodes) => return Err(failure),
    }
    // A signature in flight is finished: each node's task answers its request first, and so does the device.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    stop.cancel();
    while nodes.join_next().await.is_some() {}
    device.finish();
    let _ = died.await;
    for validator in &validators {
        let last = validator.last().map_or_else(|| "nothing".to_owned(), |hrs| hrs.to_string());
        tracing::info!(chain = validator.chain(), last, "stopped");
    }
    Ok(())
}
