//! What a restart may forget.

use std::collections::HashMap;
use std::time::Instant;

use highwater_core::hrs::Hrs;

use super::ownership::Links;
use super::replies::Replies;
use super::wants::Wanted;

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
    /// When the first request of this absence came.
    pub(super) absent_since: Option<Instant>,
    pub(super) last: Option<Hrs>,
    pub(super) last_refusal: Option<String>,
    pub(super) extension_told: bool,
    /// By each node, by its address.
    pub(super) wanted: HashMap<String, Wanted>,
}

impl State {
    pub(super) fn new(installation: [u8; 16]) -> Self {
        Self {
            replies: Replies::default(),
            epoch: 0,
            links: Links::new(Instant::now()),
            installation,
            raised: Hrs::default(),
            absent_since: None,
            last: None,
            last_refusal: None,
            extension_told: false,
            wanted: HashMap::new(),
        }
    }

    /// Replies do not outlive a change of marks by command, or another device.
    pub(super) fn forget_older(&mut self, epoch: u64) {
        if self.epoch != epoch {
            self.replies.clear();
            self.epoch = epoch;
        }
    }
}
