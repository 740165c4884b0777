//! End to end: a real node, the bridge as an operator runs it, a device. What one device can show by itself is shown on
//! both, the simulated one and the firmware in the emulator.
//!
//! `cargo xtask test` installs and builds what this needs and says where it is.

mod application;
mod bench;
mod budgets;
mod commands;
mod demo;
mod emulator;
mod extensions;
mod framing;
mod imports;
mod inclusion;
mod kills;
mod main_job;
mod moving_in;
mod nodes;
mod page;
mod permissions;
mod prompts;
mod quorum;
mod refusals;
mod releases;
mod repeats;
mod restart;
mod secrets;
mod setup;
mod several;
mod silence;
mod stores;
mod table;
