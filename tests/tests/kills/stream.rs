//! What a node asks for, one thing after the other, and what the specification and the auditor say to the answers.

use highwater_core::apdu::{Signed, Status};
use highwater_core::canonical::Message;
use highwater_core::hrs::{Hrs, Step};
use highwater_sim::Ask;
use highwater_sim::audit::Auditor;
use highwater_sim::driver::place;
use highwater_sim::model::{Answer, Model, Op, Standing};
use highwater_tests::stage::{CHAIN, hrs};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// One chain as its node, the specification and the network see it.
pub(super) struct Stream {
    pub(super) random: StdRng,
    /// What the chain is by the specification.
    pub(super) model: Model,
    /// Every signature that left.
    pub(super) auditor: Auditor,
}

/// The request of an operation that signs.
pub(super) fn ask_of(op: Op) -> Ask {
    let Op::Sign { at, block, seconds } = op else { panic!("{op:?} signs nothing") };
    Ask { seconds, ..Ask::at(CHAIN, at, block) }
}

/// The same place with another block: what must never be signed beside it.
pub(super) fn contradiction(op: Op) -> Op {
    let Op::Sign { at, block, seconds } = op else { panic!("{op:?} signs nothing") };
    Op::Sign { at, block: block % 3 + 1, seconds }
}

/// A proposal is of a block; a vote may be nil.
fn least(at: Hrs) -> u8 {
    u8::from(at.step == Step::Proposal)
}

impl Stream {
    /// A vote or proposal above the mark.
    pub(super) fn fresh(&mut self) -> Op {
        let mark = self.model.mark;
        let (height, round) = (mark.height.value(), mark.round.value());
        let at = match mark.step {
            _ if self.random.random_ratio(1, 8) => hrs(height, round + 1, Step::Prevote),
            Step::Precommit => hrs(height + 1, 0, Step::Proposal),
            Step::None => hrs(height, round, Step::Proposal),
            Step::Proposal => hrs(height, round, Step::Prevote),
            Step::Prevote => hrs(height, round, Step::Precommit),
        };
        Op::Sign { at, block: self.random.random_range(least(at)..4), seconds: self.seconds() }
    }

    /// A fresh one, mostly; else what was signed last, the same at another time, its contradiction, or something lower.
    pub(super) fn any(&mut self) -> Op {
        let at = self.model.mark;
        let Some((block, seconds)) = self.model.said else { return self.fresh() };
        match self.random.random_range(0..10) {
            0 => Op::Sign { at, block, seconds },
            1 => Op::Sign { at, block, seconds: self.seconds() },
            2 => contradiction(Op::Sign { at, block, seconds }),
            3 => {
                let at = self.lower(at);
                Op::Sign { at, block: block.max(least(at)), seconds }
            }
            _ => self.fresh(),
        }
    }

    /// Holds an answer against the specification, and tells the auditor what left.
    pub(super) fn judge(&mut self, op: Op, data: &[u8], word: u16) {
        let (answer, after) = self.model.after(op);
        let status = Status::from_word(word).unwrap_or_else(|| panic!("{op:?} answered {word:04x}"));
        let expected = match answer {
            Answer::Refused(status) => status,
            Answer::Done | Answer::Moved => Status::Ok,
        };
        assert_eq!(status, expected, "{op:?} of {:?}", self.model);
        if status == Status::Ok {
            let signed = Signed::parse(data).expect("a signature");
            self.auditor.released(&ask_of(op).signed_bytes(&signed), &signed.signature).unwrap();
        }
        self.model = after;
    }

    /// The chain stands where this model is: nothing that left is above.
    pub(super) fn stands(&mut self, model: Model) {
        self.auditor.mark(CHAIN, place(model.mark)).unwrap();
        self.model = model;
    }

    fn lower(&mut self, mark: Hrs) -> Hrs {
        match (mark.height.value(), mark.round.value()) {
            (height, round @ 1..) if self.random.random() => hrs(height, round - 1, Step::Precommit),
            (height @ 2.., _) => hrs(height - 1, 9, Step::Prevote),
            (height, _) => hrs(height, 0, Step::Proposal),
        }
    }

    fn seconds(&mut self) -> i64 {
        self.random.random_range(1..2_000_000_000)
    }
}

#[test]
fn whatever_is_asked_is_canonical_also_below_a_nil_vote_of_the_first_height() {
    let at = hrs(1, 0, Step::Prevote);
    let model = Model { standing: Standing::Armed, mark: at, highest: at, said: Some((0, 1)), key: None };
    let random = StdRng::seed_from_u64(1);
    let mut stream = Stream { random, model, auditor: Auditor::default() };
    for _ in 0..200 {
        let op = stream.any();
        assert!(Message::parse(&ask_of(op).bytes()).is_ok(), "{op:?}");
    }
}
