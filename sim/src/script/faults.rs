//! What goes wrong in a story.

use highwater_core::layout;

use super::{Faults, Teller};
use crate::driver::key_pages;
use crate::vault::Holds;
use crate::{Fault, Tear};

impl Teller<'_> {
    pub(super) fn fault(&mut self) -> Option<(u32, Fault)> {
        let byte = self.bytes.next();
        let nth = u32::from(byte / 2 % 8);
        match byte {
            128.. => Some((nth, Fault::Cut(self.tear()))),
            64..96 if self.faults == Faults::CutsAndLies => Some((nth, Fault::Lies)),
            96..128 if self.faults == Faults::CutsAndLies => Some((nth, Fault::Fails(self.tear()))),
            _ => None,
        }
    }

    pub(super) fn tear(&mut self) -> Tear {
        let (kind, seed) = (self.bytes.next(), self.bytes.next());
        match kind % 8 {
            0 => Tear::Old,
            1 => Tear::New,
            2 => Tear::Blank,
            3 => Tear::Prefix(seed % 64),
            4 => Tear::Garbage(seed.into()),
            5 => Tear::Fields(if seed < 128 { Tear::LOWEST } else { seed << 1 }),
            _ => Tear::Mixed(u64::from(kind) << 8 | u64::from(seed)),
        }
    }

    /// One page rots, unless one did since the last completed boot.
    pub(super) fn rot(&mut self) {
        let at = u16::from_le_bytes([self.bytes.next(), self.bytes.next()]);
        let page = self.rotting(at);
        let with = self.bytes.next();
        let mut cell = self.driver.device.world.medium.pages()[usize::from(page)];
        match with % 4 {
            0 => cell.fill(0),
            // One bit: the names of these chains are as near to each other as that.
            1 => cell[usize::from(self.bytes.next()) % cell.len()] ^= 1 << (with / 4 % 8),
            _ => cell.fill(with),
        }
        if !self.driver.hurt().0 {
            self.driver.rot(page, cell);
        }
    }

    /// Which page: any of them, but in stories with keys more often one of theirs.
    fn rotting(&self, at: u16) -> u16 {
        let holds = |possible: &Vec<Holds>| possible[..] != [Holds::Nothing];
        if at >= 0xc000 && self.driver.vault().iter().any(holds) {
            return key_pages().nth(usize::from(at) % key_pages().count()).unwrap_or(0);
        }
        at % self.rings.pages()
    }

    /// One page of a ring or of the table takes no write any more.
    pub(super) fn stick(&mut self) {
        let pages = layout::entry_page(0, 0)..self.rings.pages();
        let page =
            pages.start + u16::from_le_bytes([self.bytes.next(), self.bytes.next()]) % pages.len() as u16;
        let with = self.bytes.next();
        self.stuck = true;
        self.driver.stick(page, [with; 64], with.is_multiple_of(2));
    }
}
