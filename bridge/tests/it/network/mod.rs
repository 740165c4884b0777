//! Bad networks, simulated: delays, losses, half-open links, old links beside new ones. Real are the bridge's node tasks,
//! the handshakes, the validators, the device's thread and the signer; simulated are the links and the time.
//!
//! The simulator sends nothing twice, so one lost segment silences a connection for good: each loss is a half-open link.

mod faults;
mod node;
mod stage;
