//! Flash that does what flash may do: tear when power vanishes, rot, fail, and lie.

use std::cell::Cell as Flag;

use highwater_core::env::{CELL, Cell, WriteFailed};
use highwater_core::rings::Rings;

use crate::Tear;

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
    /// Pages written and not read since: what stands there is not known to anybody.
    unread: Vec<Flag<bool>>,
    erases: Vec<u32>,
    rings: Rings,
    writes: u32,
    plan: Vec<(u32, Fault)>,
    /// Pages that take no write any more, and whether writing them says so.
    stuck: Vec<(u16, bool)>,
    powered: bool,
}

impl Medium {
    /// Blank memory with these rings, as after an installation.
    pub fn blank(rings: impl Into<Rings>) -> Self {
        let rings = rings.into();
        let pages = usize::from(rings.pages());
        Self {
            pages: vec![[0; CELL]; pages],
            unread: vec![Flag::new(false); pages],
            erases: vec![0; pages],
            rings,
            writes: 0,
            plan: Vec::new(),
            stuck: Vec::new(),
            powered: true,
        }
    }

    /// Plans a fault for the `nth` write from now (0 is the next one).
    pub fn plan(&mut self, nth: u32, fault: Fault) {
        self.plan.push((self.writes + nth, fault));
    }

    /// Whether a planned fault is still to come.
    pub fn is_waiting(&self) -> bool {
        self.plan.iter().any(|(at, _)| *at >= self.writes)
    }

    /// Forgets planned faults; power stays as it is.
    pub fn calm(&mut self) {
        self.plan.clear();
    }

    /// Forgets planned faults and gives power again.
    pub fn power_on(&mut self) {
        self.calm();
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

    /// From now on a page keeps what it holds, whatever is written. `says`: a write of it reports failure.
    pub fn stick(&mut self, page: u16, says: bool) {
        self.stuck.push((page, says));
    }

    /// All pages.
    pub fn pages(&self) -> &[Cell] {
        &self.pages
    }

    /// The pages that were read since they were written last, by number: what a signer may rely on.
    pub fn read_back(&self) -> impl Iterator<Item = (usize, &Cell)> {
        self.pages.iter().enumerate().filter(|(page, _)| !self.unread[*page].get())
    }

    /// Puts an image in place of all pages.
    pub fn restore(&mut self, pages: &[Cell]) {
        self.pages.copy_from_slice(pages);
    }

    /// How often each page was written.
    pub fn erases(&self) -> &[u32] {
        &self.erases
    }

    /// The wear histogram: how many of `pages` were written how often, least first.
    pub fn wear(&self, pages: std::ops::Range<u16>) -> std::collections::BTreeMap<u32, usize> {
        let mut histogram = std::collections::BTreeMap::new();
        for page in pages {
            *histogram.entry(self.erases[usize::from(page)]).or_default() += 1;
        }
        histogram
    }

    /// Writes so far.
    pub fn writes(&self) -> u32 {
        self.writes
    }

    /// The rings of the slots.
    pub fn rings(&self) -> Rings {
        self.rings
    }

    pub(crate) fn read(&self, page: u16, cell: &mut Cell) {
        self.unread[usize::from(page)].set(false);
        *cell = self.pages[usize::from(page)];
    }

    pub(crate) fn write(&mut self, page: u16, cell: &Cell) -> Result<(), WriteFailed> {
        if !self.powered {
            return Err(WriteFailed);
        }
        let now = self.writes;
        self.writes += 1;
        self.erases[usize::from(page)] += 1;
        self.unread[usize::from(page)].set(true);
        let fault = self.plan.iter().find(|(at, _)| *at == now).map(|(_, fault)| *fault);
        let old = self.pages[usize::from(page)];
        let stuck = self.stuck.iter().find(|(at, _)| *at == page).map(|(_, says)| *says);
        let (content, result) = match fault {
            None if stuck == Some(true) => (old, Err(WriteFailed)),
            None if stuck == Some(false) => (old, Ok(())),
            None => (*cell, Ok(())),
            Some(Fault::Lies) => (old, Ok(())),
            Some(Fault::Fails(tear)) => (tear.of(&old, cell), Err(WriteFailed)),
            Some(Fault::Cut(tear)) => {
                self.powered = false;
                (tear.of(&old, cell), Err(WriteFailed))
            }
        };
        if stuck.is_none() {
            self.pages[usize::from(page)] = content;
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_without_power() {
        let mut medium = Medium::blank(2);
        medium.plan(1, Fault::Cut(Tear::Prefix(3)));
        assert_eq!(medium.write(3, &[7; CELL]), Ok(()));
        assert_eq!(medium.write(3, &[9; CELL]), Err(WriteFailed));
        assert_eq!(medium.write(4, &[9; CELL]), Err(WriteFailed));
        assert_eq!((medium.pages()[3][2], medium.pages()[3][3], medium.pages()[4]), (9, 7, [0; CELL]));
        assert_eq!(medium.wear(3..5), [(0, 1), (2, 1)].into());
    }
}
