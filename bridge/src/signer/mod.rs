//! What signs for the nodes: one task for each device owns the guards of its chains, the device and their state files.
//!
//! | module | holds |
//! | --- | --- |
//! | `task` | the task: what comes in, whose turn it is, what goes out |
//! | `chain` | one chain: its guard, who waits for answers, what is counted and said |
//! | `disk` | how the state file of a chain fares |
//! | `inclusion` | whether the chain has our signatures |
//! | `measured` | that, and how long messages take, of one chain |
//! | `refused` | what a refusal is called in the log |
//! | `schedule` | whose command is next |
//! | `signers` | those of all devices, each with its chains |
//! | `stopwatch`, `timing` | how long the device is at a request; how long each kind of message takes |
//! | `unsigned` | the requests since the last signature, and what they tell |
//! | `view` | what a status shows of a chain |

mod chain;
mod disk;
mod inclusion;
mod measured;
mod of_late;
pub(crate) mod refused;
mod schedule;
mod signers;
mod stopwatch;
mod task;
mod timing;
mod unsigned;
mod view;

#[cfg(test)]
pub(crate) mod rig;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use highwater_core::hrs::Hrs;
use highwater_guard::{BelowKnown, Id, NotAdopted, OnAbsent, SignRequest};
use tokio::sync::{mpsc, oneshot};

use crate::admin::Counters;
use crate::config;
use crate::device::{self, Device, Died, Plug};
use crate::log::Kind;
use crate::node::{Node, Outcome, Service};
use crate::privval;
use crate::store::{ChainFile, Done, Pin};
pub use disk::DiskState;
pub use inclusion::{Counts, Elsewhere, Fate};
pub(crate) use inclusion::{PACE, WINDOW, pace};
pub(crate) use measured::OfNode;
pub use of_late::Refused;
pub use signers::{Signers, TwoDevices};
pub use timing::{Medians, Message as MessageKind};
pub use unsigned::{Last, Unsigned};
pub use view::{ChainView, Newest, NodeView, OnChain};

/// A chain to be served.
#[derive(Debug)]
pub struct Served {
    /// The chain id.
    pub id: String,
    /// The pin.
    pub pin: Pin,
    /// What its state file said.
    pub file: ChainFile,
    /// What nodes get while the device is away.
    pub on_absent: OnAbsent,
    /// The last height to sign.
    pub stop_height: Option<u64>,
    /// The addresses of its nodes.
    pub nodes: Vec<Arc<str>>,
    /// The RPC of a node that tells what the chain has.
    pub rpc: Option<Arc<str>>,
}

impl Served {
    /// As the configuration has it.
    pub fn new(chain: &config::Chain, pin: Pin, file: ChainFile) -> Self {
        Self {
            id: chain.id.clone(),
            pin,
            file,
            on_absent: match chain.on_absent {
                config::OnAbsent::Error => OnAbsent::Error,
                config::OnAbsent::Wait => OnAbsent::Wait,
            },
            stop_height: chain.stop_height,
            nodes: chain.nodes.iter().map(|node| node.as_str().into()).collect(),
            rpc: chain.rpc.as_deref().map(Into::into),
        }
    }
}

/// What the task is told.
enum Message {
    Ask {
        chain: usize,
        id: Id,
        node: Arc<str>,
        request: SignRequest,
        answer: oneshot::Sender<Outcome>,
    },
    HungUp {
        chain: usize,
        id: Id,
    },
    Link {
        chain: usize,
        node: Arc<str>,
        up: bool,
    },
    Heard {
        chain: usize,
        node: Arc<str>,
    },
    /// A node could not be dialled.
    Unreachable {
        chain: usize,
        node: Arc<str>,
        text: String,
        cut: bool,
    },
    /// Refused on a node's link, before any rule of a chain.
    Refused {
        chain: usize,
        node: Arc<str>,
        kind: Kind,
        text: String,
    },
    /// What a node says that the chain has committed. Whatever it says, no guard hears of it.
    OnChain {
        chain: usize,
        told: OfNode,
    },
    Device(device::Event),
    Disk(Done),
    Pinned {
        chain: usize,
        installation: [u8; 16],
    },
    /// It could not be written, and is tried again.
    Unpinned {
        chain: usize,
    },
    Views(oneshot::Sender<Vec<ChainView>>),
    Word {
        chain: usize,
        word: Word,
        answer: oneshot::Sender<Result<Said, NotSaid>>,
    },
    Drain(oneshot::Sender<()>),
}

