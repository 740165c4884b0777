//! SIGN: one canonical message in, one signature out, or the reason why not.

use super::slot::{LEAP_CREDIT, Slot};
use super::{LastSignature, Signer};
use crate::apdu::{ChainState, Reply, Signed, Status};
use crate::canonical::{MAX_MESSAGE, Message, Timestamp};
use crate::env::{CryptoFailed, Env, Life};
use crate::hrs::Hrs;
use crate::journal::{Durable, Newest, Record, Unreadable};
use crate::judge::{self, Asked, Refusal, Verdict, judge};
use crate::statement::{self, Digest};

impl From<CryptoFailed> for Status {
    fn from(_: CryptoFailed) -> Self {
        Self::StorageFault
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Height => Self::HeightRegression,
            Refusal::Round => Self::RoundRegression,
            Refusal::Step => Self::StepRegression,
            Refusal::Conflict => Self::Conflict,
            Refusal::NoStatement => Self::NoStatement,
            Refusal::Leap => Self::Leap,
        }
    }
}

impl Signer {
    /// Signs, or refuses. Writes the data part of the reply: on success the signature and its timestamp; for non-canonical
    /// bytes the rule that was broken; for a refused height, round or step the current mark.
    #[inline(never)]
    pub(super) fn sign<E: Env>(
        &mut self,
        env: &mut E,
        bytes: &[u8],
        reply: &mut Reply,
    ) -> Result<(), Status> {
        self.sound()?;
        let message = match Message::parse(bytes) {
            Ok(message) => message,
            Err(rule) => {
                reply.put(&[rule as u8]);
                return Err(Status::NotCanonical);
            }
        };
        let slot = self.slot_of(env, message.chain)?;
        let result = self.sign_in(env, slot, &message, bytes, reply);
        self.close(env, slot, message.hrs, result, reply)
    }

    /// The end of every decision: nothing leaves if the stack overflowed, and a refusal is remembered.
    #[inline(never)]
    pub(super) fn close<E: Env>(
        &mut self,
        env: &mut E,
        slot: u8,
        at: Hrs,
        mut result: Result<(), Status>,
        reply: &mut Reply,
    ) -> Result<(), Status> {
        // An overflow may have spoilt anything: this decision, or the signature that was kept for a repeat.
        if !env.stack_intact() {
            reply.clear();
            result = Err(Status::Internal);
        }
        if let Err(status) = result {
            self.events.push(status, slot, at);
        }
        result
    }

    #[inline(never)]
    fn sign_in<E: Env>(
        &mut self,
        env: &mut E,
        slot: u8,
        message: &Message<'_>,
        bytes: &[u8],
        reply: &mut Reply,
    ) -> Result<(), Status> {
        let asked = Asked {
            hrs: message.hrs,
            statement: statement::digest(env, message),
            timestamp: message.timestamp,
        };
        let newest = self.newest(env, slot)?;
        let mark = newest.record.hrs;
        let credit = LEAP_CREDIT.saturating_sub(self.slots[usize::from(slot)].spent);
        match judge(&asked, mark, &newest.record.statement(), credit) {
            Verdict::Refuse(refusal) => {
                reply.put_hrs(mark);
                Err(refusal.into())
            }
            Verdict::Fresh => {
                let permit = self.raise(env, slot, message, &asked, mark)?;
                self.release(env, permit, slot, bytes, asked.timestamp, reply)
            }
            Verdict::Repeat | Verdict::Retimed => {
                self.again(env, slot, message, newest, &asked.statement, reply)
            }
        }
    }

    /// The newest record of a slot that may decide; scans and repairs first where a fault left it stale (rule 7).
    #[inline(never)]
    pub(super) fn newest<E: Env>(&mut self, env: &mut E, slot: u8) -> Result<Newest, Status> {
        let known = self.slots[usize::from(slot)].state;
        // A key that failed to sign may have been unloaded for it.
        if known == ChainState::Fault || known == ChainState::Armed && env.loaded_key(slot).is_err() {
            self.load(env, slot);
        }
        match self.slots[usize::from(slot)].state {
            ChainState::Armed => {}
            ChainState::Unclear => return Err(Status::Unclear),
            ChainState::Fault => return Err(Status::StorageFault),
            ChainState::Damaged => return Err(Status::StorageDamaged),
            _ => return Err(Status::UnknownChain),
        }
        self.read_newest(env, slot).map_err(|unreadable| match unreadable {
            Unreadable::Lost => Status::Unclear,
            Unreadable::Fault => Status::StorageFault,
        })
    }

