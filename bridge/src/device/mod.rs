//! The device: one task that owns the cable, its transports, deadlines, reopening, asking who is there.

mod absence;
mod cable;
mod choice;
mod fault;
mod handle;
mod hid;
mod hosted;
mod key_number;
mod lock;
mod memory;
mod owner;
mod pace;
mod ring;
mod session;
mod slot_number;
mod speculos;
mod store;
mod told;

pub use absence::{Absence, Answer, FileError, Model, Plugged, Shows, Wanted};
pub use cable::{Awaited, Broken, Cable, Plug, threaded};
pub use choice::Pinned;
pub use fault::{Fault, TransportError};
pub use handle::{Device, Died, Exchange, Seen};
pub(crate) use handle::{Event, NoReply, Ticket};
pub use key_number::{KeyNumber, NotAKey};
pub use lock::{Lock, LockError, LockFile, files as lock_files};
pub use ring::{Pace, Ring};
pub use session::{Session, Slot, SlotState, Standing, Target};
pub use slot_number::{NotASlot, SlotNumber};
#[cfg(feature = "yubihsm")]
pub(crate) use store::accept_log;
pub(crate) use store::key_of_store;

use std::path::Path;
use std::time::{Duration, Instant};

use highwater_guard::encode;

use crate::config;

/// What writes pages or derives keys may take this long: a signature, a question to the owner, whatever opens imported keys.
pub const LONG_DEADLINE: Duration = Duration::from_secs(15);
/// Everything else. A step of what the owner approved may come before the answer.
pub const DEADLINE: Duration = Duration::from_secs(2);

/// A cable with a device at its end, whose reading and writing blocks. After any error it is closed and opened anew.
pub trait Transport: Send {
    /// One command, one reply (data and status word).
    ///
    /// An error leaves the exchange undecided: the device may or may not have acted.
    fn exchange(&mut self, apdu: &[u8], deadline: Instant) -> Result<Vec<u8>, TransportError>;

    /// The owner of a simulated device presses at the terminal; `false` where only real buttons count.
    fn press(&mut self, _approved: bool) -> bool {
        false
    }
}

/// Opens the transport again and again.
pub trait Opener: Send {
    /// A fresh cable, or why there is none.
    fn open(&mut self) -> Result<Box<dyn Transport>, TransportError>;
}

impl<F: FnMut() -> Result<Box<dyn Transport>, TransportError> + Send> Opener for F {
    fn open(&mut self) -> Result<Box<dyn Transport>, TransportError> {
        self()
    }
}

/// The opener that the configuration names. Opens nothing yet. Where several Ledgers are meant, it takes a pinned one. `all`
/// are the devices of the configuration.
pub fn opener(
    config: &config::Device,
    all: &[config::Device],
    state_dir: &Path,
    pinned: Pinned,
) -> Box<dyn Opener> {
    match config.transport {
        config::Transport::Simulated => Box::new(hosted::Opener::new(config, all, state_dir)),
        config::Transport::Yubihsm | config::Transport::Pkcs11 => {
            Box::new(store::Opener::new(config, all, state_dir))
        }
        config::Transport::Speculos => {
            // The configuration was checked: this transport has an address.
            let address = config.address.unwrap_or_else(|| ([127, 0, 0, 1], 9999).into());
            Box::new(move || speculos::open(address))
        }
        config::Transport::Hid => {
            let wanted = Wanted { serial: config.serial.clone(), path: config.path.clone() };
            Box::new(choice::Opener::new(hid::Usb::new(), wanted, pinned))
        }
    }
}

/// Where the configured device is plugged in. Opens nothing yet.
///
/// # Errors
/// The cable needs a thread, and there is none.
pub fn plug(
    config: &config::Device,
    all: &[config::Device],
    state_dir: &Path,
    pinned: Pinned,
) -> std::io::Result<Box<dyn Plug>> {
    match (config.transport, config.address) {
        (config::Transport::Speculos, Some(address)) => Ok(Box::new(speculos::Emulator(address))),
        _ => threaded(opener(config, all, state_dir, pinned)),
    }
}
