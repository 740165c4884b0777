//! The key store that is a file: 32 bytes, the seed of every key. Whoever reads the file has the keys.

use std::collections::HashMap;
use std::fmt;
use std::io::Read;
use std::path::Path;

use ed25519_dalek::SigningKey;
use rand::RngCore;
use zeroize::Zeroizing;

use super::{KeyFault, KeyStore, secret, signature, slip10};
use crate::Fault;
use crate::files::{self, Private};

/// Bytes of a seed.
const SEED: usize = 32;

/// The keys of one seed.
pub struct FileKeys {
    seed: Zeroizing<[u8; SEED]>,
    /// Those that sign, so that signing derives nothing.
    used: HashMap<u32, SigningKey>,
}

impl FileKeys {
    /// Reads the seed at `path`, which must be there.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        Self::found(path)?.ok_or_else(|| Fault::SeedMissing(path.to_owned()))
    }

    /// Reads the seed at `path`; made of random bytes if there is none.
    pub fn open_or_make(path: &Path) -> Result<Self, Fault> {
        if let Some(keys) = Self::found(path)? {
            return Ok(keys);
        }
        let mut seed = Zeroizing::new([0; SEED]);
        rand::rng().fill_bytes(&mut *seed);
        files::make(path, &*seed)?;
        // The one that stands there now, whoever made it.
        Self::open(path)
    }

    fn found(path: &Path) -> Result<Option<Self>, Fault> {
        let Some(file) = files::open(path, false, Private::Read)? else { return Ok(None) };
        let of = |error| Fault::of(path, &error);
        let found = file.metadata().map_err(of)?.len();
        if found != SEED as u64 {
            return Err(Fault::Size { path: path.to_owned(), found, expected: SEED as u64 });
        }
        let mut seed = Zeroizing::new([0; SEED]);
        (&file).read_exact(&mut *seed).map_err(of)?;
        Ok(Some(Self { seed, used: HashMap::new() }))
    }
}

impl KeyStore for FileKeys {
    fn secret(&mut self, message: &[u8]) -> Result<[u8; 32], KeyFault> {
        Ok(secret(&*self.seed, message))
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
