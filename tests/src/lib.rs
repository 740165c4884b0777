//! What end-to-end tests and the demo are staged with: a real node, the bridge as an operator runs it, and
//! helpers that start, watch and stop them.

#![forbid(unsafe_code)]

pub mod bridge;
pub mod cometbft;
pub mod harness;
pub mod process;
