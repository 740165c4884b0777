//! Reading a whole ring and repairing it, a few pages a turn. The rule numbers are those of the module's specification.

use super::ring::{Ring, Spare, Unreadable};
use super::{Kind, Record, StorageFault};
use crate::env::{Crypto, Flash};
use crate::hrs::Hrs;

/// Pages that are read in one turn: a vote of another chain waits for no more. A short ring takes several turns too, so
/// that the searches, which have short ones, meet whatever can come between them.
const fn pages_a_turn(pairs: u16) -> u16 {
    if pairs < 32 { pairs.div_ceil(2) } else { 16 }
}

/// Pages that are prepared or filled in one turn.
const WRITTEN: u16 = 4;

/// What a scan of a ring has found so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scan {
    /// The highest HRS on any valid page: a floor for what the mark may have been. Its bytes take no padding.
    pub floor: [u8; Hrs::SIZE],
    /// The serial of the newest record of the incarnation asked for (rule 4); none has 0.
    newest: u32,
    /// The highest serial on any valid page, whatever its kind or incarnation.
    pub highest_serial: u32,
    /// The highest serial any filler names.
    filler_serial: u32,
    /// The highest incarnation on any valid page.
    pub highest_incarnation: u16,
    /// The page that is read next.
    next: u16,
    /// From the first page that is dead to behind the last one.
    dead: (u16, u16),
    /// The page read last is dead.
    was_dead: bool,
    /// A pair has no valid page.
    dead_pair: bool,
    /// A record that only a committed chain can have left: a signed one or a filler.
    pub committed: bool,
}

impl Scan {
    /// Nothing was read yet.
    pub const START: Self = Self {
        floor: [0; Hrs::SIZE],
        newest: 0,
        highest_serial: 0,
        filler_serial: 0,
        highest_incarnation: 0,
        next: 0,
        dead: (0, 0),
        was_dead: false,
        dead_pair: false,
        committed: false,
    };

    /// Rule 6: whether the mark cannot be told. Of a scan that came to its end.
    pub fn unclear(&self, incarnation: u16) -> bool {
        self.newest == 0
            || self.dead_pair
            || self.filler_serial > self.newest
            || self.highest_incarnation > incarnation
    }
}

/// The pages from `next` on that one turn takes, of a ring of `pairs` pairs.
fn turn(next: u16, pages: u16, pairs: u16) -> core::ops::Range<u16> {
    next..(next + pages).min(2 * pairs)
}

impl Ring<'_> {
    /// Reads on and looks for the newest record of `incarnation`. Writes nothing. `true`: that was all of the ring.
    #[inline(never)]
    pub fn scan<E: Flash + Crypto>(&self, env: &mut E, incarnation: u16, scan: &mut Scan) -> bool {
        let pairs = self.pairs(env);
        let mut record = Record::NONE;
        for index in turn(scan.next, pages_a_turn(pairs), pairs) {
            scan.next = index + 1;
            let dead = !self.read(env, env.rings().page(self.slot, index), &mut record);
            // The copies of a pair are neighbours, the second one at an odd index.
            scan.dead_pair |= index % 2 == 1 && scan.was_dead && dead;
            scan.was_dead = dead;
            if dead {
                let first = if scan.dead.1 == 0 { index } else { scan.dead.0 };
                scan.dead = (first, index + 1);
                continue;
            }
            scan.highest_serial = scan.highest_serial.max(record.serial);
            scan.highest_incarnation = scan.highest_incarnation.max(record.incarnation);
            let floor = Hrs::from_bytes(&scan.floor).unwrap_or_default();
            scan.floor = floor.max(record.hrs).to_bytes();
            scan.committed |= matches!(record.kind, Kind::Filler | Kind::SignedBlock | Kind::SignedNil);
            if record.kind == Kind::Filler {
                // A filler of an older incarnation says nothing about this one's serials but that
                // they are higher, which holds anyway: serials never fall.
                scan.filler_serial = scan.filler_serial.max(record.serial);
            }
            let at_its_place = u32::from(index / 2) == record.serial % u32::from(pairs);
            let newer = record.serial > scan.newest;
            if record.is_mark() && record.incarnation == incarnation && at_its_place && newer {
                scan.newest = record.serial;
            }
        }
        scan.next == 2 * pairs
    }

    /// Rules 2, 5 and the end of 5, after a scan that is not unclear: restores the newest pair, fills the other dead pages,
    /// and reads the newest pair once more. Each turn begins with the newest pair. `Some`: all is done, and this is the serial
    /// of the newest record, which may have moved on.
    #[inline(never)]
    pub fn repair<E: Flash + Crypto>(
        &self,
        env: &mut E,
        incarnation: u16,
        scan: &mut Scan,
    ) -> Result<Option<u32>, Unreadable> {
        let mut record = Record::NONE;
        let newest = self.newest(env, scan.newest, incarnation, &mut record)?.record();
        if newest.serial != scan.newest {
            // The record moved on: what it was tried on may be dead since the scan.
            (scan.newest, scan.dead) = (newest.serial, (0, 2 * self.pairs(env)));
        }
        let (next, end) = scan.dead;
        if next == end {
            return Ok(Some(newest.serial));
        }
        let range = next..(next + WRITTEN).min(end);
        scan.dead.0 = range.end;
        self.fill_dead(env, newest, Spare::NewestPair, range);
        Ok(None)
    }

    /// Prepares a few pages for a new life: formats them, or fills those that are dead with what `named` names. `false`: there
    /// are none left.
    #[inline(never)]
    pub fn prepare<E: Flash + Crypto>(
        &self,
        env: &mut E,
        named: Option<&Record>,
        next: &mut u16,
    ) -> Result<bool, StorageFault> {
        let range = turn(*next, WRITTEN, self.pairs(env));
        if range.is_empty() {
            return Ok(false);
        }
        *next = range.end;
        match named {
            None => self.format(env, range)?,
            // The owner would read that it is done, and the next start that the mark is unclear.
            Some(named) if self.fill_dead(env, named, Spare::Nothing, range) => return Err(StorageFault),
            Some(_) => {}
        }
        Ok(true)
    }
}
