//! The state file of a chain: what the host remembers of it, its second line behind the device's mark.
//!
//! One file per chain, `chains/<chain id>.json` of the state directory. Its outer fields are those of a node's
//! own `priv_validator_state.json` (CometBFT `privval/file.go`), so that a node given this file goes on from
//! the same place; beside them stands what only the bridge knows: the [`Record`], whose rules are the guard's.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use highwater_core::hrs::Hrs;
use highwater_guard::Record;

use super::pins::Pin;
use super::{durable, form};
use crate::advice;

/// All that is remembered of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainFile {
    /// The chain.
    pub chain: String,
    /// Its key.
    pub key: [u8; 32],
    /// What may be signed already.
    pub record: Record,
}

/// The file cannot be used. It is as it was; the text names cause and cure.
#[derive(Debug, thiserror::Error)]
pub enum ChainFileError {
    /// There is none, although the chain is pinned.
    #[error("{}", advice::chain_file_missing(.0, .1))]
    Missing(PathBuf, String),
    /// It is not what was written.
    #[error("{}", advice::chain_file_damaged(.path, .chain, .cause))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The chain it should be of.
        chain: String,
        /// What is wrong.
        cause: String,
    },
    /// It is of another chain or key.
    #[error("{}", advice::chain_file_foreign(.path, .chain, .found))]
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

impl ChainFileError {
    /// The cause alone, where the cure is another one.
    pub(crate) fn cause(&self) -> String {
        match self {
            Self::Missing(path, _) => format!("{} is missing", path.display()),
            Self::Damaged { path, cause, .. } => format!("{} cannot be trusted ({cause})", path.display()),
            Self::Foreign { path, found, .. } => format!("{} is {found}", path.display()),
            Self::Io(path, error) => format!("{} cannot be read or written ({error})", path.display()),
        }
    }
}

impl ChainFile {
    /// Of a chain whose first mark, or whose mark on another device, is `highest`.
    pub fn new(chain: &str, key: [u8; 32], highest: Hrs) -> Self {
        Self { chain: chain.to_owned(), key, record: Record::new(highest) }
    }

    /// Reads the file of a pinned chain. None, an empty and a damaged one are errors, never height 0.
    pub fn load(state_dir: &Path, chain: &str, pin: &Pin) -> Result<Self, ChainFileError> {
        let path = path(state_dir, chain);
        let file = Self::found(state_dir, chain)?;
        file.ok_or_else(|| ChainFileError::Missing(path.clone(), chain.to_owned()))?.of(pin, &path)
    }

    /// Reads the file of a chain, if there is one, whatever its key: where the pins are lost it still tells what was
    /// requested. Whose key it is, the caller compares with the device's.
    pub fn found(state_dir: &Path, chain: &str) -> Result<Option<Self>, ChainFileError> {
        let path = path(state_dir, chain);
        match durable::read(&path) {
            Ok(text) => Self::parse(&text, &path, chain).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ChainFileError::Io(path, error)),
        }
    }

    /// Reads the text of the file that stands, or will stand, at `path`.
    fn parse(text: &[u8], path: &Path, chain: &str) -> Result<Self, ChainFileError> {
        let (path, chain) = (path.to_owned(), chain.to_owned());
        if text.is_empty() {
            return Err(ChainFileError::Damaged { path, chain, cause: "it is empty".to_owned() });
        }
        match form::read(text) {
            Ok(file) if file.chain == chain => Ok(file),
            Ok(file) => {
                Err(ChainFileError::Foreign { path, chain, found: format!("of chain {}", file.chain) })
            }
            Err(cause) => Err(ChainFileError::Damaged { path, chain, cause }),
        }
    }

    /// As [`ChainFile::load`], of a text that comes from elsewhere.
    pub fn read(text: &[u8], state_dir: &Path, chain: &str, pin: &Pin) -> Result<Self, ChainFileError> {
        let path = path(state_dir, chain);
        Self::parse(text, &path, chain)?.of(pin, &path)
    }

    /// An error if it is of another key.
    fn of(self, pin: &Pin, path: &Path) -> Result<Self, ChainFileError> {
        if self.key == pin.key {
            return Ok(self);
        }
        let found = format!("of key {}", hex::encode(self.key));
        Err(ChainFileError::Foreign { path: path.to_owned(), chain: self.chain, found })
    }

    /// Writes the file durably.
    pub fn save(&self, state_dir: &Path) -> Result<(), ChainFileError> {
        let (folder, path) = (folder(state_dir), path(state_dir, &self.chain));
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.and_then(|()| durable::replace(&path, &form::write(self)))
            .map_err(|error| ChainFileError::Io(path, error))
    }

    /// As [`ChainFile::save`], but for less work, of a file that [`ChainFile::save`] or this has written. Not after an
    /// error.
    pub(super) fn save_again(&self, state_dir: &Path) -> Result<(), ChainFileError> {
        let path = path(state_dir, &self.chain);
        durable::swap(&path, &form::write(self)).map_err(|error| ChainFileError::Io(path, error))
    }

    /// Forgets a chain whose device has forgotten it, or keeps it until then.
    pub fn remove(state_dir: &Path, chain: &str) -> Result<(), ChainFileError> {
        let path = path(state_dir, chain);
        durable::remove(&path).map_err(|error| ChainFileError::Io(path, error))
    }

    /// Removes what cut writes left.
    pub fn sweep(state_dir: &Path) -> Result<(), ChainFileError> {
        let folder = folder(state_dir);
        match durable::sweep(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ChainFileError::Io(folder, error)),
            _ => Ok(()),
        }
    }
}

/// Where the file of a chain stands.
pub fn path(state_dir: &Path, chain: &str) -> PathBuf {
    // Chain ids have no slash, and with the ending none is a name of the directory itself.
    folder(state_dir).join(format!("{chain}.json"))
}

fn folder(state_dir: &Path) -> PathBuf {
    state_dir.join("chains")
}

#[cfg(test)]
#[path = "chain_file_tests.rs"]
mod tests;
