//! The state of everything, for `status`, `/status` and `/health`.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::Signature;
use super::{DeviceSeconds, DeviceState, OnChainReport, health};
use crate::advice;
use crate::device::{Pace, Seen, Session, Slot, SlotState};
use crate::hrs_text::HrsText;
use crate::signer::{ChainView, Signer};

/// The daemon, the device and the chains.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// Whether every chain signs.
    pub healthy: bool,
    /// One line: what signs, or why not and what to do.
    pub verdict: String,
    /// What the device says of itself; none while it is away.
    pub device: Option<Session>,
    /// How the device is.
    pub device_state: DeviceState,
    /// Why the device is away or not sound, and the cure.
    pub fault: Option<String>,
    /// Lines of the daemon's log that its reader did not take.
    pub log_lines_dropped: u64,
    /// The chains of the config.
    pub chains: Vec<ChainReport>,
}

/// A chain since the daemon started.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChainReport {
    /// Chain id.
    pub chain: String,
    /// Why it does not sign, and the cure. None: it signs.
    pub problem: Option<String>,
    /// What needs a person although it signs, and the cure.
    pub warning: Option<String>,
    /// How long its state file has been behind what a reply waits for.
    pub state_file_behind_seconds: f64,
    /// The installation it is pinned to, in hex.
    pub installation: String,
    /// The highest place requested: an upper bound of what may be signed.
    pub highest_requested: HrsText,
    /// A mark that the owner was asked for, and of which nobody told yet what came of it.
    pub intention: Option<HrsText>,
    /// The last place signed since the start.
    pub last: Option<HrsText>,
    /// Whether it is stopped until another device is adopted.
    pub stopped: bool,
    /// What its slot on the pinned installation is; null while that is not there, or the chain not on it.
    pub state: Option<SlotState>,
    /// Years until its flash is at its rated life, at the chain's pace, or at an assumed one in the first hour; null where
    /// no flash wears or none is seen.
    pub years_left: Option<f64>,
    /// Seconds since the last new signature; before the first one, since the daemon started.
    pub signature_age_seconds: f64,
    /// Its nodes.
    pub nodes: Vec<NodeReport>,
    /// The last refusal, in words.
    pub last_refusal: Option<String>,
    /// Signatures delivered.
    pub signatures: u64,
    /// Signatures a day, by those delivered. None in the first hour, and while there are none.
    pub signatures_a_day: Option<u64>,
    /// Requests refused.
    pub refusals: u64,
    /// Requests met with silence.
    pub silences: u64,
    /// How long the device is at each kind of message.
    pub device_seconds: DeviceSeconds,
    /// What a block costs: the median wait for a prevote and that for a precommit with its extension. Null before both.
    pub signing_seconds: Option<f64>,
    /// Whether the chain has our signatures. Null: the config names no `rpc`.
    pub on_chain: Option<OnChainReport>,
    /// Heights without a precommit signed here, below one with it: as many blocks were missed, or the node was synced.
    pub heights_missed: u64,
    /// The last signatures that a node got since the start, the newest first.
    pub recent: Vec<SignatureReport>,
}

/// A signature that a node got.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SignatureReport {
    /// What was signed.
    pub place: HrsText,
    /// Seconds from the request to the verified signature.
    pub took_seconds: f64,
    /// Seconds since it was given out.
    pub age_seconds: f64,
}

/// A node of a chain.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NodeReport {
    /// Its address, as the config has it.
    pub address: String,
    /// Whether its link is up.
    pub connected: bool,
    /// Seconds since it last sent something, where a node that lives would have sent something.
    pub silent_seconds: Option<u64>,
    /// Whether it has the current height, of several nodes.
    pub has_height: bool,
}

/// The state now.
pub async fn report(signer: &Signer) -> Report {
    let views = signer.views().await;
    let log_lines_dropped = signer.log_lines_dropped();
    Report { log_lines_dropped, ..of(&signer.device().seen(), &views, Instant::now()) }
}

fn recent(Signature { hrs, took, at }: &Signature, now: Instant) -> SignatureReport {
    SignatureReport {
        place: HrsText(*hrs),
        took_seconds: took.as_secs_f64(),
        age_seconds: now.saturating_duration_since(*at).as_secs_f64(),
    }
}

