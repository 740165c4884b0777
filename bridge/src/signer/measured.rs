//! What is measured of a chain: how long its messages take, and whether the chain has its signatures.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use highwater_core::hrs::{Hrs, Step};
use highwater_guard::{Answer, Id, Moment, Outcome};
use highwater_moving::Block;

use super::inclusion::{Elsewhere, Fate, Inclusion};
use super::stopwatch::{Spent, Stopwatch};
use super::timing::{Medians, Message, Timing};
use super::view::{Newest, OnChain};

/// What a node tells of its chain since it was last asked.
#[derive(Debug, Default)]
pub(crate) struct OfNode {
    pub(crate) blocks: Vec<Block>,
    /// The time of the newest block since 1970, if the node tells one.
    pub(crate) newest: Option<Duration>,
    /// Why it tells no more, and the cure.
    pub(crate) problem: Option<String>,
}

/// The measures of one chain.
#[derive(Debug, Default)]
pub(super) struct Measured {
    stopwatch: Stopwatch,
    timing: Timing,
    inclusion: Inclusion,
    /// Who tells what the chain has, and why nothing is told now.
    rpc: Option<(Arc<str>, Option<String>)>,
    /// The highest height that was signed or approved here. It never goes down: what was signed stays signed.
    known: u64,
    /// The highest place that was asked for since the start, and when a node asked last.
    asked: Option<(Hrs, Moment)>,
    /// The time of the chain's newest block since 1970, by the chain's clock.
    newest: Option<Duration>,
}

impl Measured {
    /// Of a chain that this node tells of, if any does.
    pub(super) fn new(rpc: Option<Arc<str>>) -> Self {
        Self { rpc: rpc.map(|rpc| (rpc, None)), ..Self::default() }
    }

    /// A node asked for this place.
    pub(super) fn asked(&mut self, hrs: Hrs, now: Moment) {
        let highest = self.asked.map_or(hrs, |(highest, _)| highest.max(hrs));
        self.asked = Some((highest, now));
        self.inclusion.asked(hrs.height.value());
    }

    /// This place was signed or approved here, or may be.
    pub(super) fn knows(&mut self, place: Hrs) {
        self.known = self.known.max(place.height.value());
    }

    /// The device shows this mark. Above all that was asked for here it is the owner's word, and what lies below it was approved.
    pub(super) fn shows(&mut self, mark: Hrs) {
        self.knows(mark);
        if self.asked.is_none_or(|(highest, _)| mark > highest) {
            self.inclusion.explained(mark.height.value());
        }
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

    /// What a node says that the chain has committed. Returns what became of our signature in each block.
    pub(super) fn on_chain(&mut self, told: OfNode) -> Vec<(u64, Fate)> {
        let OfNode { blocks, newest, problem } = told;
        if let Some((_, known)) = &mut self.rpc {
            *known = problem;
        }
        self.newest = newest;
        let known = self.known;
        blocks.iter().map(|block| (block.height, self.inclusion.committed(*block, known))).collect()
    }

    pub(super) fn elsewhere(&self) -> Option<Elsewhere> {
        self.inclusion.elsewhere()
    }

    pub(super) fn medians(&self) -> Medians {
        self.timing.medians()
    }

    pub(super) fn view(&self, now: Moment, clock: SystemTime) -> Option<OnChain> {
        let (rpc, problem) = self.rpc.as_ref()?;
        Some(OnChain {
            rpc: rpc.clone(),
            problem: problem.clone(),
            last: self.inclusion.last(),
            counts: self.inclusion.counts(),
            pace: self.inclusion.pace(),
            elsewhere: self.inclusion.elsewhere(),
            newest: self.newest.map(|newest| Newest {
                age: clock.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().saturating_sub(newest),
                quiet: now.since(self.asked.map_or(Moment::BEGIN, |(_, at)| at)),
                asked: self.asked.is_some(),
            }),
        })
    }
}