/// A word of the operator about a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The owner is about to be asked for this mark; `below` repeats the known place that it is below.
    Intend {
        /// The mark.
        to: Hrs,
        /// The place known.
        below: Option<Hrs>,
    },
    /// The question came to nothing.
    ForgetIntention,
    /// What the device shows by now is written.
    Settle,
    /// The device that is plugged in takes the chain over.
    Adopt([u8; 16]),
    /// The node that has the height will not come back.
    ReleaseOwner,
}

/// The word took effect, and is on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// The node that had the height, of [`Word::ReleaseOwner`].
    pub owner: Option<Arc<str>>,
}

/// The word took no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSaid {
    /// The chain is not served.
    NotServed,
    /// The mark is below what is known.
    Below(BelowKnown),
    /// The device cannot take over now.
    NotAdopted(NotAdopted),
    /// The word took effect, but the state file cannot be written.
    NotWritten,
    /// The process is ending.
    Ending,
}

/// The parts that must live as long as the process.
#[derive(Debug)]
pub struct Parts {
    /// Resolves when the device's task ended.
    pub device: Died,
    /// Resolves when the signer's task ended.
    pub signer: Died,
}

/// The handle of the task; clones share it.
#[derive(Debug, Clone)]
pub struct Signer {
    /// Of the device.
    name: Option<Arc<str>>,
    task: mpsc::UnboundedSender<Message>,
    chains: Arc<[(String, [u8; 32])]>,
    ids: Arc<AtomicU64>,
    device: Device,
    counters: Counters,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Message")
    }
}

