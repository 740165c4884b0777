//! Which key a chain signs with: the number in ADD_CHAIN, in a table entry and in GET_STATUS.

use crate::apdu::Status;
use crate::env::SECRET_INDEX;
use crate::layout::KEYS;

/// What a number of 32 bits says of a key.
///
/// Of a path, bit 31 is the hardening bit, which every element has anyway. So a number without it is the last element of a
/// path, and one with it a place of the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyIndex {
    /// The key at `44'/118'/0'/0'/index'`.
    Derived(u32),
    /// The imported key with this number: 0, 1 or 2.
    Imported(u8),
}

/// The bit of an imported key.
const IMPORTED: u32 = 1 << 31;

impl KeyIndex {
    /// Reads a number; an error is the status word to answer: the last index of the path signs nothing, and the vault has
    /// only so many places.
    pub const fn new(number: u32) -> Result<Self, Status> {
        match Self::imported(number) {
            Some(key) if key < KEYS as u32 => Ok(Self::Imported(key as u8)),
            Some(_) => Err(Status::NoKey),
            None if number == SECRET_INDEX => Err(Status::Length),
            None => Ok(Self::Derived(number)),
        }
    }

    /// The number of an imported key, which may be one that the vault does not have. `None`: a derived key.
    pub const fn imported(number: u32) -> Option<u32> {
        number.checked_sub(IMPORTED)
    }

    /// As it is written.
    pub const fn number(self) -> u32 {
        match self {
            Self::Derived(index) => index,
            Self::Imported(key) => IMPORTED | key as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bit_31_names_a_place_of_the_vault_and_the_last_index_of_the_path_is_no_key() {
        for (number, read) in [
            (0, Ok(KeyIndex::Derived(0))),
            (0x7fff_fffe, Ok(KeyIndex::Derived(0x7fff_fffe))),
            (0x7fff_ffff, Err(Status::Length)),
            (0x8000_0000, Ok(KeyIndex::Imported(0))),
            (0x8000_0002, Ok(KeyIndex::Imported(2))),
            (0x8000_0003, Err(Status::NoKey)),
            (0x8000_0100, Err(Status::NoKey)),
            (0xffff_ffff, Err(Status::NoKey)),
        ] {
            assert_eq!(KeyIndex::new(number), read, "{number:08x}");
            assert!(read.is_err() || read.map(KeyIndex::number) == Ok(number), "{number:08x}");
        }
    }
}
