//! A report in words, for whoever draws it: the terminal's `status --watch` and the page in a browser say the same.

use std::time::Duration;

use super::{ChainReport, NodeReport, Report, Shown};
use crate::advice;
use crate::device::Slot;

/// How words are meant. Beside them, never instead: where no colour is seen, nothing is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Good,
    Bad,
    Care,
    Dim,
}

/// Words, and how they are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) tone: Tone,
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// A few words for a title.
    pub(crate) headline: Said,
    /// What signs, or why not and what to do.
    pub(crate) verdict: String,
    /// Each device first, then each chain.
    pub(crate) parts: Vec<Part>,
}

/// A device or a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) kind: &'static str,
    pub(crate) name: Said,
    /// How it fares.
    pub(crate) word: Option<Said>,
    /// Causes and cures.
    pub(crate) sentences: Vec<Said>,
    pub(crate) rows: Vec<Row>,
    /// Its last signatures, the newest first.
    pub(crate) recent: Vec<Recent>,
}

/// A name and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) value: Said,
}

/// A signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recent {
    pub(crate) place: String,
    pub(crate) took: String,
    pub(crate) ago: String,
}

/// Of a daemon that does not answer.
pub(crate) const NO_DAEMON: &str = "NO DAEMON";

impl Said {
    pub(crate) fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone }
    }
}

impl Picture {
    /// Of a report.
    pub(crate) fn of(report: &Report) -> Self {
        let mut parts: Vec<Part> = report.each().iter().map(device).collect();
        // They are of the daemon, and it has no part of its own.
        if let Some(first) = parts.first_mut() {
            first.sentences.extend(dropped(report));
        }
        parts.extend(report.chains.iter().map(|of| chain(report, of)));
        let headline = headline(report);
        // The title has these words already.
        let title = format!("{}: ", headline.text);
        let verdict = report.verdict.strip_prefix(&title).unwrap_or(&report.verdict).to_owned();
        Self { headline, verdict, parts }
    }
}

fn headline(report: &Report) -> Said {
    let elsewhere = report.chains.iter().any(ChainReport::is_signed_elsewhere);
    let warned = report.chains.iter().any(|chain| chain.warning.is_some());
    match (report.healthy, warned) {
        (false, _) if elsewhere => Said::new(Tone::Bad, "NOT SIGNING, DOUBLE-SIGN RISK"),
        (true, _) if elsewhere => Said::new(Tone::Bad, "SIGNING, DOUBLE-SIGN RISK"),
        (false, _) => Said::new(Tone::Bad, "NOT SIGNING"),
        (true, true) => Said::new(Tone::Care, "SIGNING, WITH A WARNING"),
        (true, false) => Said::new(Tone::Good, "SIGNING"),
    }
}

fn device(shown: &Shown<'_>) -> Part {
    let (tone, text) = match (shown.session, shown.fault) {
        (Some(session), _) => (Tone::Plain, advice::model(session)),
        (None, Some(_)) => (Tone::Bad, "away".to_owned()),
        (None, None) => (Tone::Plain, "being opened".to_owned()),
    };
    let name = shown.name.map_or_else(String::new, |name| format!("{name}: "));
    let sentences = shown.fault.into_iter().map(|fault| Said::new(Tone::Bad, fault)).collect();
    Part {
        kind: "device",
        name: Said::new(tone, name + &text),
        word: None,
        sentences,
        rows: Vec::new(),
        recent: Vec::new(),
    }
}

fn dropped(report: &Report) -> Option<Said> {
    let lines = Some(report.log_lines_dropped).filter(|lines| *lines > 0)?;
    Some(Said::new(Tone::Care, format!("{lines} lines of the log were dropped")))
}

