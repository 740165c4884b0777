//! One record: what a page of a ring says.

use crate::canonical::Timestamp;
use crate::env::{Cell, Crypto, Flash};
use crate::hrs::{Hrs, Step};
use crate::judge::Signed;
use crate::layout::{self, FORMAT, Installation, Place, record as at};
use crate::statement::Digest;

/// What a record stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A statement for a block was signed here.
    SignedBlock = 1,
    /// A nil vote was signed here.
    SignedNil = 2,
    /// The owner set the mark.
    MarkOnly = 3,
    /// The page was prepared at the slot's first ADD. Never a mark.
    Formatted = 4,
    /// The page was dead and was filled; serial and HRS are those of the newest record of that moment.
    Filler = 5,
}

/// A valid record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// The chain's incarnation in this slot.
    pub incarnation: u16,
    /// Counts the records of the slot, for ever; also its wear.
    pub serial: u32,
    /// The mark.
    pub hrs: Hrs,
    /// What stands at it.
    pub kind: Kind,
    /// More of what stands at it, as it is written: of a statement its timestamp and digest, of a mark-only record the
    /// highest HRS signed, else zeros.
    body: [u8; BODY],
}

/// Timestamp 9, digest 28.
const BODY: usize = 37;
const STAMP: usize = 9;
const _: () = assert!(at::BODY.end - at::BODY.start == BODY && STAMP + Hrs::SIZE <= BODY);

impl Record {
    /// A signed statement. The serial is still to be set, by the append.
    pub fn signed(incarnation: u16, hrs: Hrs, nil: bool, statement: &Digest, at: Timestamp) -> Self {
        let kind = if nil { Kind::SignedNil } else { Kind::SignedBlock };
        let mut record = Self::bare(incarnation, 0, hrs, kind);
        // 42 bits of seconds in two's complement, then 30 bits of nanoseconds.
        let low = at.seconds as u64 & ((1 << 42) - 1) | u64::from(at.nanos) << 42;
        record.body[..8].copy_from_slice(&low.to_le_bytes());
        record.body[8] = (at.nanos >> 22) as u8;
        record.body[STAMP..].copy_from_slice(&statement.0);
        record
    }

    /// A mark set by the owner. The serial is still to be set, by the append.
    pub fn mark_only(incarnation: u16, hrs: Hrs, highest_signed: Hrs) -> Self {
        let mut record = Self::bare(incarnation, 0, hrs, Kind::MarkOnly);
        record.body[STAMP..STAMP + Hrs::SIZE].copy_from_slice(&highest_signed.to_bytes());
        record
    }

    /// A page that was prepared.
    pub fn formatted() -> Self {
        Self::bare(0, 0, Hrs::default(), Kind::Formatted)
    }

    /// Room for one that is read.
    pub const NONE: Self =
        Self { incarnation: 0, serial: 0, hrs: Hrs::ZERO, kind: Kind::Formatted, body: [0; BODY] };

    /// What fills a dead page: it names a serial, a mark and an incarnation.
    pub fn filler(incarnation: u16, serial: u32, hrs: Hrs) -> Self {
        Self::bare(incarnation, serial, hrs, Kind::Filler)
    }

    #[inline(never)]
    fn bare(incarnation: u16, serial: u32, hrs: Hrs, kind: Kind) -> Self {
        Self { incarnation, serial, hrs, kind, body: [0; BODY] }
    }

    /// Whether the record sets the mark: a signed or mark-only one.
    pub fn is_mark(&self) -> bool {
        matches!(self.kind, Kind::SignedBlock | Kind::SignedNil | Kind::MarkOnly)
    }

    /// Whether it is this precommit, signed, and for a block.
    #[inline(never)]
    pub fn is_precommit(&self, precommit: &Hrs) -> bool {
        self.kind == Kind::SignedBlock
            && precommit.step == Step::Precommit
            && self.hrs.cmp(precommit) == core::cmp::Ordering::Equal
    }

    /// The highest HRS ever signed, which a mark set by command may exceed.
    pub fn highest_signed(&self) -> Hrs {
        match self.kind {
            Kind::MarkOnly => self.named().unwrap_or_default(),
            _ => self.hrs,
        }
    }

    /// What was signed at the mark.
    pub fn statement(&self) -> Signed {
        let mut digest = Digest([0; 28]);
        digest.0.copy_from_slice(&self.body[STAMP..]);
        match (self.kind, self.timestamp()) {
            (Kind::SignedBlock | Kind::SignedNil, Some(at)) => Signed::Statement(digest, at),
            _ => Signed::Nothing,
        }
    }

    fn named(&self) -> Option<Hrs> {
        Hrs::from_bytes(self.body[STAMP..].first_chunk()?)
    }

    #[inline(never)]
    fn timestamp(&self) -> Option<Timestamp> {
        let low = u64::from_le_bytes(*self.body.first_chunk()?);
        // The shift up and down again carries the sign of bit 41 through.
        let seconds = (low << 22) as i64 >> 22;
        Timestamp::new(seconds, (low >> 42) as u32 | u32::from(self.body[8]) << 22)
    }

    /// The bytes for a place.
    #[inline(never)]
    pub fn encode<E: Flash + Crypto>(
        &self,
        env: &mut E,
        installation: &Installation,
        place: Place,
        cell: &mut Cell,
    ) {
        cell[at::HEAD] = FORMAT << 5 | (self.kind as u8) << 2 | self.hrs.step as u8;
        cell[at::INCARNATION].copy_from_slice(&self.incarnation.to_le_bytes());
        cell[at::SERIAL].copy_from_slice(&self.serial.to_le_bytes());
        cell[at::HEIGHT_ROUND].copy_from_slice(&self.hrs.to_bytes()[..12]);
        cell[at::BODY].copy_from_slice(&self.body);
        layout::seal(env, installation, place, cell);
    }

    /// Becomes what stands at a place; `false` if that fails its check or says something no writer writes.
    #[inline(never)]
    pub fn decode<E: Flash + Crypto>(
        &mut self,
        env: &mut E,
        installation: &Installation,
        place: Place,
        cell: &Cell,
    ) -> bool {
        if at::format(cell[at::HEAD]) != FORMAT || !layout::is_sealed(env, installation, place, cell) {
            return false;
        }
        let mut bytes = [0; Hrs::SIZE];
        bytes[..12].copy_from_slice(&cell[at::HEIGHT_ROUND]);
        bytes[12] = at::step(cell[at::HEAD]);
        let Some(hrs) = Hrs::from_bytes(&bytes) else { return false };
        self.kind = match at::kind(cell[at::HEAD]) {
            1 => Kind::SignedBlock,
            2 => Kind::SignedNil,
            3 => Kind::MarkOnly,
            4 => Kind::Formatted,
            5 => Kind::Filler,
            _ => return false,
        };
        (self.incarnation, self.serial, self.hrs) = (at::incarnation(cell), at::serial(cell), hrs);
        self.body.copy_from_slice(&cell[at::BODY]);
        match self.kind {
            Kind::SignedBlock | Kind::SignedNil => self.timestamp().is_some(),
            Kind::MarkOnly => self.named().is_some(),
            Kind::Formatted | Kind::Filler => true,
        }
    }
}
