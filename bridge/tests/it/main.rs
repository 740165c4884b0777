//! The bridge against nodes of our own: polite ones, hostile ones, and ones that vanish.

mod desk;
mod drill_spare;
mod drills;
mod emulator;
mod faults;
mod harness;
mod hostile;
mod link;
mod log;
mod lost;
mod malformed;
mod mutants;
mod network;
mod oracle;
mod patience;
mod sentences;
mod signer;
mod vectors;
