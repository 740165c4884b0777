//! The specification, small enough to be read in one go: what one chain on a device is, and what each operation makes
//! of it when nothing goes wrong. No flash, no serials, no copies; what may go wrong is the driver's business.

use highwater_core::apdu::Status;
use highwater_core::hrs::{Hrs, Step};

/// What a node or an owner does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// A vote or proposal for `block` (0 is nil) at these seconds.
    Sign {
        /// Where.
        at: Hrs,
        /// What.
        block: u8,
        /// When.
        seconds: i64,
    },
    /// A vote extension of the precommit at this height and round.
    Extend {
        /// Where.
        at: Hrs,
        /// In chunks, twice, and not whole.
        streamed: bool,
    },
    /// SET_MARK, approved.
    SetMark(Hrs),
    /// REMOVE_CHAIN, approved.
    Remove,
    /// ADD_CHAIN, approved, with a derived key.
    Add(Hrs),
    /// The same with an imported one.
    AddWith(Hrs, Imported),
    /// FORGET_CHAIN, approved.
    Forget,
    /// GET_STATUS.
    Look,
}

/// An imported key as a chain names it: by its number; and which key stood there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Imported {
    /// The place in the vault.
    pub number: u8,
    /// The key, by its name in [`crate::vault`].
    pub key: u8,
}

/// What the host is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Signed, shown, or approved and done.
    Done,
    /// Approved, but the mark had moved past it.
    Moved,
    /// Refused.
    Refused(Status),
}

/// What a chain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Standing {
    /// Not on the device.
    Absent,
    /// Signing.
    Armed,
    /// The mark cannot be told.
    Unclear,
    /// Removed.
    Tombstone,
    /// Removed while unclear.
    UnclearTombstone,
    /// Its table entry is lost.
    Damaged,
}

/// One chain. While it is unclear or damaged, `mark` is what it was: the host's state file knows it, the device does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Model {
    /// What it is.
    pub standing: Standing,
    /// Nothing at or below is signed anew.
    pub mark: Hrs,
    /// The highest HRS signed, or approved as such.
    pub highest: Hrs,
    /// Block and time signed at the mark, unless the owner set it.
    pub said: Option<(u8, i64)>,
    /// The key, if it was imported.
    pub key: Option<Imported>,
}

/// Below everything.
pub const ZERO: Hrs = match Hrs::new(0, 0, Step::None) {
    Some(zero) => zero,
    None => panic!("zero is within every range"),
};

impl Model {
    /// A chain that was never added.
    pub const ABSENT: Self =
        Self { standing: Standing::Absent, mark: ZERO, highest: ZERO, said: None, key: None };

    /// What is answered, and what the chain is then.
    #[must_use]
    pub fn after(self, op: Op) -> (Answer, Self) {
        use Standing::{Absent, Armed, Damaged, Tombstone, Unclear, UnclearTombstone};

        let refused = |status| (Answer::Refused(status), self);
        match (op, self.standing) {
            (Op::Look, _) => (Answer::Done, self),
            (Op::Sign { at, block, seconds }, Armed) => self.signed(at, block, seconds),
            // The precommit for a block that stands at the mark, and no other.
            (Op::Extend { at, .. }, Armed) => match self.said {
                Some((1.., _)) if at == self.mark && at.step == Step::Precommit => (Answer::Done, self),
                _ => refused(Status::NoPrecommit),
            },
            (Op::Sign { .. } | Op::Extend { .. }, Unclear) => refused(Status::Unclear),
            (Op::Sign { .. } | Op::Extend { .. }, Damaged) => refused(Status::StorageDamaged),
            (Op::SetMark(to), Armed) if to < self.highest => refused(Status::BelowSigned),
            // At the mark itself too: what the owner sets has no statement.
            (Op::SetMark(to), Armed) => (Answer::Done, Self { mark: to, said: None, ..self }),
            (Op::SetMark(to), Unclear) => (Answer::Done, self.begun(to)),
            (Op::Add(to), Absent | Tombstone | UnclearTombstone) => {
                (Answer::Done, Self { key: None, ..self.begun(to) })
            }
            // If its key is there, which is the vault's to say.
            (Op::AddWith(to, key), Absent | Tombstone | UnclearTombstone) => {
                (Answer::Done, Self { key: Some(key), ..self.begun(to) })
            }
            (Op::Add(_) | Op::AddWith(..), Armed | Unclear) => refused(Status::ChainKnown),
            (Op::Add(_) | Op::AddWith(..), Damaged) => refused(Status::StorageDamaged),
            (Op::Remove, Armed) => (Answer::Done, Self { standing: Tombstone, said: None, ..self }),
            (Op::Remove, Unclear) => (Answer::Done, Self { standing: UnclearTombstone, said: None, ..self }),
            (Op::Forget, Tombstone | UnclearTombstone | Damaged) => (Answer::Done, Self::ABSENT),
            _ => refused(Status::UnknownChain),
        }
    }

    /// The same chain after its device lost too much to tell the mark.
    #[must_use]
    pub fn lost(self) -> [Self; 2] {
        let standing = match self.standing {
            Standing::Armed => Standing::Unclear,
            other => other,
        };
        // Of a chain that never stood there, nothing can be lost.
        let worst = if standing == Standing::Absent { standing } else { Standing::Damaged };
        [Self { standing, ..self }, Self { standing: worst, ..self }]
    }

    fn begun(self, at: Hrs) -> Self {
        Self { standing: Standing::Armed, mark: at, highest: at, said: None, ..self }
    }

    fn signed(self, at: Hrs, block: u8, seconds: i64) -> (Answer, Self) {
        let refused = |status| (Answer::Refused(status), self);
        if at > self.mark {
            return (Answer::Done, Self { mark: at, highest: at, said: Some((block, seconds)), ..self });
        }
        if at < self.mark {
            return refused(match () {
                () if at.height < self.mark.height => Status::HeightRegression,
                () if at.round < self.mark.round => Status::RoundRegression,
                () => Status::StepRegression,
            });
        }
        match self.said {
            None => refused(Status::NoStatement),
            Some((said, _)) if said != block => refused(Status::Conflict),
            Some((_, then)) if then != seconds && at.step == Step::Proposal => refused(Status::Conflict),
            Some(_) => (Answer::Done, self),
        }
    }
}
