//! What an observed answer or state leaves of what a chain may be; where nothing is left, the device did what no model
//! does.

use highwater_core::apdu::{ChainState, Status};

use super::hand::key_index;
use super::{Driver, Seen, Violation};
use crate::model::{Answer, Model, Op, Standing};

impl Driver {
    /// Keeps the models that give this answer.
    pub(super) fn judge(&mut self, lane: usize, op: Op, answer: Answer) -> Result<(), Violation> {
        let before = self.may_be(lane, &self.lanes[lane].possible);
        let after = self.judged(lane, &before, op, answer);
        let ahead = self.may_be(lane, &self.lanes[lane].ahead);
        self.lanes[lane].ahead = unique(self.judged(lane, &ahead, op, answer));
        self.keep(lane, after, || Violation::Answer { op, answer, possible: [before, ahead].concat() })
    }

    /// Keeps these models of those that there were.
    pub(super) fn keep(
        &mut self,
        lane: usize,
        models: Vec<Model>,
        none: impl FnOnce() -> Violation,
    ) -> Result<(), Violation> {
        let lane = &mut self.lanes[lane];
        if models.is_empty() && lane.ahead.is_empty() {
            return Err(none());
        }
        lane.possible = unique(models);
        Ok(())
    }

    /// What this answer leaves of what the chain may have been.
    pub(super) fn judged(&self, lane: usize, before: &[Model], op: Op, answer: Answer) -> Vec<Model> {
        let mut after: Vec<Model> = before
            .iter()
            .flat_map(|model| self.with_keys(model, op))
            .filter(|(expected, _)| *expected == answer)
            .map(|(_, model)| model)
            .collect();
        // A chain whose key is lost neither signs nor changes; what stands there stays.
        if answer == Answer::Refused(Status::StorageFault) {
            after.extend(before.iter().filter(|model| self.may_be_stopped(model)));
        }
        if answer == Answer::Refused(Status::StorageFault) && self.faulted {
            after.extend(interrupted(before, op));
        } else if answer == Answer::Refused(Status::StorageFault) && self.unsettled {
            after.extend(before);
        }
        // Between the press and the work the chain signed past what was approved: it stands where it is.
        if let (Answer::Moved, Op::SetMark(to)) = (answer, op) {
            let past = |model: &&Model| model.standing == Standing::Armed && to < model.highest;
            after.extend(before.iter().filter(past));
        }
        // A mark is asked for while flash fails and it cannot be read; when it can, it is elsewhere or unclear.
        if matches!(answer, Answer::Moved | Answer::Refused(Status::Unclear)) && self.faulted {
            let unclear = |model: &&Model| answer == Answer::Moved || model.standing == Standing::Unclear;
            after.extend(before.iter().filter(unclear));
        }
        // A slot whose flash fails is read anew at the next start, or when its chain is to sign. Until then it refuses by
        // what a copy of its entry says, and that tells nothing: the other copy may have been the newer one.
        let unread = self.lanes[lane].seen.is_none_or(|seen| seen.state == ChainState::Fault);
        if unread && (self.faulted || self.unsettled) && matches!(answer, Answer::Refused(_)) {
            after.extend(before);
        }
        // A damaged slot may be any chain, and so may one whose flash fails: they stop the ADD of every one.
        let damaged = self.damaged.is_some() || self.faulted || (self.rotted && self.torn);
        // And one whose key is lost: its slot is at fault.
        if answer == Answer::Refused(Status::StorageDamaged) && (damaged || self.has_stopped()) {
            let stands = |model: &&Model| matches!(model.standing, Standing::Armed | Standing::Unclear);
            match op {
                Op::Add(_) | Op::AddWith(..) => after.extend(before),
                // A chain that stands nowhere may be the one that the damaged slot held.
                Op::Sign { .. } | Op::Extend { .. } if damaged => {
                    after.extend(before.iter().filter(|model| !stands(model)))
                }
                _ => {}
            }
        }
        after
    }

