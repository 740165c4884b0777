//! Starts and drives [Speculos](https://github.com/LedgerHQ/speculos), the emulator of Ledger devices.
//!
//! ```no_run
//! use std::time::Duration;
//! use speculos::{Button, Emulator, Model, Options, venv};
//!
//! # fn main() -> Result<(), speculos::Error> {
//! let python = venv::ensure("target".as_ref(), Model::nano_s().release())?;
//! let emulator = Emulator::start(&Options::new(&python, "app.elf"))?;
//! println!("{} listens on {}", emulator.app().name, emulator.apdu_address());
//!
//! emulator.press(Button::Both)?;
//! emulator.wait_for_text("Quit?", Duration::from_secs(10))?;
//! let flash = emulator.pull_the_plug()?;
//!
//! let again = Emulator::start(&Options::new(&python, "app.elf").nvram(flash))?;
//! # Ok(()) }
//! ```
//!
//! | room | holds |
//! | --- | --- |
//! | [`model`] | which device, and which release of Speculos plays it |
//! | [`venv`] | the pinned installation of a release |
//! | [`options`] | what to start: app, seed, NVM image |
//! | [`emulator`] | one running instance: start, health, end |
//! | `process` | the two processes, their folder and their end |
//! | `log` | what they wrote, and what that says about their death |
//! | `probe` | the one APDU that is exchanged here, to know that the app answers |
//! | `http` | Speculos' HTTP interface |
//! | [`screen`], [`buttons`], [`ticker`] | what a person sees and does, and the device's clock |
//! | [`nvram`] | images of the non-volatile memory |
//! | [`memory`] | the RAM, read while the app runs |
//!
//! **An instance is ours by construction.** Left to itself, Speculos listens on every interface, silently takes another
//! port when its own is busy, and leaves HTTP requests to whoever else has that port. So this crate binds both
//! listening sockets itself, on loopback and ports that the system picks (that of APDUs can be asked for), and hands them
//! over (`launch.py`). Whoever connects to them reaches this instance or nobody, and no port has to be guessed, checked or
//! tried again.
//!
//! **Nothing outlives us.** Dropping an [`Emulator`] kills both processes and removes their folder. If this process is
//! killed instead, or ends with an emulator in a static, the instance notices and does the same itself.
//!
//! **APDUs** are not exchanged here: [`Emulator::apdu_address`] is for a client of Speculos' TCP framing (length as u32
//! big endian, command; back comes the length of the data *without* the status word, data, status word). One client at
//! a time: a second one takes the replies from the first.

pub mod buttons;
pub mod emulator;
mod error;
mod http;
mod log;
pub mod memory;
pub mod model;
pub mod nvram;
pub mod options;
mod probe;
mod process;
pub mod screen;
pub mod ticker;
mod tools;
pub mod venv;

pub use buttons::Button;
pub use emulator::Emulator;
pub use error::Error;
pub use memory::{Memory, Ram};
pub use model::{Model, Release};
pub use nvram::Image;
pub use options::{Options, Seed};
pub use probe::App;
pub use screen::Screen;
