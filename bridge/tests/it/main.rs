//! The bridge against nodes of our own: polite ones, hostile ones, and ones that vanish.

mod bad_input;
mod beside;
mod cuts;
mod desk;
mod doctor;
mod drill_spare;
mod drills;
mod emulator;
mod faults;
mod firmware;
mod harness;
mod hostile;
#[cfg(feature = "yubihsm")]
mod hsm;
mod link;
mod link_down;
mod log;
mod lost;
mod lowering;
mod malformed;
mod manager;
mod manual;
mod moving;
mod mutants;
mod network;
mod on_chain;
mod oracle;
mod owners;
mod patience;
mod printed;
mod retired;
mod sentences;
mod setup;
mod several;
mod signer;
mod vectors;
