//! (A signed), then (B asked): what comes back. One table for the signer, the simulated device and the firmware in the
//! emulator, as raw APDUs, so that no bridge and no cache answers first.

use highwater_core::apdu::Status;
use highwater_core::hrs::{Hrs, Step};

use crate::{Ask, Extend};

mod device;
mod play;

pub use play::Player;

/// The chain of the table. Its mark stands at zero before a row, or below everything the row does.
pub const CHAIN: &str = "refusal-1";

/// What stands at the mark before B is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// A was signed.
    Signed(Ask),
    /// The owner approved SET_MARK.
    Mark(Hrs),
}

/// B.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Second {
    /// SIGN.
    Sign(Ask),
    /// SIGN_EXTENSION, whole, of the precommit at this message's height and round.
    Extension(Ask),
    /// SIGN_EXTENSION, the begin of a stream.
    Begin(Ask),
}

/// What the device answers to B.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A new signature, over what was asked.
    Signs,
    /// An extension's signature, or an open stream; nothing written.
    Extends,
    /// The signature of A, byte for byte, with A's timestamp, and nothing written.
    Again,
    /// This status, and nothing written.
    Refuses(Status),
}

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// What it shows.
    pub name: &'static str,
    /// A.
    pub first: First,
    /// B.
    pub second: Second,
    /// The answer to B.
    pub answer: Answer,
    /// The answer counts on leap credit that is whole before A, on a mark ten heights below A, and on no time between
    /// A and B, which would renew the credit.
    pub credit: bool,
}

impl Row {
    /// The same row `heights` higher, so that rows can follow one another on one device.
    #[must_use]
    pub fn higher(self, heights: u64) -> Self {
        let ask = |ask: Ask| Ask { height: (ask.height + heights).min(i64::MAX as u64), ..ask };
        let first = match self.first {
            First::Signed(first) => First::Signed(ask(first)),
            First::Mark(mark) => First::Mark(
                Hrs::new(mark.height.value() + heights, mark.round.value(), mark.step).unwrap_or(mark),
            ),
        };
        let second = match self.second {
            Second::Sign(second) => Second::Sign(ask(second)),
            Second::Extension(second) => Second::Extension(ask(second)),
            Second::Begin(second) => Second::Begin(ask(second)),
        };
        Self { first, second, ..self }
    }
}

impl Second {
    /// The raw command.
    pub fn apdu(&self) -> Vec<u8> {
        match self {
            Self::Sign(ask) => ask.apdu(),
            Self::Extension(ask) => Extend::of(ask, CONTENT).whole().unwrap_or_default(),
            Self::Begin(ask) => Extend::of(ask, CONTENT).begin(),
        }
    }
}

/// What the extensions of the table say.
pub const CONTENT: &[u8] = b"extension";

const A: Ask = Ask::prevote(CHAIN);
const PROPOSAL: Ask = Ask { step: Step::Proposal, ..A };
const PRECOMMIT: Ask = Ask { step: Step::Precommit, ..A };

/// Every row.
pub fn table() -> Vec<Row> {
    let mut rows = signed();
    rows.extend(set_by_the_owner());
    rows.extend(extensions());
    rows
}

