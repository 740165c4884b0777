//! The key store that is a file: 32 bytes, the seed of every key. Whoever reads the file has the keys.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use ed25519_dalek::SigningKey;

use super::{KeyFault, KeyStore, random_file, secret, signature, slip10};
use crate::Fault;

/// The keys of one seed.
pub struct FileKeys {
    seed: random_file::Bytes,
    /// Those that sign, so that signing derives nothing.
    used: HashMap<u32, SigningKey>,
}

impl FileKeys {
    /// Reads the seed at `path`, which must be there.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        Ok(Self { seed: random_file::open(path)?, used: HashMap::new() })
    }

    /// Reads the seed at `path`; made of random bytes if there is none.
    pub fn open_or_make(path: &Path) -> Result<Self, Fault> {
        Ok(Self { seed: random_file::open_or_make(path)?, used: HashMap::new() })
    }
}

impl KeyStore for FileKeys {
    fn secret(&mut self, message: &[u8]) -> Result<[u8; 32], KeyFault> {
        Ok(secret(&*self.seed, message))
    }

    /// The seed is a file as well.
    fn takes_keys(&self) -> bool {
        true
    }

    fn public_key(&mut self, index: u32) -> Result<[u8; 32], KeyFault> {
        Ok(slip10(&*self.seed, index).verifying_key().to_bytes())
    }

    fn sign(&mut self, index: u32, message: &[u8]) -> Result<[u8; 64], KeyFault> {
        let Self { seed, used } = self;
        let key = used.entry(index).or_insert_with(|| slip10(&**seed, index));
        Ok(signature(key, message))
    }

    fn forget(&mut self, index: u32) {
        self.used.remove(&index);
    }
}

impl fmt::Debug for FileKeys {
    /// Never the seed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileKeys").finish_non_exhaustive()
    }
}
