//! Flash pages by number.
//!
//! A write goes through the system, which erases the whole page, and may be torn by a loss of power: then the page holds
//! anything. The source is always a buffer of a cell's length (an erase, or a write without a source, is nothing the
//! emulator can do).

use crate::sys::{Fault, Sys, System, die};
use crate::target::{CELL, PAGES};

/// The pages of this installation, `0..target::PAGES`.
#[derive(Debug)]
pub struct Nvm {
    writes: u32,
}

impl Nvm {
    pub(crate) const fn new() -> Self {
        Self { writes: 0 }
    }

    /// Reads the cell of a page. Ends the app if there is no such page.
    pub fn read(&self, page: u16, out: &mut [u8; CELL]) {
        check(page);
        Sys::nvm_read(page, out);
    }

    /// Writes the cell of a page; only reading it back proves that it stands. Ends the app if there is no such page.
    ///
    /// # Errors
    /// If the system says so. The page may hold anything then; trying again may help.
    pub fn write(&mut self, page: u16, data: &[u8; CELL]) -> Result<(), Fault> {
        check(page);
        self.writes = self.writes.saturating_add(1);
        Sys::nvm_write(page, data)
    }

    /// Writes since the app was started, failed ones as well: each may have cost an erase.
    pub fn writes(&self) -> u32 {
        self.writes
    }
}

/// A page number beyond the map is a fault of the program. Going on would change what the journal relies on.
fn check(page: u16) {
    if page >= PAGES {
        die();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake;
    use crate::target::Call;

    #[test]
    fn pages_keep_what_was_written_and_writes_are_counted() {
        let mut bolos = fake::boot();
        let mut out = [1; CELL];
        bolos.nvm.read(PAGES - 1, &mut out);
        assert_eq!(out, [0; CELL], "a new installation is all zero");
        for page in [0, PAGES - 1] {
            bolos.nvm.write(page, &[page as u8 | 1; CELL]).unwrap();
            bolos.nvm.read(page, &mut out);
            assert_eq!(out, [page as u8 | 1; CELL]);
        }
        assert_eq!(bolos.nvm.writes(), 2);
    }

    #[test]
    fn a_write_that_the_system_refuses_is_an_error_and_counts_as_wear() {
        let mut bolos = fake::boot();
        fake::with(|kernel| kernel.fail(Call::NvmWrite, 1));
        assert_eq!(bolos.nvm.write(3, &[9; CELL]), Err(fake::FAULT));
        assert_eq!(bolos.nvm.writes(), 1);
        assert_eq!(bolos.nvm.write(3, &[9; CELL]), Ok(()));
    }

    #[test]
    #[should_panic(expected = "exit(255)")]
    fn the_spare_page_is_never_written() {
        let mut bolos = fake::boot();
        let _ = bolos.nvm.write(PAGES, &[0; CELL]);
    }

    #[test]
    #[should_panic(expected = "exit(255)")]
    fn a_page_that_is_not_there_is_not_read() {
        fake::boot().nvm.read(u16::MAX, &mut [0; CELL]);
    }
}
