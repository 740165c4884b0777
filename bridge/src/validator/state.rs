//! What a restart may forget.

use std::collections::HashMap;
use std::time::Instant;

use highwater_core::hrs::Hrs;

use super::PATIENCE;
use super::ownership::Links;
use super::replies::Replies;
use super::wants::Wanted;
use crate::repeats::Repeats;

#[derive(Debug)]
pub(super) struct State {
    pub(super) replies: Replies,
    /// Of the device, when `replies` were kept.
    pub(super) epoch: u64,
    pub(super) links: Links,
    /// The only installation that is asked.
    pub(super) installation: [u8; 16],
    /// What the owner said was signed since the start: a request that comes to nothing does not take that back.
    pub(super) raised: Hrs,
    pub(super) absent: Option<Absence>,
    pub(super) last: Option<Hrs>,
    pub(super) last_refusal: Option<String>,
    /// What was logged of them.
    pub(super) refusals: Repeats,
    /// By each node, by its address.
    pub(super) wanted: HashMap<String, Wanted>,
}

/// The device does not answer requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Absence {
    /// When the first of them came.
    pub(super) since: Instant,
    /// When the last one was given up.
    pub(super) last: Instant,
}

impl Absence {
    /// A request that came at `started` was not answered: of this absence, or the first of another.
    pub(super) fn unanswered(before: Option<Self>, started: Instant, answered: Option<Instant>) -> Self {
        let before = before.filter(|absence| !absence.is_over(answered));
        Self { since: before.map_or(started, |absence| absence.since), last: Instant::now() }
    }

    /// Whether the device, which `answered` then, was back and no request missed it for long. One that says who it is and
    /// then fails each request, as they come, is no device that is back.
    pub(super) fn is_over(&self, answered: Option<Instant>) -> bool {
        self.last.elapsed() >= PATIENCE && answered.is_some_and(|answered| answered > self.last)
    }
}

impl State {
    pub(super) fn new(installation: [u8; 16]) -> Self {
        Self {
            replies: Replies::default(),
            epoch: 0,
            links: Links::new(Instant::now()),
            installation,
            raised: Hrs::default(),
            absent: None,
            last: None,
            last_refusal: None,
            refusals: Repeats::default(),
            wanted: HashMap::new(),
        }
    }

    /// As if all of an absence had been so much earlier.
    #[cfg(test)]
    pub(super) fn backdate(&mut self, by: std::time::Duration) {
        self.absent =
            self.absent.map(|absence| Absence { since: absence.since - by, last: absence.last - by });
    }

    /// Replies do not outlive a change of marks by command, or another device.
    pub(super) fn forget_older(&mut self, epoch: u64) {
        if self.epoch != epoch {
            self.replies.clear();
            self.epoch = epoch;
        }
    }
}
