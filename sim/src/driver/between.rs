//! What comes between the owner's press and its work: the app's loop turns there, and a host's commands come in.

use super::judge::{broken_off, interrupted};
use super::{Driver, Lane, Power, Violation};
use crate::model::{Answer, Model, Op};

impl Driver {
    /// Does `op`, which needs the owner, and `meanwhile` after so many turns of the work that it takes; if there are not as many,
    /// after all of them. What is refused before the press is over before `meanwhile`.
    ///
    /// An approval does not outlive the power: if it vanishes meanwhile, what comes of `op` is what had been written. A fault
    /// that `meanwhile` does not reach comes in the turns that are left.
    pub fn run_around(
        &mut self,
        lane: usize,
        op: Op,
        turns: u32,
        meanwhile: impl FnOnce(&mut Self) -> Result<Power, Violation>,
    ) -> Result<Power, Violation> {
        let op = self.honest(lane, op);
        self.unreached = None;
        let ticket = match self.raise(lane, op) {
            Ok(ticket) => ticket,
            Err(refused) => {
                self.note(|| format!("{lane}: {op:?} {refused:?}"));
                self.judge(lane, op, refused)?;
                return meanwhile(self);
            }
        };
        self.device.decide(ticket, true);
        // No other turn comes before it is asked for, and a slot that fails meanwhile waits.
        let paced = std::mem::replace(&mut self.device.paced, true);
        (0..turns).for_each(|_| self.device.step());
        let works = self.device.signer().0.is_working();
        self.note(|| {
            let so_far = if works { "and meanwhile" } else { "and done" };
            format!("{lane}: {op:?} approved, {turns} turns, {so_far}")
        });
        if !works {
            self.device.paced = paced;
            self.settle(lane, op, ticket)?;
            return meanwhile(self);
        }
        if turns > 0 {
            // What it does is done from one turn on, and is told by the last: it may stand already.
            let done = |model: Model| match model.after(op) {
                (Answer::Done, after) => Some(after),
                _ => None,
            };
            let before = self.may_be(lane, &self.lanes[lane].possible);
            self.lanes[lane].ahead = before.iter().filter_map(|model| done(*model)).collect();
            if self.faulted {
                // Or it failed in one of these turns, and is told so by the last.
                self.lanes[lane].ahead.extend(before.iter().filter_map(|model| broken_off(model, op)));
            }
            self.look_around()?;
        }
        let power = meanwhile(self);
        self.device.paced = paced;
        if power? == Power::On {
            let left = self.unreached.take();
            let fired = self.with(left, |driver| driver.device.finish_work());
            self.note(|| format!("{lane}: the turns that are left {:?}", left.filter(|_| fired)));
            self.faulted |= fired;
            if self.device.world.medium.is_powered() {
                self.settle(lane, op, ticket)?;
                return Ok(Power::On);
            }
            let Lane { possible, .. } = &mut self.lanes[lane];
            *possible = interrupted(possible, op);
        }
        let Lane { possible, ahead, .. } = &mut self.lanes[lane];
        possible.append(ahead);
        Ok(Power::Off)
    }

    /// Holds the outcome of a prompt against the models.
    fn settle(&mut self, lane: usize, op: Op, ticket: u32) -> Result<(), Violation> {
        let answer = self.outcome(ticket);
        self.note(|| format!("{lane}: {op:?} {answer:?}"));
        if let Some(finding) = self.device.world.early.take() {
            return Err(finding.into());
        }
        self.counts.operations += 1;
        let ahead = std::mem::take(&mut self.lanes[lane].ahead);
        let before = self.may_be(lane, &self.lanes[lane].possible);
        let mut after = self.judged(lane, &before, op, answer);
        if answer == Answer::Done || self.faulted {
            after.extend(ahead);
        }
        self.keep(lane, after, || Violation::Answer { op, answer, possible: before })?;
        self.look_around()
    }
}
