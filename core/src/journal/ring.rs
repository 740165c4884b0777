//! Reading, repairing and appending. The rule numbers are those of the module's specification.

use super::{Content, Durable, Record, StorageFault, retry_distance};
use crate::env::{CELL, Crypto, Flash};
use crate::hrs::Hrs;
use crate::layout::{self, Installation, record_page, ring_page};
use crate::statement::Digest;

/// The ring of one slot. Holds no state: everything it knows stands in flash.
#[derive(Debug, Clone, Copy)]
pub struct Ring {
    /// The slot.
    pub slot: u8,
    /// Keys every check.
    pub installation: Installation,
}

/// What a full scan of a ring found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scan {
    /// The newest record of the incarnation asked for (rule 4).
    pub newest: Option<Record>,
    /// The highest serial on any valid page, whatever its kind or incarnation.
    pub highest_serial: u32,
    /// The highest incarnation on any valid page.
    pub highest_incarnation: u16,
    /// The highest HRS on any valid page: a floor for what the mark may have been.
    pub highest_hrs: Hrs,
    /// The highest serial any filler names.
    filler_serial: u32,
    /// Pages that fail their check.
    pub dead: u16,
    /// A record that only a committed chain can have left: a signed one or a filler.
    pub committed: bool,
    /// A pair within the retry distance after the newest has no valid page.
    dead_pair_ahead: bool,
}

impl Scan {
    /// Rule 6: whether the mark cannot be told.
    pub fn unclear(&self, incarnation: u16) -> bool {
        match &self.newest {
            None => true,
            Some(newest) => {
                self.dead_pair_ahead
                    || self.filler_serial > newest.serial
                    || self.highest_incarnation > incarnation
            }
        }
    }
}

/// The newest record, both copies of which were just read and are valid.
#[derive(Debug)]
pub struct Newest {
    /// The record.
    pub record: Record,
    proof: Durable,
}

impl Newest {
    /// The permit to sign again what this record names; nothing else.
    pub fn permit_repeat(self, statement: &Digest) -> Option<Durable> {
        match self.record.content {
            Content::SignedBlock(digest, _) | Content::SignedNil(digest, _) if digest == *statement => {
                Some(self.proof)
            }
            _ => None,
        }
    }
}

/// Which pages filling leaves alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spare {
    /// The pair of the record named: restoring it is not the filler's business.
    NewestPair,
    /// None: no record of this incarnation stands yet.
    Nothing,
}

/// Why the newest record cannot be used now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// Neither copy says it any more: the mark is unclear until the owner sets it.
    Lost,
    /// A copy could not be restored; trying again may help.
    Fault,
}

impl From<StorageFault> for Unreadable {
    fn from(_: StorageFault) -> Self {
        Self::Fault
    }
}

/// The two copies of a pair, as read.
struct Pair(Option<Record>, Option<Record>);

impl Ring {
    /// Reads the whole ring and finds the newest record of `incarnation`. Writes nothing.
    #[inline(never)]
    pub fn scan<E: Flash + Crypto>(&self, env: &mut E, incarnation: u16) -> Scan {
        let mut scan = Scan {
            newest: None,
            highest_serial: 0,
            highest_incarnation: 0,
            highest_hrs: Hrs::default(),
            filler_serial: 0,
            dead: 0,
            committed: false,
            dead_pair_ahead: false,
        };
        let pairs = env.pairs();
        for index in 0..2 * pairs {
            let Some(record) = self.read(env, ring_page(pairs, self.slot, index)) else {
                scan.dead += 1;
                continue;
            };
            scan.highest_serial = scan.highest_serial.max(record.serial);
            scan.highest_incarnation = scan.highest_incarnation.max(record.incarnation);
            scan.highest_hrs = scan.highest_hrs.max(record.hrs);
            match record.content {
                Content::Filler => {
                    scan.committed = true;
                    // A filler of an older incarnation says nothing about this one's serials but that
                    // they are higher, which holds anyway: serials never fall.
                    scan.filler_serial = scan.filler_serial.max(record.serial);
                }
                Content::SignedBlock(..) | Content::SignedNil(..) => scan.committed = true,
                Content::MarkOnly(_) | Content::Formatted => {}
            }
            let at_its_place = u32::from(index / 2) == record.serial % u32::from(pairs);
            let newer = scan.newest.is_none_or(|newest| record.serial > newest.serial);
            if record.is_mark() && record.incarnation == incarnation && at_its_place && newer {
                scan.newest = Some(record);
            }
        }
        if let Some(newest) = scan.newest {
            for ahead in 1..=retry_distance(pairs) {
                let Pair(one, two) = self.read_pair(env, newest.serial.wrapping_add(ahead));
                scan.dead_pair_ahead |= one.is_none() && two.is_none();
            }
        }
        scan
    }

    /// Rules 2, 5 and the end of 5: restores the newest pair, fills the other dead pages, reads the newest
    /// pair once more. Only for a ring that is not unclear.
    #[inline(never)]
    pub fn repair<E: Flash + Crypto>(&self, env: &mut E, newest: &Record) -> Result<(), Unreadable> {
        self.restore(env, newest)?;
        self.fill_dead(env, newest, Spare::NewestPair, 0..2 * env.pairs());
        self.newest(env, newest.serial, newest.incarnation).map(|_| ())
    }