fn chain(report: &Report, chain: &ChainReport) -> Part {
    let elsewhere = chain.is_signed_elsewhere();
    let word = match chain.problem {
        _ if chain.stopped => Said::new(Tone::Bad, "STOPPED: DOUBLE-SIGN RISK"),
        Some(_) if elsewhere => Said::new(Tone::Bad, "does not sign: DOUBLE-SIGN RISK"),
        None if elsewhere => Said::new(Tone::Bad, "signs: DOUBLE-SIGN RISK"),
        Some(_) => Said::new(Tone::Bad, "does not sign"),
        None => Said::new(Tone::Good, "signs"),
    };
    // The device says it already.
    let problem = chain.problem.as_ref().filter(|problem| report.fault_of(chain).as_ref() != Some(problem));
    let problem = problem.map(|problem| Said::new(Tone::Bad, problem));
    let warning = chain
        .warning
        .as_ref()
        .map(|warning| Said::new(if elsewhere { Tone::Bad } else { Tone::Care }, warning));
    let slot = report.session_of(chain).and_then(|session| session.chain(&chain.chain));
    Part {
        kind: "chain",
        name: Said::new(Tone::Plain, &chain.chain),
        word: Some(word),
        sentences: problem.into_iter().chain(warning).collect(),
        rows: rows(chain, slot),
        recent: chain
            .recent
            .iter()
            .map(|signature| Recent {
                place: signature.place.to_string(),
                took: took(signature.took_seconds),
                ago: ago(signature.age_seconds),
            })
            .collect(),
    }
}

fn rows(chain: &ChainReport, slot: Option<&Slot>) -> Vec<Row> {
    let row = |name, tone, text: String| Row { name, value: Said::new(tone, text) };
    let plain = |name, text: String| row(name, Tone::Plain, text);
    let mut rows: Vec<Row> = chain.device.iter().map(|device| plain("device", device.clone())).collect();
    let age = ago(chain.signature_age_seconds);
    // What was signed before the start stands on the device.
    let highest = chain.last.or_else(|| slot.map(|slot| slot.highest_signed));
    let height = highest.map(|highest| highest.0.height.value()).filter(|height| *height > 0);
    rows.push(plain("height", height.map_or_else(|| "none yet".to_owned(), |height| height.to_string())));
    rows.push(plain(
        "last",
        match chain.last {
            Some(last) => {
                let newest = chain.recent.first().filter(|newest| newest.place == last);
                let took = newest.map(|newest| format!(", took {}", took(newest.took_seconds)));
                format!("{last}, {age}{}", took.unwrap_or_default())
            }
            None => format!("nothing signed since the start, {age}"),
        },
    ));
    rows.push(plain("mark", slot.map_or_else(|| "not known".to_owned(), |slot| slot.mark.to_string())));
    let ChainReport { signatures, refusals, silences, .. } = chain;
    rows.push(plain(
        "requests",
        format!("{signatures} signed, {refusals} refused, {silences} without answer"),
    ));
    let missed = chain.heights_missed;
    let tone = if missed > 0 { Tone::Care } else { Tone::Plain };
    let heights = if missed == 1 { "height" } else { "heights" };
    rows.push(row("missed", tone, format!("{missed} {heights} since the start")));
    let elsewhere = chain.is_signed_elsewhere();
    if let Some(found) = &chain.on_chain {
        let tone = match () {
            () if elsewhere => Tone::Bad,
            () if found.problem.is_some() || found.lacks() => Tone::Care,
            () => Tone::Plain,
        };
        rows.push(row("on chain", tone, found.words()));
    }
    if let Some(signing) = chain.signing() {
        rows.push(plain("signing", signing));
    }
    if let (Some(slot), Some(years)) = (slot, chain.years_left) {
        let wear = advice::percent(slot.wear_ppm);
        rows.push(plain("flash", format!("{years:.1} years left, {wear} of rated life")));
    }
    rows.extend(chain.nodes.iter().map(|of| Row { name: "node", value: node(of) }));
    if let Some(refusal) = &chain.last_refusal {
        rows.push(row("last refusal", Tone::Dim, refusal.clone()));
    }
    rows
}

fn node(node: &NodeReport) -> Said {
    let (word, tone) = match (node.connected, node.silent_seconds) {
        (false, _) => (node.link(), Tone::Bad),
        (true, Some(seconds)) => (advice::silent_for(Duration::from_secs(seconds)), Tone::Care),
        (true, None) => ("connected".to_owned(), Tone::Good),
    };
    let height = if node.has_height { ", has this height" } else { "" };
    Said::new(tone, format!("{} {word}{height}", node.address))
}

fn ago(seconds: f64) -> String {
    format!("{} ago", advice::duration(duration(seconds)))
}

/// Tenths of a millisecond count where a device needs few of them.
fn took(seconds: f64) -> String {
    let milliseconds = duration(seconds).as_secs_f64() * 1_000.0;
    if milliseconds < 10.0 { format!("{milliseconds:.1} ms") } else { format!("{milliseconds:.0} ms") }
}

/// What is no time at all is none: a report may come from another process.
fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
#[path = "picture_tests.rs"]
mod tests;
