//! The driver's hand on the device: operations as commands, and what its auditor is told.

use highwater_core::apdu::{
    ChainState, ChainStatus, Command, MAX_COMMAND, Named, PromptState, PromptStatus, Reply, Status,
};
use highwater_core::canonical::ChainId;
use highwater_core::hrs::Hrs;
use highwater_core::key_index::KeyIndex;
use highwater_core::layout::SLOTS;

use super::{Driver, Lane, Seen, Standing, Violation};
use crate::audit::Place;
use crate::model::{Answer, Imported, Op};
use crate::{Ask, Extend};

/// Bytes and signature that left the device.
pub(super) type Released = (Vec<u8>, [u8; 64]);

impl Driver {
    /// The owner sets an unclear chain no lower than the host's state file says; the device cannot know it.
    pub(super) fn honest(&self, lane: usize, op: Op) -> Op {
        let lane = &self.lanes[lane];
        match (op, lane.seen) {
            (Op::SetMark(to), Some(seen)) if seen.state == ChainState::Unclear => {
                let known =
                    lane.possible.iter().chain(&lane.ahead).map(|model| model.mark).fold(seen.mark, Hrs::max);
                Op::SetMark(to.max(known))
            }
            // What the owner sees and approves is the key that is there.
            (Op::AddWith(mark, named), _) => Op::AddWith(mark, self.held(named)),
            _ => op,
        }
    }

    /// Sends `op` as an APDU, approved and done where it needs the owner.
    pub(super) fn perform(&mut self, lane: usize, op: Op) -> (Answer, Option<Released>) {
        match op {
            Op::Sign { at, block, seconds } => {
                let ask = Ask { seconds, ..Ask::at(self.lanes[lane].chain, at, block) };
                return self.sign(&ask);
            }
            Op::Extend { at, streamed } => return self.extend(lane, at, streamed),
            Op::Look => {
                let slot = self.lanes[lane].seen.map_or(0, |seen| seen.slot);
                let (_, status) = self.exchange(Command::GetStatus { slot });
                let answer = if status == Status::Ok { Answer::Done } else { Answer::Refused(status) };
                return (answer, None);
            }
            Op::SetMark(_) | Op::Remove | Op::Add(_) | Op::AddWith(..) | Op::Forget => {}
        }
        let answer = self.raise(lane, op).map_or_else(
            |refused| refused,
            |ticket| {
                self.device.decide(ticket, true);
                self.device.finish_work();
                self.outcome(ticket)
            },
        );
        (answer, None)
    }

    /// Asks the owner for `op`: the prompt's ticket, or why there is none.
    pub(super) fn raise(&mut self, lane: usize, op: Op) -> Result<u32, Answer> {
        let chain = ChainId::new(self.lanes[lane].chain.as_bytes()).expect("a chain id");
        let incarnation = self.lanes[lane].seen.map_or(0, |seen| seen.incarnation);
        let named = Named { chain, incarnation };
        let lost = self.lanes[lane].possible.iter().any(|model| model.standing == Standing::Damaged);
        let command = match op {
            Op::SetMark(to) => Command::SetMark { named, to },
            Op::Remove => Command::RemoveChain(named),
            Op::Add(mark) => Command::AddChain { chain, key_index: key_index(lane, None), mark },
            Op::AddWith(mark, key) => {
                Command::AddChain { chain, key_index: key_index(lane, Some(key)), mark }
            }
            Op::Forget => match self.damaged {
                Some(slot) if lost => Command::ForgetSlot(slot),
                _ => Command::ForgetChain(named),
            },
            Op::Sign { .. } | Op::Extend { .. } | Op::Look => panic!("{op:?} needs no owner"),
        };
        let (data, status) = self.exchange(command);
        let ticket = data.first_chunk().map(|ticket| u32::from_le_bytes(*ticket));
        let ticket = ticket.filter(|_| status == Status::Ok).ok_or(Answer::Refused(status))?;
        if let Op::Add(mark) | Op::AddWith(mark, _) = op {
            self.lanes[lane].added = Some(mark);
        }
        Ok(ticket)
    }

    /// What became of a prompt.
    pub(super) fn outcome(&mut self, ticket: u32) -> Answer {
        let (data, _) = self.exchange(Command::PromptStatus(ticket));
        match PromptStatus::parse(&data).map(|outcome| (outcome.state, outcome.status)) {
            Some((PromptState::Approved, _)) => Answer::Done,
            Some((PromptState::Moved, _)) => Answer::Moved,
            Some((_, word)) => Answer::Refused(Status::from_word(word).unwrap_or(Status::Internal)),
            None => Answer::Refused(Status::Internal),
        }
    }

