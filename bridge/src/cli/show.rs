//! What a person is shown of device and chains.

use std::fmt::Write as _;
use std::time::Duration;

use highwater_core::apdu::Status;

use crate::admin::{ChainReport, Report};
use crate::advice;
use crate::device::{Pace, Session, Slot, SlotNumber, Standing};

/// Of a value, so that a line fits a terminal of 100 columns.
const WIDTH: usize = 74;

/// Everything, as `status` prints it.
pub(super) fn report(report: &Report) -> String {
    let mut text = format!("{}\n\n", report.verdict);
    let parts = report.each();
    let devices = parts.iter().map(|shown| match (shown.session, shown.fault) {
        (Some(session), _) => device(shown.name, session),
        (None, Some(fault)) => format!("device   {}away\n{}", prefix(shown.name), line("why", fault)),
        (None, None) => format!("device   {}being opened\n", prefix(shown.name)),
    });
    text += &devices.collect::<Vec<_>>().join("\n");
    for chain in &report.chains {
        let session = report.session_of(chain);
        let slot = session.and_then(|session| session.chain(&chain.chain));
        let here = session.map(|session| hex::encode(session.installation));
        let state = match (slot, here) {
            _ if chain.stopped => "STOPPED".to_owned(),
            (Some(_), Some(here)) if here != chain.installation => {
                "pinned to another installation".to_owned()
            }
            (Some(slot), _) => slot.state.to_string(),
            (None, Some(_)) => "not approved on this device".to_owned(),
            (None, None) => "waiting for the device".to_owned(),
        };
        let _ = writeln!(text, "\nchain    {}, {state}", chain.chain);
        if let Some(device) = &chain.device {
            text += &line("device", device);
        }
        if let Some(problem) = &chain.problem {
            text += &line("problem", problem);
        }
        if let Some(warning) = &chain.warning {
            text += &line("warning", warning);
        }
        if let (Some(session), Some(slot)) = (session, slot) {
            text += &of_slot(session, slot, Pace::of(chain.signatures_a_day));
        }
        text += &of_daemon(chain);
    }
    for shown in &parts {
        let Some(session) = shown.session else { continue };
        let is_served = |slot: &&Slot| {
            let mut chains = report.chains.iter();
            chains.any(|chain| chain.chain == slot.chain && chain.device.as_deref() == shown.name)
        };
        for slot in session.slots.iter().filter(|slot| !is_served(slot)) {
            let elsewhere = report.chains.iter().find(|chain| chain.chain == slot.chain);
            let why = match elsewhere.and_then(|chain| chain.device.as_ref()) {
                Some(device) => format!("signed for on {device}"),
                None => "not in the config".to_owned(),
            };
            let _ = writeln!(text, "\nchain    {}, {}, {why}", name(slot), slot.state);
            if let Some(device) = shown.name {
                text += &line("device", device);
            }
            text += &of_slot(session, slot, Pace::Assumed);
        }
    }
    text
}

/// The device alone, as `device info` prints it.
///
/// `pinned` are the chains of the device that have a pin here.
pub(super) fn info(name: Option<&str>, session: &Session, pinned: &[&str]) -> String {
    let mut text = device(name, session);
    for slot in &session.slots {
        let number = SlotNumber::of(slot.slot);
        let _ = writeln!(text, "\nslot {number}   {}, {}", self::name(slot), slot.state);
        text += &of_slot(session, slot, Pace::Assumed);
    }
    if session.slots.is_empty() && session.standing == Standing::Sound {
        let _ = writeln!(text, "\n{}", advice::no_chain_approved(pinned));
    }
    text
}

/// In front of what is said of a device that has a name.
fn prefix(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!("{name}: "))
}

fn device(name: Option<&str>, session: &Session) -> String {
    format!(
        "device   {}{}\n         installation {}\n",
        prefix(name),
        advice::model(session),
        hex::encode(session.installation)
    ) + &line("extensions", &extensions(session))
}

fn extensions(session: &Session) -> String {
    match session.extension_fits {
        Some(bytes) if bytes >= 1 << 20 => "up to 1 MiB are signed while a node waits".to_owned(),
        Some(bytes) => format!("up to {} KiB are signed while a node waits", bytes >> 10),
        None => "not measured yet".to_owned(),
    }
}

fn of_slot(session: &Session, slot: &Slot, pace: Pace) -> String {
    let mark = match slot.state.is_unclear() {
        true => format!("unclear, at least {}", slot.mark),
        false => slot.mark.to_string(),
    };
    let mut text = line("mark", &mark);
    text += &line("highest signed", &slot.highest_signed.to_string());
    let outside = if slot.is_imported() { format!(": {}", advice::WAS_OUTSIDE) } else { String::new() };
    text += &line("key", &(advice::key(slot.key_index) + &outside));
    text += &wear(session, slot, pace);
    if slot.last_refusal != 0 {
        let reason = Status::from_word(slot.last_refusal).map_or("unknown to this version", advice::status);
        let said = format!("{}, {:04x}: {reason}", slot.refused, slot.last_refusal);
        text += &line("device refused", &said);
    }
    text
}

fn of_daemon(chain: &ChainReport) -> String {
    let mut text = line("requested", &format!("up to {}", chain.highest_requested));
    if let Some(intention) = chain.intention {
        text += &line("asked for", &format!("the owner was asked for the mark {intention}"));
    }
    for node in &chain.nodes {
        let link = node.link();
        let silent = node.silent_seconds.map_or_else(String::new, |seconds| {
            format!(", {}", advice::silent_for(Duration::from_secs(seconds)))
        });
        let height = if node.has_height { ", has this height" } else { "" };
        text += &line("node", &format!("{} {link}{silent}{height}", node.address));
    }
    let last = chain.last.map_or_else(|| "nothing yet".to_owned(), |last| last.to_string());
    let counts = format!(
        "{last} last, {} signed, {} refused, {} without answer",
        chain.signatures, chain.refusals, chain.silences
    );
    text += &line("since start", &counts);
    if let Some(refusal) = &chain.last_refusal {
        text += &line("last refusal", refusal);
    }
    if let Some(signing) = chain.signing() {
        text += &line("signing", &signing);
    }
    if let Some(found) = &chain.on_chain {
        text += &line("on chain", &found.words());
    }
    text
}

/// A name and its value, which goes on below itself where it is long.
pub(super) fn line(name: &str, value: &str) -> String {
    let mut text = format!("         {name:<15}");
    let mut column = 0;
    for word in value.split(' ') {
        let wide = word.chars().count();
        if column > 0 && column + wide > WIDTH {
            let _ = write!(text, "\n{:24}", "");
            column = 0;
        }
        let _ = write!(text, " {word}");
        column += wide + 1;
    }
    text.push('\n');
    text
}

fn name(slot: &Slot) -> &str {
    if slot.chain.is_empty() { "(unknown)" } else { &slot.chain }
}

/// What its flash has endured and will endure. The writes of a slot without a chain are not counted before the next one.
fn wear(session: &Session, slot: &Slot, pace: Pace) -> String {
    let Some(ring) = session.ring(slot.slot).filter(|_| !slot.state.is_removed()) else {
        return String::new();
    };
    let guess =
        if session.erases_assumed { format!("; {}", advice::erases_assumed(ring)) } else { String::new() };
    let writes = slot.writes;
    let mut text =
        line("wear", &format!("{} of rated life, {writes} writes{guess}", advice::percent(slot.wear_ppm)));
    // A file does not wear.
    if session.target.has_buttons() {
        text += &line("lasts", &advice::lasts(ring, writes, pace));
    }
    text
}
