//! Where everything stands in non-volatile memory, and what its bytes mean.
//!
//! All numbers little endian. One cell of 64 bytes stands on each page; page numbers are relative to the
//! start of the app's NVM.
//!
//! Which page holds what:
//!
//! | pages | what |
//! | --- | --- |
//! | 0, 1 | installation record, two copies |
//! | 2 .. 26 | chain table: copy 1 of slots 0, 1, 2 and of the [imported keys](crate::vault) 0, 1, 2, then copy 2; an entry takes two pages |
//! | 26 .. | the rings of slots 0, 1, 2, one behind the other; in a ring of N pairs a record is on page 2·(serial mod N) + copy |
//!
//! Which bytes of a page hold what is said by [`installation_record`], [`chain_entry`] and [`record`]. What they leave out
//! is zero.
//!
//! A check is the first 8 bytes of SHA-256 over a secret and what it binds: the pairs of each ring, a domain byte, slot,
//! page, and the bytes before the check. The secret is made of seed and installation, and stands nowhere in flash; the record of
//! the installation itself is checked with zeros in its place.

use crate::env::{CELL, Cell, Crypto, Flash};

/// Chain slots.
pub const SLOTS: usize = 3;

/// Places for imported keys.
pub const KEYS: usize = 3;

/// A private key of 32 bytes, sealed under a key of the seed: 16 bytes that prove it, then what it is encrypted to.
pub type Sealed = [u8; 48];

/// The format version in every cell. A reader accepts its own version only; docs/journal.md says how a
/// later one migrates.
pub const FORMAT: u8 = 1;

const TABLE: u16 = 2;

/// The first page of the first ring; [`Rings`](crate::rings::Rings) says where each lies.
pub const RINGS: u16 = TABLE + 4 * ENTRIES;

const ENTRIES: u16 = (SLOTS + KEYS) as u16;

/// The page of copy 0 or 1 of the installation record.
pub const fn installation_page(copy: u16) -> u16 {
    copy
}

/// The first of the two pages of a copy of a chain entry.
pub const fn entry_page(slot: u8, copy: u16) -> u16 {
    TABLE + 2 * (copy * ENTRIES + slot as u16)
}

/// What stands for an imported key where a slot is named: its entry comes behind those of the slots.
pub const fn key_place(key: u32) -> u8 {
    (SLOTS as u32 + key) as u8
}

/// The bytes of the installation record; one cell.
pub mod installation_record {
    use core::ops::Range;

    /// The version of its form.
    pub const FORMAT: usize = 0;
    /// What tells the secret of the other checks from a wrong one.
    pub const SECRET_CHECK: Range<usize> = 1..8;
    /// The installation.
    pub const ID: Range<usize> = 8..24;
    /// The fingerprint of the key at index 0.
    pub const FINGERPRINT: Range<usize> = 24..56;
    /// The check.
    pub const CHECK: Range<usize> = 56..64;
}

/// The bytes of a chain entry; two cells.
pub mod chain_entry {
    use core::ops::Range;

    use crate::env::CELL;

    /// The version of its form.
    pub const FORMAT: usize = 0;
    /// A [`State`](crate::chains::State); 5 of an imported key.
    pub const STATE: usize = 1;
    /// The chain's incarnation in its slot.
    pub const INCARNATION: Range<usize> = 2..4;
    /// Counts the writes of the entry.
    pub const GENERATION: Range<usize> = 4..8;
    /// The index of the key.
    pub const KEY_INDEX: Range<usize> = 8..12;
    /// How long the chain id is.
    pub const ID_LENGTH: usize = 12;
    /// The chain id, then zeros.
    pub const ID: Range<usize> = 13..63;
    /// Of an imported key, which has no chain id, the key, [`Sealed`](super::Sealed).
    pub const SEALED: Range<usize> = 13..61;
    /// A tombstone's mark.
    pub const MARK: Range<usize> = 64..77;
    /// A tombstone's highest signed HRS.
    pub const HIGHEST_SIGNED: Range<usize> = 77..90;
    /// The [fingerprint](crate::chains::fingerprint) of the public key.
    pub const KEY: Range<usize> = 90..120;
    /// The check.
    pub const CHECK: Range<usize> = 120..128;

    /// The incarnation that an entry says.
    pub const fn incarnation(entry: &[u8; 2 * CELL]) -> u16 {
        u16::from_le_bytes([entry[INCARNATION.start], entry[INCARNATION.start + 1]])
    }
}

/// The bytes of a record of a ring; one cell.
pub mod record {
    use core::ops::Range;

    use crate::env::Cell;

    /// The version of its form (3 bits), its [`Kind`](crate::journal::Kind) (3), the step (2).
    pub const HEAD: usize = 0;
    /// The chain's incarnation in its slot.
    pub const INCARNATION: Range<usize> = 1..3;
    /// Counts the records of the slot.
    pub const SERIAL: Range<usize> = 3..7;
    /// Height (8) and round (4) of the mark.
    pub const HEIGHT_ROUND: Range<usize> = 7..19;
    /// Of a statement its timestamp (9) and digest (28), of a mark that the owner set 9 zeros and the highest signed HRS.
    pub const BODY: Range<usize> = 19..56;
    /// The check.
    pub const CHECK: Range<usize> = 56..64;

    /// The incarnation that a cell says.
    pub const fn incarnation(cell: &Cell) -> u16 {
        u16::from_le_bytes([cell[INCARNATION.start], cell[INCARNATION.start + 1]])
    }

    /// The serial that a cell says.
    pub const fn serial(cell: &Cell) -> u32 {
        const AT: usize = SERIAL.start;
        u32::from_le_bytes([cell[AT], cell[AT + 1], cell[AT + 2], cell[AT + 3]])
    }

