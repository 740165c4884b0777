//! What end-to-end tests and the demo are staged with: a device in hand (simulated, or the firmware in the emulator),
//! a real node, the bridge as an operator runs it, and helpers that start, watch and stop them.
//!
//! | room | holds |
//! | --- | --- |
//! | [`device`] | a device in hand: commands, buttons, screen, clock, plug |
//! | [`stage`] | a device with a chain approved, and short words for what a host asks of it |
//! | [`mod@bench`] | one stage for all tests of a module |
//! | [`request`] | what a node wants signed |
//! | [`extend`] | its vote extensions |
//! | [`store`] | key stores beside the host |
//! | [`validator`] | a chain of one validator whose key is the device's |
//! | [`four`] | a chain of four validators, one of which is ours |
//! | [`harness`] | a node played in Rust, for every version and link |
//! | [`application`] | an application with vote extensions |
//! | [`browser`] | a browser without a window |
//! | [`bridge`], [`cometbft`], [`tmkms`], [`process`] | the programs |
//! | [`tools`] | where they are |
//! | [`usage`] | what they use |
//! | [`interrupt`] | the end that a person asks for |

#![forbid(unsafe_code)]

pub mod application;
pub mod bench;
pub mod bridge;
pub mod browser;
pub mod cometbft;
pub mod device;
pub mod extend;
pub mod four;
pub mod harness;
pub mod interrupt;
pub mod process;
pub mod request;
pub mod stage;
pub mod store;
pub mod tmkms;
pub mod tools;
pub mod usage;
pub mod validator;
