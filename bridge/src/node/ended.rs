//! How a link ended.

use crate::privval::CodecError;

/// How a link ended. In every case it is closed, nothing of it is kept, and the node is dialled again unless
/// we were asked to stop. `advice` has cause and cure of each.
#[derive(Debug)]
pub(crate) enum Ended {
    /// We were asked to stop.
    Stopped,
    /// The node closed it between two messages, or while it waited for a reply.
    Closed,
    /// Nothing came for [`super::IDLE`].
    Idle,
    /// What came is not the protocol, or the link broke.
    Broken(CodecError),
    /// A reply, or nothing we know, where a request belongs.
    NotARequest,
    /// A request while the last one was unanswered.
    Impatient,
    /// The node does not read.
    Stuck,
}

impl Ended {
    /// Whether it is what nodes do when they stop, restart, or lose patience. (A node that closes its end with
    /// our reply unread shows as a reset here.)
    pub(super) fn is_usual(&self) -> bool {
        matches!(self, Self::Stopped | Self::Closed | Self::Broken(CodecError::Io(_)))
    }
}