    /// The newest record of an armed slot. What is found instead is the slot's state then, and where it moved to its serial.
    #[inline(never)]
    pub(super) fn read_newest<E: Env>(&mut self, env: &mut E, slot: u8) -> Result<Newest, Unreadable> {
        let Slot { serial, incarnation, .. } = self.slots[usize::from(slot)];
        let newest = self.ring(slot).newest(env, serial, incarnation);
        let kept = &mut self.slots[usize::from(slot)];
        match &newest {
            Ok(newest) => kept.serial = newest.record.serial,
            Err(Unreadable::Lost) => kept.state = ChainState::Unclear,
            Err(Unreadable::Fault) => kept.state = ChainState::Fault,
        }
        newest
    }

    /// Raises the mark to what is asked (guarantee G1: before the signature).
    #[inline(never)]
    fn raise<E: Env>(
        &mut self,
        env: &mut E,
        slot: u8,
        message: &Message<'_>,
        asked: &Asked,
        mark: Hrs,
    ) -> Result<Durable, Status> {
        let incarnation = self.slots[usize::from(slot)].incarnation;
        let nil = message.block.is_none();
        let mut record = Record::signed(incarnation, asked.hrs, nil, &asked.statement, asked.timestamp);
        let permit = self.append(env, slot, &mut record)?;
        let heights = asked.hrs.height.value() - mark.height.value();
        // The verdict was Fresh, so the difference is within the credit.
        let spent = &mut self.slots[usize::from(slot)].spent;
        *spent = spent.saturating_add(u32::try_from(heights).unwrap_or(u32::MAX));
        Ok(permit)
    }

    /// Appends a record; a failed append makes the slot's index invalid until it is scanned again (rule 7).
    pub(super) fn append<E: Env>(
        &mut self,
        env: &mut E,
        slot: u8,
        record: &mut Record,
    ) -> Result<Durable, Status> {
        self.mark_moved(env, slot);
        let serial = self.slots[usize::from(slot)].serial;
        match self.ring(slot).append(env, serial, record) {
            Ok((serial, permit)) => {
                self.slots[usize::from(slot)].serial = serial;
                Ok(permit)
            }
            Err(_) => {
                self.slots[usize::from(slot)].state = ChainState::Fault;
                Err(Status::StorageFault)
            }
        }
    }

    /// The statement at the mark once more: the same signature, with the same timestamp.
    #[inline(never)]
    fn again<E: Env>(
        &mut self,
        env: &mut E,
        slot: u8,
        message: &Message<'_>,
        newest: Newest,
        statement: &Digest,
        reply: &mut Reply,
    ) -> Result<(), Status> {
        let judge::Signed::Statement(_, timestamp) = newest.record.statement() else {
            return Err(Status::Internal);
        };
        let (serial, incarnation) = (newest.record.serial, newest.record.incarnation);
        if let Some(last) = &self.last
            && (last.slot, last.serial, last.incarnation) == (slot, serial, incarnation)
        {
            Signed::put(&last.signature, timestamp, reply);
            return Ok(());
        }
        let permit = newest.permit_repeat(statement).ok_or(Status::Internal)?;
        // Ed25519 is deterministic: over the recorded timestamp these are the bytes that were signed.
        let mut bytes = [0; MAX_MESSAGE];
        let len = message.at(timestamp).encode(&mut bytes);
        self.release(env, permit, slot, &bytes[..len], timestamp, reply)
    }

    /// Signs what may be signed, and keeps the signature as the last one.
    #[inline(never)]
    fn release<E: Env>(
        &mut self,
        env: &mut E,
        permit: Durable,
        slot: u8,
        bytes: &[u8],
        timestamp: Timestamp,
        reply: &mut Reply,
    ) -> Result<(), Status> {
        let Slot { serial, incarnation, .. } = self.slots[usize::from(slot)];
        let last = self.last.insert(LastSignature { slot, serial, incarnation, signature: [0; 64] });
        if env.sign(permit, Life { slot, incarnation }, bytes, &mut last.signature).is_err() {
            self.last = None;
            return Err(Status::StorageFault);
        }
        Signed::put(&last.signature, timestamp, reply);
        Ok(())
    }
}
