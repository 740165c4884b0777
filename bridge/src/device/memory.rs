//! Which files of the state directory belong to a device of this process: by the name of the device, so that several are
//! kept apart. Of a device without a name they stand where they stood when there was only one.

use std::cell::Cell;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use highwater_hosted::Device;

use super::{Absence, TransportError};
use crate::config;

/// The file of this kind that a device has.
pub(super) fn file(device: &config::Device, state_dir: &Path, kind: &str) -> PathBuf {
    state_dir.join(match &device.name {
        None => kind.to_owned(),
        // No name has a dot in it.
        Some(name) => format!("{name}.{kind}"),
    })
}

/// Whether a file is there. What cannot be looked at is not told as gone: another one would be made in its place.
pub(super) fn is_there(path: &Path) -> Result<bool, Absence> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(unseen(path, &error)),
    }
}

fn unseen(path: &Path, error: &io::Error) -> Absence {
    Absence::File { path: path.to_owned(), error: error.into() }
}

/// The memory of a device, and what stands beside it.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) path: PathBuf,
    state_dir: PathBuf,
    kind: String,
    /// Those of the other devices of the config.
    others: Vec<PathBuf>,
    /// The file (its file system and number) that this process had open.
    opened: Cell<Option<(u64, u64)>>,
}

impl Memory {
    /// `all` are the devices of the config.
    pub(super) fn of(
        device: &config::Device,
        all: &[config::Device],
        state_dir: &Path,
        kind: String,
    ) -> Self {
        let is_other =
            |other: &&config::Device| other.transport == device.transport && other.name != device.name;
        let others = all.iter().filter(is_other).map(|other| file(other, state_dir, &kind)).collect();
        Self {
            path: file(device, state_dir, &kind),
            state_dir: state_dir.to_owned(),
            kind,
            others,
            opened: Cell::new(None),
        }
    }

    /// Opens the device that is on this memory. One that this process had open and that is not there any more is waited for:
    /// another file has another mark, or none.
    pub(super) fn open(
        &self,
        open: impl FnOnce() -> Result<Device, TransportError>,
    ) -> Result<Device, TransportError> {
        if self.opened.get().is_some_and(|opened| self.number() != Some(opened)) {
            return Err(highwater_hosted::Fault::Replaced(self.path.clone()).into());
        }
        let device = open()?;
        self.opened.set(self.number());
        Ok(device)
    }

    /// What tells the file from any other that gets its name.
    fn number(&self) -> Option<(u64, u64)> {
        self.path.symlink_metadata().ok().map(|found| (found.dev(), found.ino()))
    }

    /// Whether this one is there. An error where it is not, and one of its kind is that belongs to no device of the config: a
    /// device was renamed, and a new memory would be another device, without a mark, under the same keys.
    pub(super) fn is_known(&self) -> Result<bool, Absence> {
        if is_there(&self.path)? {
            return Ok(true);
        }
        let unseen = |error: io::Error| unseen(&self.state_dir, &error);
        let entries = match fs::read_dir(&self.state_dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            entries => entries.map_err(unseen)?,
        };
        let is_of_nobody = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let is_ours = name
                .strip_suffix(&self.kind)
                .is_some_and(|before| before.is_empty() || before.ends_with('.'));
            is_ours && *path != self.path && !self.others.contains(path)
        };
        for entry in entries {
            let found = entry.map_err(unseen)?.path();
            if is_of_nobody(&found) {
                return Err(Absence::Renamed { found, wanted: self.path.clone() });
            }
        }
        Ok(false)
    }
}
