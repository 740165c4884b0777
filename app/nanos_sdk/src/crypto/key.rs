//! A key in RAM: seed, public key, and a tag over both and over what they are for.

use super::{OUT_OF_ORDER, whole, wipe};
use crate::sys::{Fault, Sys, System, die};

/// An Ed25519 key in RAM, or none. It is wiped when it is dropped, derived over, or told so.
///
/// The seed stands here, never what it is expanded to: of a scalar that is kept, each bit that falls over shows itself in
/// one reply. The public key is not computed anew for a signature, so all of it is held against the tag before each.
pub struct Key {
    pub(super) private: [u8; 32],
    pub(super) public: [u8; 32],
    pub(super) tag: [u8; TAG],
    /// The last element of the path.
    pub(super) index: u32,
    /// How often it was not good, since the start.
    mismatches: u8,
    loaded: bool,
}

const TAG: usize = 16;

/// A key that was not good so often stays unloaded until a restart.
const MISMATCHES: u8 = 3;

/// There is no key to work with. No number of the system.
pub const NO_KEY: Fault = Fault::own(0);

/// The key, or a signature that was made, is not what it must be. The key is unloaded for it. No number of the system.
pub const NOT_GOOD: Fault = Fault::own(2);

/// What is in a nonce beside public key, prefix and message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nonce {
    /// Nothing: the same message gets the same signature.
    OfMessage,
    /// 32 random bytes: what a fault spoils in one signature has no other one to be compared with.
    Fresh,
}

impl Key {
    /// No key.
    pub const fn empty() -> Self {
        Self { private: [0; 32], public: [0; 32], tag: [0; TAG], index: 0, mismatches: 0, loaded: false }
    }

    /// Whether there is one.
    pub fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// The public key, in the form of RFC 8032. Zeros if there is none.
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// Signs: Ed25519 without context or prehash, which everybody verifies as RFC 8032 says. Its nonce is the SHA-512 of
    /// public key, prefix, what [`Nonce`] says, and message, which is not the nonce of RFC 8032.
    ///
    /// `purpose` is what the key was derived for.
    ///
    /// # Errors
    /// If there is no key ([`NO_KEY`]). If the library fails or something is not what it must be ([`NOT_GOOD`]) the key is
    /// unloaded. `signature` holds nothing new then. Trying again may help.
    #[inline(never)]
    pub fn sign(
        &mut self,
        purpose: u32,
        message: &[u8],
        nonce: Nonce,
        signature: &mut [u8; 64],
    ) -> Result<(), Fault> {
        let made = whole::sign(self, purpose, message, nonce, signature);
        Sys::scrub();
        self.judge(made)
    }

    /// Unloads the key if a signature with it came to nothing. An error of the library counts as well: that is how a
    /// faulted multiplication shows, whose point lies on no curve.
    pub(super) fn judge(&mut self, made: Result<(), Fault>) -> Result<(), Fault> {
        if !matches!(made, Ok(()) | Err(NO_KEY | OUT_OF_ORDER)) {
            self.refuse();
        }
        made
    }

    /// Unloads a key that is not what it must be. The third time it stays unloaded until a restart.
    #[inline(never)]
    pub fn refuse(&mut self) {
        self.mismatches = self.mismatches.saturating_add(1);
        self.wipe();
    }

    /// The key is complete. What is tagged is the seed that was derived: it may have changed since then, and the public
    /// key would be right all the same.
    pub(super) fn load(&mut self, purpose: u32, index: u32, seed: &[u8]) -> Result<(), Fault> {
        self.index = index;
        self.tag = self.tag_for(purpose);
        self.loaded = true;
        if self.private == *seed { Ok(()) } else { Err(NOT_GOOD) }
    }

    /// Whether it may be derived anew.
    pub(super) fn may_load(&self) -> Result<(), Fault> {
        if self.mismatches < MISMATCHES { Ok(()) } else { Err(NOT_GOOD) }
    }

    /// Whether there is a key, for this purpose, and as it was derived.
    #[inline(never)]
    pub(super) fn check(&self, purpose: u32) -> Result<(), Fault> {
        if !self.loaded {
            return Err(NO_KEY);
        }
        if self.tag_for(purpose) == self.tag { Ok(()) } else { Err(NOT_GOOD) }
    }

    #[inline(never)]
    fn tag_for(&self, purpose: u32) -> [u8; TAG] {
        let mut bytes = [0; 72];
        bytes[..4].copy_from_slice(&purpose.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.index.to_le_bytes());
        bytes[8..40].copy_from_slice(&self.private);
        bytes[40..].copy_from_slice(&self.public);
        let mut digest = [0; 32];
        let length = Sys::sha256(&bytes, &mut digest);
        wipe(&mut bytes);
        if length != digest.len() {
            die();
        }
        let mut tag = [0; TAG];
        tag.copy_from_slice(&digest[..TAG]);
        tag
    }

    /// Forgets the key. That it was not good is not forgotten.
    pub fn wipe(&mut self) {
        wipe(&mut self.private);
        wipe(&mut self.public);
        wipe(&mut self.tag);
        self.loaded = false;
    }
}

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
