//! The daemon between a node's privval socket and the device, and its command line.
//!
//! See docs/architecture.md for the rooms and docs/operations.md for running it.

#![forbid(unsafe_code)]

pub mod admin;
pub mod advice;
pub mod cli;
pub mod config;
pub mod device;
mod failure;
pub mod hrs_text;
pub mod node;
mod operator;
pub mod privval;
mod repeats;
pub mod signer;
pub mod store;
