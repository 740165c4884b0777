//! Which files of the state directory belong to a device of this process: by the name of the device, so that several are
//! kept apart. Of a device without a name they stand where they stood when there was only one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Absence;
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
        Self { path: file(device, state_dir, &kind), state_dir: state_dir.to_owned(), kind, others }
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