    /// What a chain that was one of these may be, losses included.
    pub(super) fn may_be(&self, lane: usize, models: &[Model]) -> Vec<Model> {
        let mut possible = models.to_vec();
        let unread = self.lanes[lane].unread;
        let (rotted, torn) = (self.rotted || unread.0, self.torn || unread.1);
        // Two dead pages may be the two of one pair, whatever killed them.
        if rotted && torn || self.dead > 1 {
            let lost: Vec<Model> = possible.iter().flat_map(|model| model.lost()).collect();
            possible.extend(lost);
        }
        // What tells that a chain is unclear may rot too. Nothing was signed meanwhile, so its mark is still right.
        if rotted {
            let unclear = |model: &&Model| model.standing == Standing::Unclear;
            let again: Vec<Model> = possible
                .iter()
                .filter(unclear)
                .map(|model| Model { standing: Standing::Armed, ..*model })
                .collect();
            possible.extend(again);
            // So may what tells that a slot is damaged. If its chain never signed, nothing else says that one was there.
            let silent = |model: &Model| {
                model.standing == Standing::Damaged && model.said.is_none() && model.mark == model.highest
            };
            if possible.iter().any(silent) {
                possible.push(Model::ABSENT);
            }
        }
        possible
    }

    /// Looks at every slot and keeps the models that agree.
    pub(super) fn look_around(&mut self) -> Result<(), Violation> {
        let slots = match self.slots() {
            // The installation record could not be restored; the next start tries again.
            Err(Violation::Installation) if self.faulted => return Ok(()),
            slots => slots?,
        };
        self.look_at_keys()?;
        self.damaged = slots.iter().find(|(_, seen)| seen.state == ChainState::Damaged).map(|(_, s)| s.slot);
        for lane in 0..self.lanes.len() {
            let chain = self.lanes[lane].chain;
            let seen = slots.iter().find(|(name, _)| name == chain).map(|(_, seen)| *seen);
            let agree = |models: &[Model]| {
                let agrees = |model: &Model| self.agrees(lane, model, seen.as_ref());
                self.may_be(lane, models).into_iter().filter(agrees).collect::<Vec<_>>()
            };
            let before = [&self.lanes[lane].possible[..], &self.lanes[lane].ahead].concat();
            let (possible, ahead) = (agree(&self.lanes[lane].possible), agree(&self.lanes[lane].ahead));
            self.lanes[lane].ahead = unique(ahead);
            self.keep(lane, possible, || Violation::State { seen, possible: before })?;
            self.witness(lane, seen)?;
        }
        Ok(())
    }

    fn agrees(&self, lane: usize, model: &Model, seen: Option<&Seen>) -> bool {
        let Some(seen) = seen else {
            let lost = self.damaged.is_some() && model.standing == Standing::Damaged;
            return lost || model.standing == Standing::Absent;
        };
        let marks = (seen.mark, seen.highest) == (model.mark, model.highest);
        let named = seen.key_index == key_index(lane, model.key);
        let kind = match model.said {
            None => 3,
            Some((0, _)) => 2,
            Some(_) => 1,
        };
        match seen.state {
            ChainState::Armed => model.standing == Standing::Armed && marks && named && kind == seen.kind,
            ChainState::Unclear => model.standing == Standing::Unclear && named,
            ChainState::Tombstone => model.standing == Standing::Tombstone && marks && named,
            ChainState::UnclearTombstone => model.standing == Standing::UnclearTombstone && named,
            // What it holds is told once flash works again.
            // A slot is at fault while it is read.
            // And as long as its key is lost.
            ChainState::Fault => {
                self.faulted || self.device.is_reading() || self.may_be_stopped(model) && named
            }
            ChainState::Free | ChainState::Damaged => false,
        }
    }
}

/// What an interrupted operation may leave: old, new, and for a lowering unclear.
pub(super) fn interrupted(before: &[Model], op: Op) -> Vec<Model> {
    let mut possible = before.to_vec();
    for model in before {
        let (_, after) = model.after(op);
        possible.push(after);
        possible.extend(broken_off(model, op));
    }
    unique(possible)
}

/// What a lowering leaves that came no further than its mark.
pub(super) fn broken_off(model: &Model, op: Op) -> Option<Model> {
    let lowering = matches!(op, Op::SetMark(to) if to < model.mark) && model.after(op).0 == Answer::Done;
    let unclear = Model { standing: Standing::Unclear, ..*model };
    (lowering && model.standing == Standing::Armed).then_some(unclear)
}

pub(super) fn unique<T: Ord>(mut models: Vec<T>) -> Vec<T> {
    models.sort_unstable();
    models.dedup();
    models
}
