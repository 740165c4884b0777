//! What comes between the owner's press and its work: the app's loop turns there, and a host's commands come in.

use super::{Driver, Power, Violation};
use crate::model::Op;

impl Driver {
    /// Does `op`, which needs the owner, and `meanwhile` between the press and the work that it takes. What is done at
    /// the press itself, or refused before it, is over before `meanwhile`.
    ///
    /// An approval does not outlive the power: if it vanishes meanwhile, nothing comes of `op`.
    pub fn run_around(
        &mut self,
        lane: usize,
        op: Op,
        meanwhile: impl FnOnce(&mut Self) -> Result<Power, Violation>,
    ) -> Result<Power, Violation> {
        let op = self.honest(lane, op);
        let ticket = match self.raise(lane, op) {
            Ok(ticket) => ticket,
            Err(refused) => {
                self.note(|| format!("{lane}: {op:?} {refused:?}"));
                self.judge(lane, op, refused)?;
                return meanwhile(self);
            }
        };
        self.device.decide(ticket, true);
        let works = self.device.signer().0.is_working();
        self.note(|| {
            format!("{lane}: {op:?} approved, {}", if works { "and meanwhile" } else { "and done" })
        });
        if !works {
            self.settle(lane, op, ticket)?;
            return meanwhile(self);
        }
        if meanwhile(self)? == Power::Off {
            return Ok(Power::Off);
        }
        self.device.finish_work();
        self.settle(lane, op, ticket)?;
        Ok(Power::On)
    }

    /// Holds the outcome of a prompt against the models.
    fn settle(&mut self, lane: usize, op: Op, ticket: u32) -> Result<(), Violation> {
        let answer = self.outcome(ticket);
        self.note(|| format!("{lane}: {op:?} {answer:?}"));
        if let Some(finding) = self.device.world.early.take() {
            return Err(finding.into());
        }
        self.counts.operations += 1;
        self.judge(lane, op, answer)?;
        self.look_around()
    }
}
