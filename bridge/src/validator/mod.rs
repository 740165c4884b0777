//! One chain's validator: pinned key, last replies, the host's memory, whose height it is, and verification of
//! every signature before release.
//!
//! | room | holds |
//! | --- | --- |
//! | `pins` | key and installation of each chain, pinned when it was added |
//! | `memory` | the state file: what was asked for and released, kept durable |
//! | `ownership` | several nodes on one chain |
//! | `replies` | what was given and may be given again |
//! | `request` | one request, from the device's queue to the node |
//! | `extension` | the vote extension of a precommit, command by command |
//! | `refuse` | errors and silence: counted, told, and not told too often |
//! | `settle` | what becomes of the device's answer |
//! | `state` | what a restart may forget |
//! | `wants` | what each node wants now |

mod extension;
mod memory;
mod ownership;
mod pins;
mod refuse;
mod replies;
mod request;
mod settle;
mod state;
mod wants;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ed25519_dalek::VerifyingKey;
use highwater_core::apdu::Status;
use highwater_core::canonical::Message;
use highwater_core::hrs::Hrs;
use tokio::sync::{Semaphore, oneshot};

use crate::admin::Counters;
use crate::advice;
use crate::config::{self, OnAbsent};
use crate::device::Device;
use crate::node::{Node, Outcome, Service};
use crate::privval::SignRequest;
use memory::Keeper;
pub use memory::{Memory, MemoryError, path as memory_path};
use ownership::Foreign;
pub use pins::{Pin, Pins, PinsError};
use replies::{Kept, Replies};
use request::Request;
use state::State;

/// How long nodes get silence before errors, from the first unanswered request of an absence.
const PATIENCE: Duration = Duration::from_secs(20);

/// Requests of one node that wait for the device, or are abandoned and not dropped yet. A node has one under way, and
/// leaves a few behind while the device is slow; each may hold an extension of a mebibyte.
const WAITING: usize = 8;

/// The signer of one chain, as one of its nodes sees it. Clones share everything.
#[derive(Debug, Clone)]
pub struct Validator {
    inner: Arc<Inner>,
    /// The node's address.
    node: Arc<str>,
    /// Places of the node for requests to the device.
    waiting: Arc<Semaphore>,
}

#[derive(Debug)]
struct Inner {
    chain: String,
    key: [u8; 32],
    /// The same, ready for use; none if it is no point of the curve, and then nothing verifies.
    verifying: Option<VerifyingKey>,
    on_absent: OnAbsent,
    stop_height: Option<u64>,
    device: Device,
    counters: Counters,
    /// Locked after `state`, if both are.
    keeper: Keeper,
    state: Mutex<State>,
}

impl Validator {
    /// A validator of `chain`, whose key and installation are pinned; `memory` is what its state file in
    /// `state_dir` said.
    pub fn new(
        chain: &config::Chain,
        pin: Pin,
        memory: Memory,
        state_dir: &Path,
        device: Device,
        counters: Counters,
    ) -> io::Result<Self> {
        let inner = Inner {
            chain: chain.id.clone(),
            key: pin.key,
            verifying: VerifyingKey::from_bytes(&pin.key).ok(),
            on_absent: chain.on_absent,
            stop_height: chain.stop_height,
            device,
            keeper: Keeper::start(memory, state_dir, counters.clone())?,
            counters,
            state: Mutex::new(State::new(pin.installation)),
        };
        Ok(Self::seen_by("", Arc::new(inner)))
    }

    /// The same validator, as the node of this address sees it.
    pub fn for_node(&self, node: &str) -> Self {
        Self::seen_by(node, self.inner.clone())
    }

    fn seen_by(node: &str, inner: Arc<Inner>) -> Self {
        Self { inner, node: node.into(), waiting: Arc::new(Semaphore::new(WAITING)) }
    }

    /// The owner adopted another installation, whose mark is at or above all that was asked.
    pub fn adopt(&self, installation: [u8; 16], asked: Hrs) {
        let mut state = self.inner.state();
        state.installation = installation;
        state.raised = state.raised.max(asked);
        state.replies = Replies::default();
        drop(state);
        self.inner.keeper.change_now(|memory| {
            memory.asked = memory.asked.max(asked);
            memory.fallen = None;
        });
    }

    /// The owner said that everything up to here counts as signed. Returns once that is durable, or cannot be made so.
    pub async fn raise(&self, to: Hrs) {
        self.inner.raise(to);
        self.inner.keeper.durable().await;
    }

    /// The installation it is pinned to.
    pub fn installation(&self) -> [u8; 16] {
        self.inner.state().installation
    }

    /// The chain id.
    pub fn chain(&self) -> &str {
        &self.inner.chain
    }

    /// The last place signed since the start.
    pub fn last(&self) -> Option<Hrs> {
        self.inner.state().last
    }

    /// The last refusal since the start, in words.
    pub fn last_refusal(&self) -> Option<String> {
        self.inner.state().last_refusal.clone()
    }

