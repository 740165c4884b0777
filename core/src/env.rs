//! What the signer needs of the world, and nothing more.
//!
//! The firmware puts BOLOS behind these traits, `sim` puts memory, files and software keys behind
//! them; the signer on top is the same code. Every implementation must keep the contracts written
//! here, because the proof of the journal (docs/journal.md) rests on them.

use crate::journal::{Precommitted, Signable};
use crate::rings::Rings;

/// Bytes of one cell: what the signer stores on one flash page.
///
/// A Nano S page is exactly one cell. On a device with larger pages a cell still has a page of its
/// own, because a torn write spoils a whole page.
pub const CELL: usize = 64;

/// The bytes of one page that the signer uses.
pub type Cell = [u8; CELL];

/// A write to flash that the system itself reported as failed. The page may hold anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteFailed;

/// How often a page may be erased. Nothing in the signer rests on it: the host is told, and tells its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erases {
    /// The figure.
    pub rated: u32,
    /// Nobody has published one for this memory.
    pub assumed: bool,
}

/// The non-volatile memory of this installation: pages `0..rings().pages()`.
///
/// A freshly installed app reads as zero everywhere (the image covers the whole range).
pub trait Flash {
    /// The ring of each slot: a constant of the target.
    fn rings(&self) -> Rings;

    /// How often a page may be erased: a constant of the target.
    fn erases(&self) -> Erases;

    /// Reads a page. Never fails: what cannot be read comes back as some content that fails its check.
    fn read(&self, page: u16, cell: &mut Cell);

    /// Writes a page. Returns once the write was handed to flash; only reading back proves it.
    /// When power vanishes meanwhile the page may afterwards hold anything.
    fn write(&mut self, page: u16, cell: &Cell) -> Result<(), WriteFailed>;
}

/// The key of one slot cannot be used (derivation or signing failed in the system). Retrying may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CryptoFailed;

/// The index of the key that signs nothing: the last one of the app's path. What it is for is [`Crypto::secret`].
pub const SECRET_INDEX: u32 = (1 << 31) - 1;

/// Whose key is meant: one life of a chain in a slot.
///
/// An implementation keeps the life beside the key that it loads, and signs only for that one: a key that should have
/// gone with an older life signs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// The slot.
    pub slot: u8,
    /// The chain's incarnation in it.
    pub incarnation: u16,
}

/// Hashing, keys, randomness.
///
/// Keys are Ed25519, SLIP-10, at `44'/118'/0'/0'/index'`, every element hardened; but for those that were imported.
pub trait Crypto {
    /// SHA-256 of `data`.
    fn sha256(&mut self, data: &[u8]) -> [u8; 32];

    /// Fills `out` from the hardware's random source.
    fn random(&mut self, out: &mut [u8]);

    /// What tells these keys from all others: the public key at index 0, unless an implementation has something better.
    /// Its SHA-256 is the fingerprint in the installation record.
    #[inline(always)]
    fn identity(&mut self) -> Result<[u8; 32], CryptoFailed> {
        self.public_key(0)
    }

    /// HMAC-SHA-256 of `message` under the private key at [`SECRET_INDEX`]. That key signs nothing, and is wiped before this
    /// returns. One derivation.
    ///
    /// The first byte of a message says what it is for: 1 and 2 are for the sealing of keys ([`mod@crate::seal`]), 3 keys the checks of pages.
    fn secret(&mut self, message: &[u8]) -> Result<[u8; 32], CryptoFailed>;

    /// Derives the public key at `index` and keeps nothing. One derivation.
    fn public_key(&mut self, index: u32) -> Result<[u8; 32], CryptoFailed>;

    /// Derives the key at `index` and keeps it in RAM for the slot of `life`, so that signing derives nothing.
    fn load_key(&mut self, life: Life, index: u32) -> Result<(), CryptoFailed>;

    /// Computes the public key of a private key that was imported, and keeps the key in RAM for the slot of `life` if one is
    /// given, as [`Crypto::load_key`] does a derived one. No derivation.
    fn take_key(
        &mut self,
        key: &[u8; 32],
        life: Option<Life>,
        public: &mut [u8; 32],
    ) -> Result<(), CryptoFailed>;

