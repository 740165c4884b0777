//! Software keys, derived as the Ledger derives them; and toy keys for searches through millions of states.

use std::collections::HashMap;

use ed25519_dalek::SigningKey;
use ed25519_dalek::hazmat::ExpandedSecretKey;
use highwater_core::env::{CryptoFailed, Life};
use highwater_core::layout::SLOTS;
use highwater_hosted::keys::{secret, signature, slip10};
use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::xxh3_128_with_seed;
use zeroize::Zeroizing;

/// Keys of one seed: SLIP-10 Ed25519 at `44'/118'/0'/0'/index'`.
#[derive(Debug)]
pub struct Keys {
    source: Source,
    loaded: [Option<Held>; SLOTS],
    derivations: u16,
    /// How many derivations go well before one whose public key comes out wrong.
    pub spoilt: Option<u16>,
}

#[derive(Debug)]
enum Source {
    Seed(Zeroizing<Vec<u8>>),
    /// Derived once per index and remembered: a device that is restarted a million times.
    Remembered(Zeroizing<Vec<u8>>, Box<Known>),
    Toy,
    /// A toy whose checks have so few bits that a collision is found at once.
    Weak(u8),
}

/// What was computed once.
#[derive(Debug, Default)]
struct Known {
    derived: HashMap<u32, SigningKey>,
    imported: HashMap<[u8; 32], SigningKey>,
    secrets: HashMap<Vec<u8>, [u8; 32]>,
}

/// A key in RAM.
#[derive(Debug)]
struct Held {
    /// What it was loaded for.
    incarnation: u16,
    key: Key,
    public: [u8; 32],
}

#[derive(Debug)]
enum Key {
    Real(Box<SigningKey>),
    Toy(u32),
    /// A toy that was imported.
    ToyOf([u8; 32]),
}

impl Keys {
    /// Keys of a BIP-39 seed or any other secret bytes.
    pub fn new(seed: &[u8]) -> Self {
        Self::from(Source::Seed(Zeroizing::new(seed.to_vec())))
    }

    /// The same keys, each derived only once however often the app starts.
    pub fn remembered(seed: &[u8]) -> Self {
        Self::from(Source::Remembered(Zeroizing::new(seed.to_vec()), Box::default()))
    }

    /// No keys at all: signatures are checksums, and so is SHA-256. For searches whose subject is the journal,
    /// which never looks into a signature; a checksum is a thousand times cheaper.
    pub fn toy() -> Self {
        Self::from(Source::Toy)
    }

    /// Toys whose checks have only so many bits, at most 64: what an attacker does with 2^33 hashes takes him no time then.
    pub fn weak(bits: u8) -> Self {
        Self::from(Source::Weak(bits))
    }

    fn from(source: Source) -> Self {
        Self { source, loaded: [const { None }; SLOTS], derivations: 0, spoilt: None }
    }

    /// Derivations so far.
    pub fn derivations(&self) -> u16 {
        self.derivations
    }

    /// Whether signatures mean nothing.
    pub fn is_toy(&self) -> bool {
        matches!(self.source, Source::Toy | Source::Weak(_))
    }

    pub(crate) fn sha256(&self, data: &[u8]) -> [u8; 32] {
        match self.source {
            Source::Toy => checksum(data),
            Source::Weak(bits) => {
                let mut sum = checksum(data);
                let kept =
                    u64::from_le_bytes(*sum.first_chunk().expect("32 bytes")) & u64::MAX >> (64 - bits);
                sum[..8].copy_from_slice(&kept.to_le_bytes());
                sum
            }
            Source::Seed(_) | Source::Remembered(..) => Sha256::digest(data).into(),
        }
    }

    pub(crate) fn secret_of(&mut self, message: &[u8]) -> [u8; 32] {
        self.derivations = self.derivations.wrapping_add(1);
        match &mut self.source {
            Source::Seed(seed) => secret(seed, message),
            Source::Remembered(seed, known) => {
                *known.secrets.entry(message.to_vec()).or_insert_with(|| secret(seed, message))
            }
            Source::Toy | Source::Weak(_) => checksum(&[b"toy", message].concat()),
        }
    }

    pub(crate) fn public_key(&mut self, index: u32) -> [u8; 32] {
        self.derive(index).1
    }

    pub(crate) fn load(&mut self, life: Life, index: u32) {
        let (key, public) = self.derive(index);
        self.keep(life, key, public);
    }

    pub(crate) fn take(&mut self, seed: &[u8; 32], life: Option<Life>) -> [u8; 32] {
        let made = || SigningKey::from_bytes(seed);
        let key = match &mut self.source {
            Source::Seed(_) => Key::Real(Box::new(made())),
            Source::Remembered(_, known) => {
                Key::Real(Box::new(known.imported.entry(*seed).or_insert_with(made).clone()))
            }
            Source::Toy | Source::Weak(_) => Key::ToyOf(*seed),
        };
        let public = self.public(&key);
        if let Some(life) = life {
            self.keep(life, key, public);
        }
        public
    }

