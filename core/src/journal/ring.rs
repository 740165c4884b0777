//! Reading, repairing and appending. The rule numbers are those of the module's specification.

use super::{Durable, Kind, Record, StorageFault, retry_distance};
use crate::env::{CELL, Crypto, Flash};
use crate::hrs::Hrs;
use crate::layout::{self, Domain, Installation, Place};

/// The ring of one slot. Holds no state: everything it knows stands in flash.
#[derive(Debug, Clone, Copy)]
pub struct Ring<'a> {
    /// The slot.
    pub slot: u8,
    /// Keys every check.
    pub installation: &'a Installation,
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
    /// A record that only a committed chain can have left: a signed one or a filler.
    pub committed: bool,
    /// A pair has no valid page.
    dead_pair: bool,
}

impl Scan {
    /// Rule 6: whether the mark cannot be told.
    pub fn unclear(&self, incarnation: u16) -> bool {
        match &self.newest {
            None => true,
            Some(newest) => {
                self.dead_pair || self.filler_serial > newest.serial || self.highest_incarnation > incarnation
            }
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

impl Ring<'_> {
    /// Reads the whole ring and finds the newest record of `incarnation`. Writes nothing.
    #[inline(never)]
    pub fn scan<E: Flash + Crypto>(&self, env: &mut E, incarnation: u16) -> Scan {
        let mut scan = Scan {
            newest: None,
            highest_serial: 0,
            highest_incarnation: 0,
            highest_hrs: Hrs::default(),
            filler_serial: 0,
            committed: false,
            dead_pair: false,
        };
        let pairs = self.pairs(env);
        let mut was_dead = false;
        let mut record = Record::NONE;
        for index in 0..2 * pairs {
            let dead = !self.read(env, env.rings().page(self.slot, index), &mut record);
            // The copies of a pair are neighbours, the second one at an odd index.
            scan.dead_pair |= index % 2 == 1 && was_dead && dead;
            was_dead = dead;
            if dead {
                continue;
            }
            scan.highest_serial = scan.highest_serial.max(record.serial);
            scan.highest_incarnation = scan.highest_incarnation.max(record.incarnation);
            scan.highest_hrs = scan.highest_hrs.max(record.hrs);
            scan.committed |= matches!(record.kind, Kind::Filler | Kind::SignedBlock | Kind::SignedNil);
            if record.kind == Kind::Filler {
                // A filler of an older incarnation says nothing about this one's serials but that
                // they are higher, which holds anyway: serials never fall.
                scan.filler_serial = scan.filler_serial.max(record.serial);
            }
            let at_its_place = u32::from(index / 2) == record.serial % u32::from(pairs);
            let newer = scan.newest.as_ref().is_none_or(|newest| record.serial > newest.serial);
            if record.is_mark() && record.incarnation == incarnation && at_its_place && newer {
                scan.newest = Some(record);
            }
        }
        scan
    }

    /// Rules 2, 5 and the end of 5: restores the newest pair, fills the other dead pages, reads the newest
    /// pair once more. Only for a ring that is not unclear. Gives the serial of the newest record, which may have moved on.
    #[inline(never)]
    pub fn repair<E: Flash + Crypto>(&self, env: &mut E, newest: &Record) -> Result<u32, Unreadable> {
        let mut record = Record::NONE;
        let newest = *self.newest(env, newest.serial, newest.incarnation, &mut record)?.record();
        self.fill_dead(env, &newest, Spare::NewestPair, 0..2 * self.pairs(env));
        self.newest(env, newest.serial, newest.incarnation, &mut record).map(|newest| newest.record().serial)
    }

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
    fn pairs(&self, env: &impl Flash) -> u16 {
        env.rings().pairs(self.slot)
    }

    #[inline(never)]
    fn read<E: Flash + Crypto>(&self, env: &mut E, page: u16, record: &mut Record) -> bool {
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
