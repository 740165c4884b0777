//! The state of everything, for `status`, `/status` and `/health`.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::Signature;
use super::links::Host;
use super::{DeviceSeconds, DeviceState, OnChainReport, health, links};
use crate::advice;
use crate::device::{Pace, Seen, Session, Slot, SlotState};
use crate::hrs_text::HrsText;
use crate::signer::{ChainView, NodeView, Refused, Signer, Signers};

/// The daemon, the device and the chains.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// Whether every chain signs.
    pub healthy: bool,
    /// One line: what signs, or why not and what to do.
    pub verdict: String,
    /// What the device says of itself; none while it is away. Of several devices this and the next two are of the first one
    /// that is not ready, and of the first one where all are.
    pub device: Option<Session>,
    /// How the device is.
    pub device_state: DeviceState,
    /// Why the device is away or not sound, and the cure.
    pub fault: Option<String>,
    /// Each device of the config, in its order, where devices have names; empty where the one device has none.
    #[serde(default)]
    pub devices: Vec<DeviceReport>,
    /// A signer's task does not answer: its chains are not among these.
    #[serde(default)]
    pub signer_silent: bool,
    /// Lines of the daemon's log that its reader did not take.
    pub log_lines_dropped: u64,
    /// Whether this host has a network; null: no node of the config is on another machine, or the system does not tell.
    pub host_network: Option<bool>,
    /// The chains of the config.
    pub chains: Vec<ChainReport>,
}

/// A device that has a name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DeviceReport {
    /// Its name in the config.
    pub name: String,
    /// What it says of itself; none while it is away.
    pub device: Option<Session>,
    /// How it is.
    pub device_state: DeviceState,
    /// Why it is away or not sound, and the cure.
    pub fault: Option<String>,
}

/// A chain since the daemon started.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChainReport {
    /// Chain id.
    pub chain: String,
    /// The name of its device; null where the one that is alone has none.
    pub device: Option<String>,
    /// Why it does not sign, and the cure. None: it signs.
    pub problem: Option<String>,
    /// Where to look for what keeps it from signing. None: it signs.
    #[serde(default)]
    pub problem_cause: Option<Cause>,
    /// What needs a person although it signs, and the cure.
    pub warning: Option<String>,
    /// Where to look for that. None: there is no warning.
    #[serde(default)]
    pub warning_cause: Option<Cause>,
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
    /// What was refused since the start, by reason, the newest first.
    pub refused: Vec<RefusedReport>,
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

/// Where to look for what keeps a chain from signing, or needs a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Its device.
    Device,
    /// This host has no network.
    Network,
    /// What lies between this host and a node.
    Link,
    /// Another signer of its key: DOUBLE-SIGN RISK.
    Elsewhere,
    /// The chain itself: its slot, its file, its nodes, what they ask.
    Other,
}

/// What keeps a chain from signing, or needs a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) cause: Cause,
    /// Cause and cure, in words.
    pub(crate) text: String,
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

/// Why requests were refused.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RefusedReport {
    /// The reason, as the metrics and the log have it: the word behind `refused.`, or `device_` and the device's status word.
    pub reason: String,
    /// How often since the start.
    pub times: u64,
    /// The last place that was asked for, as height/round/step; null: what was asked is no request to sign for this chain.
    pub asked: Option<HrsText>,
    /// The node that asked last.
    pub node: String,
    /// When it asked last, by the clock of the daemon's machine, in UTC.
    pub at: String,
    /// Seconds since then.
    pub age_seconds: f64,
    /// What it was told the last time: cause and cure.
    pub text: String,
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
    /// Seconds since its link went down, or since the daemon started; null: it is up.
    pub down_seconds: Option<f64>,
    /// Why it could not be dialled the last time, and the cure; null: it could, or was not yet.
    pub complaint: Option<String>,
    /// Whether nothing came from its machine then, while this host has a network: what lies between the two is at fault.
    pub link_cut: bool,
}

impl NodeReport {
    /// How its link is, and for how long.
    pub(crate) fn link(&self) -> String {
        let down = self.down_seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        match (self.connected, down) {
            (true, _) => "connected".to_owned(),
            (false, None) => "not connected".to_owned(),
            (false, Some(down)) => {
                let cut = if self.link_cut { ", the link is cut" } else { "" };
                format!("not connected for {}{cut}", advice::duration(down))
            }
        }
    }
}

/// So long is waited for what a signer's task tells. It waits for nobody itself.
const PATIENCE: Duration = Duration::from_secs(2);