/// What was seen and what the chains show, as one report.
fn of(seen: &Seen, views: &[ChainView], now: Instant) -> Report {
    let device = health::device(seen, now);
    let known = device.as_ref().copied().map_err(String::as_str);
    let chains: Vec<ChainReport> = views.iter().map(|view| chain(known, view, now)).collect();
    let fault = match known {
        Ok(session) => advice::standing(session.standing).map(str::to_owned),
        Err(away) => Some(away.to_owned()),
    };
    let (healthy, verdict) = verdict(&chains);
    let device_state = DeviceState::of(seen, now);
    Report {
        healthy,
        verdict,
        device_state,
        device: known.ok().cloned(),
        fault,
        log_lines_dropped: 0,
        chains,
    }
}

fn chain(device: Result<&Session, &str>, view: &ChainView, now: Instant) -> ChainReport {
    let [signatures, refusals, silences] = view.counts;
    let signatures_a_day = a_day(signatures, view.counted);
    let pinned = device.ok().filter(|session| session.installation == view.installation);
    let slot = pinned.and_then(|session| session.chain(&view.chain));
    ChainReport {
        chain: view.chain.clone(),
        problem: health::problem(device, view),
        warning: health::warning(view),
        state_file_behind_seconds: view.disk_behind.as_secs_f64(),
        installation: hex::encode(view.installation),
        highest_requested: HrsText(view.highest_requested),
        intention: view.intention.map(|intention| HrsText(intention.highest())),
        last: view.last_signed.map(HrsText),
        stopped: view.stopped.is_some(),
        state: slot.map(|slot| slot.state),
        years_left: pinned.zip(slot).and_then(|(session, slot)| years_left(session, slot, signatures_a_day)),
        signature_age_seconds: view.signature_age.as_secs_f64(),
        nodes: view
            .nodes
            .iter()
            .map(|node| NodeReport {
                address: node.address.to_string(),
                connected: node.connected,
                silent_seconds: node.silent.filter(|_| node.is_silent()).map(|silent| silent.as_secs()),
                has_height: view.nodes.len() > 1 && view.owner.as_deref() == Some(&*node.address),
            })
            .collect(),
        last_refusal: view.last_refusal.clone(),
        signatures,
        signatures_a_day,
        refusals,
        silences,
        heights_missed: view.missed,
        recent: view.recent.iter().map(|signature| recent(signature, now)).collect(),
        device_seconds: DeviceSeconds::of(&view.timing),
        signing_seconds: view.timing.block.map(|block| block.as_secs_f64()),
        on_chain: view.on_chain.as_ref().map(|found| OnChainReport::of(found, &view.timing)),
    }
}

/// A file does not wear.
fn years_left(session: &Session, slot: &Slot, signatures_a_day: Option<u64>) -> Option<f64> {
    let ring = session.ring(slot.slot).filter(|_| session.target.has_buttons())?;
    Some(ring.years(slot.writes, Pace::of(signatures_a_day)))
}

/// Rounded up: what it is used for is how long flash lasts.
fn a_day(signatures: u64, counted: Duration) -> Option<u64> {
    let day = u64::from(signatures > 0 && counted >= Duration::from_secs(3600)) * 86_400;
    Some((signatures * day).div_ceil(counted.as_secs().max(1))).filter(|signatures| *signatures > 0)
}

/// One line for all chains; the first problem is told, with its cure.
fn verdict(chains: &[ChainReport]) -> (bool, String) {
    let total = chains.len();
    let count = |number: usize| format!("{number} chain{}", if number == 1 { "" } else { "s" });
    let mut troubled = chains.iter().filter_map(|chain| Some((&chain.chain, chain.problem.as_ref()?)));
    match (troubled.next(), troubled.count()) {
        (None, _) => {
            let warning = chains.iter().find_map(|chain| chain.warning.as_ref());
            let warning = warning.map_or_else(String::new, |warning| format!("; WARNING: {warning}"));
            (true, format!("SIGNING: {}{warning}", count(total)))
        }
        (Some((_, problem)), more) if more + 1 == total => (false, format!("NOT SIGNING: {problem}")),
        (Some((chain, problem)), more) => {
            let others = total - more - 1;
            (false, format!("NOT SIGNING {chain} ({} signing): {problem}", count(others)))
        }
    }
}

#[cfg(test)]
#[path = "status_tests.rs"]
pub(crate) mod tests;
