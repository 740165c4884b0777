//! End to end: a real node, the bridge as an operator runs it, a device.
//!
//! `cargo xtask test` installs the node and tells us where it is.

mod main_job;
mod nodes;
mod stage;