/// The state now. A signer whose task hangs or has ended is not waited for, and is told.
pub async fn report(signers: &Signers) -> Report {
    let now = async |signer: &Signer| {
        let views = timeout(PATIENCE, signer.views()).await.ok().flatten();
        (signer.name().map(str::to_owned), signer.device().seen(), views)
    };
    let each = join_all(signers.each().iter().map(now)).await;
    let silent = each.iter().find(|(.., views)| views.is_none());
    let silent =
        silent.map(|(name, ..)| advice::of_device(name.as_deref(), advice::signer_silent().to_owned()));
    let told = |(name, seen, views): (_, _, Option<_>)| (name, seen, views.unwrap_or_default());
    let each: Vec<OfDevice> = each.into_iter().map(told).collect();
    let log_lines_dropped = signers.each().first().map_or(0, Signer::log_lines_dropped);
    let far = links::far(each.iter().flat_map(|(.., views)| views));
    let host = links::look(&far).await;
    let report = Report { log_lines_dropped, ..of(&each, host.as_ref(), Instant::now()) };
    match silent {
        // Its chains are not known, and a chain that is not known does not sign.
        Some(why) => {
            Report { healthy: false, verdict: format!("NOT SIGNING: {why}"), signer_silent: true, ..report }
        }
        None => report,
    }
}

impl Report {
    /// Each device; at least one.
    pub(crate) fn each(&self) -> Vec<Shown<'_>> {
        let Self { device, device_state, fault, .. } = self;
        let only =
            Shown { name: None, session: device.as_ref(), state: *device_state, fault: fault.as_deref() };
        match self.devices.is_empty() {
            true => vec![only],
            false => self.devices.iter().map(Shown::of).collect(),
        }
    }

    /// The device of this name; without one, the one that is alone.
    pub(crate) fn on(&self, name: Option<&str>) -> Option<Shown<'_>> {
        match (name, &self.each()[..]) {
            (Some(_), each) => each.iter().find(|device| device.name == name).copied(),
            (None, [only]) => Some(*only),
            (None, _) => None,
        }
    }

    /// What the device of a chain says of itself.
    pub(crate) fn session_of(&self, chain: &ChainReport) -> Option<&Session> {
        self.on(chain.device.as_deref())?.session
    }

    /// Why the device of a chain is away or not sound, as the chain says it.
    pub(crate) fn fault_of(&self, chain: &ChainReport) -> Option<String> {
        let device = self.on(chain.device.as_deref())?;
        Some(advice::of_device(device.name, device.fault?.to_owned()))
    }
}

/// A device as a report has it, with a name or without.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) session: Option<&'a Session>,
    pub(crate) state: DeviceState,
    pub(crate) fault: Option<&'a str>,
}

impl<'a> Shown<'a> {
    fn of(report: &'a DeviceReport) -> Self {
        let DeviceReport { name, device, device_state, fault } = report;
        Self { name: Some(name), session: device.as_ref(), state: *device_state, fault: fault.as_deref() }
    }
}

fn recent(Signature { hrs, took, at }: &Signature, now: Instant) -> SignatureReport {
    SignatureReport {
        place: HrsText(*hrs),
        took_seconds: took.as_secs_f64(),
        age_seconds: now.saturating_duration_since(*at).as_secs_f64(),
    }
}

impl RefusedReport {
    pub(crate) fn of(refused: &Refused, now: Instant) -> Self {
        Self {
            reason: refused.reason.clone(),
            times: refused.times,
            asked: refused.asked.map(HrsText),
            node: refused.node.to_string(),
            at: httpdate::fmt_http_date(refused.clock),
            age_seconds: now.saturating_duration_since(refused.at).as_secs_f64(),
            text: refused.text.clone(),
        }
    }
}

/// A device by its name, what was seen of it, and what its chains show.
type OfDevice = (Option<String>, Seen, Vec<ChainView>);

/// All of them as one report.
fn of(each: &[OfDevice], host: Option<&Host>, now: Instant) -> Report {
    let mut devices = Vec::new();
    let mut chains: Vec<ChainReport> = Vec::new();
    // Where a chain is that its own device does not have.
    let sessions = each
        .iter()
        .filter_map(|(name, seen, _)| Some((name.as_deref()?, health::device(seen, now).ok()?.installation)));
    let installations: Vec<_> = sessions.collect();
    for (name, seen, views) in each {
        let device = health::device(seen, now);
        let known = device.as_ref().copied().map_err(String::as_str);
        let of_chain = |view| {
            let told = chain(known, view, &installations, host, now);
            let copied = || copied(name.as_deref()?, known.ok()?, &installations);
            match told.warning {
                Some(_) => told,
                None => {
                    let warning = copied();
                    ChainReport { warning_cause: warning.is_some().then_some(Cause::Device), warning, ..told }
                }
            }
        };
        chains.extend(views.iter().map(of_chain));
        let fault = match known {
            Ok(session) => advice::standing(session.standing).map(str::to_owned),
            Err(away) => Some(away.to_owned()),
        };
        let (device_state, device) = (DeviceState::of(seen, now), known.ok().cloned());
        let name = name.clone().unwrap_or_default();
        devices.push(DeviceReport { name, device, device_state, fault });
    }
    let (healthy, verdict) = verdict(&chains, &devices);
    let worst = devices.iter().find(|device| device.device_state != DeviceState::Ready);
    let shown = worst.or(devices.first());
    Report {
        healthy,
        verdict,
        device_state: shown.map_or(DeviceState::Opening, |shown| shown.device_state),
        device: shown.and_then(|shown| shown.device.clone()),
        fault: shown.and_then(|shown| shown.fault.clone()),
        devices: if each.iter().all(|(name, ..)| name.is_some()) { devices } else { Vec::new() },
        signer_silent: false,
        log_lines_dropped: 0,
        host_network: host.map(Host::is_up),
        chains,
    }
}

