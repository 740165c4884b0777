//! The device: one owner thread, three transports, deadlines, reopen, resync.

mod fault;
mod handle;
mod hid;
mod hosted;
mod lock;
mod owner;
mod pace;
mod session;
mod speculos;
mod turns;

pub use fault::{Fault, TransportError};
pub use handle::{Device, Died, Job, Next, Seen, Stream};
pub use lock::{Lock, LockError, LockFile, files as lock_files};
pub use session::{Session, Slot};

use std::path::Path;
use std::time::{Duration, Instant};

use highwater_core::apdu::{Command, MAX_COMMAND, ins};

use crate::config;

/// A signature may take this long: two page writes, and the owner's screens.
pub const SIGN_DEADLINE: Duration = Duration::from_secs(15);
/// Everything else.
pub const DEADLINE: Duration = Duration::from_secs(2);

/// The bytes of a command; `None` if it is longer than a device takes.
pub(crate) fn encode(command: &Command<'_>) -> Option<Vec<u8>> {
    let mut apdu = [0; MAX_COMMAND];
    let len = command.encode(&mut apdu)?;
    Some(apdu[..len].to_vec())
}

/// Whether a command asks for a signature, of a vote or proposal or of an extension.
pub(crate) fn signs(apdu: &[u8]) -> bool {
    matches!(apdu.get(1), Some(&(ins::SIGN | ins::SIGN_EXTENSION)))
}

/// A cable with a device at its end. After any error it is closed and opened anew.
pub trait Transport: Send {
    /// One command, one reply (data and status word).
    ///
    /// An error leaves the exchange undecided: the device may or may not have acted.
    fn exchange(&mut self, apdu: &[u8], deadline: Instant) -> Result<Vec<u8>, TransportError>;

    /// The same; `under_way` is called when the command is on the cable, for what is to be done beside the device's work.
    /// Not called if the command could not be sent.
    fn exchange_beside(
        &mut self,
        apdu: &[u8],
        deadline: Instant,
        under_way: &mut dyn FnMut(),
    ) -> Result<Vec<u8>, TransportError> {
        under_way();
        self.exchange(apdu, deadline)
    }

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

/// The opener that the configuration names. Opens nothing yet.
pub fn opener(config: &config::Device, state_dir: &Path) -> Box<dyn Opener> {
    match config.transport {
        config::Transport::Simulated => Box::new(hosted::Opener::new(state_dir, config.spare)),
        config::Transport::Speculos => {
            // The configuration was checked: this transport has an address.
            let address = config.address.unwrap_or_else(|| ([127, 0, 0, 1], 9999).into());
            Box::new(move || speculos::open(address))
        }
        config::Transport::Hid => Box::new(hid::Opener::new(config.serial.clone(), config.path.clone())),
    }
}
