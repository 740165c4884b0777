//! SIGN: one canonical message in, one signature out, or the reason why not.

use super::Signer;
use super::slot::{LEAP_CREDIT, Slot};
use crate::apdu::{ChainState, Reply, Signed, Status};
use crate::canonical::{MAX_MESSAGE, Message};
use crate::env::{CryptoFailed, Env};
use crate::hrs::Hrs;
use crate::journal::{Durable, Record, Unreadable};
use crate::judge::{self, Refusal, Verdict, judge};
use crate::statement::Said;

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
        let result = self.sign_in(env, slot, &message, reply);
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
            // A key that failed to sign may have been unloaded for it.
            self.find_key(env, slot);
        }
        result
    }

    #[inline(never)]
    fn sign_in<E: Env>(
        &mut self,
        env: &mut E,
        slot: u8,
        message: &Message<'_>,
        reply: &mut Reply,
    ) -> Result<(), Status> {
        let said = Said::of(env, message);
        let mut record = Record::NONE;
        let newest = self.newest(env, slot, &mut record)?;
        let mark = newest.record().hrs;
        let credit = LEAP_CREDIT.saturating_sub(self.slots[slot].spent);
        let durable = match judge(said.asked(), mark, &newest.record().statement(), credit) {
            Verdict::Refuse(refusal) => {
                reply.put_hrs(mark);
                return Err(refusal.into());
            }
            Verdict::Fresh => self.raise(env, slot, &said, mark, &mut record)?,
            Verdict::Repeat | Verdict::Retimed => newest,
        };
        self.release(env, durable, &said, reply)
    }

    /// The newest record of a slot that may decide. A slot at fault may not: it is read once more in the turns that follow
    /// (rule 7).
    #[inline(never)]
    pub(super) fn newest<'r, E: Env>(
        &mut self,
        env: &mut E,
        slot: u8,
        record: &'r mut Record,
    ) -> Result<Durable<'r>, Status> {
        match self.slots[slot].state {
            ChainState::Armed if env.loaded_key(slot).is_err() => Err(Status::StorageFault),
            ChainState::Armed => self.read_newest(env, slot, record),
            ChainState::Unclear => Err(Status::Unclear),
            ChainState::Damaged => Err(Status::StorageDamaged),
            ChainState::Fault => {
                self.retry(slot);
                Err(Status::StorageFault)
            }
            _ => Err(Status::UnknownChain),
        }
    }

    /// The newest record of an armed slot, whose serial may have moved on. If it is not there, the slot is to be read anew.
    #[inline(never)]
    pub(super) fn read_newest<'r, E: Env>(
        &mut self,
        env: &mut E,
        slot: u8,
        record: &'r mut Record,
    ) -> Result<Durable<'r>, Status> {
        let Slot { serial, incarnation, .. } = self.slots[slot];
        let newest = match serial.get() {
            Some(serial) => self.ring(slot).newest(env, serial, incarnation, record),
            None => Err(Unreadable::Fault),
        };
        match newest {
            Ok(newest) if self.slots[slot].serial.keep(newest.record().serial) => Ok(newest),
            Err(Unreadable::Lost) => {
                self.lose(slot);
                Err(Status::Unclear)
            }
            Ok(_) | Err(Unreadable::Fault) => Err(self.page_failed(slot)),
        }
    }

    /// Raises the mark to what is asked (guarantee G1: before the signature). `record` is the newest, and then that of the mark.
    #[inline(never)]
    fn raise<'r, E: Env>(
        &mut self,
        env: &mut E,
        slot: u8,
        said: &Said<'_>,
        mark: Hrs,
        record: &'r mut Record,
    ) -> Result<Durable<'r>, Status> {
        let Record { serial, incarnation, .. } = *record;
        let (asked, nil) = (said.asked(), said.message().block.is_none());
        *record = Record::signed(incarnation, asked.hrs, nil, &asked.statement, asked.timestamp);
        let durable = self.append(env, slot, serial, record)?;
        let heights = asked.hrs.height.value() - mark.height.value();
        // The verdict was Fresh, so the difference is within the credit.
        let spent = &mut self.slots[slot].spent;
        *spent = spent.saturating_add(u32::try_from(heights).unwrap_or(u32::MAX));
        Ok(durable)
    }

    /// Appends a record after the newest, which has this serial; a failed append makes the slot's index invalid until it is
    /// scanned again (rule 7).
    pub(super) fn append<'r, E: Env>(
        &mut self,
        env: &mut E,
        slot: u8,
        newest: u32,
        record: &'r mut Record,
    ) -> Result<Durable<'r>, Status> {
        self.mark_moved(env, slot);
        match self.ring(slot).append(env, newest, record) {
            Ok(durable) if self.slots[slot].serial.keep(durable.record().serial) => Ok(durable),
            _ => Err(self.page_failed(slot)),
        }
    }

    /// A page of a slot does not hold what was written: its index is invalid until it is scanned again.
    pub(super) fn page_failed(&mut self, slot: u8) -> Status {
        self.distrust(slot);
        Status::StorageFault
    }

    /// Signs what the record names, or gives the signature that was kept of this very record: Ed25519 is deterministic, so
    /// over the record's time these are the bytes that were signed.
    #[inline(never)]
    fn release<E: Env>(
        &mut self,
        env: &mut E,
        durable: Durable<'_>,
        said: &Said<'_>,
        reply: &mut Reply,
    ) -> Result<(), Status> {
        let (life, record) = (durable.life(), durable.record());
        let judge::Signed::Statement(_, timestamp) = record.statement() else {
            return Err(Status::Internal);
        };
        let mut bytes = [0; MAX_MESSAGE];
        let what = durable.statement(env, said, &mut bytes).ok_or(Status::Internal)?;
        let last = &mut self.last;
        if (last.life, last.serial) != (life, record.serial) {
            // Of no record, until there is a signature.
            last.serial = 0;
            env.sign(what, &mut last.signature)?;
            (last.life, last.serial) = (life, record.serial);
        }
        Signed::put(&last.signature, timestamp, reply);
        Ok(())
    }
}
