//! The one rule that decides what may be signed (guarantee G3).

use crate::canonical::Timestamp;
use crate::hrs::{Hrs, Step};
use crate::statement::Digest;

/// What a node asks to be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Where.
    pub hrs: Hrs,
    /// What, but for the timestamp.
    pub statement: Digest,
    /// When.
    pub timestamp: Timestamp,
}

/// What the newest record says was signed at the mark, if anything was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// The mark was set by the owner; no statement stands at it.
    Nothing,
    /// This statement at this time was signed at the mark.
    Statement(Digest, Timestamp),
}

/// What the device does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Above the mark: write, read back, sign.
    Fresh,
    /// The same bytes as before: the same signature. No write.
    Repeat,
    /// The same statement of a vote with another timestamp: the signature over the recorded one. No write.
    Retimed,
    /// Refused, and why.
    Refuse(Refusal),
}

/// Why a request is refused for its place. Nothing was written; asking the same again gets the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The height is below the mark's.
    Height,
    /// The height is the mark's, the round below.
    Round,
    /// Height and round are the mark's, the step below.
    Step,
    /// Another statement was signed at this HRS, or the same proposal with another timestamp.
    Conflict,
    /// The mark stands here by command; what was signed here is not known.
    NoStatement,
    /// Too far above the mark without the owner's approval.
    Leap,
}

/// A round may rise this far above the record's (or above 0 at a new height) in one request.
pub const ROUND_LEAP: u32 = 1_000;

/// The HRS rule. `credit` is how many heights the chain may still rise (see [`crate::chains`]).
pub fn judge(asked: &Asked, mark: Hrs, signed: &Signed, credit: u32) -> Verdict {
    use core::cmp::Ordering::{Equal, Greater, Less};

    let (height, round, step) = (
        asked.hrs.height.cmp(&mark.height),
        asked.hrs.round.cmp(&mark.round),
        asked.hrs.step.cmp(&mark.step),
    );
    match (height, round, step) {
        (Less, _, _) => Verdict::Refuse(Refusal::Height),
        (Equal, Less, _) => Verdict::Refuse(Refusal::Round),
        (Equal, Equal, Less) => Verdict::Refuse(Refusal::Step),
        (Equal, Equal, Equal) => same_place(asked, signed),
        (Equal, Greater, _) | (Equal, Equal, Greater) | (Greater, _, _) => {
            let heights = asked.hrs.height.value() - mark.height.value();
            let floor = if heights == 0 { mark.round.value() } else { 0 };
            if heights > u64::from(credit) || asked.hrs.round.value() > floor.saturating_add(ROUND_LEAP) {
                Verdict::Refuse(Refusal::Leap)
            } else {
                Verdict::Fresh
            }
        }
    }
}

/// At the mark itself: one statement per HRS (guarantee G3).
fn same_place(asked: &Asked, signed: &Signed) -> Verdict {
    match signed {
        Signed::Nothing => Verdict::Refuse(Refusal::NoStatement),
        Signed::Statement(statement, _) if *statement != asked.statement => {
            Verdict::Refuse(Refusal::Conflict)
        }
        Signed::Statement(_, at) if *at == asked.timestamp => Verdict::Repeat,
        // The node ignores the timestamp of a returned proposal (CometBFT `privval/signer_client.go`),
        // so an old signature would not verify there: a refusal is the honest answer.
        Signed::Statement(..) if asked.hrs.step == Step::Proposal => Verdict::Refuse(Refusal::Conflict),
        Signed::Statement(..) => Verdict::Retimed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(height: u64, round: u32, step: Step) -> Hrs {
        Hrs::new(height, round, step).unwrap()
    }

    fn asked(hrs: Hrs, statement: u8, seconds: i64) -> Asked {
        Asked { hrs, statement: Digest([statement; 28]), timestamp: Timestamp { seconds, nanos: 0 } }
    }

    #[test]
    fn order_is_height_then_round_then_step_and_agrees_with_the_verdict() {
        let steps = [Step::Proposal, Step::Prevote, Step::Precommit];
        let mut all = [Hrs::default(); 27];
        let mut next = all.iter_mut();
        for height in 1..=3 {
            for round in 0..3 {
                for step in steps {
                    *next.next().unwrap() = at(height, round, step);
                }
            }
        }
        for (i, mark) in all.iter().enumerate() {
            let signed = Signed::Statement(Digest([1; 28]), Timestamp { seconds: 7, nanos: 0 });
            for (j, hrs) in all.iter().enumerate() {
                let verdict = judge(&asked(*hrs, 1, 7), *mark, &signed, 100);
                match j.cmp(&i) {
                    core::cmp::Ordering::Greater => assert_eq!(verdict, Verdict::Fresh),
                    core::cmp::Ordering::Equal => assert_eq!(verdict, Verdict::Repeat),
                    core::cmp::Ordering::Less => {
                        let part = if hrs.height < mark.height {
                            Refusal::Height
                        } else if hrs.round < mark.round {
                            Refusal::Round
                        } else {
                            Refusal::Step
                        };
                        assert_eq!(verdict, Verdict::Refuse(part));
                    }
                }
            }
        }
    }

    #[test]
    fn g3_one_statement_per_hrs() {
        let mark = at(5, 1, Step::Prevote);
        let signed = Signed::Statement(Digest([1; 28]), Timestamp { seconds: 7, nanos: 0 });
        assert_eq!(judge(&asked(mark, 1, 7), mark, &signed, 0), Verdict::Repeat);
        assert_eq!(judge(&asked(mark, 1, 8), mark, &signed, 0), Verdict::Retimed);
        assert_eq!(judge(&asked(mark, 2, 7), mark, &signed, 0), Verdict::Refuse(Refusal::Conflict));
        assert_eq!(
            judge(&asked(mark, 1, 7), mark, &Signed::Nothing, 0),
            Verdict::Refuse(Refusal::NoStatement)
        );
    }

    #[test]
    fn a_proposal_is_never_retimed() {
        let mark = at(5, 1, Step::Proposal);
        let signed = Signed::Statement(Digest([1; 28]), Timestamp { seconds: 7, nanos: 0 });
        assert_eq!(judge(&asked(mark, 1, 7), mark, &signed, 0), Verdict::Repeat);
        assert_eq!(judge(&asked(mark, 1, 8), mark, &signed, 0), Verdict::Refuse(Refusal::Conflict));
    }

    #[test]
    fn leaps_need_a_finger() {
        let mark = at(5, 7, Step::Precommit);
        let leap = Verdict::Refuse(Refusal::Leap);
        let signed = Signed::Nothing;
        let judged = |h, r, credit| judge(&asked(at(h, r, Step::Prevote), 1, 7), mark, &signed, credit);
        assert_eq!(judged(15, 0, 10), Verdict::Fresh);
        assert_eq!(judged(16, 0, 10), leap);
        assert_eq!(judged(5, 1007, 10), Verdict::Fresh);
        assert_eq!(judged(5, 1008, 10), leap);
        assert_eq!(judged(6, 1000, 10), Verdict::Fresh);
        assert_eq!(judged(6, 1001, 10), leap);
        assert_eq!(judged(i64::MAX as u64, 0, u32::MAX), leap);
    }
}
