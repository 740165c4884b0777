//! Every step that may come next.

use highwater_core::hrs::{Hrs, Step as Stage_};

use super::world::{OnCable, Stage, World};

/// What may happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A node asks for a message.
    Ask(u8, u8),
    /// The node of this request does not wait any more.
    HangUp(u8),
    Link(u8, bool),
    /// A node sends a ping.
    Ping(u8),
    /// Time passes.
    Pass,
    /// The command on the cable reaches the device.
    Execute,
    /// Its reply comes.
    Deliver,
    /// Its reply comes with a wrong bit.
    Spoil,
    /// The reply to an earlier command comes instead.
    Late,
    /// No reply comes; whether the command was on the cable.
    Lose(bool),
    /// The same, for so long that the request is given up.
    TimeOut(bool),
    /// The disk took the newest record, or could not.
    Store(bool),
    /// The host dies and starts again with what is on the disk; with the newest record, if it had just been written.
    Cut(bool),
    /// The device describes itself.
    Look,
    /// Nothing, the first device, or the spare is plugged in.
    Plug(Option<u8>),
    /// The owner sets the mark of what is plugged in, and the host asked for nothing.
    RaiseBehind(Hrs),
    /// The owner removes the chain and adds it at a lower mark, on another host.
    LowerBehind(Hrs),
    /// The operator asks for a mark; for a lower one with the place repeated.
    Intend(Hrs),
    /// The owner presses.
    Approve,
    /// The owner refuses, and the host hears of it.
    Deny,
    /// The owner brings the spare to where the record says it may begin.
    SetSpare,
    Adopt,
    /// The pins are written.
    Pin,
    ReleaseOwner,
}

impl World {
    /// Every step that can come next.
    pub(super) fn steps(&self, stage: &Stage) -> Vec<Step> {
        let search = &stage.search;
        let mut steps = Vec::new();
        for node in 0..search.nodes {
            let waits = self.asked.iter().any(|asked| asked.1 == node && asked.3);
            if !waits && self.asked.len() < search.requests {
                steps.extend((0..stage.messages.len() as u8 - 1).map(|message| Step::Ask(node, message)));
            }
            if search.links {
                steps.extend([Step::Link(node, true), Step::Link(node, false), Step::Ping(node)]);
            }
        }
        if search.links {
            steps.extend((0..self.asked.len() as u8).map(Step::HangUp));
        }
        match &self.cable {
            Some(OnCable { reply: None, .. }) => {
                steps.push(Step::Execute);
                if search.losses {
                    steps.extend([Step::Lose(false), Step::Lose(true)]);
                }
            }
            Some(OnCable { reply: Some(_), .. }) => {
                steps.push(Step::Deliver);
                if search.losses {
                    steps.push(Step::Lose(true));
                }
                if search.wrong {
                    steps.push(Step::Spoil);
                }
            }
            None => {}
        }
        if self.cable.is_some() && search.losses && search.time {
            steps.push(Step::TimeOut(true));
        }
        if self.cable.is_some() && self.late.is_some() && search.wrong {
            steps.push(Step::Late);
        }
        if search.time && self.cable.is_none() {
            steps.push(Step::Pass);
        }
        if self.unstored.is_some() {
            steps.push(Step::Store(true));
            if search.failing {
                steps.push(Step::Store(false));
            }
        }
        if search.cuts {
            steps.push(Step::Cut(false));
            if self.unstored.is_some() {
                steps.push(Step::Cut(true));
            }
        }
        self.operator(stage, &mut steps);
        steps
    }

    /// What operator and owner may do.
    fn operator(&self, stage: &Stage, steps: &mut Vec<Step>) {
        let search = &stage.search;
        if search.cuts || search.owner || search.questions || search.spare {
            steps.push(Step::Look);
        }
        if search.release && self.asked.is_empty() {
            steps.push(Step::ReleaseOwner);
        }
        let marks = (0..=search.heights).filter_map(|height| Hrs::new(height, 0, Stage_::None));
        if (search.owner || search.questions)
            && let Some(plugged) = self.plugged
        {
            let mark = stage.devices.get(self.devices[usize::from(plugged)]).slot.mark;
            for to in marks {
                if search.owner && to > mark {
                    steps.push(Step::RaiseBehind(to));
                } else if search.owner && self.lives < search.lives {
                    steps.push(Step::LowerBehind(to));
                }
                if search.questions && self.question.is_none() && (to > mark || self.lives < search.lives) {
                    steps.push(Step::Intend(to));
                }
            }
            if self.question.is_some_and(|question| question.needs.is_none()) {
                steps.extend([Step::Approve, Step::Deny]);
            }
        }
        if self.pinning.is_some() {
            steps.push(Step::Pin);
        }
        if search.spare {
            steps.extend(
                [None, Some(0), Some(1)].into_iter().filter(|to| *to != self.plugged).map(Step::Plug),
            );
            if self.plugged.is_some_and(|plugged| plugged != self.pinned) {
                steps.extend([Step::SetSpare, Step::Adopt]);
            }
        }
    }
}
