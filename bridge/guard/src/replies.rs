//! Signatures that may be given out again: by exact bytes, and votes by statement too; those of extensions by digest.

use std::collections::VecDeque;

use highwater_core::canonical::Message;
use highwater_core::hrs::{Hrs, Step};

use crate::extension::Digest;
use crate::release::{Release, ReleasedExtension};
use crate::statement::statement;

/// Replies kept: a few heights, so that a node that reconnects finds its own.
const KEPT: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Entry {
    hrs: Hrs,
    bytes: Vec<u8>,
    statement: Vec<u8>,
    release: Release,
}

/// The replies, newest last.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Replies {
    entries: VecDeque<Entry>,
    extensions: VecDeque<(Digest, ReleasedExtension)>,
}

impl Replies {
    /// The reply to the same bytes; or, for a vote of the newest height, to the same statement at another time.
    pub(crate) fn find(&self, bytes: &[u8], message: &Message<'_>) -> Option<&Release> {
        if let Some(entry) = self.entries.iter().find(|entry| entry.bytes == bytes) {
            return Some(&entry.release);
        }
        let (hrs, newest) = (message.hrs, self.entries.back()?.hrs.height);
        if hrs.step == Step::Proposal || hrs.height != newest {
            return None;
        }
        let wanted = statement(message);
        self.entries.iter().find(|entry| entry.statement == wanted).map(|entry| &entry.release)
    }

    /// Keeps a reply.
    pub(crate) fn keep(&mut self, bytes: &[u8], message: &Message<'_>, release: Release) {
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        let (hrs, statement) = (message.hrs, statement(message));
        self.entries.push_back(Entry { hrs, bytes: bytes.to_vec(), statement, release });
    }

    /// The signature of an extension.
    pub(crate) fn extension(&self, digest: &Digest) -> Option<&ReleasedExtension> {
        self.extensions.iter().find(|(kept, _)| kept == digest).map(|(_, signature)| signature)
    }

    /// Keeps the signature of an extension.
    pub(crate) fn keep_extension(&mut self, digest: Digest, signature: ReleasedExtension) {
        if self.extensions.len() == KEPT {
            self.extensions.pop_front();
        }
        self.extensions.push_back((digest, signature));
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}
