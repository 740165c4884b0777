//! The daemon between a node's privval socket and the device, and its command line.
//!
//! See docs/architecture.md for the rooms and docs/install.md and docs/every-day.md for running it.

#![forbid(unsafe_code)]
// Both panic where nobody reads any more: `cli::say`, `log`.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod admin;
pub mod advice;
pub mod cli;
pub mod config;
pub mod device;
mod failure;
pub mod hrs_text;
pub mod log;
#[cfg(test)]
mod manual_tests;
pub mod node;
mod old_signer;
mod operator;
pub mod privval;
mod repeats;
mod rpc;
pub mod signer;
mod state_dir;
pub mod store;
mod trust;
mod typed;
mod users;
pub mod watchdog;
