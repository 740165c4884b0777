//! What is measured of a chain: how long its messages take, and whether the chain has its signatures.

use std::sync::Arc;
use std::time::Duration;

use highwater_core::hrs::{Hrs, Step};
use highwater_guard::{Answer, Id, Moment, Outcome};
use highwater_moving::Block;

use super::inclusion::{Fate, Inclusion};
use super::stopwatch::{Spent, Stopwatch};
use super::timing::{Medians, Message, Timing};
use super::view::OnChain;

/// The measures of one chain.
#[derive(Debug, Default)]
pub(super) struct Measured {
    stopwatch: Stopwatch,
    timing: Timing,
    inclusion: Inclusion,
    /// Who tells what the chain has, and why nothing is told now.
    rpc: Option<(Arc<str>, Option<String>)>,
}

impl Measured {
    /// Of a chain that this node tells of, if any does.
    pub(super) fn new(rpc: Option<Arc<str>>) -> Self {
        Self { rpc: rpc.map(|rpc| (rpc, None)), ..Self::default() }
    }

    /// A node asked for this place.
    pub(super) fn asked(&mut self, hrs: Hrs) {
        self.inclusion.asked(hrs.height.value());
    }

    /// A command goes out.
    pub(super) fn sent(&mut self, id: Id, apdu: &[u8], now: Moment) {
        self.stopwatch.sent(id, apdu, now);
    }

    /// Its reply came.
    pub(super) fn replied(&mut self, id: Id, now: Moment) {
        self.stopwatch.replied(id, now);
    }

    /// A request was answered. Returns how long the device was at each message of it, if it signed for this request.
    pub(super) fn answered(&mut self, answer: &Answer) -> Vec<(Message, Duration)> {
        let (hrs, spent) = (answer.hrs, self.stopwatch.take(answer.id));
        let Outcome::Signed { again, .. } = &answer.outcome else { return Vec::new() };
        let is_precommit = hrs.step == Step::Precommit && answer.for_block;
        self.inclusion.signed(hrs.height.value(), is_precommit.then_some(hrs.round.value()));
        let Some(Spent { message, extension }) = spent.filter(|_| !again) else { return Vec::new() };
        self.timing.waited(hrs.step, answer.took);
        let message = Message::of(hrs.step).map(|kind| (kind, message));
        let extension = answer.extension.map(|_| (Message::Extension, extension));
        let took: Vec<_> = message.into_iter().chain(extension).collect();
        for (kind, took) in &took {
            self.timing.device(*kind, *took);
        }
        took
    }

    /// What a node says that the chain has committed, and why it says no more. Returns the blocks that lack our signature.
    pub(super) fn on_chain(&mut self, blocks: &[Block], problem: Option<String>) -> Vec<(u64, Fate)> {
        if let Some((_, known)) = &mut self.rpc {
            *known = problem;
        }
        let fates = blocks.iter().map(|block| (block.height, self.inclusion.committed(*block)));
        fates.filter(|(_, fate)| fate.is_missed()).collect()
    }

    pub(super) fn medians(&self) -> Medians {
        self.timing.medians()
    }

    pub(super) fn view(&self) -> Option<OnChain> {
        let (rpc, problem) = self.rpc.as_ref()?;
        Some(OnChain {
            rpc: rpc.clone(),
            problem: problem.clone(),
            last: self.inclusion.last(),
            counts: self.inclusion.counts(),
            pace: self.inclusion.pace(),
        })
    }
}
