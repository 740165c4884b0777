//! BOLOS runtime for an app on the Ledger Nano S and Nano S Plus, in Rust alone.
//!
//! BOLOS is the system of a Ledger's secure element. An app is an image in flash that BOLOS jumps into; it asks for
//! services by system calls, and talks to the world (screen, buttons, USB) by packets through a second chip, the MCU
//! (the protocol is called SEPROXYHAL), or has the system do so.
//!
//! | room | holds |
//! | --- | --- |
//! | [`entry!`] | the first instructions, the static state of the app, its name and version for the loader |
//! | [`io`] | the event loop, of one of the next two |
//! | `mcu` | a device whose MCU drives: one status for every event, the app's own HID device, a picture in pieces |
//! | `served` | a device whose system drives: commands come whole, drawing is a call |
//! | [`screen`], [`Button`] | pictures of the app; buttons |
//! | [`nvm`] | flash pages |
//! | [`crypto`] | SHA-256, randomness, SLIP-10 Ed25519 keys |
//! | [`os`], [`stack`] | lock state, version, exit; how deep the stack went |
//! | [`target`] | everything that is a constant of the device |
//! | `sys` | the system calls. The only place that differs between device and host |
//!
//! On a host all of it compiles and runs against [`fake`], a kernel that plays BOLOS and MCU and fails on demand.
//!
//! What does not exist here, because the app runs at another address than it is linked at, and so pointers in constant
//! data are wrong: `dyn`, `core::fmt`, tables of functions or of `&str`. `cargo xtask firmware` refuses an image with such.
#![cfg_attr(target_os = "none", no_std)]

mod buttons;
pub mod crypto;
pub mod entry;
mod event;
#[cfg(not(device = "nanosplus"))]
mod mcu;
pub mod nvm;
pub mod os;
#[cfg(any(test, device = "nanosplus"))]
#[doc(hidden)]
pub mod parameters;
pub mod screen;
#[cfg(device = "nanosplus")]
mod served;
pub mod stack;
mod sys;
pub mod target;

#[cfg(not(device = "nanosplus"))]
pub use mcu::{io, usb};
#[cfg(device = "nanosplus")]
pub use served::io;

#[cfg(not(target_os = "none"))]
pub use sys::fake;

pub use buttons::Button;
pub use crypto::{Crypto, Key, Nonce, Stream, hardened};
pub use event::Event;
pub use io::{Host, Io, Packet};
pub use nvm::Nvm;
pub use os::Os;
pub use sys::Fault;
#[cfg(not(device = "nanosplus"))]
pub use usb::SendError;

/// Everything BOLOS gives an app. There is one; take it apart to borrow the parts separately.
#[derive(Debug)]
pub struct Bolos {
    /// Events, reports, screen.
    pub io: Io,
    /// Flash pages.
    pub nvm: Nvm,
    /// Hashing, randomness, keys.
    pub crypto: Crypto,
    /// Lock state, version, exit.
    pub os: Os,
    /// Room for one event, apart from `io`, so that a report can be read while its answer is sent.
    pub packet: Packet,
}

impl Bolos {
    pub(crate) const fn new() -> Self {
        Self { io: Io::new(), nvm: Nvm::new(), crypto: Crypto::new(), os: Os::new(), packet: Packet::new() }
    }
}