    /// Writes whichever copy of `newest` is missing.
    fn restore<E: Flash + Crypto>(&self, env: &mut E, newest: &Record) -> Result<(), StorageFault> {
        let Pair(one, two) = self.read_pair(env, newest.serial);
        for (copy, found) in [(0, one), (1, two)] {
            if found.as_ref() != Some(newest) && !self.write(env, newest, copy) {
                return Err(StorageFault);
            }
        }
        Ok(())
    }

    /// Rule 5: fills dead pages among `range` with fillers that name `newest`.
    ///
    /// A page that will not be filled stays dead: the fault is seen again at the next boot, and nothing
    /// rests on the filler meanwhile.
    pub fn fill_dead<E: Flash + Crypto>(
        &self,
        env: &mut E,
        newest: &Record,
        spare: Spare,
        range: core::ops::Range<u16>,
    ) {
        let pairs = env.pairs();
        let filler = Record { content: Content::Filler, ..*newest };
        for index in range {
            let page = ring_page(pairs, self.slot, index);
            let own = u32::from(index / 2) == newest.serial % u32::from(pairs);
            let spared = own && spare == Spare::NewestPair;
            if !spared && self.read(env, page).is_none() {
                self.put(env, &filler, page);
            }
        }
    }

    /// Formats pages among `range`: the slot's first ADD. A page that will not be written is a fault.
    pub fn format<E: Flash + Crypto>(
        &self,
        env: &mut E,
        range: core::ops::Range<u16>,
    ) -> Result<(), StorageFault> {
        let blank = Record { incarnation: 0, serial: 0, hrs: Hrs::default(), content: Content::Formatted };
        let pairs = env.pairs();
        for index in range {
            if !self.put(env, &blank, ring_page(pairs, self.slot, index)) {
                return Err(StorageFault);
            }
        }
        Ok(())
    }

    /// Rule 8: reads both copies of the newest pair; one bad: restores it first; both bad: lost.
    #[inline(never)]
    pub fn newest<E: Flash + Crypto>(
        &self,
        env: &mut E,
        serial: u32,
        incarnation: u16,
    ) -> Result<Newest, Unreadable> {
        let Pair(one, two) = self.read_pair(env, serial);
        let named = |found: &Option<Record>| {
            found.as_ref().is_some_and(|r| r.is_mark() && r.serial == serial && r.incarnation == incarnation)
        };
        let (one, two) = (one.filter(|_| named(&one)), two.filter(|_| named(&two)));
        let record = match (one, two) {
            (Some(one), Some(two)) if one == two => one,
            (Some(record), None) | (None, Some(record)) => {
                self.restore(env, &record)?;
                record
            }
            _ => return Err(Unreadable::Lost),
        };
        Ok(Newest { record, proof: Durable(()) })
    }

    /// Appends `record` after `newest_serial` and gives its serial and the permit to sign it.
    ///
    /// Copy 2 starts after copy 1 was read back (rule 1). A failed read-back moves on to the next pair,
    /// within the retry distance, so the newest pair is never touched (rule 3). On a fault anything may be
    /// half written: the caller must scan again before the slot's next decision (rule 7).
    #[inline(never)]
    pub fn append<E: Flash + Crypto>(
        &self,
        env: &mut E,
        newest_serial: u32,
        record: &Record,
    ) -> Result<(u32, Durable), StorageFault> {
        for ahead in 1..=retry_distance(env.pairs()) {
            // A serial that cannot be counted any further is four billion signatures away.
            let serial = newest_serial.checked_add(ahead).ok_or(StorageFault)?;
            let record = Record { serial, ..*record };
            if self.write(env, &record, 0) && self.write(env, &record, 1) {
                return Ok((serial, Durable(())));
            }
        }
        Err(StorageFault)
    }

    fn read_pair<E: Flash + Crypto>(&self, env: &mut E, serial: u32) -> Pair {
        let pairs = env.pairs();
        Pair(
            self.read(env, record_page(pairs, self.slot, serial, 0)),
            self.read(env, record_page(pairs, self.slot, serial, 1)),
        )
    }

    #[inline(never)]
    fn read<E: Flash + Crypto>(&self, env: &mut E, page: u16) -> Option<Record> {
        let mut cell = [0; CELL];
        env.read(page, &mut cell);
        Record::decode(env, &self.installation, self.slot, page, &cell)
    }

    /// Writes `record` at its own place and reads it back.
    fn write<E: Flash + Crypto>(&self, env: &mut E, record: &Record, copy: u16) -> bool {
        self.put(env, record, record_page(env.pairs(), self.slot, record.serial, copy))
    }

    #[inline(never)]
    fn put<E: Flash + Crypto>(&self, env: &mut E, record: &Record, page: u16) -> bool {
        let mut cell = [0; CELL];
        record.encode(env, &self.installation, self.slot, page, &mut cell);
        layout::write_verified(env, page, &cell)
    }
}
