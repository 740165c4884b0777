//! A device in hand: its cable, its buttons, its screen, its clock and its plug.

mod distant;
mod emulated;
mod owner;
pub mod port;
mod simulated;
mod stack;
mod witness;

pub use distant::Distant;
pub use emulated::{Death, Emulated};
pub use owner::{approve, lines, read_and_decide};
pub use simulated::Simulated;

use anyhow::Result;
use highwater_core::env::Cell;
use highwater_core::rings::Rings;

/// What both devices can do. Where one of them has no screen, there is nothing to read.
pub trait Device: Send {
    /// One command as raw bytes; the reply with its status word.
    fn exchange(&mut self, apdu: &[u8]) -> Result<Vec<u8>>;

    /// The owner reads the prompt that stands to its end, and decides. Gives the pages that were read, lines separated
    /// by `|`; the page of the decision itself is not among them.
    fn decide(&mut self, approved: bool) -> Result<Option<Vec<String>>>;

    /// The owner presses a button on the home screen, which changes nothing there.
    fn press_home(&mut self) -> Result<()>;

    /// What the screen shows now, lines separated by `|`.
    fn screen(&mut self) -> Result<Option<String>>;

    /// Tenths of a second pass, and what was approved goes on meanwhile.
    fn pass(&mut self, ticks: u32) -> Result<()>;

    /// The clock stands from now on, or runs again.
    fn still(&mut self, still: bool) -> Result<()>;

    /// The power goes and comes back; meanwhile these pages of flash become something else.
    fn restart(&mut self, spoilt: &[(u16, Cell)]) -> Result<()>;

    /// The rings of the slots.
    fn rings(&self) -> Rings;

    /// A page of flash as it is now.
    fn page(&mut self, page: u16) -> Result<Cell>;

    /// The emulator, if this is the firmware in one.
    fn emulated(&mut self) -> Option<&mut Emulated> {
        None
    }

    /// The test that holds the device has ended: what it has shown is noted.
    fn note(&mut self) -> Result<()> {
        Ok(())
    }
}

/// The seed of both: 64 bytes, as a mnemonic would give. They sign with the same keys, so each checks the other's.
pub const SEED: [u8; 64] = *b"a seed for tests; nobody has ever had a coin or a vote behind it";
