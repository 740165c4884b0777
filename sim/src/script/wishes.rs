//! What nodes and owner of a story want.

use highwater_core::hrs::{Hrs, Step};

use super::{KEYS, Teller};
use crate::model::{Imported, Model, Op, Standing, ZERO};
use crate::vault::{Holds, KeyOp};

impl Teller<'_> {
    /// What the owner does with keys.
    pub(super) fn key_operation(&mut self) -> KeyOp {
        let (kind, which) = (self.bytes.next(), self.bytes.next());
        let (key, number) = (which % KEYS, which % 4);
        match kind % 8 {
            0..=2 => KeyOp::Import(key),
            3 => KeyOp::Restore(key),
            4 => KeyOp::Backup(number),
            5 if kind & 8 != 0 => KeyOp::Forged(key),
            _ => KeyOp::Forget(number),
        }
    }

    /// ADD: of what stands in the vault, now and then, or of what does not.
    fn add(&mut self, mark: Hrs) -> Op {
        let which = self.bytes.next();
        let number = which % 4;
        let held = self.driver.vault().get(usize::from(number));
        let held = held.is_some_and(|possible| matches!(possible[..], [Holds::Key(_)]));
        if which < 64 || which >= 128 && held {
            Op::AddWith(mark, Imported { number, key: 0 })
        } else {
            Op::Add(mark)
        }
    }

    pub(super) fn operation(&mut self, lane: usize) -> Op {
        let model = self.driver.possible(lane)[0];
        let kind = self.bytes.next();
        let by = u64::from(self.bytes.next() % 4);
        let mark = |height: u64| Hrs::new(height, 0, Step::None).unwrap_or(ZERO);
        let height = model.mark.height.value();
        match (kind % 16, model.standing) {
            (12, Standing::Armed) => Op::SetMark(mark(height + by)),
            (13, Standing::Armed) => {
                Op::SetMark(mark(model.highest.height.value() + by / 2).max(model.highest))
            }
            (14, Standing::Armed | Standing::Unclear) => Op::Remove,
            (15, _) => Op::Look,
            (10 | 11, _) => self.extension(model, height + by, kind & 16 != 0),
            (_, Standing::Unclear) if kind.is_multiple_of(2) => Op::SetMark(mark(height + by)),
            (4, Standing::Absent | Standing::Damaged) => self.add(mark(height + by)),
            (4, _) => Op::Forget,
            (_, Standing::Tombstone | Standing::UnclearTombstone | Standing::Absent) if kind % 4 == 1 => {
                self.add(mark((height + by).saturating_sub(2)))
            }
            (_, Standing::Tombstone | Standing::UnclearTombstone | Standing::Damaged) if kind % 16 == 2 => {
                Op::Forget
            }
            _ => self.message(height + by),
        }
    }

    /// A vote or proposal near the mark, as of a node that restarts with other ideas.
    pub(super) fn message(&mut self, above: u64) -> Op {
        let what = self.bytes.next();
        let step = [Step::Prevote, Step::Precommit, Step::Prevote, Step::Proposal][usize::from(what % 4)];
        let round = u32::from(what / 4 % 4 / 2);
        // A proposal is never nil.
        let block = if step == Step::Proposal { 1 + what / 16 % 2 } else { what / 16 % 3 };
        let at = Hrs::new(above.saturating_sub(1).max(1), round, step).unwrap_or(ZERO);
        Op::Sign { at, block, seconds: i64::from(what / 64) }
    }

    /// An extension of the precommit at the mark, or of one near it.
    fn extension(&mut self, model: Model, above: u64, streamed: bool) -> Op {
        let what = self.bytes.next();
        let near = Hrs::new(above.max(1), u32::from(what / 4 % 2), Step::Precommit).unwrap_or(ZERO);
        let own = Hrs { step: Step::Precommit, ..model.mark };
        let at = if what.is_multiple_of(4) || own.height.value() == 0 { near } else { own };
        Op::Extend { at, streamed }
    }
}
