//! The newest pair, and what is written. The rule numbers are those of the module's specification.

use super::{Durable, Record, StorageFault, retry_distance};
use crate::env::{CELL, Crypto, Flash};
use crate::layout::{self, Domain, Installation, Place};

/// The ring of one slot. Holds no state: everything it knows stands in flash.
#[derive(Debug, Clone, Copy)]
pub struct Ring<'a> {
    /// The slot.
    pub slot: u8,
    /// Keys every check.
    pub installation: &'a Installation,
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

impl Ring<'_> {
    /// Writes whichever copy of `newest` is missing.
    fn restore<E: Flash + Crypto>(&self, env: &mut E, newest: &Record) -> Result<(), StorageFault> {
        let stands = (0..2).all(|copy| {
            let page = self.page(env, newest.serial, copy);
            let mut found = Record::NONE;
            self.read(env, page, &mut found) && found == *newest || self.put(env, newest, page)
        });
        if stands { Ok(()) } else { Err(StorageFault) }
    }

    /// Rule 5: fills dead pages among `range` with fillers that name `newest`.
    ///
    /// A page that will not be filled stays dead: the fault is seen again at the next boot, and nothing
    /// rests on the filler meanwhile. `true`: a pair of them is dead in both copies still, and the next boot would find the
    /// chain unclear (rule 6).
    pub fn fill_dead<E: Flash + Crypto>(
        &self,
        env: &mut E,
        newest: &Record,
        spare: Spare,
        range: core::ops::Range<u16>,
    ) -> bool {
        let pairs = self.pairs(env);
        let (mut stayed, mut dead_pair) = (false, false);
        let filler = Record::filler(newest.incarnation, newest.serial, newest.hrs);
        for index in range {
            let page = env.rings().page(self.slot, index);
            let own = u32::from(index / 2) == newest.serial % u32::from(pairs);
            let spared = own && spare == Spare::NewestPair;
            let mut found = Record::NONE;
            let stays = !spared && !self.read(env, page, &mut found) && !self.put(env, &filler, page);
            dead_pair |= index % 2 == 1 && stayed && stays;
            stayed = stays;
        }
        dead_pair
    }

    /// Formats pages among `range`: the slot's first ADD. A page that will not be written is a fault.
    pub fn format<E: Flash + Crypto>(
        &self,
        env: &mut E,
        range: core::ops::Range<u16>,
    ) -> Result<(), StorageFault> {
        let rings = env.rings();
        let mut pages = range.map(|index| rings.page(self.slot, index));
        if pages.all(|page| self.put(env, &Record::formatted(), page)) { Ok(()) } else { Err(StorageFault) }
    }

    /// Rule 8: reads both copies of the newest pair; one bad: restores it first; both bad: lost.
    ///
    /// A page that takes no write any more is left behind: the same record is appended on the next pair, and has another
    /// serial then. On a fault the caller must scan again before the slot's next decision (rule 7).
    #[inline(never)]
    pub fn newest<'r, E: Flash + Crypto>(
        &self,
        env: &mut E,
        serial: u32,
        incarnation: u16,
        record: &'r mut Record,
    ) -> Result<Durable<'r>, Unreadable> {
        let (mut copies, mut found) = (0, Record::NONE);
        for copy in 0..2 {
            let page = self.page(env, serial, copy);
            if !self.read(env, page, &mut found) {
                continue;
            }
            if !found.is_mark() || found.serial != serial || found.incarnation != incarnation {
                continue;
            }
            // Two valid copies that differ were written by nobody: neither is believed.
            if copies == 1 && found != *record {
                return Err(Unreadable::Lost);
            }
            *record = found;
            copies += 1;
        }
        if copies == 0 {
            return Err(Unreadable::Lost);
        }
        if copies == 1 && self.restore(env, record).is_err() {
            return Ok(self.append(env, serial, record)?);
        }
        Ok(Durable::new(self.slot, record))
    }

    /// Appends `record` after `newest_serial`, under the serial of the place where it stands then.
    ///
    /// Copy 2 starts after copy 1 was read back (rule 1). A failed read-back moves on to the next pair,
    /// within the retry distance, so the newest pair is never touched (rule 3). On a fault anything may be
    /// half written: the caller must scan again before the slot's next decision (rule 7).
    #[inline(never)]
    pub fn append<'r, E: Flash + Crypto>(
        &self,
        env: &mut E,
        newest_serial: u32,
        record: &'r mut Record,
    ) -> Result<Durable<'r>, StorageFault> {
        for ahead in 1..=retry_distance(self.pairs(env)) {
            // A serial that cannot be counted any further is four billion signatures away.
            let serial = newest_serial.checked_add(ahead).ok_or(StorageFault)?;
            record.serial = serial;
            if (0..2).all(|copy| self.put(env, record, self.page(env, serial, copy))) {
                return Ok(Durable::new(self.slot, record));
            }
        }
        Err(StorageFault)
    }

    /// The page of a copy of the record with `serial`.
    fn page(&self, env: &impl Flash, serial: u32, copy: u16) -> u16 {
        env.rings().record_page(self.slot, serial, copy)
    }

    /// The pairs of the ring.
    pub(super) fn pairs(&self, env: &impl Flash) -> u16 {
        env.rings().pairs(self.slot)
    }

    #[inline(never)]
    pub(super) fn read<E: Flash + Crypto>(&self, env: &mut E, page: u16, record: &mut Record) -> bool {
        let mut cell = [0; CELL];
        env.read(page, &mut cell);
        record.decode(env, self.installation, self.place(page), &cell)
    }

    /// Writes `record` on `page` and reads it back.
    #[inline(never)]
    fn put<E: Flash + Crypto>(&self, env: &mut E, record: &Record, page: u16) -> bool {
        let mut cell = [0; CELL];
        record.encode(env, self.installation, self.place(page), &mut cell);
        layout::write_verified(env, page, &cell)
    }

    fn place(&self, page: u16) -> Place {
        Place { domain: Domain::Record, slot: self.slot, page }
    }
}
