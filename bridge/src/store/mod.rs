//! All that is written in the state directory.
//!
//! | module | holds |
//! | --- | --- |
//! | `durable` | files that a power cut leaves old or new, never half |
//! | `pins` | key and installation of each chain, pinned when it was added |
//! | `chain_file`, `form` | the state file of a chain: its record |
//! | `writer` | the thread that writes records beside the device's work |

mod chain_file;
pub(crate) mod durable;
mod form;
mod pins;
mod writer;

pub use chain_file::{ChainFile, ChainFileError, path as chain_file_path};
pub use pins::{Pin, Pins, PinsError};
pub(crate) use writer::{Done, Writer};
