//! How long messages of each kind take: in the device alone, and for the node that waits.

use std::collections::VecDeque;
use std::time::Duration;

use highwater_core::hrs::Step;

/// So many of each kind are remembered.
const REMEMBERED: usize = 100;

/// A kind of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// A block that we propose.
    Proposal,
    /// A first vote.
    Prevote,
    /// A second vote, without its extension.
    Precommit,
    /// The extension of a precommit.
    Extension,
}

impl Message {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Proposal, Self::Prevote, Self::Precommit, Self::Extension];

    /// As a label has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Proposal => "proposal",
            Self::Prevote => "prevote",
            Self::Precommit => "precommit",
            Self::Extension => "extension",
        }
    }

    /// Of a step; nothing is signed at the beginning of a round.
    pub(super) fn of(step: Step) -> Option<Self> {
        match step {
            Step::None => None,
            Step::Proposal => Some(Self::Proposal),
            Step::Prevote => Some(Self::Prevote),
            Step::Precommit => Some(Self::Precommit),
        }
    }
}

/// The medians of what was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Medians {
    /// In the device, in the order of [`Message::ALL`].
    pub device: [Option<Duration>; Message::ALL.len()],
    /// What a block costs: from the request of a prevote to its answer, and the same of a precommit with its extension.
    pub block: Option<Duration>,
}

/// What was measured.
#[derive(Debug, Default)]
pub(super) struct Timing {
    device: [Row; Message::ALL.len()],
    prevote: Row,
    precommit: Row,
}

impl Timing {
    /// The device was at a message for so long.
    pub(super) fn device(&mut self, message: Message, took: Duration) {
        for (known, row) in Message::ALL.into_iter().zip(&mut self.device) {
            if known == message {
                row.add(took);
            }
        }
    }

    /// A node waited so long for this step, with its extension.
    pub(super) fn waited(&mut self, step: Step, took: Duration) {
        match step {
            Step::Prevote => self.prevote.add(took),
            Step::Precommit => self.precommit.add(took),
            Step::None | Step::Proposal => {}
        }
    }

    pub(super) fn medians(&self) -> Medians {
        let mut device = [None; Message::ALL.len()];
        for (median, row) in device.iter_mut().zip(&self.device) {
            *median = row.median();
        }
        let votes = self.prevote.median().zip(self.precommit.median());
        Medians { device, block: votes.map(|(prevote, precommit)| prevote + precommit) }
    }
}

#[derive(Debug, Default)]
struct Row(VecDeque<Duration>);

impl Row {
    fn add(&mut self, took: Duration) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(took);
    }

    fn median(&self) -> Option<Duration> {
        median(self.0.iter().copied().collect())
    }
}

/// Of an even number the higher of the two in the middle.
pub(super) fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_block_costs_the_median_prevote_and_the_median_precommit() {
        let mut timing = Timing::default();
        assert_eq!(timing.medians(), Medians::default());
        timing.waited(Step::Proposal, ms(900));
        timing.waited(Step::Prevote, ms(460));
        assert_eq!(timing.medians().block, None, "half of it");
        for took in [940, 950, 9_000] {
            timing.waited(Step::Precommit, ms(took));
        }
        assert_eq!(timing.medians().block, Some(ms(1_410)));
    }

    #[test]
    fn each_kind_is_its_own_and_the_last_hundred_count() {
        let mut timing = Timing::default();
        timing.device(Message::Prevote, ms(1));
        for number in 0..1_000 {
            timing.device(Message::Extension, ms(if number < 900 { 7 } else { 20 }));
        }
        assert_eq!(timing.medians().device, [None, Some(ms(1)), None, Some(ms(20))]);
        assert!(timing.device.iter().all(|row| row.0.len() <= REMEMBERED));
    }
}
