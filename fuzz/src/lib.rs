//! What is fuzzed. Each module is a target: `run` panics if a promise is broken.

pub mod canonical;
pub mod flash;
pub mod hid;
pub mod signer;
pub mod story;
pub mod table;
