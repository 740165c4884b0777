//! The bridge against nodes of our own: polite ones, hostile ones, and ones that vanish.

mod beside;
mod cuts;
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
mod lowering;
mod malformed;
mod manager;
mod manual;
mod mutants;
mod network;
mod oracle;
mod owners;
mod patience;
mod printed;
mod retired;
mod sentences;
mod signer;
mod vectors;
