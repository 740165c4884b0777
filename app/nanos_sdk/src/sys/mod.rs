//! The seam between this crate and the system: [`System`] says what is asked of it, [`arm`] asks the real one by traps,
//! `fake` plays it on a host. Nothing outside this folder knows on which it runs.
//!
//! Exceptions: a call that fails makes BOLOS return with the number of an exception in r1. Nothing is unwound, so each
//! failure comes back here as a plain [`Fault`].

#[cfg(target_os = "none")]
mod arm;
#[cfg(not(target_os = "none"))]
pub mod fake;
mod library;
#[cfg(not(device = "nanosplus"))]
mod mcu;
#[cfg(device = "nanosplus")]
mod served;

#[cfg(target_os = "none")]
pub(crate) use arm::Os as Sys;
#[cfg(not(target_os = "none"))]
pub(crate) use fake::Os as Sys;

use core::num::NonZeroU32;

pub(crate) use library::{Hash, Library, Number, Point};
#[cfg(not(device = "nanosplus"))]
pub(crate) use mcu::Mcu;
#[cfg(device = "nanosplus")]
pub(crate) use served::{Area, Served};

use crate::target::CELL;

/// A call failed: the number of the exception, or the error of the crypto library (`cx_err_t`).
///
/// Whether trying again helps depends on the call; whatever it was to write is to be taken as undefined.
///
/// Never zero, which is success: so a result without a value is one word, the very one the system gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault(NonZeroU32);

impl Fault {
    /// What a code of the system says.
    pub(crate) const fn check(code: u32) -> Result<(), Self> {
        match NonZeroU32::new(code) {
            None => Ok(()),
            Some(code) => Err(Self(code)),
        }
    }

    /// A failure that is none of the system's. They count down from the highest number.
    pub(crate) const fn own(nth: u32) -> Self {
        match NonZeroU32::new(!nth) {
            Some(code) => Self(code),
            None => Self(NonZeroU32::MIN),
        }
    }
}

/// What the system does for us. Lengths and addresses are checked on this side; the system is handed only what is sound.
pub(crate) trait System {
    /// Reads the cell of a page of the declared area; `page` is inside.
    fn nvm_read(page: u16, out: &mut [u8; CELL]);
    /// Writes the cell of a page of the declared area, which erases the whole page; `page` is inside.
    fn nvm_write(page: u16, data: &[u8; CELL]) -> Result<(), Fault>;

    /// SLIP-10 Ed25519 derivation. The system wants room for 64 bytes; the key is the first 32.
    fn derive(path: &[u32; 5], private: &mut [u8; 64]) -> Result<(), Fault>;
    /// The point of a private key: 4, X, Y; both big endian.
    fn public_point(private: &[u8; 32], point: &mut [u8; 65]) -> Result<(), Fault>;
    /// SHA-256. Gives the length of the digest, or another number on failure.
    fn sha256(data: &[u8], digest: &mut [u8; 32]) -> usize;
    /// Random bytes.
    fn random(out: &mut [u8]);

    /// Hands the event in hand to the user interface of the system, or asks something of it.
    fn ux(request: u8) -> Result<(), Fault>;
    /// What the user interface of the system made of it.
    fn ux_verdict() -> Result<u8, Fault>;
    /// Whether the PIN is validated at this moment: 0xAA is yes.
    fn pin_is_validated() -> Result<u32, Fault>;
    /// Version of the OS as text. Gives its length.
    fn version(out: &mut [u8]) -> Result<usize, Fault>;
    /// Flags of the OS.
    fn flags() -> Result<u32, Fault>;
    /// An entry of the app's own registration: 1 its name, 2 its version. Gives its length.
    fn app_tag(tag: u32, out: &mut [u8]) -> Result<usize, Fault>;
    /// Forgets the jump buffer of an app that ran before.
    fn forget_try_context() -> Result<(), Fault>;
    /// Ends the app, and leaves zeros of all its RAM.
    fn exit(code: u32) -> !;

    /// Zeroes what calls have left below the stack pointer. The library leaves whole scalars and nonces there.
    fn scrub();

    /// A word of the RAM between statics and the end of the stack, counted from below. `None` past its end.
    fn stack_word(index: usize) -> Option<u32>;
}

/// Ends the app because something happened after which nothing can be relied on.
pub(crate) fn die() -> ! {
    Sys::exit(FAILED)
}

/// What C apps of Ledger exit with (-1 as a byte).
pub(crate) const FAILED: u32 = 0xff;
