//! One owner of a device: an advisory lock that ends with the process, however it ends.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};

use crate::config;

/// A held lock; dropped, it is released.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// The lock cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("{} is locked by another process", .0.display())]
    Held(PathBuf),
    /// The file cannot be opened.
    #[error("{path}: {error}", path = .0.display(), error = .1)]
    Io(PathBuf, io::Error),
}

impl Lock {
    /// Locks `path`, made if it does not exist.
    pub fn take(path: &Path) -> Result<Self, LockError> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Self::hold(path, flags)
    }

    /// Locks a device file that exists; nothing is read or written.
    pub fn take_existing(path: &Path) -> Result<Self, LockError> {
        Self::hold(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC)
    }

    fn hold(path: &Path, flags: OFlags) -> Result<Self, LockError> {
        let io = |error: rustix::io::Errno| LockError::Io(path.to_owned(), error.into());
        let file = File::from(open(path, flags, Mode::RUSR | Mode::WUSR).map_err(io)?);
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { _file: file }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(LockError::Held(path.to_owned())),
            Err(error) => Err(io(error)),
        }
    }
}

/// The locks of a configuration: its state directory, and the emulator behind an address.
///
/// A USB device is locked by its own file, each time it is opened.
pub fn paths(config: &config::Device, state_dir: &Path) -> Vec<PathBuf> {
    let mut paths = vec![state_dir.join("device.lock")];
    if let Some(address) = config.address {
        paths.push(std::env::temp_dir().join(format!("highwater-speculos-{}.lock", address.port())));
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_owner_is_refused_until_the_first_ends() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("device.lock");
        let first = Lock::take(&path).unwrap();
        assert!(matches!(Lock::take(&path), Err(LockError::Held(_))));
        drop(first);
        Lock::take(&path).unwrap();
    }
}
