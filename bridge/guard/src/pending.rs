//! One request, from the node's question to its answer.

use crate::extension::{Digest, Extending, Stream};
use crate::io::Seq;
use crate::moment::Moment;
use crate::release::{Claimed, Release};
use crate::request::{Id, Node, SignRequest};
use crate::verify::Verified;

/// Where a request stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    /// The device is to be asked, or is asked, for the signature.
    Signing,
    /// The signature is verified. The record must be on the disk before it leaves.
    Joining {
        verified: Verified,
        /// The record that it waits for.
        needs: Seq,
        /// The reply waits no longer than this for a disk that hangs.
        until: Moment,
    },
    /// The vote is signed, and its extension is to be.
    Extending { release: Release, extending: Box<Extending> },
}

/// A request that is not answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Pending {
    pub(crate) id: Id,
    pub(crate) node: Node,
    pub(crate) request: SignRequest,
    /// What the signature of its extension is known by, where one is due.
    pub(crate) digest: Option<Digest>,
    pub(crate) started: Moment,
    /// Not tried again before this.
    pub(crate) not_before: Option<Moment>,
    /// The node waits for it.
    pub(crate) awaited: bool,
    /// A reply was wrong once; the next one that is ends it.
    pub(crate) wrong: bool,
    /// What the device may be asked for.
    pub(crate) claimed: Option<Claimed>,
    /// The record that its claim waits for.
    pub(crate) needs: Seq,
    pub(crate) phase: Phase,
}

impl Pending {
    pub(crate) fn new(id: Id, node: Node, request: SignRequest, now: Moment) -> Self {
        Self {
            id,
            node,
            digest: request.digest(),
            request,
            started: now,
            not_before: None,
            awaited: true,
            wrong: false,
            claimed: None,
            needs: Seq(0),
            phase: Phase::Signing,
        }
    }

    /// What its next command has to do with the device's stream.
    pub(crate) fn stream(&self) -> Stream {
        match &self.phase {
            Phase::Extending { extending, .. } => extending.stream(),
            Phase::Signing | Phase::Joining { .. } => Stream::Idle,
        }
    }

    /// The device forgot the stream: from its beginning.
    pub(crate) fn lose_stream(&mut self) {
        if let Phase::Extending { extending, .. } = &mut self.phase {
            extending.lost();
        }
    }
}