/// Two devices that show one installation: the pin, by which a chain knows its device, does not tell them apart.
fn copied(name: &str, session: &Session, installations: &[(&str, [u8; 16])]) -> Option<String> {
    let twin =
        |(other, installation): &&(&str, [u8; 16])| *other != name && *installation == session.installation;
    installations.iter().find(twin).map(|(other, _)| advice::one_installation(name, other))
}

fn chain(
    device: Result<&Session, &str>,
    view: &ChainView,
    installations: &[(&str, [u8; 16])],
    host: Option<&Host>,
    now: Instant,
) -> ChainReport {
    let [signatures, refusals, silences] = view.counts;
    let signatures_a_day = a_day(signatures, view.counted);
    let pinned = device.ok().filter(|session| session.installation == view.installation);
    let slot = pinned.and_then(|session| session.chain(&view.chain));
    let problem = health::problem(device, view, installations, host);
    let warning = health::warning(view, host, problem.is_none());
    ChainReport {
        chain: view.chain.clone(),
        device: view.device.as_deref().map(str::to_owned),
        problem_cause: problem.as_ref().map(|problem| problem.cause),
        problem: problem.map(|problem| problem.text),
        warning_cause: warning.as_ref().map(|warning| warning.cause),
        warning: warning.map(|warning| warning.text),
        state_file_behind_seconds: view.disk_behind.as_secs_f64(),
        installation: hex::encode(view.installation),
        highest_requested: HrsText(view.highest_requested),
        intention: view.intention.map(|intention| HrsText(intention.highest())),
        last: view.last_signed.map(HrsText),
        stopped: view.stopped.is_some(),
        // A damaged slot has lost the name of its chain.
        state: slot.or_else(|| pinned?.perhaps(&view.chain)).map(|slot| slot.state),
        years_left: pinned.zip(slot).and_then(|(session, slot)| years_left(session, slot, signatures_a_day)),
        signature_age_seconds: view.signature_age.as_secs_f64(),
        nodes: view.nodes.iter().map(|of| node(view, of, host)).collect(),
        last_refusal: view.last_refusal.clone(),
        refused: view.refused.iter().map(|refused| RefusedReport::of(refused, now)).collect(),
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

fn node(view: &ChainView, node: &NodeView, host: Option<&Host>) -> NodeReport {
    let cut = links::cut(&view.chain, node, host);
    NodeReport {
        address: node.address.to_string(),
        connected: node.connected,
        silent_seconds: node.silent.filter(|_| node.is_silent()).map(|silent| silent.as_secs()),
        has_height: view.nodes.len() > 1 && view.owner.as_deref() == Some(&*node.address),
        down_seconds: node.down.map(|down| down.as_secs_f64()),
        link_cut: cut.is_some(),
        complaint: cut.or_else(|| node.complaint.as_deref().map(str::to_owned)),
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
fn verdict(chains: &[ChainReport], devices: &[DeviceReport]) -> (bool, String) {
    let total = chains.len();
    let count = |number: usize| format!("{number} chain{}", if number == 1 { "" } else { "s" });
    // Whatever may sign twice comes first. An HSM's own log tells of its keys.
    let elsewhere = |device: &&DeviceReport| device.device_state == DeviceState::SignedElsewhere;
    let by_log = |chain: &ChainReport| {
        let mut accused = devices.iter().filter(elsewhere);
        accused.any(|device| chain.device.as_deref().is_none_or(|name| name == device.name))
    };
    let at_risk = |chain: &ChainReport| chain.is_at_risk() || by_log(chain);
    let first = |said: fn(&ChainReport) -> Option<&String>| {
        let told = chains.iter().filter_map(|chain| Some((chain, said(chain)?)));
        told.min_by_key(|(chain, _)| !at_risk(chain))
    };
    let warned = first(|chain| chain.warning.as_ref());
    let told = |warned: Option<(&ChainReport, &String)>| {
        warned.map_or_else(String::new, |(_, warning)| format!("; WARNING: {warning}"))
    };
    let signing = chains.iter().filter(|chain| chain.problem.is_none()).count();
    match first(|chain| chain.problem.as_ref()) {
        None => (true, format!("SIGNING: {}{}", count(total), told(warned))),
        Some((_, problem)) if signing == 0 => (false, format!("NOT SIGNING: {problem}")),
        Some((ChainReport { chain, .. }, problem)) => {
            let risk = told(warned.filter(|(chain, _)| at_risk(chain)));
            (false, format!("NOT SIGNING {chain} ({} signing): {problem}{risk}", count(signing)))
        }
    }
}

#[cfg(test)]
#[path = "status_tests.rs"]
pub(crate) mod tests;