impl Signer {
    /// Starts the task, and the device's, which has no name.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn start(
        served: Vec<Served>,
        state_dir: PathBuf,
        plug: Box<dyn Plug>,
        counters: Counters,
    ) -> std::io::Result<(Self, Parts)> {
        Self::start_on(None, served, state_dir, plug, counters)
    }

    /// Starts the task, and that of the device with this name. Its state files have a thread of their own too: one that
    /// waits for the disk does not keep those of other devices waiting in a line. The disk itself they share.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn start_on(
        name: Option<&str>,
        served: Vec<Served>,
        state_dir: PathBuf,
        plug: Box<dyn Plug>,
        counters: Counters,
    ) -> std::io::Result<(Self, Parts)> {
        let (task, inbox) = mpsc::unbounded_channel();
        let chains = served.iter().map(|chain| (chain.id.clone(), chain.pin.key)).collect();
        let events = task.clone();
        let name: Option<Arc<str>> = name.map(Into::into);
        let follower = Box::new(move |event| drop(events.send(Message::Device(event))));
        let (device, died) = Device::followed(plug, name.clone(), follower);
        let disk = task.clone();
        let writer = crate::store::Writer::start(
            state_dir.clone(),
            Box::new(move |done| drop(disk.send(Message::Disk(done)))),
        )?;
        let (alive, signer_died) = oneshot::channel::<()>();
        let running = task::Task::new(
            name.clone(),
            served,
            device.clone(),
            writer,
            counters.clone(),
            state_dir,
            task.clone(),
        );
        let signer = Self { name, task, chains, ids: Arc::default(), device, counters };
        tokio::spawn(async move {
            // Dropped when the task ends, by a panic too.
            let _alive = alive;
            running.run(inbox).await;
        });
        Ok((signer, Parts { device: died, signer: signer_died }))
    }

    /// The name of the device.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The device.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Lines of the log that its reader did not take.
    pub fn log_lines_dropped(&self) -> u64 {
        self.counters.lines_dropped()
    }

    /// A chain as one of its nodes sees it.
    pub fn for_node(&self, chain: &str, node: &str) -> Option<NodeSigner> {
        let chain = self.number(chain)?;
        Some(NodeSigner { signer: self.clone(), chain, node: node.into() })
    }

    /// The pinned key of a chain.
    pub(crate) fn key(&self, chain: &str) -> Option<[u8; 32]> {
        self.chains.iter().find(|(id, _)| id == chain).map(|(_, key)| *key)
    }

    fn number(&self, chain: &str) -> Option<usize> {
        self.chains.iter().position(|(id, _)| id == chain)
    }

    /// What a node says of the chain since it was last asked.
    pub(crate) fn on_chain(&self, chain: &str, told: OfNode) {
        if let Some(chain) = self.number(chain) {
            let _ = self.task.send(Message::OnChain { chain, told });
        }
    }

    /// The chains as they stand; `None`: the task has ended, so nothing is known of them.
    pub async fn views(&self) -> Option<Vec<ChainView>> {
        let (answer, views) = oneshot::channel();
        let _ = self.task.send(Message::Views(answer));
        views.await.ok()
    }

    /// Says something about a chain; returns when it took effect and is on the disk.
    ///
    /// # Errors
    /// Why it took no effect, or is not on the disk.
    pub async fn say(&self, chain: &str, word: Word) -> Result<Said, NotSaid> {
        let chain = self.number(chain).ok_or(NotSaid::NotServed)?;
        if word == Word::Settle {
            self.device.look().await;
        }
        let (answer, said) = oneshot::channel();
        let _ = self.task.send(Message::Word { chain, word, answer });
        said.await.unwrap_or(Err(NotSaid::Ending))
    }

    /// Ends what is under way; returns when nothing is on the cable any more, and the state files are written.
    pub async fn finish(&self) {
        let (answer, done) = oneshot::channel();
        let _ = self.task.send(Message::Drain(answer));
        let _ = done.await;
    }
}

/// A chain as one of its nodes sees it.
#[derive(Debug, Clone)]
pub struct NodeSigner {
    signer: Signer,
    chain: usize,
    node: Arc<str>,
}

impl NodeSigner {
    fn tell(&self, message: Message) {
        // The task ends with the process.
        let _ = self.signer.task.send(message);
    }
}

impl Service for NodeSigner {
    fn public_key(&self) -> [u8; 32] {
        self.signer.chains.get(self.chain).map_or([0; 32], |(_, key)| *key)
    }

    async fn sign(&self, request: privval::SignRequest) -> Outcome {
        let id = Id(self.signer.ids.fetch_add(1, Ordering::Relaxed));
        let request =
            SignRequest { hrs: request.hrs, sign_bytes: request.sign_bytes, extension: request.extension };
        let (answer, outcome) = oneshot::channel();
        let waiting = Waiting { signer: self, id };
        self.tell(Message::Ask { chain: self.chain, id, node: self.node.clone(), request, answer });
        let outcome = outcome.await.unwrap_or(Outcome::Silent);
        std::mem::forget(waiting);
        outcome
    }

    fn link(&self, _node: &Node, up: bool) {
        self.tell(Message::Link { chain: self.chain, node: self.node.clone(), up });
    }

    fn unreachable(&self, _node: &Node, text: &str, cut: bool) {
        let text = text.to_owned();
        self.tell(Message::Unreachable { chain: self.chain, node: self.node.clone(), text, cut });
    }

    fn heard(&self) {
        self.tell(Message::Heard { chain: self.chain, node: self.node.clone() });
    }

    fn refused(&self, kind: Kind, text: &str) {
        let text = text.to_owned();
        self.tell(Message::Refused { chain: self.chain, node: self.node.clone(), kind, text });
    }
}

/// Dropped before the answer came: the node hung up.
struct Waiting<'a> {
    signer: &'a NodeSigner,
    id: Id,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.signer.tell(Message::HungUp { chain: self.signer.chain, id: self.id });
    }
}
