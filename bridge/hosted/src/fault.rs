//! What can go wrong with a hosted device. No sentence for an operator stands here: whoever shows a fault adds its cure.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::KeyFault;

/// The device cannot be opened, or stopped. Whoever holds it drops it and opens it anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Another process, or another device of this one, holds the memory file.
    #[error("{} is in use", .0.display())]
    InUse(PathBuf),
    /// The file may not be opened.
    #[error("{} may not be opened", .0.display())]
    Denied(PathBuf),
    /// A symbolic link, a folder or a device stands where a file is expected.
    #[error("{} is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// Others than its owner may read the seed, or write the file.
    #[error("{} is open to other users (mode {mode:03o})", .path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file has another length than it must have.
    #[error("{} holds {found} bytes, not {expected}", .path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// Its length.
        found: u64,
        /// What it must be.
        expected: u64,
    },
    /// The memory was deleted or moved while it was open, or another file was put in its place. What the open one holds is lost.
    #[error("{} was deleted or replaced while the device was running", .0.display())]
    Replaced(PathBuf),
    /// The seed is gone, and the memory that belongs to it is not.
    #[error("{} is missing", .0.display())]
    SeedMissing(PathBuf),
    /// The secret of a store's marks is not there, and the marks are.
    #[error("{path} is not there, and without it no mark can be read", path = .0.display())]
    SecretMissing(PathBuf),
    /// No ledger of a log is there, or nothing was ever written to it, and the marks are there.
    #[error("{path} holds no audit of the HSM's log, and the device has marks", path = .0.display())]
    AuditMissing(PathBuf),
    /// Of a log's ledger neither copy can be read.
    #[error("{} is damaged", .0.display())]
    AuditDamaged(PathBuf),
    /// A file that the configuration names is not there.
    #[error("{path} is not there", path = .0.display())]
    Missing(PathBuf),
    /// A file of a password is empty, or far too long.
    #[error("{path} holds no password", path = .0.display())]
    NoPassword(PathBuf),
    /// The system's error. After one of writing or syncing, what a page holds is not known: nothing more is read from
    /// that opening, and nothing more leaves.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error.
        error: String,
    },
    /// The key store failed.
    #[error("{0}")]
    Keys(#[from] KeyFault),
}

impl Fault {
    /// What an error of this file means.
    pub(crate) fn of(path: &Path, error: &io::Error) -> Self {
        let path = path.to_owned();
        match Errno::from_io_error(error) {
            Some(Errno::ACCESS | Errno::PERM) => Self::Denied(path),
            // A symbolic link, of a file that is opened with O_NOFOLLOW.
            Some(Errno::LOOP | Errno::ISDIR) => Self::NotAFile(path),
            _ => Self::Io { path, error: error.to_string() },
        }
    }
}
