//! One record: what a page of a ring says.

use crate::canonical::Timestamp;
use crate::env::{CELL, Cell, Crypto};
use crate::hrs::{Hrs, Signed};
use crate::layout::{self, Domain, FORMAT, Installation};
use crate::statement::Digest;

/// What a record stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A statement for a block was signed here.
    SignedBlock(Digest, Timestamp),
    /// A nil vote was signed here.
    SignedNil(Digest, Timestamp),
    /// The owner set the mark; this is the highest HRS that was ever signed.
    MarkOnly(Hrs),
    /// The page was prepared at the slot's first ADD. Never a mark.
    Formatted,
    /// The page was dead and was filled; serial and HRS are those of the newest record of that moment.
    Filler,
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
    pub content: Content,
}

const KIND_BLOCK: u8 = 1;
const KIND_NIL: u8 = 2;
const KIND_MARK: u8 = 3;
const KIND_FORMATTED: u8 = 4;
const KIND_FILLER: u8 = 5;

const BODY: core::ops::Range<usize> = 28..56;
const CHECKED: usize = CELL - layout::CHECK;

impl Record {
    /// Whether the record sets the mark: a signed or mark-only one.
    pub fn is_mark(&self) -> bool {
        !matches!(self.content, Content::Formatted | Content::Filler)
    }

    /// The highest HRS ever signed, which a mark set by command may exceed.
    pub fn highest_signed(&self) -> Hrs {
        match self.content {
            Content::MarkOnly(highest) => highest,
            _ => self.hrs,
        }
    }

    /// What was signed at the mark.
    pub fn signed(&self) -> Signed {
        match self.content {
            Content::SignedBlock(digest, at) | Content::SignedNil(digest, at) => {
                Signed::Statement(digest, at)
            }
            Content::MarkOnly(_) | Content::Formatted | Content::Filler => Signed::Nothing,
        }
    }

    /// The bytes for `page` of `slot`.
    #[inline(never)]
    pub fn encode(
        &self,
        crypto: &mut impl Crypto,
        installation: &Installation,
        slot: u8,
        page: u16,
        cell: &mut Cell,
    ) {
        *cell = [0; CELL];
        let kind = match &self.content {
            Content::SignedBlock(digest, at) => signed_bytes(cell, KIND_BLOCK, digest, at),
            Content::SignedNil(digest, at) => signed_bytes(cell, KIND_NIL, digest, at),
            Content::MarkOnly(highest) => {
                cell[28..28 + Hrs::SIZE].copy_from_slice(&highest.to_bytes());
                KIND_MARK
            }
            Content::Formatted => KIND_FORMATTED,
            Content::Filler => KIND_FILLER,
        };
        cell[0] = FORMAT << 5 | kind << 2 | self.hrs.step as u8;
        cell[1..3].copy_from_slice(&self.incarnation.to_le_bytes());
        cell[3..7].copy_from_slice(&self.serial.to_le_bytes());
        cell[7..19].copy_from_slice(&self.hrs.to_bytes()[..12]);
        let check = layout::check(crypto, installation, Domain::Record, slot, page, &cell[..CHECKED]);
        cell[CHECKED..].copy_from_slice(&check);
    }

    /// Reads what stands on `page` of `slot`; `None` if it fails its check or says something no writer writes.
    #[inline(never)]
    pub fn decode(
        crypto: &mut impl Crypto,
        installation: &Installation,
        slot: u8,
        page: u16,
        cell: &Cell,
    ) -> Option<Self> {
        if cell[0] >> 5 != FORMAT {
            return None;
        }
        let check = layout::check(crypto, installation, Domain::Record, slot, page, &cell[..CHECKED]);
        if check != cell[CHECKED..] {
            return None;
        }
        let mut hrs = [0; Hrs::SIZE];
        hrs[..12].copy_from_slice(&cell[7..19]);
        hrs[12] = cell[0] & 3;
        let content = match cell[0] >> 2 & 7 {
            KIND_BLOCK => Content::SignedBlock(digest(cell), timestamp(cell)?),
            KIND_NIL => Content::SignedNil(digest(cell), timestamp(cell)?),
            KIND_MARK => {
                let mut highest = [0; Hrs::SIZE];
                highest.copy_from_slice(&cell[28..28 + Hrs::SIZE]);
                Content::MarkOnly(Hrs::from_bytes(&highest)?)
            }
            KIND_FORMATTED => Content::Formatted,
            KIND_FILLER => Content::Filler,
            _ => return None,
        };
        Some(Self {
            incarnation: u16::from_le_bytes([cell[1], cell[2]]),
            serial: u32::from_le_bytes([cell[3], cell[4], cell[5], cell[6]]),
            hrs: Hrs::from_bytes(&hrs)?,
            content,
        })
    }
}

fn signed_bytes(cell: &mut Cell, kind: u8, digest: &Digest, at: &Timestamp) -> u8 {
    // 42 bits of seconds in two's complement, then 30 bits of nanoseconds.
    let packed = (at.seconds as u64 & ((1 << 42) - 1)) as u128 | u128::from(at.nanos) << 42;
    cell[19..28].copy_from_slice(&packed.to_le_bytes()[..9]);
    cell[BODY].copy_from_slice(&digest.0);
    kind
}

fn timestamp(cell: &Cell) -> Option<Timestamp> {
    let mut bytes = [0; 16];
    bytes[..9].copy_from_slice(&cell[19..28]);
    let packed = u128::from_le_bytes(bytes);
    // The shift up and down again carries the sign of bit 41 through.
    let seconds = ((packed as u64) << 22) as i64 >> 22;
    Timestamp::new(seconds, (packed >> 42) as u32)
}

fn digest(cell: &Cell) -> Digest {
    let mut digest = Digest([0; 28]);
    digest.0.copy_from_slice(&cell[BODY]);
    digest
}
