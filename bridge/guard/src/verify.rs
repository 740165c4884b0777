//! From a reply of the device to a signature that was verified.

use std::fmt;

use ed25519_dalek::{Signature, VerifyingKey};
use highwater_core::apdu::Signed;
use highwater_core::canonical::{Message, Timestamp};
use highwater_core::hrs::{Hrs, Step};

use crate::statement::encode;

/// How signatures are verified. A search replaces Ed25519 by something fast.
pub trait Verify: fmt::Debug + Send + Sync {
    /// Whether `signature` is the key's over exactly these bytes.
    fn verifies(&self, bytes: &[u8], signature: &[u8; 64]) -> bool;
}

/// Ed25519 with the pinned key, as strict as the strictest node.
#[derive(Debug)]
pub struct Ed25519(Option<VerifyingKey>);

impl Ed25519 {
    /// With this key. Nothing verifies with bytes that are no point of the curve.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(VerifyingKey::from_bytes(key).ok())
    }
}

impl Verify for Ed25519 {
    fn verifies(&self, bytes: &[u8], signature: &[u8; 64]) -> bool {
        let signature = Signature::from_bytes(signature);
        self.0.as_ref().is_some_and(|key| key.verify_strict(bytes, &signature).is_ok())
    }
}

/// A signature over a vote or proposal, verified against the exact bytes and the pinned key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Verified {
    hrs: Hrs,
    bytes: Vec<u8>,
    signature: [u8; 64],
    timestamp: Timestamp,
}

impl Verified {
    /// Reads the data of the device's reply to SIGN. What fails is never shown, kept or sent: it may be half of a fault
    /// attack.
    ///
    /// A vote that was signed before comes back with the timestamp it was signed with, so its bytes are made anew.
    pub(crate) fn read(data: &[u8], asked: &Message<'_>, key: &dyn Verify) -> Option<Self> {
        let Signed { signature, timestamp } = Signed::parse(data)?;
        if timestamp != asked.timestamp && asked.hrs.step == Step::Proposal {
            return None;
        }
        let bytes = encode(&asked.at(timestamp));
        key.verifies(&bytes, &signature).then_some(Self { hrs: asked.hrs, bytes, signature, timestamp })
    }

    /// Where it is.
    pub fn hrs(&self) -> Hrs {
        self.hrs
    }

    /// What the signature is over: canonical, with the timestamp that was signed.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The signature.
    pub fn signature(&self) -> [u8; 64] {
        self.signature
    }

    /// The timestamp that was signed.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }
}
