//! One owner of a device: an advisory lock that ends with the process, however it ends.

use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};

use crate::{config, users};

/// How often a lock may go with its file between opening and locking it. Each time somebody else held it.
const COLLISIONS: usize = 100;

/// A held lock; dropped, it is released.
#[derive(Debug)]
pub struct Lock {
    file: File,
    /// Its file goes when it does.
    passing: Option<PathBuf>,
}

/// Where a lock is, and whether its file goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockFile {
    /// A file that stays.
    Lasting(PathBuf),
    /// A file in a folder of everybody's, which nobody tidies up. Whoever made it before us is not believed.
    Passing(PathBuf),
}

/// The lock cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("{} is locked by another process", .0.display())]
    Held(PathBuf),
    /// Another user made the file, and could hold the lock for ever.
    #[error("{} was made by user {owner}", .path.display())]
    Stranger {
        /// The file.
        path: PathBuf,
        /// Who made it.
        owner: u32,
    },
    /// The file cannot be opened.
    #[error("{path}: {error}", path = .0.display(), error = .1)]
    Io(PathBuf, io::Error),
}

impl LockFile {
    /// Locks it, made if it does not exist.
    pub fn take(&self) -> Result<Lock, LockError> {
        match self {
            Self::Lasting(path) => Lock::make(path),
            Self::Passing(path) => Lock::take_passing(path),
        }
    }
}

impl Lock {
    fn make(path: &Path) -> Result<Self, LockError> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Self::hold(path, flags)
    }

    /// Whoever removes a file that is locked by its name opens a gap: somebody may have opened it before it went and
    /// locks what has no name any more, while somebody else makes it anew. So it is removed only while it is held, and
    /// a lock counts only if the name still means the file that is locked.
    fn take_passing(path: &Path) -> Result<Self, LockError> {
        for _ in 0..COLLISIONS {
            let mut lock = Self::make_or_tell_whose(path)?;
            if lock.is_at(path).map_err(|error| LockError::Io(path.to_owned(), error))? {
                lock.passing = Some(path.to_owned());
                return Ok(lock);
            }
        }
        Err(LockError::Held(path.to_owned()))
    }

    /// A stranger's file is told before its lock is tried, and whether or not the stranger lets us open it.
    fn make_or_tell_whose(path: &Path) -> Result<Self, LockError> {
        let ours = users::ours();
        let whose = || fs::symlink_metadata(path).map(|found| found.uid()).ok();
        if let Some(owner) = whose().filter(|owner| *owner != ours) {
            return Err(LockError::Stranger { path: path.to_owned(), owner });
        }
        let lock = Self::make(path)?;
        let owner = lock.file.metadata().map_err(|error| LockError::Io(path.to_owned(), error))?.uid();
        // Made by a stranger just now. (The folder is sticky, so nobody but we can put a file in the place of ours.)
        if owner != ours {
            return Err(LockError::Stranger { path: path.to_owned(), owner });
        }
        Ok(lock)
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        let held = self.file.metadata()?;
        match fs::symlink_metadata(path) {
            Ok(named) => Ok((named.dev(), named.ino()) == (held.dev(), held.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Locks a device file that exists; nothing is read or written.
    pub fn take_existing(path: &Path) -> Result<Self, LockError> {
        Self::hold(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC)
    }

    fn hold(path: &Path, flags: OFlags) -> Result<Self, LockError> {
        let io = |error: rustix::io::Errno| LockError::Io(path.to_owned(), error.into());
        let file = File::from(open(path, flags, Mode::RUSR | Mode::WUSR).map_err(io)?);
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { file, passing: None }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(LockError::Held(path.to_owned())),
            Err(error) => Err(io(error)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(path) = &self.passing
            && self.is_at(path).unwrap_or(false)
        {
            // One that stays is only untidy: the next owner takes it.
            let _ = fs::remove_file(path);
        }
    }
}

/// The locks of a process that has these devices: one of the state directory, whose pins and state files are of all devices,
/// and one of each port at which an emulator or a connector listens.
///
/// A USB device is locked by its own file, each time it is opened.
pub fn files(devices: &[config::Device], state_dir: &Path) -> Vec<LockFile> {
    let of_port = |address: SocketAddr| {
        let name = format!("highwater-speculos-{}.lock", address.port());
        LockFile::Passing(std::env::temp_dir().join(name))
    };
    let state = LockFile::Lasting(state_dir.join("device.lock"));
    let ports = devices.iter().filter_map(|device| device.address).map(of_port);
    std::iter::once(state).chain(ports).collect()
}

#[cfg(test)]
#[path = "lock_tests.rs"]
mod tests;
