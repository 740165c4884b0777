//! The old signer's files on the disk: the I/O of `highwater-moving`, but for the chain itself, which `rpc` asks.
//!
//! | module | holds |
//! | --- | --- |
//! | `file` | reading a file as it is found |
//! | `retire` | carrying out a plan, durably |
//!
mod file;
mod retire;

pub(crate) use file::{OldFile, founds};
pub(crate) use retire::{carry_out, may_write};
