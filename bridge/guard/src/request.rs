//! What a node asks for.

use std::sync::Arc;

use highwater_core::canonical::{Message, NotCanonical};
use highwater_core::hrs::Hrs;

use crate::extension::{self, Digest};

/// A node, by the address that the configuration gives it.
pub type Node = Arc<str>;

/// The number of a request. Whoever runs the guard gives each request another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u64);

/// A vote or proposal to sign, for a precommit with the vote extension whose signature is due.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SignRequest {
    /// Height, round, step; the same as in the sign bytes.
    pub hrs: Hrs,
    /// The canonical bytes, length prefix included.
    pub sign_bytes: Vec<u8>,
    /// What the application says in its vote extension. `None`: no signature of an extension is due.
    pub extension: Option<Vec<u8>>,
}

impl SignRequest {
    /// The parsed sign bytes.
    ///
    /// # Errors
    /// The rule that the bytes break.
    pub fn message(&self) -> Result<Message<'_>, NotCanonical> {
        Message::parse(&self.sign_bytes)
    }

    /// What the extension's signature is known by.
    pub(crate) fn digest(&self) -> Option<Digest> {
        let content = self.extension.as_ref()?;
        Some(extension::digest(&self.message().ok()?, content))
    }
}
