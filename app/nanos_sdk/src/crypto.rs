//! Hashing, randomness and Ed25519 keys of the crypto library.

mod field;
mod key;
mod parts;
mod stream;
mod whole;

use core::sync::atomic::{Ordering, compiler_fence};

pub use key::{Key, NO_KEY, NOT_GOOD, Nonce};
pub use stream::{OUT_OF_ORDER, Stream};

use crate::sys::{Fault, Sys, System, die};

/// The crypto library.
#[derive(Debug)]
pub struct Crypto {
    derivations: u16,
}

impl Crypto {
    pub(crate) const fn new() -> Self {
        Self { derivations: 0 }
    }

    /// SHA-256. Ends the app if the library fails: no mark could be trusted any more.
    pub fn sha256(&self, data: &[u8]) -> [u8; 32] {
        let mut digest = [0; 32];
        if Sys::sha256(data, &mut digest) != digest.len() {
            die();
        }
        digest
    }

    /// Random bytes from the hardware.
    pub fn random(&self, out: &mut [u8]) {
        Sys::random(out);
    }

    /// Derives a key by SLIP-10 for Ed25519, and its public key; see [`hardened`] for the elements of the path. The key
    /// is made in place, since every move would leave a copy on the stack. It signs for this `purpose` only, whatever the
    /// caller means by that.
    ///
    /// # Errors
    /// If the system refuses (another path than the app was installed for, say) or the library fails. The key is empty
    /// then; trying again may help. It does not if the key was too often [`NOT_GOOD`].
    #[inline(never)]
    pub fn derive(&mut self, path: &[u32; 5], purpose: u32, key: &mut Key) -> Result<(), Fault> {
        key.wipe();
        key.may_load()?;
        self.derivations = self.derivations.saturating_add(1);
        let mut seed = [0; 64];
        let made = private(path, &mut seed).and_then(|()| make(&seed, path[4], purpose, key));
        wipe(&mut seed);
        settle(made, key)
    }

    /// Takes a private key that was made elsewhere, as [`Crypto::derive`] takes one of a path.
    ///
    /// # Errors
    /// If the library fails. The key is empty then; trying again may help, unless it was too often [`NOT_GOOD`].
    #[inline(never)]
    pub fn import(private: &[u8; 32], purpose: u32, key: &mut Key) -> Result<(), Fault> {
        key.wipe();
        key.may_load()?;
        // In its tag a derived key has the last element of its path there, which is never 0.
        let made = make(private, 0, purpose, key);
        settle(made, key)
    }

    /// HMAC-SHA-256 (RFC 2104) of `message`, of at most 64 bytes, with the private key at `path`. The key is wiped before this
    /// returns, whatever comes of it.
    ///
    /// # Errors
    /// If the system refuses, or the message is too long. `mac` is as it was then; trying again may help.
    #[inline(never)]
    pub fn secret(&mut self, path: &[u32; 5], message: &[u8], mac: &mut [u8; 32]) -> Result<(), Fault> {
        const BLOCK: usize = 64;
        self.derivations = self.derivations.saturating_add(1);
        let mut block = [0; 2 * BLOCK];
        let (key, rest) = block.split_at_mut(BLOCK);
        let (Some(key), Some(text)) = (key.first_chunk_mut(), rest.get_mut(..message.len())) else {
            return Err(TOO_LONG);
        };
        let derived = private(path, key);
        if derived.is_ok() {
            key.iter_mut().for_each(|byte| *byte ^= 0x36);
            text.copy_from_slice(message);
            let inner = self.sha256(&block[..BLOCK + message.len()]);
            block[..BLOCK].iter_mut().for_each(|byte| *byte ^= 0x36 ^ 0x5c);
            block[BLOCK..][..32].copy_from_slice(&inner);
            *mac = self.sha256(&block[..BLOCK + 32]);
        }
        wipe(&mut block);
        Sys::scrub();
        derived
    }

    /// Derivations since the app was started, failed ones as well.
    pub fn derivations(&self) -> u16 {
        self.derivations
    }
}

/// An element of a path with the bit that makes it hardened, as every element for Ed25519 must be (SLIP-0010).
pub const fn hardened(index: u32) -> u32 {
    index | 1 << 31
}

/// The private key at a path, and zeros behind it. The room for it is random before: a derivation that did nothing gives
/// a key that nobody knows, and another one the next time.
#[inline(never)]
fn private(path: &[u32; 5], key: &mut [u8; 64]) -> Result<(), Fault> {
    Sys::random(key);
    Sys::derive(path, key)?;
    // The system puts 32 bytes more behind the key.
    wipe(&mut key[32..]);
    if key[..32] == [0; 32] { Err(NOT_GOOD) } else { Ok(()) }
}

/// The two halves of a key of which `seed` begins with the private one, under their tag.
#[inline(never)]
fn make(seed: &[u8], index: u32, purpose: u32, key: &mut Key) -> Result<(), Fault> {
    let mut point = [0; 65];
    key.private.copy_from_slice(&seed[..32]);
    Sys::public_point(&key.private, &mut point)?;
    key.public = compress(&point);
    key.load(purpose, index, &seed[..32])?;
    if point[0] == UNCOMPRESSED { Ok(()) } else { Err(NOT_GOOD) }
}

/// The end of both ways to a key: one that came out wrong is none, and neither stack nor library keeps anything of it.
#[inline(never)]
fn settle(made: Result<(), Fault>, key: &mut Key) -> Result<(), Fault> {
    let made = made.and(displace());
    match made {
        Ok(()) => {}
        Err(NOT_GOOD) => key.refuse(),
        Err(_) => key.wipe(),
    }
    Sys::scrub();
    made
}

/// How a point begins that was written. Its room is zero before.
const UNCOMPRESSED: u8 = 4;

/// A message is longer than there is room for. No number of the system.
const TOO_LONG: Fault = Fault::own(3);

/// The library keeps in its own RAM what it has expanded a private key to, until it expands another one: a random one.
#[inline(never)]
fn displace() -> Result<(), Fault> {
    let mut other = [0; 32];
    Sys::random(&mut other);
    Sys::public_point(&other, &mut [0; 65])
}

/// Overwrites a secret, and keeps the compiler from leaving it out because nobody reads it any more.
#[allow(unsafe_code)]
#[inline(never)]
pub fn wipe(bytes: &mut [u8]) {
    for byte in bytes {
        // Safety: a valid byte of our own.
        unsafe { core::ptr::from_mut(byte).write_volatile(0) };
    }
    compiler_fence(Ordering::SeqCst);
}

/// The point 4, X, Y (big endian) as RFC 8032 writes it: Y little endian, the lowest bit of X on top.
fn compress(point: &[u8; 65]) -> [u8; 32] {
    let mut key = [0; 32];
    for (byte, from) in key.iter_mut().zip(point[33..].iter().rev()) {
        *byte = *from;
    }
    key[31] |= point[32] << 7;
    key
}

#[cfg(test)]
mod tests;
