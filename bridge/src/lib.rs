//! The daemon between a node's privval socket and the device, and its command line.
//!
//! See docs/architecture.md for the rooms and docs/operations.md for running it.

#![forbid(unsafe_code)]

pub mod admin;
pub mod advice;
pub mod cli;
pub mod config;
pub mod device;
mod durable;
pub mod node;
pub mod place;
pub mod privval;
mod repeats;
mod state_dir;
mod trust;
mod users;
pub mod validator;
