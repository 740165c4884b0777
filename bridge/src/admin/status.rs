//! The state of everything, for `status` and `/status`.

use serde::{Deserialize, Serialize};

use crate::advice;
use crate::device::{Device, Session};
use crate::validator::Validator;

/// The daemon, the device and the chains.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Whether the device answers and is sound.
    pub healthy: bool,
    /// What the device says of itself; none while it is away.
    pub device: Option<Session>,
    /// Why it is away, and the cure.
    pub fault: Option<String>,
    /// The chains of the config.
    pub chains: Vec<ChainReport>,
}

/// A chain since the daemon started.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChainReport {
    /// Chain id.
    pub chain: String,
    /// The last place signed, as height/round/step.
    pub last: Option<String>,
    /// Signatures released.
    pub signatures: u64,
    /// Requests refused.
    pub refusals: u64,
    /// Requests met with silence.
    pub silences: u64,
}

/// The state now.
pub fn report(device: &Device, validators: &[Validator]) -> Report {
    let seen = device.seen();
    let chains = validators.iter().map(|validator| {
        let [signatures, refusals, silences] = validator.counts();
        let last = validator.last().map(|hrs| hrs.to_string());
        ChainReport { chain: validator.chain().to_owned(), last, signatures, refusals, silences }
    });
    Report {
        healthy: seen.session.as_ref().is_some_and(|session| session.standing == 0),
        fault: seen.fault.as_ref().map(advice::fault),
        chains: chains.collect(),
        device: seen.session,
    }
}