    /// Why nothing is signed any more, if the device's mark fell.
    pub fn fallen(&self) -> Option<String> {
        self.inner.keeper.read(|memory| memory.fallen.clone())
    }

    /// The highest place ever asked of a device.
    pub fn asked(&self) -> Hrs {
        self.inner.keeper.read(|memory| memory.asked)
    }

    /// Signatures since the start, refusals, and requests met with silence.
    pub fn counts(&self) -> [u64; 3] {
        self.inner.counters.of(&self.inner.chain)
    }
}

impl Service for Validator {
    fn public_key(&self) -> [u8; 32] {
        self.inner.key
    }

    async fn sign(&self, request: SignRequest) -> Outcome {
        self.inner.newest(&self.node, &request);
        let outcome = match self.inner.at_once(&request, &self.node) {
            Some(outcome) => outcome,
            None => match self.waiting.clone().try_acquire_owned() {
                Ok(place) => {
                    let (answer, outcome) = oneshot::channel();
                    self.inner.device.submit(Box::new(Request::new(self.clone(), request, place, answer)));
                    // The owner thread is gone: the process is ending.
                    outcome.await.unwrap_or(Outcome::Silent)
                }
                // What it left behind is not dropped yet; it will ask again.
                Err(_) => self.inner.silent(),
            },
        };
        // Written while the device worked, so there is seldom anything left to wait for. Of a refusal it may be
        // that the mark fell, which must not be forgotten either.
        self.inner.keeper.durable().await;
        outcome
    }

    fn link(&self, _node: &Node, up: bool) {
        self.inner.state().links.set(&self.node, up, Instant::now());
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change under the lock is one assignment, so a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// First for what is under way, which would take it back, then in the file.
    fn raise(&self, to: Hrs) {
        let mut state = self.state();
        state.raised = state.raised.max(to);
        drop(state);
        self.keeper.change_now(|memory| memory.asked = memory.asked.max(to));
    }

    /// What needs no device: rules of the bridge, and replies that were given before.
    fn at_once(&self, request: &SignRequest, node: &str) -> Option<Outcome> {
        let hrs = request.hrs;
        let Ok(message) = Message::parse(&request.sign_bytes) else {
            return Some(self.refuse(hrs, Status::NotCanonical, None));
        };
        if message.chain.as_str() != self.chain {
            return Some(self.refused(hrs, advice::other_chain(&self.chain)));
        }
        if let Some(stop) = self.stop_height
            && hrs.height.value() > stop
        {
            return Some(self.refused(hrs, advice::beyond_stop(stop)));
        }
        if let Some(text) = self.keeper.read(|memory| memory.fallen.clone()) {
            return Some(self.refused(hrs, text));
        }
        let mut state = self.state();
        state.forget_older(self.device.glance(|seen| seen.epoch));
        if let Some(kept) = state.replies.find(&request.sign_bytes, &message) {
            let Some(content) = &request.extension else {
                tracing::debug!(chain = %self.chain, %hrs, "repeated");
                return Some(signed(kept, None));
            };
            // Without the extension's signature the device is needed, for that alone.
            let digest = extension::digest(&message, content);
            let extension = state.replies.extension(&digest)?;
            tracing::debug!(chain = %self.chain, %hrs, "repeated");
            return Some(signed(kept, Some(extension)));
        }
        let now = Instant::now();
        let admitted = self.keeper.read(|memory| memory.ownership.admits(node, &message, &state.links, now));
        drop(state);
        let text = match admitted.err()? {
            Foreign::Owned { owner } => advice::owned(hrs, &owner, node),
            Foreign::Locked { owner } => advice::locked_block(hrs, &owner, node),
        };
        Some(self.refused(hrs, text))
    }

    /// The signature of the same bytes, or of the same statement, that was given before.
    fn kept(&self, request: &SignRequest) -> Option<Kept> {
        let message = Message::parse(&request.sign_bytes).ok()?;
        self.state().replies.find(&request.sign_bytes, &message)
    }

    /// Before the device is asked: from now on it may be that this was signed. The file is written beside its work.
    fn ask(&self, request: &SignRequest, node: &str) {
        let Ok(message) = Message::parse(&request.sign_bytes) else { return };
        let asked = request.hrs;
        let news = self.keeper.read(|memory| {
            let next = memory.ownership.if_released(node, &message);
            let changes = next
                .as_ref()
                .is_some_and(|next| memory.maybe.as_ref() != Some(next) && memory.ownership != *next);
            (asked > memory.asked || changes).then_some(next)
        });
        if let Some(maybe) = news {
            self.keeper.prepare(|memory| {
                memory.asked = memory.asked.max(asked);
                memory.maybe = maybe;
            });
        }
    }
}

fn signed(kept: Kept, extension: Option<[u8; 64]>) -> Outcome {
    Outcome::Signed { signature: kept.signature, timestamp: kept.timestamp, extension }
}

#[cfg(test)]
mod bench;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_extensions;
#[cfg(test)]
mod tests_nodes;
#[cfg(test)]
mod tests_second_reader;
#[cfg(test)]
mod tests_third_reader;
