//! The derivation of keys from a seed, as the Ledger does it.

use ed25519_dalek::SigningKey;
use hmac::{Hmac, Mac};
use sha2::Sha512;
use zeroize::Zeroizing;

/// The key at `44'/118'/0'/0'/index'` of a seed: SLIP-10 for Ed25519, every element hardened.
pub fn slip10(seed: &[u8], index: u32) -> SigningKey {
    SigningKey::from_bytes(&along(seed, &[44, 118, 0, 0, index]))
}

fn along(seed: &[u8], path: &[u32]) -> Zeroizing<[u8; 32]> {
    let mut node = hmac(b"ed25519 seed", &[seed]);
    for element in path {
        let hardened = element | 1 << 31;
        node = hmac(&node[32..], &[&[0], &node[..32], &hardened.to_be_bytes()]);
    }
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(&node[..32]);
    key
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 64]> {
    let mut mac = Hmac::<Sha512>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SLIP-0010, test vector 1 for ed25519, chain m/0'/1'/2'/2'/1000000000'.
    #[test]
    fn the_steps_are_those_of_slip_10() {
        let seed: Vec<u8> = (0..16).collect();
        let key = along(&seed, &[0, 1, 2, 2, 1_000_000_000]);
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(hex(&*key), "8f94d394a8e8fd6b1bc2f3f49f5c47e385281d5c17e65324b0f62483e37e8793");
        assert_eq!(
            hex(SigningKey::from_bytes(&key).verifying_key().as_bytes()),
            "3c24da049451555d51a7014a37337aa4e12d41e485abccfa46b47dfb2af54b7a"
        );
    }
}
