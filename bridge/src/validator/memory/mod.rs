//! What the host remembers of a chain: its second line behind the device's mark.
//!
//! One file per chain, `chains/<chain id>.json` of the state directory. Its outer fields are those of a node's
//! own `priv_validator_state.json` (CometBFT `privval/file.go`), so that a node given this file goes on from
//! the same place; beside them stands what only the bridge knows.
//!
//! `asked` is durable before the reply to it. It is never used to raise the mark of the same device, whose
//! own mark is the truth; it seeds the mark of another one.

mod form;
mod keeper;

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use highwater_core::canonical::{Message, Timestamp};
use highwater_core::hrs::Hrs;

use super::Pin;
use super::ownership::Ownership;
use super::replies::encode;
use crate::{advice, durable};
pub(super) use keeper::Keeper;

/// All that is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// The chain.
    pub chain: String,
    /// Its key.
    pub key: [u8; 32],
    /// The highest place a device was ever asked for.
    pub asked: Hrs,
    /// The last signature given to a node.
    pub(super) released: Option<Released>,
    /// Whose height it is.
    pub(super) ownership: Ownership,
    /// What `ownership` will be if the device signs what it was asked for. The file has this: after a crash
    /// nobody knows whether it did.
    pub(super) maybe: Option<Ownership>,
    /// Why nothing is signed any more: the device's mark fell.
    pub fallen: Option<String>,
}

/// A signature given to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Released {
    pub(super) installation: [u8; 16],
    /// The chain's life on that device.
    pub(super) incarnation: u16,
    /// Canonical, over the timestamp that was signed.
    pub(super) bytes: Vec<u8>,
    pub(super) signature: [u8; 64],
}

/// The file cannot be used. It is as it was; the text names cause and cure.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// There is none, although the chain is pinned.
    #[error("{}", advice::memory_missing(.0, .1))]
    Missing(PathBuf, String),
    /// It is not what was written.
    #[error("{}", advice::memory_damaged(.path, .chain, .cause))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The chain it should be of.
        chain: String,
        /// What is wrong.
        cause: String,
    },
    /// It is of another chain or key.
    #[error("{}", advice::memory_foreign(.path, .chain, .found))]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The chain it should be of.
        chain: String,
        /// What it is of.
        found: String,
    },
    /// It cannot be read or written.
    #[error("{}", advice::file(.0, .1))]
    Io(PathBuf, io::Error),
}

/// Where the file of a chain stands.
pub fn path(state_dir: &Path, chain: &str) -> PathBuf {
    // Chain ids have no slash, and with the ending none is a name of the directory itself.
    folder(state_dir).join(format!("{chain}.json"))
}

fn folder(state_dir: &Path) -> PathBuf {
    state_dir.join("chains")
}

impl Memory {
    /// Of a chain whose first mark, or whose mark on another device, is `asked`.
    pub fn new(chain: &str, key: [u8; 32], asked: Hrs) -> Self {
        Self {
            chain: chain.to_owned(),
            key,
            asked,
            released: None,
            ownership: Ownership::default(),
            maybe: None,
            fallen: None,
        }
    }

    /// Reads the file of a pinned chain. None, an empty and a damaged one are errors, never height 0.
    pub fn load(state_dir: &Path, chain: &str, pin: &Pin) -> Result<Self, MemoryError> {
        let path = path(state_dir, chain);
        let memory = Self::found(state_dir, chain)?;
        memory.ok_or_else(|| MemoryError::Missing(path.clone(), chain.to_owned()))?.of(pin, &path)
    }

    /// Reads the file of a chain, if there is one, whatever its key: where the pins are lost it still tells what was
    /// asked for. Whose key it is, the caller compares with the device's.
    pub fn found(state_dir: &Path, chain: &str) -> Result<Option<Self>, MemoryError> {
        let path = path(state_dir, chain);
        match durable::read(&path) {
            Ok(text) => Self::parse(&text, &path, chain).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(MemoryError::Io(path, error)),
        }
    }

