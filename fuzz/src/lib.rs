//! What is fuzzed. Each module is a target: `run` panics if a promise is broken.

pub mod canonical;
pub mod flash;
pub mod hid;
// The tests of `core` take this file for the other targets; those of `moving` are run by the crate they are of.
#[cfg(not(test))]
pub mod moving;
pub mod signer;
pub mod story;
pub mod table;
