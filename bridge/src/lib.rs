//! The daemon between a node's privval socket and the device, and its command line.
//!
//! See docs/architecture.md for the rooms and docs/operations.md for running it.

#![forbid(unsafe_code)]

pub mod admin;
pub mod advice;
#[allow(clippy::disallowed_macros, reason = "a command prints its result and its questions")]
pub mod cli;
pub mod config;
pub mod device;
mod durable;
pub mod node;
pub mod place;
pub mod privval;
mod repeats;
pub mod validator;
