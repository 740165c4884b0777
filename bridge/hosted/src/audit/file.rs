//! The ledger on the disk: two cells, written in turn, each synced. A cut leaves the one before, which is as old as a
//! signature that was never asked for.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::Missing;
use super::rule::{Elsewhere, Ledger, Place};
use crate::files::{self, Private};
use crate::{Disk, Fault};

const CELL: usize = 64;
type Cell = [u8; CELL];
/// What the check covers.
const COVERED: usize = 48;
const BLANK: Cell = [0; CELL];
const FORMAT: u8 = 1;

/// Checks a cell: a hash of it under a secret of this state directory.
pub(crate) type Check = Box<dyn Fn(&[u8]) -> [u8; 32] + Send>;

/// The file. It is locked while it is open.
pub struct Book {
    path: PathBuf,
    disk: Box<dyn Disk>,
    check: Check,
    /// Of the newest cell.
    generation: u64,
    stopped: Option<Fault>,
}

impl Book {
    /// Opens the file, made blank if there is none and the ledger begins. `None` beside it: nothing was ever written.
    pub(crate) fn open(path: &Path, check: Check, missing: Missing) -> Result<(Self, Option<Ledger>), Fault> {
        let file = match files::open(path, true, Private::Write)? {
            Some(file) => file,
            None if missing == Missing::Lost => return Err(Fault::AuditMissing(path.to_owned())),
            None => {
                files::make(path, &[0; 2 * CELL])?;
                let gone = || Fault::of(path, &std::io::ErrorKind::NotFound.into());
                files::open(path, true, Private::Write)?.ok_or_else(gone)?
            }
        };
        Self::on(path, Box::new(locked(path, file)?), check, missing)
    }

    /// On a disk. `path` is how faults name it.
    pub(crate) fn on(
        path: &Path,
        disk: Box<dyn Disk>,
        check: Check,
        missing: Missing,
    ) -> Result<(Self, Option<Ledger>), Fault> {
        let of = |error| Fault::of(path, &error);
        let (found, expected) = (disk.size().map_err(of)?, 2 * CELL as u64);
        if found != expected {
            return Err(Fault::Size { path: path.to_owned(), found, expected });
        }
        // What only the system's memory has is on the disk before anything rests on it.
        let mut bytes = [0; 2 * CELL];
        disk.read(&mut bytes, 0)
            .and_then(|()| disk.write(&bytes, 0))
            .and_then(|()| disk.sync())
            .map_err(of)?;
        let (cells, _) = bytes.as_chunks::<CELL>();
        let newest = cells.iter().filter_map(|cell| read(cell, &check)).max_by_key(|(at, _)| *at);
        if newest.is_none() && cells.iter().all(|cell| *cell != BLANK) {
            return Err(Fault::AuditDamaged(path.to_owned()));
        }
        // As one that was wiped, or cut while the owner began it.
        if newest.is_none() && missing == Missing::Lost {
            return Err(Fault::AuditMissing(path.to_owned()));
        }
        let generation = newest.map_or(0, |(at, _)| at);
        let book = Self { path: path.to_owned(), disk, check, generation, stopped: None };
        Ok((book, newest.map(|(_, ledger)| ledger)))
    }

    /// The ledger stands on the disk when this returns. After a failure nothing more is written: the file is opened anew.
    pub(crate) fn write(&mut self, ledger: &Ledger) -> Result<(), Fault> {
        if let Some(stopped) = &self.stopped {
            return Err(stopped.clone());
        }
        let generation = self.generation + 1;
        let cell = written(ledger, generation, &self.check);
        let at = generation % 2 * CELL as u64;
        let done = self.disk.write(&cell, at).and_then(|()| self.disk.sync());
        done.map_err(|error| self.stopped.insert(Fault::of(&self.path, &error)).clone())?;
        self.generation = generation;
        Ok(())
    }
}

/// Locks a file for this process.
fn locked(path: &Path, file: File) -> Result<File, Fault> {
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Fault::InUse(path.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(Fault::of(path, &error)),
    }
}

/// format 1, what was found 1, whether an entry was read 1, zero 1, owed 4, generation 8, item 2, digest 16, what was found 6,
/// zero 8, check 16.
fn written(ledger: &Ledger, generation: u64, check: &Check) -> Cell {
    let Ledger { at, owed, found } = *ledger;
    let mut cell = BLANK;
    cell[0] = FORMAT;
    let (kind, told) = match found {
        None => (0, [0; 3]),
        Some(Elsewhere::Signed { item, object, by }) => (1, [item, object, by]),
        Some(Elsewhere::Gap { last }) => (2, [last, 0, 0]),
    };
    (cell[1], cell[2]) = (kind, u8::from(at.is_some()));
    cell[4..8].copy_from_slice(&owed.to_le_bytes());
    cell[8..16].copy_from_slice(&generation.to_le_bytes());
    if let Some(Place { item, digest }) = at {
        cell[16..18].copy_from_slice(&item.to_le_bytes());
        cell[18..34].copy_from_slice(&digest);
    }
    for (at, number) in (34..).step_by(2).zip(told) {
        cell[at..at + 2].copy_from_slice(&number.to_le_bytes());
    }
    let sum = check(&cell[..COVERED]);
    cell[COVERED..].copy_from_slice(&sum[..CELL - COVERED]);
    cell
}

/// A cell whose check holds, and which means something.
fn read(cell: &Cell, check: &Check) -> Option<(u64, Ledger)> {
    if cell[0] != FORMAT || cell[COVERED..] != check(&cell[..COVERED])[..CELL - COVERED] {
        return None;
    }
    let short = |at: usize| u16::from_le_bytes([cell[at], cell[at + 1]]);
    let at = (cell[2] == 1).then(|| {
        let mut digest = [0; 16];
        digest.copy_from_slice(&cell[18..34]);
        Place { item: short(16), digest }
    });
    let found = match cell[1] {
        0 => None,
        1 => Some(Elsewhere::Signed { item: short(34), object: short(36), by: short(38) }),
        2 => Some(Elsewhere::Gap { last: short(34) }),
        _ => return None,
    };
    let owed = u32::from_le_bytes(cell[4..8].try_into().ok()?);
    let generation = u64::from_le_bytes(cell[8..16].try_into().ok()?);
    Some((generation, Ledger { at, owed, found }))
}
