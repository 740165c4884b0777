//! The only way to an answer with a signature.
//!
//! A signature leaves when it is claimed, verified and its record is stored. Each of the three is a token that only the
//! place where it becomes true can make, and [`Release::new`] takes them all. A fence between several sites adds its own
//! way to make [`Claimed`]; nothing else changes then.

use highwater_core::canonical::Timestamp;

use crate::verify::Verified;

/// These bytes may be asked of a device: whatever comes of it, they count as requested. A command to sign is made from
/// this only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Claimed(Vec<u8>);

impl Claimed {
    /// The claim of a bridge that is alone: what it asks for is what counts.
    pub(crate) fn alone(sign_bytes: &[u8]) -> Self {
        Self(sign_bytes.to_vec())
    }

    /// The bytes that may be asked.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What must be on the disk before this reply is there, or the rules say that the reply does not wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stored(pub(crate) ());

/// A signature that may be given to a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Release {
    signature: [u8; 64],
    timestamp: Timestamp,
}

impl Release {
    /// Of a signature that is verified, over bytes that were claimed, with its record stored.
    pub(crate) fn new(verified: &Verified, _: Stored, _: Claimed) -> Self {
        Self { signature: verified.signature(), timestamp: verified.timestamp() }
    }

    /// The signature.
    pub fn signature(&self) -> [u8; 64] {
        self.signature
    }

    /// What the signature is over; of a vote repeated at another time it is the time that was signed.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }
}

/// A signature of a vote extension, verified. Goes out only beside its precommit's [`Release`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReleasedExtension(pub(crate) [u8; 64]);

impl ReleasedExtension {
    /// The signature.
    pub fn signature(&self) -> [u8; 64] {
        self.0
    }
}
