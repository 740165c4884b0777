//! Numbers to figures: percentiles, tables, what was aimed at.

use std::time::Duration;

use serde_json::{Value, json};

use super::contestant::{By, Who};
use super::rounds::Line;

pub(crate) fn sorted(mut times: Vec<Duration>) -> Vec<Duration> {
    times.sort_unstable();
    times
}

/// The smallest of the sorted `times` that so many percent of them do not exceed; of none, zero.
pub(crate) fn percentile(times: &[Duration], percent: usize) -> Duration {
    let rank = (times.len() * percent).div_ceil(100).max(1);
    times.get(rank - 1).copied().unwrap_or_default()
}

pub(crate) fn micros(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1_000.0
}

/// As a table of Markdown.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(head.to_vec());
    text += &line(head.iter().map(|_| "---").collect());
    for row in rows {
        text += &line(row.iter().map(String::as_str).collect());
    }
    text
}

/// One figure of the bridge against what it should be.
pub(crate) struct Aim {
    name: String,
    is: f64,
    at_most: f64,
}

impl Aim {
    /// In words, with whether it is met.
    pub(crate) fn line(&self) -> String {
        let verdict = if self.is_met() { "met" } else { "MISSED" };
        format!("{}: {:.2}, at most {:.2}: {verdict}", self.name, self.is, self.at_most)
    }

    pub(crate) fn is_met(&self) -> bool {
        self.is <= self.at_most
    }

    pub(crate) fn json(&self) -> Value {
        json!({"aim": self.name, "is": self.is, "at_most": self.at_most, "met": self.is_met()})
    }
}

/// The bridge against the floor behind the same device and against tmkms, on the same link, and its memory.
pub(crate) fn aims(lines: &[Line], sync: Duration) -> Vec<Aim> {
    let mut aims = Vec::new();
    let mut aim = |name: String, is: f64, at_most: f64| aims.push(Aim { name, is, at_most });
    for bridge in lines.iter().filter(|line| line.who == Who::Bridge) {
        let link = format!("{:?}", bridge.by).to_lowercase();
        aim(format!("{link}: memory, MiB"), bridge.resident(), 12.0);
        // Neither floor nor tmkms speaks noise; tcp is the nearest that they have.
        let like = if bridge.by == By::Unix { By::Unix } else { By::Tcp };
        let other = |who| lines.iter().find(|line| line.who == who && line.by == like);
        if let Some(floor) = other(Who::FloorOfDevice) {
            aim(format!("{link}: p50 to the floor's"), bridge.percentile(50) / floor.percentile(50), 1.25);
            aim(format!("{link}: processor time a request to the floor's"), bridge.cpu() / floor.cpu(), 3.0);
        }
        if let Some(tmkms) = other(Who::Tmkms) {
            aim(
                format!("{link}: processor time a request to that of tmkms"),
                bridge.cpu() / tmkms.cpu(),
                1.2,
            );
        }
    }
    // Both sign in their own process, with a key in memory.
    for hosted in lines.iter().filter(|line| line.who == Who::Hosted) {
        let link = format!("{:?}", hosted.by).to_lowercase();
        let tmkms = lines.iter().find(|line| line.who == Who::Tmkms && line.by == hosted.by);
        let Some(tmkms) = tmkms.map(|line| line.percentile(50)) else { continue };
        let ours = hosted.percentile(50);
        aim(format!("{link}: key in a file, p50 to that of tmkms"), ours / tmkms, 1.5);
        let synced = tmkms + micros(sync);
        aim(
            format!("{link}: key in a file, p50 to that of tmkms if it synced its state"),
            ours / synced,
            1.5,
        );
    }
    aims
}
