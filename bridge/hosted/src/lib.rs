//! The signer of `highwater-core` in a process of this host: `core::env` with the marks in a synced file and the keys in
//! a [`KeyStore`].
//!
//! A hosted device answers the same commands by the same rules as a Ledger, and its journal survives the same faults.
//! It is no hardware double-sign protection: whoever restores an old copy of the file has an old mark
//! (docs/decisions/0013-hosted-devices.md says which guarantee holds).
//!
//! | module | what |
//! | --- | --- |
//! | `audit` | a store's log, held against what was asked of it |
//! | `device` | one device: a command in, a reply out |
//! | `flash` | cells in a file: written, synced, read back |
//! | `keys` | the seam to a key store, and the store that is a file |
//! | `streaming` | a long vote extension, held whole |
//! | `world` | all of it behind `core::env` |
//! | `files` | files that nobody else reads, made whole or not at all |
//! | `fault` | what can go wrong |

#![forbid(unsafe_code)]

pub mod audit;
mod device;
mod fault;
mod files;
mod flash;
pub mod keys;
mod streaming;
mod world;

pub use device::Device;
pub use fault::Fault;
pub use files::{ASIDE, empty_aside, password, read_wiped};
pub use flash::{Disk, FlashFile, RINGS};
pub use keys::{FileKeys, KeyFault, KeyStore};
