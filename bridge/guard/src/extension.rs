//! The vote extension of a precommit, command by command: whole if it fits one, else its content twice, in chunks.

use std::time::Duration;

use highwater_core::apdu::{Command, MAX_CHUNK, Status};
use highwater_core::canonical::{Extension, Frame, Message};
use sha2::{Digest as _, Sha256};

use crate::apdu::encode;
use crate::moment::Moment;
use crate::release::ReleasedExtension;
use crate::verify::Verify;

/// How long a node waits for a precommit with its extension (CometBFT `privval/signer_endpoint.go`).
pub const NODE_PATIENCE: Duration = Duration::from_secs(5);

/// What the next command has to do with the stream of the device, which holds one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Nothing.
    Idle,
    /// It opens the stream, and would break another one.
    Opens,
    /// It goes on with the stream that its request opened.
    Holds,
}

/// SHA-256 of an extension's sign bytes: content, height, round and chain.
pub(crate) type Digest = [u8; 32];

/// What a reply of the device came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The next command is due.
    More,
    /// That cannot be the reply, or the device lost the thread: from the beginning, on a fresh link.
    Wrong,
    /// No signature, for the reason that the status word says.
    Refused,
    /// The signature, verified.
    Signed(ReleasedExtension),
}

/// An extension on its way through the device.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Extending {
    /// The canonical sign bytes.
    bytes: Vec<u8>,
    /// Where the content begins in them, and its length.
    content: (usize, usize),
    /// The command it begins with; there is no other if it is not streamed.
    first: Vec<u8>,
    streamed: bool,
    /// Where the next chunk begins, the second pass behind the first; `None`: nothing has begun.
    position: Option<usize>,
    since: Moment,
}

/// What an extension of the precommit `message` is known by.
pub(crate) fn digest(message: &Message<'_>, content: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    of(message, content).encode_with(|part| hash.update(part));
    hash.finalize().into()
}

/// Bytes of an extension's sign bytes.
pub(crate) fn signed_length(message: &Message<'_>, content: &[u8]) -> usize {
    let mut length = 0;
    of(message, content).encode_with(|part| length += part.len());
    length
}

fn of<'a>(message: &Message<'a>, content: &'a [u8]) -> Extension<'a> {
    Extension { content, height: message.hrs.height, round: message.hrs.round, chain: message.chain }
}

impl Extending {
    /// The extension of a precommit. `None`: it is longer than any may be.
    pub(crate) fn new(message: &Message<'_>, content: &[u8], now: Moment) -> Option<Self> {
        let (mut bytes, mut parts) = (Vec::with_capacity(content.len() + 100), Vec::new());
        of(message, content).encode_with(|part| {
            parts.push(bytes.len());
            bytes.extend_from_slice(part);
        });
        let Extension { height, round, chain, .. } = of(message, content);
        let begin = || {
            let length = u32::try_from(content.len()).ok()?;
            encode(&Command::BeginExtension(Frame { length, height, round, chain }))
        };
        let whole = encode(&Command::SignExtension(&bytes));
        let streamed = whole.is_none();
        Some(Self {
            first: whole.or_else(begin)?,
            streamed,
            content: (parts.get(1).copied()?, content.len()),
            bytes,
            position: None,
            since: now,
        })
    }

    /// Bytes of its content.
    pub(crate) fn length(&self) -> usize {
        self.content.1
    }

    /// Since it was begun for the first time.
    pub(crate) fn elapsed(&self, now: Moment) -> Duration {
        now.since(self.since)
    }

    /// The next command.
    pub(crate) fn apdu(&self) -> Option<Vec<u8>> {
        let Some(position) = self.position else { return Some(self.first.clone()) };
        let (start, length) = self.content;
        let content = self.bytes.get(start..start + length)?;
        let bytes = content.get(position % length..)?;
        let bytes = &bytes[..bytes.len().min(MAX_CHUNK)];
        encode(&Command::ExtensionChunk { position: u32::try_from(position).ok()?, bytes })
    }

    /// Takes the reply to [`Self::apdu`].
    pub(crate) fn take(&mut self, key: &dyn Verify, status: Option<Status>, data: &[u8]) -> Progress {
        let next = self.after();
        match (status, next) {
            (Some(Status::Ok), None) => self.verified(key, data).map_or(Progress::Wrong, Progress::Signed),
            (Some(Status::Ok), Some(_)) if data.is_empty() => {
                self.position = next;
                Progress::More
            }
            (Some(Status::Ok | Status::ExtensionDiffers | Status::ExtensionOrder), _) => Progress::Wrong,
            _ => Progress::Refused,
        }
    }

    /// The position after the next command; `None`: that is the last one.
    fn after(&self) -> Option<usize> {
        let length = self.length();
        let next = match self.position {
            None if self.streamed => 0,
            None => return None,
            Some(position) => position + MAX_CHUNK.min(length - position % length),
        };
        (next < 2 * length).then_some(next)
    }

    fn verified(&self, key: &dyn Verify, data: &[u8]) -> Option<ReleasedExtension> {
        let signature = data.try_into().ok()?;
        key.verifies(&self.bytes, &signature).then_some(ReleasedExtension(signature))
    }

    pub(crate) fn stream(&self) -> Stream {
        match (self.streamed, self.position) {
            (false, _) => Stream::Idle,
            (true, None) => Stream::Opens,
            (true, Some(_)) => Stream::Holds,
        }
    }

    /// What the device has of it counts no more.
    pub(crate) fn lost(&mut self) {
        self.position = None;
    }
}

#[cfg(test)]
mod tests;