fn signed() -> Vec<Row> {
    use Answer::{Again, Refuses, Signs};
    use Status::{Conflict, HeightRegression, Leap, RoundRegression, StepRegression, UnknownChain};

    let (a, proposal, precommit) = (A, PROPOSAL, PRECOMMIT);
    let nil = Ask { block: 0, ..a };
    let rows: &[(&'static str, Ask, Ask, Answer)] = &[
        ("the same prevote", a, a, Again),
        ("the same precommit", precommit, precommit, Again),
        ("the same proposal", proposal, proposal, Again),
        ("the same nil prevote", nil, nil, Again),
        (
            "the same proposal with a POL round",
            Ask { pol: Some(2), ..proposal },
            Ask { pol: Some(2), ..proposal },
            Again,
        ),
        ("a later time, prevote", a, Ask { seconds: a.seconds + 1, ..a }, Again),
        ("an earlier time, prevote", a, Ask { seconds: a.seconds - 9, ..a }, Again),
        ("a time before 1970, prevote", a, Ask { seconds: -5, ..a }, Again),
        ("a later time, precommit", precommit, Ask { seconds: 5, ..precommit }, Again),
        ("a later time, nil", nil, Ask { seconds: 1, ..nil }, Again),
        ("a later time, proposal", proposal, Ask { seconds: a.seconds + 1, ..proposal }, Refuses(Conflict)),
        ("an earlier time, proposal", proposal, Ask { seconds: 1, ..proposal }, Refuses(Conflict)),
        ("another block, prevote", a, Ask { block: 2, ..a }, Refuses(Conflict)),
        ("another block, precommit", precommit, Ask { block: 2, ..precommit }, Refuses(Conflict)),
        ("another block, proposal", proposal, Ask { block: 2, ..proposal }, Refuses(Conflict)),
        ("nil after block, prevote", a, nil, Refuses(Conflict)),
        ("nil after block, precommit", precommit, Ask { block: 0, ..precommit }, Refuses(Conflict)),
        ("block after nil, prevote", nil, a, Refuses(Conflict)),
        ("block after nil, precommit", Ask { block: 0, ..precommit }, precommit, Refuses(Conflict)),
        ("another total", a, Ask { total: 2, ..a }, Refuses(Conflict)),
        ("another total, proposal", proposal, Ask { total: 9, ..proposal }, Refuses(Conflict)),
        ("another parts hash", a, Ask { parts: 2, ..a }, Refuses(Conflict)),
        ("another parts hash, precommit", precommit, Ask { parts: 2, ..precommit }, Refuses(Conflict)),
        (
            "another POL round",
            Ask { pol: Some(2), ..proposal },
            Ask { pol: Some(1), ..proposal },
            Refuses(Conflict),
        ),
        ("POL round 0 for none", proposal, Ask { pol: Some(0), ..proposal }, Refuses(Conflict)),
        ("none for POL round 3", Ask { pol: Some(3), ..proposal }, proposal, Refuses(Conflict)),
        ("another block and time", a, Ask { block: 2, seconds: 1, ..a }, Refuses(Conflict)),
        ("prevote after proposal", proposal, a, Signs),
        ("nil prevote after proposal", proposal, nil, Signs),
        ("precommit after proposal", proposal, precommit, Signs),
        ("precommit after prevote", a, precommit, Signs),
        ("precommit nil after prevote", a, Ask { block: 0, ..precommit }, Signs),
        ("precommit of another block", a, Ask { block: 2, ..precommit }, Signs),
        ("proposal after prevote", a, proposal, Refuses(StepRegression)),
        ("proposal after precommit", precommit, proposal, Refuses(StepRegression)),
        ("prevote after precommit", precommit, a, Refuses(StepRegression)),
        ("round + 1, prevote", a, Ask { round: 6, ..a }, Signs),
        ("round + 1, proposal after precommit", precommit, Ask { round: 6, ..proposal }, Signs),
        ("round - 1, prevote", a, Ask { round: 4, ..a }, Refuses(RoundRegression)),
        ("round - 1, precommit after prevote", a, Ask { round: 4, ..precommit }, Refuses(RoundRegression)),
        (
            "round - 1, proposal of another block",
            a,
            Ask { round: 4, block: 2, ..proposal },
            Refuses(RoundRegression),
        ),
        ("round 0", a, Ask { round: 0, ..precommit }, Refuses(RoundRegression)),
        ("height + 1, round 0, proposal", precommit, Ask { height: 11, round: 0, ..proposal }, Signs),
        ("height + 1, round 7", precommit, Ask { height: 11, round: 7, ..a }, Signs),
        ("height - 1, precommit", a, Ask { height: 9, ..precommit }, Refuses(HeightRegression)),
        ("height - 1, higher round", a, Ask { height: 9, round: 9, ..a }, Refuses(HeightRegression)),
        ("height - 9", a, Ask { height: 1, ..a }, Refuses(HeightRegression)),
        ("1,000 rounds", a, Ask { round: 1_005, ..a }, Signs),
        ("1,001 rounds", a, Ask { round: 1_006, ..a }, Refuses(Leap)),
        ("the last round there is", a, Ask { round: i32::MAX as u32, ..a }, Refuses(Leap)),
        ("1,000 rounds at a new height", a, Ask { height: 11, round: 1_000, ..a }, Signs),
        ("1,001 rounds at a new height", a, Ask { height: 11, round: 1_001, ..a }, Refuses(Leap)),
        ("100,001 heights", a, Ask { height: 100_011, ..a }, Refuses(Leap)),
        ("the last height there is", a, Ask { height: i64::MAX as u64, ..a }, Refuses(Leap)),
        ("another chain", a, Ask { chain: "refusal-2", ..a }, Refuses(UnknownChain)),
        ("a chain of other case", a, Ask { chain: "Refusal-1", ..a }, Refuses(UnknownChain)),
        ("a chain whose name goes on", a, Ask { chain: "refusal-10", ..a }, Refuses(UnknownChain)),
    ];
    let row = |(name, a, b, answer): &(&'static str, Ask, Ask, Answer)| Row {
        name,
        first: First::Signed(*a),
        second: Second::Sign(*b),
        answer: *answer,
        credit: false,
    };
    let mut rows: Vec<Row> = rows.iter().map(row).collect();
    for (name, height, answer) in [
        ("100,000 heights less those spent", 100_000, Signs),
        ("a height beyond the credit", 100_001, Refuses(Leap)),
    ] {
        let second = Second::Sign(Ask { height, ..a });
        rows.push(Row { name, first: First::Signed(a), second, answer, credit: true });
    }
    rows
}

fn set_by_the_owner() -> Vec<Row> {
    use Answer::{Refuses, Signs};
    use Status::{HeightRegression, NoStatement, RoundRegression, StepRegression};

    let at = |height, round, step| Hrs::new(height, round, step).unwrap_or_default();
    let mark = at(10, 5, Step::Prevote);
    let rows: [(&'static str, Hrs, Ask, Answer); 8] = [
        ("a mark at its own place", mark, A, Refuses(NoStatement)),
        ("a mark at its own place, nil", mark, Ask { block: 0, ..A }, Refuses(NoStatement)),
        ("a precommit above a mark", mark, PRECOMMIT, Signs),
        ("a proposal below a mark", mark, PROPOSAL, Refuses(StepRegression)),
        ("a round below a mark", mark, Ask { round: 4, ..PRECOMMIT }, Refuses(RoundRegression)),
        ("a height below a mark", mark, Ask { height: 9, ..PRECOMMIT }, Refuses(HeightRegression)),
        ("a mark at the start of a round", at(10, 5, Step::None), PROPOSAL, Signs),
        ("a mark at the start of a height", at(10, 0, Step::None), Ask { round: 0, ..PROPOSAL }, Signs),
    ];
    let row = |(name, mark, second, answer)| Row {
        name,
        first: First::Mark(mark),
        second: Second::Sign(second),
        answer,
        credit: false,
    };
    rows.map(row).to_vec()
}

fn extensions() -> Vec<Row> {
    use Answer::{Extends, Refuses};
    use Status::{NoPrecommit, UnknownChain};

    let mark = |step| First::Mark(Hrs::new(10, 5, step).unwrap_or_default());
    let own = First::Signed(PRECOMMIT);
    let rows: [([&'static str; 2], First, Ask, Answer); 11] = [
        (["an extension of its precommit", "a stream for its precommit"], own, PRECOMMIT, Extends),
        (
            ["an extension of a nil precommit", "a stream for a nil precommit"],
            First::Signed(Ask { block: 0, ..PRECOMMIT }),
            PRECOMMIT,
            Refuses(NoPrecommit),
        ),
        (
            ["an extension after a prevote", "a stream after a prevote"],
            First::Signed(A),
            PRECOMMIT,
            Refuses(NoPrecommit),
        ),
        (
            ["an extension after a proposal", "a stream after a proposal"],
            First::Signed(PROPOSAL),
            PRECOMMIT,
            Refuses(NoPrecommit),
        ),
        (
            ["an extension of the round before", "a stream for the round before"],
            own,
            Ask { round: 4, ..PRECOMMIT },
            Refuses(NoPrecommit),
        ),
        (
            ["an extension of the round after", "a stream for the round after"],
            own,
            Ask { round: 6, ..PRECOMMIT },
            Refuses(NoPrecommit),
        ),
        (
            ["an extension of the height before", "a stream for the height before"],
            own,
            Ask { height: 9, ..PRECOMMIT },
            Refuses(NoPrecommit),
        ),
        (
            ["an extension of the height after", "a stream for the height after"],
            own,
            Ask { height: 11, ..PRECOMMIT },
            Refuses(NoPrecommit),
        ),
        (
            ["an extension of another chain", "a stream for another chain"],
            own,
            Ask { chain: "refusal-2", ..PRECOMMIT },
            Refuses(UnknownChain),
        ),
        (
            ["an extension at a mark set by the owner", "a stream at a mark set by the owner"],
            mark(Step::Precommit),
            PRECOMMIT,
            Refuses(NoPrecommit),
        ),
        (
            ["an extension below a mark set by the owner", "a stream below a mark set by the owner"],
            mark(Step::Precommit),
            Ask { round: 4, ..PRECOMMIT },
            Refuses(NoPrecommit),
        ),
    ];
    let row = |name, first, second, answer| Row { name, first, second, answer, credit: false };
    let both = |([whole, stream], first, ask, answer): ([&'static str; 2], First, Ask, Answer)| {
        [row(whole, first, Second::Extension(ask), answer), row(stream, first, Second::Begin(ask), answer)]
    };
    rows.into_iter().flat_map(both).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_name_of_its_own_and_there_are_enough() {
        let rows = table();
        let names: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), rows.len());
        assert!(rows.len() >= 60, "{}", rows.len());
    }
}
