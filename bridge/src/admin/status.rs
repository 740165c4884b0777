//! The state of everything, for `status` and `/status`.

use serde::{Deserialize, Serialize};

use crate::advice;
use crate::device::{Device, Session};
use crate::place::Place;
use crate::validator::Validator;

/// The daemon, the device and the chains.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Whether the device answers and is sound, and no chain is stopped.
    pub healthy: bool,
    /// What the device says of itself; none while it is away.
    pub device: Option<Session>,
    /// Why it is not healthy, and the cure.
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
    /// Why it is stopped until another device is adopted, if so.
    pub stopped: Option<String>,
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
            stopped: validator.fallen(),
            last_refusal: validator.last_refusal(),
            signatures,
            refusals,
            silences,
        }
    });
    let chains: Vec<ChainReport> = chains.collect();
    let sound = seen.session.as_ref().is_some_and(|session| session.standing == 0);
    // One word to a watcher: the cause of a stopped chain comes before the device's.
    let stopped = chains.iter().find_map(|chain| chain.stopped.clone());
    let standing = || match &seen.session {
        Some(session) => advice::standing(session.standing),
        None => Some(advice::being_opened()),
    };
    Report {
        healthy: sound && stopped.is_none(),
        fault: stopped
            .or_else(|| seen.fault.as_ref().map(advice::fault))
            .or_else(|| standing().map(str::to_owned)),
        chains,
        device: seen.session,
    }
}
