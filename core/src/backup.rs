//! The backup of an imported key: 104 bytes, to be kept anywhere.
//!
//! | bytes | what |
//! | --- | --- |
//! | 0 .. 4 | `HWKB` |
//! | 4 | version of this form: 1 |
//! | 5 | how the key is sealed: 1 |
//! | 6 .. 8 | zeros |
//! | 8 .. 16 | the first bytes of the SHA-256 of the public key at index 0: the seed that opens it |
//! | 16 .. 48 | the public key |
//! | 48 .. 96 | the key, [sealed](Sealed) |
//! | 96 .. 104 | the first bytes of the SHA-256 of all that goes before: typing errors |
//!
//! Only the seed of the device that made it opens it. It carries no mark, so an old one lowers none. What is in front of the
//! sealed key is for people and hosts; a device believes none of it.

use crate::layout::Sealed;

/// Bytes of a backup.
pub const SIZE: usize = 104;

const HEAD: [u8; 8] = *b"HWKB\x01\x01\0\0";
const CHECK: usize = 96;

/// What a backup says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backup {
    /// Names the seed that opens it.
    pub seed: [u8; 8],
    /// The public key.
    pub public: [u8; 32],
    /// The key.
    pub sealed: Sealed,
}

/// Why bytes are no backup that is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// They are something else.
    Foreign,
    /// They are of a later version, or sealed in another way.
    Later,
    /// Some of them changed, or are missing.
    Damaged,
}

impl Backup {
    /// Reads a backup. Whether a seed opens it, only a device can tell.
    pub fn parse(bytes: &[u8], sha256: impl FnOnce(&[u8]) -> [u8; 32]) -> Result<Self, Unreadable> {
        if bytes.first_chunk::<4>() != HEAD.first_chunk() {
            return Err(Unreadable::Foreign);
        }
        let Ok(bytes) = <&[u8; SIZE]>::try_from(bytes) else { return Err(Unreadable::Damaged) };
        if sha256(&bytes[..CHECK])[..SIZE - CHECK] != bytes[CHECK..] {
            return Err(Unreadable::Damaged);
        }
        if bytes[..HEAD.len()] != HEAD {
            return Err(Unreadable::Later);
        }
        let mut backup = Self { seed: [0; 8], public: [0; 32], sealed: [0; 48] };
        backup.seed.copy_from_slice(&bytes[8..16]);
        backup.public.copy_from_slice(&bytes[16..48]);
        backup.sealed.copy_from_slice(&bytes[48..CHECK]);
        Ok(backup)
    }

    /// Its bytes.
    pub fn to_bytes(&self, sha256: impl FnOnce(&[u8]) -> [u8; 32]) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        bytes[..8].copy_from_slice(&HEAD);
        bytes[8..16].copy_from_slice(&self.seed);
        bytes[16..48].copy_from_slice(&self.public);
        bytes[48..CHECK].copy_from_slice(&self.sealed);
        let digest = sha256(&bytes[..CHECK]);
        bytes[CHECK..].copy_from_slice(&digest[..SIZE - CHECK]);
        bytes
    }
}
