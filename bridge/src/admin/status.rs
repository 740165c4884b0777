//! The state of everything, for `status` and `/status`.

use serde::{Deserialize, Serialize};

use crate::advice;
use crate::device::{Device, Session};
use crate::place::Place;
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
    /// The installation it is pinned to, in hex.
    pub installation: String,
    /// The highest place ever asked of a device.
    pub asked: Place,
    /// The last place signed.
    pub last: Option<Place>,
    /// The last refusal, in words.
    pub last_refusal: Option<String>,
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
        ChainReport {
            chain: validator.chain().to_owned(),
            installation: hex::encode(validator.installation()),
            asked: Place(validator.asked()),
            last: validator.last().map(Place),
            last_refusal: validator.last_refusal(),
            signatures,
            refusals,
            silences,
        }
    });
    Report {
        healthy: seen.session.as_ref().is_some_and(|session| session.standing == 0),
        fault: seen.fault.as_ref().map(advice::fault),
        chains: chains.collect(),
        device: seen.session,
    }
}
