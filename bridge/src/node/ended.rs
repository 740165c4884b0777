//! How a link ended.

use std::fmt;

use super::serve::{IDLE, WRITE};
use crate::privval::CodecError;

/// How a link ended. In every case it is closed, nothing of it is kept, and the node is dialled again unless
/// we were asked to stop.
#[derive(Debug)]
pub(super) enum Ended {
    /// We were asked to stop.
    Stopped,
    /// The node closed it between two messages, or while it waited for a reply.
    Closed,
    /// Nothing came for [`IDLE`].
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

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NO_NODE: &str = "check that a CometBFT node made this socket, and nothing else listens there";
        match self {
            Self::Stopped => f.write_str("stopped"),
            Self::Closed => f.write_str("the node closed the link"),
            Self::Idle => write!(
                f,
                "nothing came for {} s although a node pings every 3 s: check that the node is not hung or halted",
                IDLE.as_secs()
            ),
            Self::Broken(CodecError::CutShort(bytes)) => write!(
                f,
                "the link was closed within a message, after {bytes} bytes of it: check why the node died"
            ),
            Self::Broken(CodecError::Io(error)) => {
                write!(f, "the link broke ({error}): check that the node is still running")
            }
            Self::Broken(error @ (CodecError::TooLong(_) | CodecError::Length | CodecError::Message(_))) => {
                write!(f, "{error}: {NO_NODE}")
            }
            Self::NotARequest => write!(f, "a message came that is no request of a known version: {NO_NODE}"),
            Self::Impatient => {
                write!(f, "a request came before the last one was answered, which no node sends: {NO_NODE}")
            }
            Self::Stuck => write!(
                f,
                "a reply was not read within {} s: check that the node is not hung",
                WRITE.as_secs()
            ),
        }
    }
}
