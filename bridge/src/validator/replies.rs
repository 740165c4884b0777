//! The last replies of a chain: by exact bytes, and votes by statement too; of extensions, by what was signed.

use std::collections::VecDeque;

use highwater_core::canonical::{MAX_MESSAGE, Message, Timestamp};
use highwater_core::hrs::{Hrs, Step};

use super::extension::Digest;
use super::memory::statement;

/// Replies kept: a few heights, so that a node that reconnects finds its own.
const KEPT: usize = 32;

/// A signature that was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) signature: [u8; 64],
    pub(super) timestamp: Timestamp,
}

#[derive(Debug)]
struct Entry {
    hrs: Hrs,
    bytes: Vec<u8>,
    statement: Vec<u8>,
    kept: Kept,
}

/// The replies, newest last.
#[derive(Debug, Default)]
pub(super) struct Replies {
    entries: VecDeque<Entry>,
    extensions: VecDeque<(Digest, [u8; 64])>,
}

impl Replies {
    /// The reply to the same bytes; or, for a vote of the newest height, to the same statement at another time.
    pub(super) fn find(&self, bytes: &[u8], message: &Message<'_>) -> Option<Kept> {
        if let Some(entry) = self.entries.iter().find(|entry| entry.bytes == bytes) {
            return Some(entry.kept);
        }
        let (hrs, newest) = (message.hrs, self.entries.back()?.hrs.height);
        if hrs.step == Step::Proposal || hrs.height != newest {
            return None;
        }
        let wanted = statement(message);
        self.entries.iter().find(|entry| entry.statement == wanted).map(|entry| entry.kept)
    }

    /// Keeps a reply.
    pub(super) fn keep(&mut self, bytes: &[u8], message: &Message<'_>, kept: Kept) {
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        let (hrs, statement) = (message.hrs, statement(message));
        self.entries.push_back(Entry { hrs, bytes: bytes.to_vec(), statement, kept });
    }

    /// The signature of an extension.
    pub(super) fn extension(&self, digest: &Digest) -> Option<[u8; 64]> {
        self.extensions.iter().find(|(kept, _)| kept == digest).map(|(_, signature)| *signature)
    }

    /// Keeps the signature of an extension.
    pub(super) fn keep_extension(&mut self, digest: Digest, signature: [u8; 64]) {
        if self.extensions.len() == KEPT {
            self.extensions.pop_front();
        }
        self.extensions.push_back((digest, signature));
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

pub(super) fn encode(message: &Message<'_>) -> Vec<u8> {
    let mut bytes = [0; MAX_MESSAGE];
    let len = message.encode(&mut bytes);
    bytes[..len].to_vec()
}
