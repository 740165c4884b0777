//! Hashing, randomness and Ed25519 keys of the crypto library.

mod field;
mod stream;

use core::sync::atomic::{Ordering, compiler_fence};

pub use stream::{NOT_GOOD, OUT_OF_ORDER, Stream};

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
    /// is made in place, since every move would leave a copy on the stack.
    ///
    /// # Errors
    /// If the system refuses (another path than the app was installed for, say) or the library fails. The key is empty
    /// then; trying again may help.
    #[inline(never)]
    pub fn derive(&mut self, path: &[u32; 5], key: &mut Key) -> Result<(), Fault> {
        self.derivations = self.derivations.saturating_add(1);
        key.wipe();
        let mut private = [0; 64];
        let mut point = [0; 65];
        let derived = Sys::derive(path, &mut private).and_then(|()| {
            key.private.copy_from_slice(&private[..32]);
            Sys::public_point(&key.private, &mut point)
        });
        wipe(&mut private);
        match derived {
            Ok(()) => {
                key.public = compress(&point);
                key.loaded = true;
            }
            Err(_) => key.wipe(),
        }
        derived
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
        let derived = Sys::derive(path, key);
        if derived.is_ok() {
            // The system puts 32 bytes more behind the key.
            wipe(&mut key[32..]);
            key.iter_mut().for_each(|byte| *byte ^= 0x36);
            text.copy_from_slice(message);
            let inner = self.sha256(&block[..BLOCK + message.len()]);
            block[..BLOCK].iter_mut().for_each(|byte| *byte ^= 0x36 ^ 0x5c);
            block[BLOCK..][..32].copy_from_slice(&inner);
            *mac = self.sha256(&block[..BLOCK + 32]);
        }
        wipe(&mut block);
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

/// An Ed25519 key in RAM, or none. It is wiped when it is dropped, derived over, or told so.
pub struct Key {
    private: [u8; 32],
    public: [u8; 32],
    loaded: bool,
}

impl Key {
    /// No key.
    pub const fn empty() -> Self {
        Self { private: [0; 32], public: [0; 32], loaded: false }
    }

    /// Whether there is one.
    pub fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// The public key, in the form of RFC 8032. Zeros if there is none.
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// Signs by RFC 8032 (Ed25519, no context, no prehash).
    ///
    /// # Errors
    /// If there is no key ([`NO_KEY`]), or the library fails: `signature` means nothing then. Trying again may help.
    pub fn sign(&self, message: &[u8], signature: &mut [u8; 64]) -> Result<(), Fault> {
        if !self.loaded {
            return Err(NO_KEY);
        }
        Sys::sign(&self.private, message, signature)
    }

    /// Whether `signature` is this key's, of `message`. Costs more than signing: the point is computed anew.
    ///
    /// # Errors
    /// As [`Key::sign`].
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<bool, Fault> {
        if !self.loaded {
            return Err(NO_KEY);
        }
        Sys::verify(&self.private, message, signature)
    }

    /// Forgets the key.
    pub fn wipe(&mut self) {
        wipe(&mut self.private);
        wipe(&mut self.public);
        self.loaded = false;
    }
}

/// There is no key to work with. No number of the system.
pub const NO_KEY: Fault = Fault::own(0);

/// A message is longer than there is room for. No number of the system.
const TOO_LONG: Fault = Fault::own(3);

impl Default for Key {
    fn default() -> Self {
        Self::empty()
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl core::fmt::Debug for Key {
    /// Never the private half.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Key").field("loaded", &self.loaded).finish_non_exhaustive()
    }
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
mod tests {
    use super::*;
    use crate::fake;
    use crate::target::Call;

    const PATH: [u32; 5] = [hardened(44), hardened(118), hardened(0), hardened(0), hardened(7)];

    fn derived() -> (crate::Bolos, Key) {
        let mut bolos = fake::boot();
        let mut key = Key::empty();
        bolos.crypto.derive(&PATH, &mut key).unwrap();
        (bolos, key)
    }

    #[test]
    fn every_element_gets_its_highest_bit() {
        assert_eq!(PATH, [0x8000_002c, 0x8000_0076, 0x8000_0000, 0x8000_0000, 0x8000_0007]);
    }

    #[test]
    fn a_point_is_compressed_as_rfc_8032_says() {
        // RFC 8032 section 5.1: the base point, whose X is even and whose Y is 4/5.
        let mut point = [0x66; 65];
        point[0] = 4;
        point[32] = 0x1a;
        point[64] = 0x58;
        let mut base = [0x66; 32];
        base[0] = 0x58;
        assert_eq!(compress(&point), base);
        point[32] = 0x1b;
        base[31] |= 0x80;
        assert_eq!(compress(&point), base);
    }

    #[test]
    fn a_derived_key_signs_and_verifies_without_deriving_again() {
        let (bolos, key) = derived();
        assert!(key.is_loaded());
        let mut signature = [0; 64];
        key.sign(b"vote", &mut signature).unwrap();
        assert_eq!(key.verify(b"vote", &signature), Ok(true));
        assert_eq!(key.verify(b"Vote", &signature), Ok(false));
        assert_eq!(bolos.crypto.derivations(), 1);
        assert_eq!(fake::with(|kernel| kernel.count(Call::Derive)), 1);
    }

    #[test]
    fn a_failed_derivation_leaves_no_key_not_even_the_old_one() {
        let (mut bolos, mut key) = derived();
        for call in [Call::Derive, Call::GeneratePair] {
            fake::with(|kernel| kernel.fail(call, 1));
            assert_eq!(bolos.crypto.derive(&PATH, &mut key), Err(fake::FAULT));
            assert!(!key.is_loaded());
            assert_eq!((key.private, key.public), ([0; 32], [0; 32]));
        }
        assert_eq!(bolos.crypto.derivations(), 3);
    }

    #[test]
    fn a_secret_is_a_mac_under_the_key_of_its_path() {
        let mut bolos = fake::boot();
        let (sha256, key) = fake::with(|kernel| (kernel.software.sha256, (kernel.software.derive)(&PATH)));
        for message in [&b""[..], b"what it is for", &[7; 64]] {
            let mut block = [0; 64];
            block[..32].copy_from_slice(&key);
            let inner = sha256(&[&block.map(|byte| byte ^ 0x36)[..], message].concat());
            let mut mac = [0; 32];
            assert_eq!(bolos.crypto.secret(&PATH, message, &mut mac), Ok(()));
            assert_eq!(mac, sha256(&[&block.map(|byte| byte ^ 0x5c)[..], &inner].concat()), "RFC 2104");
        }
        assert_eq!(bolos.crypto.derivations(), 3);
        assert_eq!(fake::with(|kernel| kernel.count(Call::GeneratePair)), 0, "nothing is signed with it");
    }

    #[test]
    fn a_secret_that_cannot_be_made_is_not_given() {
        let mut bolos = fake::boot();
        let mut mac = [9; 32];
        assert_eq!(bolos.crypto.secret(&PATH, &[7; 65], &mut mac), Err(TOO_LONG));
        fake::with(|kernel| kernel.fail(Call::Derive, 1));
        assert_eq!(bolos.crypto.secret(&PATH, b"", &mut mac), Err(fake::FAULT));
        assert_eq!(mac, [9; 32]);
    }

    #[test]
    fn a_failed_signature_gives_no_bytes() {
        let (_bolos, key) = derived();
        fake::with(|kernel| kernel.fail(Call::Sign, 1));
        assert_eq!(key.sign(b"vote", &mut [0; 64]), Err(fake::FAULT));
        fake::with(|kernel| kernel.fail(Call::Verify, 1));
        assert_eq!(key.verify(b"vote", &[0; 64]), Err(fake::FAULT));
    }

    #[test]
    fn without_a_key_nothing_is_asked_of_the_library() {
        let (_bolos, mut key) = derived();
        key.wipe();
        assert_eq!(key.sign(b"vote", &mut [0; 64]), Err(NO_KEY));
        assert_eq!(key.verify(b"vote", &[0; 64]), Err(NO_KEY));
        assert_eq!(fake::with(|kernel| kernel.count(Call::Sign) + kernel.count(Call::Verify)), 0);
        assert!(!format!("{key:?}").contains("private"));
    }

    #[test]
    fn random_bytes_differ() {
        let bolos = fake::boot();
        let mut rows = [[0; 16]; 2];
        for row in &mut rows {
            bolos.crypto.random(row);
        }
        assert_ne!(rows[0], rows[1]);
    }

    #[test]
    #[should_panic(expected = "exit(255)")]
    fn a_hash_that_fails_ends_the_app() {
        let bolos = fake::boot();
        fake::with(|kernel| kernel.fail(Call::Sha256, 1));
        bolos.crypto.sha256(b"");
    }
}
