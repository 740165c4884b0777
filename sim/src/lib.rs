//! The signer of `highwater-core` on simulated flash that tears, with software keys and a scripted owner.
//!
//! It is the device of tests and of fuzzing. Its keys are derived by `highwater-hosted`, whose device
//! `transport = "simulated"` runs, so that the derivation is written once.

#![forbid(unsafe_code)]

mod ask;
pub mod audit;
mod cable;
pub mod driver;
pub mod explore;
pub mod extend;
pub mod host;
mod keys;
mod medium;
pub mod model;
mod owner;
pub mod powercut;
pub mod refusals;
pub mod script;
pub mod sealed;
mod stream;
mod tear;
pub mod vault;
mod world;

use highwater_core::rings::Rings;

pub use ask::{Ask, sign_bytes};
pub use cable::Cable;
pub use extend::Extend;
pub use keys::Keys;
pub use medium::{Fault, Medium};
pub use owner::Owner;
pub use tear::Tear;
pub use world::{Derives, SimDevice, World};

/// The rings of a Nano S, the default.
pub const RINGS: Rings = Rings::equal(256);
