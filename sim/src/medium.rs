//! Flash that does what flash may do: tear when power vanishes, rot, fail, and lie.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use highwater_core::env::{CELL, Cell, WriteFailed};
use highwater_core::layout;
use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};

/// What a page holds when power vanished while it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tear {
    /// The write had not begun.
    Old,
    /// The write was complete; only the return was lost.
    New,
    /// Any subset of the bits that were to change, chosen by this seed.
    Mixed(u64),
    /// Anything at all, chosen by this seed.
    Garbage(u64),
}

/// What happens at a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Power vanishes: the page is torn so, and nothing that follows has any effect.
    Cut(Tear),
    /// The write reports failure and leaves the page so torn.
    Fails(Tear),
    /// The write reports success and changes nothing.
    Lies,
}

/// Simulated pages.
#[derive(Debug)]
pub struct Medium {
    pages: Vec<Cell>,
    erases: Vec<u32>,
    pairs: u16,
    writes: u32,
    plan: Vec<(u32, Fault)>,
    powered: bool,
    file: Option<File>,
}

impl Medium {
    /// Blank memory with rings of `pairs` pairs, as after an installation.
    pub fn blank(pairs: u16) -> Self {
        let pages = usize::from(layout::pages(pairs));
        Self {
            pages: vec![[0; CELL]; pages],
            erases: vec![0; pages],
            pairs,
            writes: 0,
            plan: Vec::new(),
            powered: true,
            file: None,
        }
    }

    /// Memory kept in a file, made blank if it does not exist. Every write is synced before it returns.
    pub fn in_file(path: &Path, pairs: u16) -> io::Result<Self> {
        let mut medium = Self::blank(pairs);
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        let image = (medium.pages.len() * CELL) as u64;
        match file.metadata()?.len() {
            0 => {
                file.set_len(image)?;
                file.sync_all()?;
            }
            len if len != image => {
                let text = format!("{} holds {len} bytes where {image} are expected", path.display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
            _ => {}
        }
        for (page, cell) in medium.pages.iter_mut().enumerate() {
            file.read_exact_at(cell, (page * CELL) as u64)?;
        }
        medium.file = Some(file);
        Ok(medium)
    }

    /// Plans a fault for the `nth` write from now (0 is the next one).
    pub fn plan(&mut self, nth: u32, fault: Fault) {
        self.plan.push((self.writes + nth, fault));
    }

    /// Forgets planned faults and gives power again.
    pub fn power_on(&mut self) {
        self.plan.clear();
        self.powered = true;
    }

    /// Whether power is on. What a signer releases while it is off never left the device.
    pub fn is_powered(&self) -> bool {
        self.powered
    }

    /// Changes a page behind the signer's back.
    pub fn rot(&mut self, page: u16, cell: Cell) {
        self.pages[usize::from(page)] = cell;
    }

    /// All pages.
    pub fn pages(&self) -> &[Cell] {
        &self.pages
    }

    /// Puts an image in place of all pages.
    pub fn restore(&mut self, pages: &[Cell]) {
        self.pages.copy_from_slice(pages);
    }

    /// How often each page was written.
    pub fn erases(&self) -> &[u32] {
        &self.erases
    }

    /// Writes so far.
    pub fn writes(&self) -> u32 {
        self.writes
    }

    pub(crate) fn pairs(&self) -> u16 {
        self.pairs
    }

    pub(crate) fn read(&self, page: u16, cell: &mut Cell) {
        *cell = self.pages[usize::from(page)];
    }

    pub(crate) fn write(&mut self, page: u16, cell: &Cell) -> Result<(), WriteFailed> {
        if !self.powered {
            return Err(WriteFailed);
        }
        let now = self.writes;
        self.writes += 1;
        self.erases[usize::from(page)] += 1;
        let fault = self.plan.iter().find(|(at, _)| *at == now).map(|(_, fault)| *fault);
        let old = self.pages[usize::from(page)];
        let (content, result) = match fault {
            None => (*cell, Ok(())),
            Some(Fault::Lies) => (old, Ok(())),
            Some(Fault::Fails(tear)) => (torn(&old, cell, tear), Err(WriteFailed)),
            Some(Fault::Cut(tear)) => {
                self.powered = false;
                (torn(&old, cell, tear), Err(WriteFailed))
            }
        };
        self.pages[usize::from(page)] = content;
        if let Some(file) = &self.file {
            let at = u64::from(page) * CELL as u64;
            file.write_all_at(&content, at).and_then(|()| file.sync_data()).map_err(|_| WriteFailed)?;
        }
        result
    }
}

fn torn(old: &Cell, new: &Cell, tear: Tear) -> Cell {
    let mut cell = *old;
    match tear {
        Tear::Old => {}
        Tear::New => cell = *new,
        Tear::Mixed(seed) => {
            let mut random = StdRng::seed_from_u64(seed);
            for (byte, new) in cell.iter_mut().zip(new) {
                *byte ^= (*byte ^ new) & random.random::<u8>();
            }
        }
        Tear::Garbage(seed) => StdRng::seed_from_u64(seed).fill_bytes(&mut cell),
    }
    cell
}