    fn sign(&mut self, ask: &Ask) -> (Answer, Option<Released>) {
        match ask.sign(&mut self.device) {
            Ok(signed) => (Answer::Done, Some((ask.signed_bytes(&signed), signed.signature))),
            Err(status) => (Answer::Refused(status), None),
        }
    }

    /// As an application says it: the same at every node, and another at every height.
    fn extend(&mut self, lane: usize, at: Hrs, streamed: bool) -> (Answer, Option<Released>) {
        let (height, round) = (at.height.value(), at.round.value());
        let content = [&height.to_le_bytes()[..], &[7; 20]].concat();
        let extend = Extend { chain: self.lanes[lane].chain, height, round, content: &content };
        let signed =
            if streamed { extend.stream(&mut self.device, 9) } else { extend.sign(&mut self.device) };
        match signed {
            Ok(signature) => (Answer::Done, Some((extend.bytes(), signature))),
            Err(status) => (Answer::Refused(status), None),
        }
    }

    pub(super) fn exchange(&mut self, command: Command<'_>) -> (Vec<u8>, Status) {
        let mut apdu = [0; MAX_COMMAND];
        let len = command.encode(&mut apdu).unwrap_or(0);
        let reply = self.device.exchange(&apdu[..len]);
        let (data, word) = Reply::split(&reply).unwrap_or((&[], Status::Internal.word()));
        (data.to_vec(), Status::from_word(word).unwrap_or(Status::Internal))
    }

    /// What every slot shows, with the name of its chain.
    pub(super) fn slots(&mut self) -> Result<Vec<(String, Seen)>, Violation> {
        let mut slots = Vec::with_capacity(SLOTS);
        for slot in 0..SLOTS as u8 {
            let (data, status) = self.exchange(Command::GetStatus { slot });
            let Some(shown) = ChainStatus::parse(&data).filter(|_| status == Status::Ok) else {
                return Err(Violation::Installation);
            };
            let seen = Seen {
                slot,
                state: shown.state,
                mark: shown.mark,
                highest: shown.highest_signed,
                kind: shown.kind,
                key_index: shown.key_index,
                incarnation: shown.incarnation,
                writes: shown.writes,
            };
            slots.push((shown.chain.map_or_else(String::new, |chain| chain.as_str().to_owned()), seen));
        }
        Ok(slots)
    }

    /// Tells the auditor what is seen: the key, an approved lower life, the mark.
    pub(super) fn witness(&mut self, lane: usize, seen: Option<Seen>) -> Result<(), Violation> {
        if seen.is_some_and(|seen| seen.state == ChainState::Armed) {
            self.look_at_key(lane)?;
        }
        self.relive(lane, seen);
        if let Some(seen) = seen.filter(|seen| seen.state == ChainState::Armed) {
            self.auditor.mark(self.lanes[lane].chain, place(seen.mark))?;
        }
        self.lanes[lane].seen = seen;
        Ok(())
    }

    /// Tells the auditor that an ADD began a life: its owner approved that the chain goes on from there. Of a slot that is
    /// being read the entry may be shown already; then the ADD is not over.
    fn relive(&mut self, lane: usize, seen: Option<Seen>) {
        let Lane { chain, life, added, .. } = &mut self.lanes[lane];
        if seen.is_some_and(|seen| seen.state == ChainState::Fault) {
            return;
        }
        let last = std::mem::replace(life, seen.map_or(0, |seen| seen.incarnation));
        if seen.is_some_and(|seen| seen.state == ChainState::Armed)
            && let Some(mark) = added.take()
            && *life > last
        {
            self.auditor.lowered(chain, place(mark));
        }
    }

    /// Before the first signature of an ADD that nobody has looked at yet.
    pub(super) fn look_at_add(&mut self, lane: usize) -> Result<(), Violation> {
        if self.lanes[lane].added.is_some() {
            let chain = self.lanes[lane].chain;
            let seen = self.slots()?.into_iter().find(|(name, _)| name == chain).map(|(_, seen)| seen);
            self.relive(lane, seen);
        }
        Ok(())
    }
}

/// The key of a chain as it is named in ADD_CHAIN: of the first and the third, if it was not imported, one and the same.
pub(super) fn key_index(lane: usize, key: Option<Imported>) -> u32 {
    key.map_or(lane as u32 % 2, |key| KeyIndex::Imported(key.number).number())
}

/// As the auditor writes it.
pub fn place(hrs: Hrs) -> Place {
    Place {
        height: i64::try_from(hrs.height.value()).unwrap_or(i64::MAX),
        round: i64::from(hrs.round.value()),
        step: hrs.step as u8,
    }
}
