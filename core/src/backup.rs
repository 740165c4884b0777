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

use crate::apdu::Reply;
use crate::env::Crypto;
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

/// What is sealed in a backup, whatever else it says.
pub fn sealed(bytes: &[u8; SIZE]) -> &Sealed {
    bytes[48..].first_chunk().unwrap_or(&[0; _])
}

/// The public key that a backup says.
pub fn public(bytes: &[u8]) -> &[u8; 32] {
    bytes.get(16..).and_then(<[u8]>::first_chunk).unwrap_or(&[0; _])
}

/// Makes a backup the data of a reply. `seed` is the SHA-256 of the public key at index 0.
pub(crate) fn put(
    crypto: &mut impl Crypto,
    seed: &[u8; 32],
    public: &[u8; 32],
    sealed: &Sealed,
    reply: &mut Reply,
) {
    reply.clear();
    reply.put(&HEAD);
    reply.put(&seed[..8]);
    reply.put(public);
    reply.put(sealed);
    let digest = crypto.sha256(reply.as_bytes());
    reply.put(&digest[..SIZE - CHECK]);
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
        let mut seed = [0; 8];
        seed.copy_from_slice(&bytes[8..16]);
        Ok(Self { seed, public: *public(bytes), sealed: *sealed(bytes) })
    }
}
