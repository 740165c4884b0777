//! Where everything stands in non-volatile memory, and what its bytes mean.
//!
//! All numbers little endian. One cell of 64 bytes stands on each page; page numbers are relative to the
//! start of the app's NVM.
//!
//! | pages | what |
//! | --- | --- |
//! | 0, 1 | installation record, two copies |
//! | 2 .. 14 | chain table: copy 1 of slots 0, 1, 2, then copy 2; an entry takes two pages |
//! | 14 + 2N·slot + 2·(serial mod N) + copy | ring of N pairs of each slot |
//!
//! | installation record | bytes | | chain entry | bytes | | record | bytes |
//! | --- | --- | --- | --- | --- | --- | --- | --- |
//! | format | 1 | | format | 1 | | format (3 bits), kind (3), step (2) | 1 |
//! | zero | 7 | | state | 1 | | incarnation | 2 |
//! | installation id | 16 | | incarnation | 2 | | serial | 4 |
//! | fingerprint of the key at index 0 | 32 | | generation | 4 | | height | 8 |
//! | check | 8 | | key index | 4 | | round | 4 |
//! | | | | id length, id | 1, 50 | | timestamp | 9 |
//! | | | | zero | 1 | | statement digest, or highest signed and zeros | 28 |
//! | | | | tombstone's mark, highest signed | 13, 13 | | check | 8 |
//! | | | | zero | 30 | | | |
//! | | | | check | 8 | | | |
//!
//! A check is the first 8 bytes of SHA-256 over what it binds: installation id (zeros for the record of
//! the installation itself), a domain byte, slot, page, and the bytes before the check.

use crate::env::{CELL, Cell, Crypto, Flash};

/// Chain slots.
pub const SLOTS: usize = 3;

/// The format version in every cell. A reader accepts its own version only; docs/journal.md says how a
/// later one migrates.
pub const FORMAT: u8 = 1;

/// Rated erases of one page of a Nano S (Ledger's documentation of the ST31: 500,000 per 64-byte page).
pub const RATED_ERASES: u32 = 500_000;

const TABLE: u16 = 2;
const RINGS: u16 = TABLE + 4 * SLOTS as u16;

/// Pages in use with rings of `pairs` pairs.
pub const fn pages(pairs: u16) -> u16 {
    RINGS + SLOTS as u16 * 2 * pairs
}

// The page number is a u16; the largest ring that fits is far beyond any device.
const _: () = assert!(RINGS as u32 + SLOTS as u32 * 2 * 256 < u16::MAX as u32);

/// The page of copy 0 or 1 of the installation record.
pub const fn installation_page(copy: u16) -> u16 {
    copy
}

/// The first of the two pages of a copy of a chain entry.
pub const fn entry_page(slot: u8, copy: u16) -> u16 {
    TABLE + 2 * (copy * SLOTS as u16 + slot as u16)
}

/// The page of a copy of the record with `serial` in `slot`.
pub const fn record_page(pairs: u16, slot: u8, serial: u32, copy: u16) -> u16 {
    ring_page(pairs, slot, 2 * (serial % pairs as u32) as u16 + copy)
}

/// The `index`th page of the ring of `slot`.
pub const fn ring_page(pairs: u16, slot: u8, index: u16) -> u16 {
    RINGS + slot as u16 * 2 * pairs + index
}

/// What a check binds besides the bytes themselves.
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

/// The identity of one installation of the app: 16 random bytes made at its first start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Installation(pub [u8; 16]);

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
pub fn seal(crypto: &mut impl Crypto, installation: &Installation, place: Place, bytes: &mut [u8]) {
    let at = bytes.len() - CHECK;
    let check = check(crypto, installation, place, &bytes[..at]);
    bytes[at..].copy_from_slice(&check);
}

/// Whether the last bytes are the check of all that goes before.
pub fn is_sealed(crypto: &mut impl Crypto, installation: &Installation, place: Place, bytes: &[u8]) -> bool {
    let (content, seal) = bytes.split_at(bytes.len() - CHECK);
    check(crypto, installation, place, content) == *seal
}

#[inline(never)]
fn check(crypto: &mut impl Crypto, installation: &Installation, place: Place, content: &[u8]) -> [u8; CHECK] {
    // The longest content is an entry of two cells without its check.
    let mut bytes = [0; 20 + 2 * CELL - CHECK];
    bytes[..16].copy_from_slice(&installation.0);
    bytes[16] = place.domain as u8;
    bytes[17] = place.slot;
    bytes[18..20].copy_from_slice(&place.page.to_le_bytes());
    bytes[20..20 + content.len()].copy_from_slice(content);
    let digest = crypto.sha256(&bytes[..20 + content.len()]);
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
    fn the_map_is_pinned() {
        assert_eq!(pages(256), 1550);
        assert_eq!(pages(128), 782);
        assert_eq!((entry_page(0, 0), entry_page(2, 0), entry_page(0, 1), entry_page(2, 1)), (2, 6, 8, 12));
        assert_eq!(record_page(256, 0, 0, 0), 14);
        assert_eq!(record_page(256, 0, 256 + 3, 1), 14 + 7);
        assert_eq!(record_page(256, 2, 255, 1), 1549);
    }
}
