//! A file of another signer, read as it is found.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use highwater_hosted::read_wiped;
use highwater_moving::Found;
use rustix::fs::{Mode, OFlags};
use zeroize::Zeroizing;

use crate::advice;
use crate::failure::Failure;

/// No file of a signer is longer; of a longer one so much is enough to refuse it by.
const MOST: usize = (64 << 10) + 1;
/// Permission bits of everybody but the owner.
const OTHERS: u32 = 0o077;

/// A file as it was found. What is in it is wiped.
pub(crate) struct OldFile {
    path: String,
    bytes: Option<Zeroizing<Vec<u8>>>,
    changed: SystemTime,
    mode: u32,
}

impl OldFile {
    /// Reads a file, or finds that there is none. Links are followed: what is judged, and retired, is the file itself.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let unread = |error: io::Error| Failure::of_old_file(path, &error);
        let real = match fs::canonicalize(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => std::path::absolute(path),
            found => found,
        };
        let real = real.map_err(unread)?;
        let name = real.to_str().ok_or_else(|| Failure::usage(advice::old_file_name(&real)))?.to_owned();
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::open(&real, flags, Mode::empty()) {
            Err(rustix::io::Errno::NOENT) => {
                return Ok(Self { path: name, bytes: None, changed: SystemTime::UNIX_EPOCH, mode: 0 });
            }
            opened => File::from(opened.map_err(|error| unread(error.into()))?),
        };
        let found = file.metadata().map_err(unread)?;
        if !found.is_file() {
            return Err(unread(io::Error::other("it is not a plain file")));
        }
        Ok(Self {
            path: name,
            bytes: Some(read_wiped(file, MOST).map_err(unread)?),
            changed: found.modified().map_err(unread)?,
            mode: found.permissions().mode(),
        })
    }

    /// Each of these, in their order.
    pub(crate) fn read_all(paths: &[PathBuf]) -> Result<Vec<Self>, Failure> {
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// What comes from standard input.
    pub(crate) fn of_stdin() -> Result<Self, Failure> {
        let bytes =
            read_wiped(io::stdin().lock(), MOST).map_err(|error| Failure::io("standard input", &error))?;
        let path = "standard input".to_owned();
        Ok(Self { path, bytes: Some(bytes), changed: SystemTime::UNIX_EPOCH, mode: 0 })
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.as_deref().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn exists(&self) -> bool {
        self.bytes.is_some()
    }

    /// Its permission bits, if others than its owner may read or write it.
    pub(crate) fn open_to_others(&self) -> Option<u32> {
        Some(self.mode & 0o7777).filter(|mode| mode & OTHERS != 0)
    }

    /// As it is judged.
    pub(crate) fn found(&self) -> Found<'_> {
        Found { path: &self.path, bytes: self.bytes.as_deref().map(Vec::as_slice), changed: self.changed }
    }
}

/// Several files as they are judged.
pub(crate) fn founds(files: &[OldFile]) -> Vec<Found<'_>> {
    files.iter().map(OldFile::found).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_with_its_age_and_its_mode_and_one_that_is_missing_is_found_to_be() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.json");
        let found = OldFile::read(&path).unwrap();
        assert!(!found.exists() && found.found().bytes.is_none());
        fs::write(&path, "{}").unwrap();
        for (mode, open) in [(0o600, None), (0o640, Some(0o640)), (0o604, Some(0o604))] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let found = OldFile::read(&path).unwrap();
            assert_eq!((found.bytes(), found.open_to_others()), (&b"{}"[..], open));
        }
        let link = dir.path().join("link.json");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(OldFile::read(&link).unwrap().path().ends_with("/state.json"), "the file itself");
    }

    #[test]
    fn a_long_file_is_read_so_far_that_it_is_refused_and_a_pipe_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.json");
        fs::write(&path, vec![b' '; 1 << 20]).unwrap();
        assert_eq!(OldFile::read(&path).unwrap().bytes().len(), MOST);
        let pipe = dir.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        assert!(OldFile::read(&pipe).err().unwrap().to_string().contains("not a plain file"));
    }
}
