//! The secret of a key: 32 bytes that are wiped when they are dropped, never shown, never copied.

use std::fmt;

use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

use crate::key::PublicKey;

/// A seed of Ed25519, in one place of memory for as long as it is there. The bytes of its file are the caller's to wipe.
///
/// ```compile_fail
/// fn twice(seed: &highwater_moving::Seed) -> highwater_moving::Seed {
///     seed.clone()
/// }
/// ```
pub struct Seed(Box<Zeroizing<[u8; 32]>>);

impl Seed {
    /// The first 32 bytes; `None` if there are fewer.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let mut seed = Box::new(Zeroizing::new([0; 32]));
        seed.copy_from_slice(bytes.get(..32)?);
        Some(Self(seed))
    }

    /// For the import alone. Whoever copies it wipes the copy.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The public key.
    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::new(SigningKey::from_bytes(&self.0).verifying_key().to_bytes())
    }
}

impl fmt::Debug for Seed {
    /// Never its bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(hidden)")
    }
}