    fn keep(&mut self, life: Life, key: Key, public: [u8; 32]) {
        self.loaded[usize::from(life.slot)] = Some(Held { incarnation: life.incarnation, key, public });
    }

    pub(crate) fn unload(&mut self, slot: u8) {
        self.loaded[usize::from(slot)] = None;
    }

    pub(crate) fn loaded(&self, slot: u8) -> Result<[u8; 32], CryptoFailed> {
        self.held(slot).map(|held| held.public)
    }

    pub(crate) fn sign(&self, life: Life, message: &[u8]) -> Result<[u8; 64], CryptoFailed> {
        match self.key(life)? {
            Key::Real(key) => Ok(signature(key, message)),
            Key::Toy(_) | Key::ToyOf(_) => Ok(toy(&public(self.key(life)?), message)),
        }
    }

    /// Scalar and prefix of the key of a life (RFC 8032, 5.1.5); a toy has none.
    pub(crate) fn secret(&self, life: Life) -> Result<Option<ExpandedSecretKey>, CryptoFailed> {
        Ok(match self.key(life)? {
            Key::Real(key) => Some(ExpandedSecretKey::from(&key.to_bytes())),
            Key::Toy(_) | Key::ToyOf(_) => None,
        })
    }

    /// A key that was loaded for another life signs nothing.
    fn key(&self, life: Life) -> Result<&Key, CryptoFailed> {
        match self.held(life.slot)? {
            Held { incarnation, key, .. } if *incarnation == life.incarnation => Ok(key),
            _ => Err(CryptoFailed),
        }
    }

    fn held(&self, slot: u8) -> Result<&Held, CryptoFailed> {
        self.loaded.get(usize::from(slot)).and_then(Option::as_ref).ok_or(CryptoFailed)
    }

    fn derive(&mut self, index: u32) -> (Key, [u8; 32]) {
        self.derivations = self.derivations.wrapping_add(1);
        let key = match &mut self.source {
            Source::Seed(seed) => Key::Real(Box::new(slip10(seed, index))),
            Source::Remembered(seed, known) => {
                let key = known.derived.entry(index).or_insert_with(|| slip10(seed, index));
                Key::Real(Box::new(key.clone()))
            }
            Source::Toy | Source::Weak(_) => Key::Toy(index),
        };
        let public = self.public(&key);
        (key, public)
    }

    /// The public key, or what comes out wrong in its place.
    fn public(&mut self, key: &Key) -> [u8; 32] {
        let mut public = public(key);
        self.spoilt = match self.spoilt {
            Some(0) => {
                public[0] ^= 1;
                None
            }
            spared => spared.map(|spared| spared - 1),
        };
        public
    }
}

/// What the toy key of this index makes of a message.
pub(crate) fn toy_signature(index: u32, message: &[u8]) -> [u8; 64] {
    toy(&public(&Key::Toy(index)), message)
}

fn toy(public: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(public);
    signature[32..].copy_from_slice(&checksum(message));
    signature
}

fn public(key: &Key) -> [u8; 32] {
    match key {
        Key::Real(key) => key.verifying_key().to_bytes(),
        Key::Toy(index) => checksum(&index.to_le_bytes()),
        Key::ToyOf(seed) => checksum(seed),
    }
}

/// XXH3: no page passes its check by chance. What only multiplies and rotates word by word is not enough: a fuzzer found
/// a torn page in which the upper bits of the serial and the height made up for each other.
fn checksum(data: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (seed, out) in (0..).zip(out.chunks_exact_mut(16)) {
        out.copy_from_slice(&xxh3_128_with_seed(data, seed).to_le_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page that a fuzzer tore: 16 bytes of the new record, the rest of the old one, behind 20 bytes that it binds.
    #[test]
    fn no_difference_of_two_words_makes_up_for_itself_in_a_checksum() {
        let mut page = [0; 76];
        page[20] = 0x26;
        let sum = |serial: u8, height: u8| {
            let mut page = page;
            (page[23], page[27]) = (serial, height);
            checksum(&page)
        };
        for serial in 0..=u8::MAX {
            for height in 0..=u8::MAX {
                let same = sum(serial, height)[..8] == sum(0x0c, 0x0c)[..8];
                assert_eq!(same, (serial, height) == (0x0c, 0x0c), "{serial:02x} {height:02x}");
            }
        }
    }

    #[test]
    fn remembered_keys_are_the_same_keys() {
        let (mut new, mut remembered) = (Keys::new(b"seed"), Keys::remembered(b"seed"));
        for index in [0, 1, 0] {
            assert_eq!(new.public_key(index), remembered.public_key(index));
        }
    }
}