    /// The public key loaded for `slot`.
    fn loaded_key(&self, slot: u8) -> Result<[u8; 32], CryptoFailed>;

    /// Forgets and wipes the key of `slot`.
    fn unload_key(&mut self, slot: u8);

    /// Forgets the key of `slot`, which is not the one that the owner approved. An implementation whose key may have come
    /// out wrong by an attack loads none into this slot after some of them.
    fn refuse_key(&mut self, slot: u8) {
        self.unload_key(slot);
    }

    /// Signs the bytes with the key loaded for their life: Ed25519 as everybody verifies it, and the same each time.
    /// On failure `signature` means nothing, and the key may be gone: it is loaded anew then.
    ///
    /// That there are bytes to be signed proves that their mark stands in flash (guarantee G1); they are consumed.
    fn sign(&mut self, what: Signable<'_>, signature: &mut [u8; 64]) -> Result<(), CryptoFailed>;

    /// As [`Crypto::sign`], of a vote extension: nobody needs the same bytes again. So where a computation can be spoilt from
    /// outside its nonce is another one each time, and no two signatures under one nonce can be compared.
    fn sign_extension(&mut self, what: Signable<'_>, signature: &mut [u8; 64]) -> Result<(), CryptoFailed>;
}

/// Signing of what is too long to be held, and therefore comes twice: once for the nonce, once for the challenge
/// (RFC 8032, 5.1.6). One at a time.
///
/// Two different messages in the two passes would be two challenges under one nonce, and give the key away. That the
/// passes are equal is the caller's business ([`crate::signer`]): it holds the SHA-256 of both against each other. An
/// implementation sees to the rest: a step out of order fails; a step that fails, and [`Streaming::stream_sign`] whatever comes
/// of it, leave nothing behind of nonce and hashes.
pub trait Streaming {
    /// Begins the first pass with the key loaded for `life`, and a SHA-256 of the pass. What was under way is wiped.
    fn stream_begin(&mut self, life: Life) -> Result<(), CryptoFailed>;

    /// More bytes of the message, to both hashes of the pass.
    fn stream_feed(&mut self, bytes: &[u8]) -> Result<(), CryptoFailed>;

    /// The SHA-256 of all that was fed in this pass; once.
    fn stream_digest(&mut self, digest: &mut [u8; 32]) -> Result<(), CryptoFailed>;

    /// Ends the first pass, whose digest was taken: makes nonce and R, and begins the second.
    fn stream_turn(&mut self, life: Life) -> Result<(), CryptoFailed>;

    /// Ends the second pass, whose digest was taken and is that of the first: makes S, and proves the whole before it
    /// is given (S·B = R + k·A). Wipes everything in any case. On failure `signature` means nothing.
    ///
    /// The permit proves that the mark stands at this extension's own precommit (guarantee G1), and says whose key signs; it
    /// is consumed.
    fn stream_sign(&mut self, permit: Precommitted, signature: &mut [u8; 64]) -> Result<(), CryptoFailed>;

    /// Wipes what is under way.
    fn stream_wipe(&mut self);
}

/// The state of the device around the app.
pub trait Device {
    /// Whether the PIN is validated at this moment.
    fn unlocked(&self) -> bool;

    /// Whether the guard word under the stack is intact. Checked before every release.
    fn stack_intact(&self) -> bool;

    /// What this is: 0 simulated, 1 Nano S, 2 Nano S Plus, 16 and 17 a key store beside a host: YubiHSM2, PKCS#11.
    fn target(&self) -> u8;

    /// Counters that tests and budgets read.
    fn diagnostics(&self) -> Diagnostics;
}

/// Counters since the app was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Diagnostics {
    /// Deepest stack seen, bytes (0 where it is not measured).
    pub stack: u16,
    /// Pages written.
    pub page_writes: u32,
    /// Keys derived from the seed.
    pub derivations: u16,
}

/// All of it in one bound.
pub trait Env: Flash + Crypto + Streaming + Device {}
impl<T: Flash + Crypto + Streaming + Device> Env for T {}
