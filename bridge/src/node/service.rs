//! What a node's task asks of the validator behind it.

use std::future::Future;

use highwater_core::canonical::Timestamp;

use super::Node;
use crate::log::Kind;
use crate::privval::SignRequest;

/// What became of a request to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Signed, at this time (for a vote repeated with another timestamp: the recorded one).
    Signed {
        /// Verified against the pinned key.
        signature: [u8; 64],
        /// What the signature is over.
        timestamp: Timestamp,
        /// Of the vote extension, where one is due; verified too.
        extension: Option<[u8; 64]>,
    },
    /// A rule said no: tell the node, in these words.
    Refused(String),
    /// Nothing is known yet: say nothing, the node will ask again.
    Silent,
}

/// One chain's signer, as its nodes see it.
pub trait Service: Clone + Send + Sync + 'static {
    /// The pinned key; needs no device.
    fn public_key(&self) -> [u8; 32];

    /// Signs, refuses, or stays silent. Dropping the future abandons the wait, never the device's work: a
    /// late result is kept for the same request. A precommit and its vote extension are one request.
    fn sign(&self, request: SignRequest) -> impl Future<Output = Outcome> + Send;

    /// The link to a node came up, or went down. Called on the node's task, in order; must not wait.
    fn link(&self, _node: &Node, _up: bool) {}

    /// The node could not be dialled, for this reason; `cut`: nothing at all came from its machine. Called on the node's task,
    /// after each try; must not wait.
    fn unreachable(&self, _node: &Node, _text: &str, _cut: bool) {}

    /// The node sent a message. Called on the node's task; must not wait.
    fn heard(&self) {}

    /// The node was told no, in these words, to what no chain signs. Called on the node's task; must not wait.
    fn refused(&self, _kind: Kind, _text: &str) {}
}
