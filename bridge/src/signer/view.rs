//! What a status shows of a chain.

use std::sync::Arc;
use std::time::Duration;

use highwater_core::hrs::Hrs;
use highwater_guard::{Intention, Moment, Stopped};

use super::{Counts, DiskState, Elsewhere, Medians, Refused, Unsigned};
use crate::admin::Signature;
use crate::node::IDLE;

/// A chain as it stands.
#[derive(Debug, Clone)]
pub struct ChainView {
    /// Chain id.
    pub chain: String,
    /// The name of its device.
    pub device: Option<Arc<str>>,
    /// The installation it is pinned to.
    pub installation: [u8; 16],
    /// Why it is stopped, if it is.
    pub stopped: Option<Stopped>,
    /// The mark that the owner took back behind the host's back.
    pub taken_back: Option<Hrs>,
    /// Another device takes the chain over, and its pin is not on the disk yet.
    pub pinning: bool,
    /// The highest place requested.
    pub highest_requested: Hrs,
    /// A mark that the owner was asked for.
    pub intention: Option<Intention>,
    /// The node that has the height, of several.
    pub owner: Option<String>,
    /// The last place signed since the start.
    pub last_signed: Option<Hrs>,
    /// How long ago the last new signature was made; before the first one, how long the chain is served.
    pub signature_age: Duration,
    /// Why it does not sign, as its requests since the last signature tell it.
    pub unsigned: Option<Unsigned>,
    /// The last refusal since the start, in words.
    pub last_refusal: Option<String>,
    /// What was refused since the start, by reason, the newest first.
    pub refused: Vec<Refused>,
    /// Its nodes.
    pub nodes: Vec<NodeView>,
    /// How its state file fares.
    pub disk: DiskState,
    /// How long the state file has been behind what a reply waits for.
    pub disk_behind: Duration,
    /// Signatures delivered, refusals, silences.
    pub counts: [u64; 3],
    /// How long they were counted.
    pub counted: Duration,
    /// Heights without a precommit signed here, below one with it.
    pub missed: u64,
    /// The last signatures since the start, the newest first.
    pub recent: Vec<Signature>,
    /// How long its messages take.
    pub timing: Medians,
    /// Whether the chain has its signatures. None: no node is asked.
    pub on_chain: Option<OnChain>,
}

/// What a node tells that the chain has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnChain {
    /// Where its RPC listens.
    pub rpc: Arc<str>,
    /// Why it tells nothing now, in words.
    pub problem: Option<String>,
    /// The last block that it told.
    pub last: Option<u64>,
    /// The last blocks, by what became of our signature.
    pub counts: Counts,
    /// The median time between two blocks.
    pub pace: Option<Duration>,
    /// What another signer of our key signed since the start.
    pub elsewhere: Option<Elsewhere>,
    /// How old the chain's newest block is. None: the node does not tell.
    pub newest: Option<Newest>,
}

/// How old the chain's newest block is, beside how long nobody has asked for a vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newest {
    /// Its age, by this host's clock and the chain's.
    pub age: Duration,
    /// Since a node asked here last; before the first time, since the start.
    pub quiet: Duration,
    /// A node has asked since the start.
    pub asked: bool,
}

impl Newest {
    /// No chain whose blocks come is so old.
    const STANDS: Duration = Duration::from_secs(120);
    /// As many blocks could have come meanwhile.
    const BLOCKS: u32 = 20;
    /// A node that was connected just now asks within this.
    const FIRST: Duration = Duration::from_secs(30);

    /// Whether the chain stands, or its node has stopped asking for good: no block comes, and nobody asks for a vote.
    pub fn stands(&self, pace: Option<Duration>) -> bool {
        let long = Self::STANDS.max(pace.unwrap_or_default() * Self::BLOCKS);
        self.age > long && self.quiet > if self.asked { long } else { Self::FIRST }
    }
}

impl OnChain {
    /// Which part of the time between two blocks our two votes take.
    pub fn share(&self, timing: &Medians) -> Option<f64> {
        let pace = self.pace.filter(|pace| !pace.is_zero())?;
        Some(timing.block?.as_secs_f64() / pace.as_secs_f64())
    }
}

/// A node of a chain.
#[derive(Debug, Clone)]
pub struct NodeView {
    /// Its address.
    pub address: Arc<str>,
    /// Whether its link is up.
    pub connected: bool,
    /// How long it has sent nothing while its link is up and it waits for no answer.
    pub silent: Option<Duration>,
    /// How long its link has been down.
    pub down: Option<Duration>,
    /// Why it could not be dialled the last time, if it was not connected since.
    pub complaint: Option<Arc<str>>,
    /// Nothing came from its machine then.
    pub cut: bool,
    /// When the link came up or went down.
    pub(crate) since: Moment,
}

impl NodeView {
    /// Whether it sends so little that its link counts as dead.
    pub fn is_silent(&self) -> bool {
        self.silent.is_some_and(|silent| silent >= IDLE)
    }

    /// A node that nobody has dialled yet.
    pub(crate) fn new(address: Arc<str>) -> Self {
        let (silent, down, complaint) = (None, None, None);
        Self { address, connected: false, silent, down, complaint, cut: false, since: Moment::BEGIN }
    }

    /// Its link came up, or went down.
    pub(super) fn link(&mut self, up: bool, now: Moment) {
        (self.connected, self.since) = (up, now);
        if up {
            (self.complaint, self.cut) = (None, false);
        }
    }

    pub(super) fn unreachable(&mut self, text: String, cut: bool) {
        self.cut = cut;
        if self.complaint.as_deref() != Some(&*text) {
            self.complaint = Some(text.into());
        }
    }

    /// As it is now.
    pub(super) fn at(&self, now: Moment, silent: Option<Duration>) -> Self {
        let down = (!self.connected).then(|| now.since(self.since));
        Self { silent, down, ..self.clone() }
    }
}
