//! What this machine tells without a word to the device: its file, who has it open, the clock.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{Access, AtFlags, CWD, accessat};

use super::trouble::{DeviceFile, Holder, Trouble};

/// Ledger's vendor number, as the kernel writes it beside each HID device.
const VENDOR: &str = ":00002C97:";

/// Where the machine tells of itself; other places in tests.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    /// `/sys`.
    pub(crate) sys: PathBuf,
    /// `/dev`.
    pub(crate) dev: PathBuf,
    /// `/proc`.
    pub(crate) proc: PathBuf,
}

impl Default for Ground {
    fn default() -> Self {
        Self { sys: "/sys".into(), dev: "/dev".into(), proc: "/proc".into() }
    }
}

/// The device files of the Ledgers that are plugged in. None of them is opened.
pub(crate) fn ledgers(ground: &Ground) -> Vec<PathBuf> {
    let entries = fs::read_dir(ground.sys.join("class/hidraw")).into_iter().flatten().flatten();
    let is_ledger = |path: &Path| {
        let told = fs::read_to_string(path.join("device/uevent")).unwrap_or_default();
        told.lines().any(|line| line.starts_with("HID_ID=") && line.contains(VENDOR))
    };
    let mut files: Vec<_> = entries
        .filter(|entry| is_ledger(&entry.path()))
        .map(|entry| ground.dev.join(entry.file_name()))
        .collect();
    files.sort();
    files
}

/// What is wrong with the file of a Ledger.
pub(super) fn device_file(ground: &Ground, path: &Path) -> Vec<Trouble> {
    let Ok(found) = fs::metadata(path) else { return Vec::new() };
    // By the user that acts, as the daemon would open it.
    let may = accessat(CWD, path, Access::READ_OK | Access::WRITE_OK, AtFlags::EACCESS).is_ok();
    let mut troubles = Vec::new();
    if !may {
        troubles.push(Trouble::DeviceFile(DeviceFile {
            path: path.to_owned(),
            owner: found.uid(),
            group: found.gid(),
            mode: found.mode() & 0o7777,
        }));
    }
    let by = holders(ground, path);
    // Highwater itself locks the file: another of its kind is told by that.
    let by: Vec<_> = by.into_iter().filter(|holder| holder.name != "highwater").collect();
    if !by.is_empty() {
        troubles.push(Trouble::Shared { path: path.to_owned(), by });
    }
    troubles
}

/// The processes that have a file open, as far as this user may know: root knows of all.
pub(super) fn holders(ground: &Ground, path: &Path) -> Vec<Holder> {
    let mut holders = Vec::new();
    for entry in fs::read_dir(&ground.proc).into_iter().flatten().flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let files = fs::read_dir(entry.path().join("fd")).into_iter().flatten().flatten();
        let mut targets = files.filter_map(|file| fs::read_link(file.path()).ok());
        if targets.any(|target| target == path) {
            let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            holders.push(Holder { process, name: name.trim_end().to_owned() });
        }
    }
    holders.sort_by_key(|holder| holder.process);
    holders
}

/// A clock that shows a time before the state was written. A few seconds are of no matter.
pub(super) fn clock(now: SystemTime, path: &Path) -> Option<Trouble> {
    let written = fs::metadata(path).and_then(|found| found.modified()).ok()?;
    let behind = written.duration_since(now).ok()?;
    let path = path.to_owned();
    (behind.as_secs() > 60).then_some(Trouble::Clock { now, path, written })
}