    /// The version of its form, as a head says it.
    pub const fn format(head: u8) -> u8 {
        head >> 5
    }

    /// The kind, as a head says it.
    pub const fn kind(head: u8) -> u8 {
        head >> 2 & 7
    }

    /// The step, as a head says it.
    pub const fn step(head: u8) -> u8 {
        head & STEP
    }

    /// The bits of a head that say the step.
    pub const STEP: u8 = 3;
}

// Each check ends what it belongs to.
const _: () = assert!(
    installation_record::CHECK.end == CELL
        && chain_entry::CHECK.end == 2 * CELL
        && record::CHECK.end == CELL
        && record::CHECK.start + CHECK == CELL
);

/// What a check binds besides the bytes themselves. 4 is kept for keys that are sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Domain {
    /// The installation record.
    Installation = 1,
    /// A chain entry.
    Entry = 2,
    /// A record of a ring.
    Record = 3,
}

/// One installation of the app. All zero before it is known.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Installation {
    /// 16 random bytes made at its first start. Everybody may know them.
    pub id: [u8; 16],
    /// What keys every check but that of the installation record. Made of seed and id at each start, told to nobody.
    pub secret: [u8; 32],
}

impl core::fmt::Debug for Installation {
    /// Never the secret.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Installation").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Bytes of a check.
pub const CHECK: usize = 8;

/// Where sealed bytes stand: what their check binds beside the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// What they are.
    pub domain: Domain,
    /// The slot; 0 for the installation record.
    pub slot: u8,
    /// Their first page.
    pub page: u16,
}

/// Writes the check of all that goes before into the last bytes.
pub fn seal<E: Flash + Crypto>(env: &mut E, installation: &Installation, place: Place, bytes: &mut [u8]) {
    let at = bytes.len() - CHECK;
    let check = check(env, installation, place, &bytes[..at]);
    bytes[at..].copy_from_slice(&check);
}

/// Whether the last bytes are the check of all that goes before.
pub fn is_sealed<E: Flash + Crypto>(
    env: &mut E,
    installation: &Installation,
    place: Place,
    bytes: &[u8],
) -> bool {
    let (content, seal) = bytes.split_at(bytes.len() - CHECK);
    check(env, installation, place, content) == *seal
}

/// The check of `content` at a place.
#[inline(never)]
pub fn check<E: Flash + Crypto>(
    env: &mut E,
    installation: &Installation,
    place: Place,
    content: &[u8],
) -> [u8; CHECK] {
    const HEAD: usize = 32 + 2 * SLOTS + 4;
    // The longest content is an entry of two cells without its check.
    let mut bytes = [0; HEAD + 2 * CELL - CHECK];
    bytes[..32].copy_from_slice(&installation.secret);
    bytes[32..38].copy_from_slice(&env.rings().to_bytes());
    bytes[38] = place.domain as u8;
    bytes[39] = place.slot;
    bytes[40..HEAD].copy_from_slice(&place.page.to_le_bytes());
    bytes[HEAD..HEAD + content.len()].copy_from_slice(content);
    let digest = env.sha256(&bytes[..HEAD + content.len()]);
    let mut check = [0; CHECK];
    check.copy_from_slice(&digest[..CHECK]);
    check
}

/// Writes a page and reads it back. `false`: the page may hold anything.
pub fn write_verified(flash: &mut impl Flash, page: u16, cell: &Cell) -> bool {
    if flash.write(page, cell).is_err() {
        return false;
    }
    let mut back = [0; CELL];
    flash.read(page, &mut back);
    back == *cell
}

/// Whether every byte of a cell is zero, as after an installation.
pub fn is_blank(cell: &Cell) -> bool {
    cell.iter().all(|byte| *byte == 0)
}

/// Whether all pages of a range are blank.
pub fn all_blank(flash: &impl Flash, pages: core::ops::Range<u16>) -> bool {
    let mut cell = [0; CELL];
    pages.into_iter().all(|page| {
        flash.read(page, &mut cell);
        is_blank(&cell)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_what_is_written_lie_one_behind_the_other() {
        let installation = [
            installation_record::SECRET_CHECK,
            installation_record::ID,
            installation_record::FINGERPRINT,
            installation_record::CHECK,
        ];
        let entry = [
            chain_entry::INCARNATION,
            chain_entry::GENERATION,
            chain_entry::KEY_INDEX,
            chain_entry::ID,
            chain_entry::MARK,
            chain_entry::HIGHEST_SIGNED,
            chain_entry::KEY,
            chain_entry::CHECK,
        ];
        let record = [record::INCARNATION, record::SERIAL, record::HEIGHT_ROUND, record::BODY, record::CHECK];
        for parts in [&installation[..], &entry[..], &record[..]] {
            assert!(parts.windows(2).all(|pair| pair[0].end <= pair[1].start), "{parts:?}");
            assert_eq!(parts.last().map(core::iter::ExactSizeIterator::len), Some(CHECK));
        }
        assert_eq!(chain_entry::SEALED.len(), size_of::<Sealed>());
        assert_eq!(chain_entry::SEALED.start, chain_entry::ID.start);
        assert_eq!(chain_entry::ID.len(), crate::canonical::MAX_CHAIN_ID);
    }

    #[test]
    fn the_table_is_pinned() {
        assert_eq!((entry_page(0, 0), entry_page(2, 0), entry_page(0, 1), entry_page(2, 1)), (2, 6, 14, 18));
        let [first, last] = [0, 2].map(key_place);
        assert_eq!([0, 1].map(|copy| (entry_page(first, copy), entry_page(last, copy))), [(8, 12), (20, 24)]);
        assert_eq!((entry_page(last, 1) + 2, RINGS), (26, 26));
    }
}
