//! The app's image on its way to a device: what it is, what the loader is told of it, and what the device says.
//!
//! The owner holds a folder with an image. Two questions are answered here, without a word to a stranger: is this the image
//! that this version was built beside, and is it what the device has.
//!
//! | module | holds |
//! | --- | --- |
//! | `facts` | what a loader is told of an image |
//! | `image` | a folder with an image, read and judged |
//! | `records` | Intel HEX |
//! | `dashboard` | a Ledger, whatever is open on it |
//! | `loader` | ledgerblue: its environment, its command line, what it says |
//! | `install`, `verify` | the procedures |

mod dashboard;
mod environment;
mod facts;
mod image;
mod install;
mod loader;
mod records;
mod verify;

pub(crate) use environment::{Environment, PACKAGE};
pub(crate) use facts::Facts;
pub(crate) use image::Image;
pub(crate) use install::{Order, lines, prepare};
pub(crate) use verify::{Found, Printed, Verified, verify};

use std::net::SocketAddr;
use std::path::PathBuf;

/// Which image is meant, and where a device is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// The device's name, as `nanosplus`.
    pub(crate) device: Option<String>,
    /// The folder of the image.
    pub(crate) folder: Option<PathBuf>,
    /// A device that is played there. For tests.
    pub(crate) emulator: Option<SocketAddr>,
}
