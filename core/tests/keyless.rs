//! Crypto without a key: a secret, and a hash if it is given one.

use highwater_core::env::{Crypto, CryptoFailed, Life};
use highwater_core::journal::Signable;

#[derive(Default)]
pub(crate) struct Keyless {
    /// What the secret was last asked for.
    pub(crate) asked: Vec<u8>,
    /// What everything hashes to; nothing may be hashed without it.
    pub(crate) hash: Option<[u8; 32]>,
}

impl Crypto for Keyless {
    fn secret(&mut self, message: &[u8]) -> Result<[u8; 32], CryptoFailed> {
        self.asked = message.to_vec();
        Ok([7; 32])
    }

    fn sha256(&mut self, _: &[u8]) -> [u8; 32] {
        self.hash.expect("nothing is hashed")
    }

    fn random(&mut self, _: &mut [u8]) {}

    fn public_key(&mut self, _: u32) -> Result<[u8; 32], CryptoFailed> {
        Err(CryptoFailed)
    }

    fn load_key(&mut self, _: Life, _: u32) -> Result<(), CryptoFailed> {
        Err(CryptoFailed)
    }

    fn take_key(&mut self, _: &[u8; 32], _: Option<Life>, _: &mut [u8; 32]) -> Result<(), CryptoFailed> {
        Err(CryptoFailed)
    }

    fn loaded_key(&self, _: u8) -> Result<[u8; 32], CryptoFailed> {
        Err(CryptoFailed)
    }

    fn unload_key(&mut self, _: u8) {}

    fn sign(&mut self, _: Signable<'_>, _: &mut [u8; 64]) -> Result<(), CryptoFailed> {
        Err(CryptoFailed)
    }

    fn sign_extension(&mut self, _: Signable<'_>, _: &mut [u8; 64]) -> Result<(), CryptoFailed> {
        Err(CryptoFailed)
    }
}
