//! Where the keys are: a file, a YubiHSM2, a token behind a PKCS#11 module.

#[cfg(feature = "yubihsm")]
mod admin;
#[cfg(any(feature = "pkcs11", feature = "yubihsm"))]
mod beside;
mod file;
mod logins;
#[cfg(feature = "pkcs11")]
mod pkcs11;
mod random_file;
mod signature;
mod slip10;
mod timely;
#[cfg(feature = "yubihsm")]
mod yubihsm;

#[cfg(feature = "yubihsm")]
pub use admin::{Admin, FACTORY, Standing, factory_key_opens};
#[cfg(any(feature = "pkcs11", feature = "yubihsm"))]
pub use beside::Beside;
pub use file::FileKeys;
pub use logins::Logins;
#[cfg(feature = "pkcs11")]
pub use pkcs11::{Named, Pkcs11, Token};
pub use signature::signature;
pub use slip10::{secret, slip10};
pub use timely::{PATIENCE, Timely};
#[cfg(feature = "yubihsm")]
pub use yubihsm::{Login, Way, YubiHsm};

use crate::audit::{Elsewhere, Entry};

/// The longest message that a YubiHSM2 signs: a message of its own holds 2,048 bytes, and a session takes some of them
/// (Yubico's manual, "Sign Eddsa").
pub const YUBIHSM_LONGEST: usize = 1_900;

/// A key store on or beside this host.
///
/// A call may block, take as long as a network does, and fail at any time; it never panics. The key need not be in the
/// memory of this process, so there is no call that gives one, and none that takes a hash: Ed25519 hashes the message
/// itself, twice. Whatever a store gives is verified before it is used.
pub trait KeyStore: Send {
    /// What tells the keys of this store from those of any other. Where it changes under a memory, nothing is signed.
    fn identity(&mut self) -> Result<[u8; 32], KeyFault> {
        self.public_key(0)
    }

    /// HMAC-SHA-256 of `message` under a secret of this store that signs nothing and never changes. It keys the checks of
    /// the pages that the marks stand on.
    fn secret(&mut self, message: &[u8]) -> Result<[u8; 32], KeyFault>;

    /// Whether it is there and lets us in. Another program's word for it, so no proof that the next signature comes.
    fn ping(&mut self) -> Result<(), KeyFault> {
        Ok(())
    }

    /// The longest message that it signs, in bytes.
    fn longest(&self) -> usize {
        usize::MAX
    }

    /// Whether a private key may be kept beside those of the store, sealed under its secret. Not where that secret is a file of
    /// this host and the keys are not: such a key would be as open as the file, on a device that is chosen because keys are not.
    fn takes_keys(&self) -> bool {
        false
    }

    /// What GET_VERSION calls a device with its keys there: 0 simulated, 16 YubiHSM2, 17 PKCS#11.
    fn target(&self) -> u8 {
        0
    }

    /// The public key at `index`.
    fn public_key(&mut self, index: u32) -> Result<[u8; 32], KeyFault>;

    /// Signs `message` with the key at `index`: Ed25519 as RFC 8032 verifies it, and the same bytes each time. How the
    /// nonce is made is the store's own business.
    fn sign(&mut self, index: u32, message: &[u8]) -> Result<[u8; 64], KeyFault>;

    /// The store's own log, as far as it holds one; the oldest entry first.
    fn log(&mut self) -> Result<Vec<Entry>, KeyFault> {
        Ok(Vec::new())
    }

    /// The log was read up to this entry, and that stands on the disk: a store that signs nothing more once its log is full
    /// may forget what was read.
    fn log_was_read(&mut self, _item: u16) -> Result<(), KeyFault> {
        Ok(())
    }

    /// No chain signs with the key at `index` any more: what this process holds of it is wiped.
    fn forget(&mut self, _index: u32) {}
}

/// Why a key store did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// It is not there.
    #[error("no key store: {0}")]
    Absent(String),
    /// It does not let us in.
    #[error("the key store refuses: {0}")]
    Denied(String),
    /// It is there and has no such key. The only fault that is an answer: the store goes on working.
    #[error("no key of index {0}")]
    NoKey(u32),
    /// Its log is full, and it signs nothing until somebody has read the log.
    #[error("the key store's log is full: it signs nothing until its log was read")]
    LogFull,
    /// Its log shows a signature that this signer did not make, or one that its disk has forgotten. It signs nothing more.
    #[error("SIGNED ELSEWHERE, or a disk that was rolled back: the key store says that {0}")]
    Elsewhere(Elsewhere),
    /// Its signatures are not in its log, so nothing can be held against them.
    #[error("the key store does not log its signatures")]
    NotLogged,
    /// It failed, or said what cannot be true.
    #[error("the key store failed: {0}")]
    Broken(String),
}
