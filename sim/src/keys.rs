//! Software keys, derived as the Ledger derives them.

use ed25519_dalek::{Signer as _, SigningKey};
use highwater_core::env::CryptoFailed;
use highwater_core::layout::SLOTS;
use hmac::{Hmac, Mac};
use sha2::Sha512;
use zeroize::Zeroizing;

/// Keys of one seed: SLIP-10 Ed25519 at `44'/118'/0'/0'/index'`.
#[derive(Debug)]
pub struct Keys {
    seed: Zeroizing<Vec<u8>>,
    loaded: [Option<SigningKey>; SLOTS],
    derivations: u16,
}

impl Keys {
    /// Keys of a BIP-39 seed or any other secret bytes.
    pub fn new(seed: &[u8]) -> Self {
        Self { seed: Zeroizing::new(seed.to_vec()), loaded: [const { None }; SLOTS], derivations: 0 }
    }

    /// Derivations so far.
    pub fn derivations(&self) -> u16 {
        self.derivations
    }

    pub(crate) fn public_key(&mut self, index: u32) -> [u8; 32] {
        self.derive(index).verifying_key().to_bytes()
    }

    pub(crate) fn load(&mut self, slot: u8, index: u32) {
        self.loaded[usize::from(slot)] = Some(self.derive(index));
    }

    pub(crate) fn unload(&mut self, slot: u8) {
        self.loaded[usize::from(slot)] = None;
    }

    pub(crate) fn loaded(&self, slot: u8) -> Result<&SigningKey, CryptoFailed> {
        self.loaded.get(usize::from(slot)).and_then(Option::as_ref).ok_or(CryptoFailed)
    }

    pub(crate) fn sign(&self, slot: u8, message: &[u8]) -> Result<[u8; 64], CryptoFailed> {
        Ok(self.loaded(slot)?.sign(message).to_bytes())
    }

    fn derive(&mut self, index: u32) -> SigningKey {
        self.derivations = self.derivations.wrapping_add(1);
        let mut node = hmac(b"ed25519 seed", &[&self.seed]);
        for element in [44, 118, 0, 0, index] {
            let hardened: u32 = element | 1 << 31;
            node = hmac(&node[32..], &[&[0], &node[..32], &hardened.to_be_bytes()]);
        }
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(&node[..32]);
        SigningKey::from_bytes(&key)
    }
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 64]> {
    // HMAC takes a key of any length.
    let mut mac = Hmac::<Sha512>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SLIP-0010, test vector 1 for ed25519, chain m/0'/1'/2'/2'/1000000000' : the steps are those of `derive`.
    #[test]
    fn the_steps_are_those_of_slip_10() {
        let seed: Vec<u8> = (0..16).collect();
        let mut node = hmac(b"ed25519 seed", &[&seed]);
        for element in [0u32, 1, 2, 2, 1_000_000_000] {
            let hardened = element | 1 << 31;
            node = hmac(&node[32..], &[&[0], &node[..32], &hardened.to_be_bytes()]);
        }
        let mut key = [0; 32];
        key.copy_from_slice(&node[..32]);
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        assert_eq!(hex(&key), "8f94d394a8e8fd6b1bc2f3f49f5c47e385281d5c17e65324b0f62483e37e8793");
        assert_eq!(
            hex(SigningKey::from_bytes(&key).verifying_key().as_bytes()),
            "3c24da049451555d51a7014a37337aa4e12d41e485abccfa46b47dfb2af54b7a"
        );
    }
}