    /// Reads the text of the file that stands, or will stand, at `path`.
    fn parse(text: &[u8], path: &Path, chain: &str) -> Result<Self, MemoryError> {
        let (path, chain) = (path.to_owned(), chain.to_owned());
        if text.is_empty() {
            return Err(MemoryError::Damaged { path, chain, cause: "it is empty".to_owned() });
        }
        match form::read(text) {
            Ok(memory) if memory.chain == chain => Ok(memory),
            Ok(memory) => {
                Err(MemoryError::Foreign { path, chain, found: format!("of chain {}", memory.chain) })
            }
            Err(cause) => Err(MemoryError::Damaged { path, chain, cause }),
        }
    }

    /// As [`Memory::load`], of a text that comes from elsewhere.
    pub fn read(text: &[u8], state_dir: &Path, chain: &str, pin: &Pin) -> Result<Self, MemoryError> {
        let path = path(state_dir, chain);
        Self::parse(text, &path, chain)?.of(pin, &path)
    }

    /// An error if it is of another key.
    fn of(self, pin: &Pin, path: &Path) -> Result<Self, MemoryError> {
        if self.key == pin.key {
            return Ok(self);
        }
        let found = format!("of key {}", hex::encode(self.key));
        Err(MemoryError::Foreign { path: path.to_owned(), chain: self.chain, found })
    }

    /// Why this installation may sign no more, if the mark that fell was its own.
    pub fn fallen_of(&self, installation: [u8; 16], pinned: Option<Pin>) -> Option<&str> {
        // Nothing is released after the fall, so the last signature is of the one that fell.
        let last = self.released.as_ref().map(|last| last.installation);
        let fell = last.or(pinned.map(|pin| pin.installation));
        self.fallen.as_deref().filter(|_| fell.is_none_or(|fell| fell == installation))
    }

    /// Writes the file durably.
    pub fn save(&self, state_dir: &Path) -> Result<(), MemoryError> {
        let (folder, path) = (folder(state_dir), path(state_dir, &self.chain));
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.and_then(|()| durable::replace(&path, &form::write(self)))
            .map_err(|error| MemoryError::Io(path, error))
    }

    /// As [`Memory::save`], but for less work, of a file that [`Memory::save`] or this has written. Not after an error.
    pub(super) fn save_again(&self, state_dir: &Path) -> Result<(), MemoryError> {
        let path = path(state_dir, &self.chain);
        durable::swap(&path, &form::write(self)).map_err(|error| MemoryError::Io(path, error))
    }

    /// Forgets a chain whose device has forgotten it, or keeps it until then.
    pub fn remove(state_dir: &Path, chain: &str) -> Result<(), MemoryError> {
        let path = path(state_dir, chain);
        durable::remove(&path).map_err(|error| MemoryError::Io(path, error))
    }

    /// Removes what cut writes left.
    pub fn sweep(state_dir: &Path) -> Result<(), MemoryError> {
        let folder = folder(state_dir);
        match durable::sweep(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(MemoryError::Io(folder, error)),
            _ => Ok(()),
        }
    }

    /// The place of the last signature given out.
    pub fn last_released(&self) -> Option<Hrs> {
        Some(Message::parse(&self.released.as_ref()?.bytes).ok()?.hrs)
    }
}

impl Released {
    /// The place that `next` conflicts with, in the same life of the chain: below it, or there with another
    /// statement.
    pub(super) fn conflict(&self, next: &Self) -> Option<Hrs> {
        if (self.installation, self.incarnation) != (next.installation, next.incarnation) {
            return None;
        }
        let (before, now) = (Message::parse(&self.bytes).ok()?, Message::parse(&next.bytes).ok()?);
        let other = before.hrs == now.hrs && statement(&before) != statement(&now);
        (now.hrs < before.hrs || other).then_some(before.hrs)
    }
}

/// All that a message says but when.
pub(super) fn statement(message: &Message<'_>) -> Vec<u8> {
    encode(&message.at(Timestamp::default()))
}

#[cfg(test)]
mod tests;
