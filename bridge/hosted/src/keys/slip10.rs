//! The derivation of keys from a seed, as the Ledger does it.

use ed25519_dalek::SigningKey;
use highwater_core::env::SECRET_INDEX;
use hmac::{Hmac, Mac};
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

/// The key at `44'/118'/0'/0'/index'` of a seed: SLIP-10 for Ed25519, every element hardened.
pub fn slip10(seed: &[u8], index: u32) -> SigningKey {
    SigningKey::from_bytes(&along(seed, &[44, 118, 0, 0, index]))
}

/// HMAC-SHA-256 of `message` under the private key at the index that signs nothing, as [`highwater_core::env::Crypto::secret`]
/// wants it.
pub fn secret(seed: &[u8], message: &[u8]) -> [u8; 32] {
    let key = along(seed, &[44, 118, 0, 0, SECRET_INDEX]);
    let mut mac = Hmac::<Sha256>::new_from_slice(&*key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
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

    /// The seed of the emulator's words. Computed by other means too: Python's `hmac`, step by step.
    #[test]
    fn the_secret_of_the_checks_is_pinned() {
        let seed = hex_bytes(
            "b11997faff420a331bb4a4ffdc8bdc8ba7c01732a99a30d83dbbebd469666c84\
             b47d09d3f5f472b3b9384ac634beba2a440ba36ec7661144132f35e206873564",
        );
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let key = along(&seed, &[44, 118, 0, 0, SECRET_INDEX]);
        assert_eq!(hex(&*key), "aac321fb84fff788ac691228d5239e22d2adefcaebecfc22d63933b72003732b");
        let id: Vec<u8> = (0..16).collect();
        let message = [&b"\x03Highwater check1"[..], &id].concat();
        assert_eq!(
            hex(&secret(&seed, &message)),
            "e311d839a9642e4691e8c6a6968a47fa56a04cbfbb47723a3ddf5730bdca7362"
        );
    }

    fn hex_bytes(text: &str) -> Vec<u8> {
        let pairs = text.as_bytes().chunks(2);
        pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

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
