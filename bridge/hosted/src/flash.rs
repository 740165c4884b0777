//! Cells in a file: each write is synced before it counts, and read back through the file.
//!
//! The journal (docs/journal.md) lets a page hold anything after a write that failed or was cut. A file adds two states
//! that flash does not have, because the system keeps pages in memory: a page may be read as it was written, and not
//! stand on the disk. Three rules keep a signature from resting on such a page:
//!
//! 1. *Opening settles.* A process that was killed, or a sync that failed, leaves pages that only the system's memory
//!    has, and after a failed sync the system does not write them again by itself. So the image is written once more, as
//!    it is read, and synced, before anything is made of it.
//! 2. *The name is looked at.* A file that is deleted or replaced while it is open takes what is written to it, and nobody finds
//!    it again: after the next start the mark would be an old one, or none. So before and after each command the file that
//!    is open has to be the one of that name.
//! 3. *A fault stops.* After any failed read, write or sync nothing more is written, no page is readable, and whoever
//!    holds the device gets the fault instead of a reply. At most one page is in doubt then, as after a power cut.

use std::cell::RefCell;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use highwater_core::env::{CELL, Cell, WriteFailed};
use highwater_core::rings::Rings;

use crate::Fault;
use crate::files::{self, Private};

/// The rings of the slots, as on a Nano S.
pub const RINGS: Rings = Rings::equal(256);

/// Bytes of the image.
const IMAGE: usize = RINGS.pages() as usize * CELL;

/// No page of the journal and no blank one: what stands for a page that cannot be read.
const UNREADABLE: Cell = [0xff; CELL];

/// What cells need of a file. In tests a disk is put there that is cut at any call.
pub trait Disk: Send {
    /// Bytes it holds.
    fn size(&self) -> io::Result<u64>;

    /// Fills `bytes` from here on.
    fn read(&self, bytes: &mut [u8], at: u64) -> io::Result<()>;

    /// Writes all of `bytes` from here on; after an error any of them.
    fn write(&self, bytes: &[u8], at: u64) -> io::Result<()>;

    /// Returns once everything written stands on the disk.
    fn sync(&self) -> io::Result<()>;

    /// Whether this is still what its name means. A disk without a name always is.
    fn is_in_place(&self, _path: &Path) -> io::Result<bool> {
        Ok(true)
    }
}

impl Disk for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        self.read_exact_at(bytes, at)
    }

    fn write(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.write_all_at(bytes, at)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn is_in_place(&self, path: &Path) -> io::Result<bool> {
        let ours = self.metadata()?;
        match path.symlink_metadata() {
            Ok(named) => Ok((named.dev(), named.ino()) == (ours.dev(), ours.ino())),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

/// The memory of one hosted device.
pub struct FlashFile {
    path: PathBuf,
    disk: Box<dyn Disk>,
    writes: u32,
    /// Why nothing more is read or written.
    stopped: RefCell<Option<Fault>>,
}

impl FlashFile {
    /// Opens the memory at `path`, made blank if there is none, and locks it until it is dropped.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let file = match files::open(path, true, Private::Write)? {
            Some(file) => file,
            None => {
                files::make(path, &[0; IMAGE])?;
                let gone = || Fault::of(path, &io::ErrorKind::NotFound.into());
                files::open(path, true, Private::Write)?.ok_or_else(gone)?
            }
        };
        match file.try_lock() {
            Ok(()) => Self::on(path, Box::new(file)),
            Err(TryLockError::WouldBlock) => Err(Fault::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(Fault::of(path, &error)),
        }
    }

    /// The memory on a disk. `path` is how faults name it.
    pub fn on(path: &Path, disk: Box<dyn Disk>) -> Result<Self, Fault> {
        let of = |error| Fault::of(path, &error);
        let (found, expected) = (disk.size().map_err(of)?, IMAGE as u64);
        if found != expected {
            return Err(Fault::Size { path: path.to_owned(), found, expected });
        }
        // Rule 1.
        let mut image = vec![0; IMAGE];
        disk.read(&mut image, 0)
            .and_then(|()| disk.write(&image, 0))
            .and_then(|()| disk.sync())
            .map_err(of)?;
        Ok(Self { path: path.to_owned(), disk, writes: 0, stopped: RefCell::new(None) })
    }

    /// Pages written since it was opened.
    pub(crate) fn writes(&self) -> u32 {
        self.writes
    }

    /// Why nothing more is read or written, if so.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.stopped.borrow().clone()
    }

    /// Rule 2.
    pub(crate) fn look_at_name(&self) {
        if self.is_stopped() {
            return;
        }
        match self.disk.is_in_place(&self.path) {
            Ok(true) => {}
            Ok(false) => drop(self.stopped.replace(Some(Fault::Replaced(self.path.clone())))),
            Err(error) => self.stop(&error),
        }
    }

    pub(crate) fn read(&self, page: u16, cell: &mut Cell) {
        if self.is_stopped() {
            *cell = UNREADABLE;
        } else if let Err(error) = self.disk.read(cell, at(page)) {
            self.stop(&error);
            *cell = UNREADABLE;
        }
    }

    pub(crate) fn write(&mut self, page: u16, cell: &Cell) -> Result<(), WriteFailed> {
        if self.is_stopped() {
            return Err(WriteFailed);
        }
        self.writes += 1;
        let written = self.disk.write(cell, at(page)).and_then(|()| self.disk.sync());
        written.map_err(|error| {
            self.stop(&error);
            WriteFailed
        })
    }

    fn is_stopped(&self) -> bool {
        self.stopped.borrow().is_some()
    }

    /// Rule 3.
    fn stop(&self, error: &io::Error) {
        self.stopped.borrow_mut().get_or_insert_with(|| Fault::of(&self.path, error));
    }
}

fn at(page: u16) -> u64 {
    u64::from(page) * CELL as u64
}
