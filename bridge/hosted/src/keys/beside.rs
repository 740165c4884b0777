//! The secret that a store of keys lacks: it stands beside the marks, in a file.

use std::path::Path;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::random_file;
use crate::Fault;

/// A secret for the checks of the pages that the marks stand on, where the store has none: an HSM that signs, and no more.
///
/// The checks find pages that tore or rotted. Who can write to the file of the marks can read this one too, and is found by
/// neither: such a device's marks are as safe as this host (docs/decisions/0013-hosted-devices.md).
pub struct Beside(random_file::Bytes);

impl Beside {
    /// Reads the secret at `path`, which must be there: without it none of the marks can be read.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        random_file::open(path).map(Self).map_err(|fault| match fault {
            Fault::SeedMissing(path) => Fault::SecretMissing(path),
            fault => fault,
        })
    }

    /// Reads the secret at `path`; made of random bytes if there is none.
    pub fn open_or_make(path: &Path) -> Result<Self, Fault> {
        random_file::open_or_make(path).map(Self)
    }

    /// The secret of the ledger of a store's log, which stands beside the marks.
    pub fn of_the_ledger(&self) -> [u8; 32] {
        self.secret(b"Highwater ledger 1")
    }

    /// HMAC-SHA-256 of `message` under it.
    pub(super) fn secret(&self, message: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).expect("HMAC takes a key of any length");
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for Beside {
    /// Never the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Beside").finish_non_exhaustive()
    }
}
