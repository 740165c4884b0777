//! A bridge and its nodes, each a host of the simulated network.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use highwater::node::{self, Address, ConnectError, Host, Identity, Network};
use highwater_sim::audit::Auditor;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use turmoil::net::TcpStream;

use super::node::{Node, PORT, Seen};
use crate::signer::Signer;

/// How long the device works on a signature, in simulated time.
pub(crate) const WORK: Duration = Duration::from_millis(300);

/// The host of the bridge.
pub(crate) const BRIDGE: &str = "bridge";

#[derive(Clone, Copy)]
struct Simulated;

impl Network for Simulated {
    type Stream = TcpStream;

    async fn connect(&self, host: &Host) -> Result<(TcpStream, IpAddr), ConnectError> {
        match TcpStream::connect((host.name.as_str(), host.port)).await {
            Ok(stream) => {
                let peer = stream.peer_addr()?.ip();
                Ok((stream, peer))
            }
            // Every node listens, so what the simulator calls refused is a lost SYN. A kernel would send it again, for
            // minutes: nothing is heard meanwhile.
            Err(_) => std::future::pending().await,
        }
    }
}

/// The network, with a chain for each node.
pub(crate) struct Stage {
    pub(crate) sim: turmoil::Sim<'static>,
    nodes: Vec<(&'static str, Arc<Mutex<Seen>>)>,
    auditor: Arc<Mutex<Auditor>>,
    _signer: Signer,
}

impl Stage {
    /// Every message takes between `latency` and twice as long; `seed` decides all that is random.
    pub(crate) fn new(hosts: &[&'static str], latency: Duration, seed: u64) -> Self {
        let mut sim = turmoil::Builder::new()
            .rng_seed(seed)
            .enable_random_order()
            .tick_duration(Duration::from_millis(5))
            .min_message_latency(latency)
            .max_message_latency(latency * 2)
            .simulation_duration(Duration::from_secs(100_000))
            // What it has no room for it panics about.
            .tcp_capacity(4_096)
            .build();
        let (signer, mut auditor) = (Signer::new(), Auditor::default());
        let mut tasks = Vec::new();
        for (index, host) in hosts.iter().enumerate() {
            let chain = format!("{host}-1");
            let (service, key) = signer.chain(&chain, index as u32, WORK);
            auditor.key(&chain, key);
            let address = Address::Tcp(Host { name: (*host).to_owned(), port: PORT });
            tasks.push((node::Node { chain, address }, service));
        }
        let auditor = Arc::new(Mutex::new(auditor));
        let mut nodes = Vec::new();
        for host in hosts {
            let (chain, auditor, seen) =
                (format!("{host}-1"), auditor.clone(), Arc::<Mutex<Seen>>::default());
            nodes.push((*host, seen.clone()));
            sim.host(*host, move || Node::run(chain.clone(), auditor.clone(), seen.clone()));
        }
        let identity = Identity::generate();
        sim.host(BRIDGE, move || {
            let (tasks, identity) = (tasks.clone(), identity.clone());
            async move {
                let mut set = JoinSet::new();
                for (node, service) in tasks {
                    let stop = CancellationToken::new();
                    set.spawn(node::run_over(Simulated, node, identity.clone(), service, stop));
                }
                // None ends by itself; a panic is an error, and ends the simulation.
                while let Some(ended) = set.join_next().await {
                    ended?;
                }
                Err("a node's task ended".into())
            }
        });
        Self { sim, nodes, auditor, _signer: signer }
    }

    /// Looks at a node, or does something to it.
    pub(crate) fn seen<T>(&self, host: &str, look: impl FnOnce(&mut Seen) -> T) -> T {
        let (_, seen) = self.nodes.iter().find(|(name, _)| *name == host).expect("a node of this stage");
        look(&mut seen.lock().unwrap())
    }

    /// The blocks it has committed.
    pub(crate) fn height(&self, host: &str) -> u64 {
        self.seen(host, |seen| seen.height)
    }

    /// The links it has taken.
    pub(crate) fn links(&self, host: &str) -> u32 {
        self.seen(host, |seen| seen.links)
    }

    /// So much time passes. Whoever breaks a rule ends the test here.
    pub(crate) fn pass(&mut self, time: Duration) {
        let until = self.sim.elapsed() + time;
        while self.sim.elapsed() < until {
            self.sim.step().unwrap_or_else(|error| panic!("at {:?}: {error}", self.sim.elapsed()));
        }
    }

    /// Until the node has committed so many blocks more; how long it took.
    pub(crate) fn blocks(&mut self, host: &str, more: u64, within: Duration) -> Duration {
        let (begin, height) = (self.sim.elapsed(), self.height(host) + more);
        while self.height(host) < height {
            self.pass(Duration::from_millis(50));
            let waited = self.sim.elapsed() - begin;
            assert!(waited <= within, "{host}: no block {height} in {waited:?}");
        }
        self.sim.elapsed() - begin
    }

    /// Each place of each chain was signed once and the fork always refused; what left stands before the auditor.
    pub(crate) fn audit(&self) {
        let blocks: u64 = self.nodes.iter().map(|(_, seen)| seen.lock().unwrap().height).sum();
        let refused: u64 = self.nodes.iter().map(|(_, seen)| u64::from(seen.lock().unwrap().refused)).sum();
        assert_eq!(refused, blocks, "a second block wanted at each height, and never given");
        assert!(self.auditor.lock().unwrap().signatures() >= 3 * blocks);
    }
}
