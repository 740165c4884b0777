//! The seal of imported keys once more, by other means than `core`: the `hmac` crate, and a key that is derived once.

use highwater_core::env::SECRET_INDEX;
use highwater_hosted::keys::slip10;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The sealing key of a seed.
pub fn sealing_key(seed: &[u8]) -> [u8; 32] {
    slip10(seed, SECRET_INDEX).to_bytes()
}

/// A private key, sealed: SIV, then cipher.
pub fn seal(sealing: &[u8; 32], key: &[u8; 32]) -> [u8; 48] {
    seal_with(|message| mac(sealing, message), key)
}

/// The same with this HMAC, whose key is that of a device.
pub(crate) fn seal_with(mut mac: impl FnMut(&[u8]) -> [u8; 32], key: &[u8; 32]) -> [u8; 48] {
    let siv = &mac(&[&[1], &b"Highwater vault1"[..], key].concat())[..16];
    let mask = mac(&[&[2], &b"Highwater vault1"[..], siv].concat());
    let cipher: Vec<u8> = key.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
    [siv, &cipher].concat().try_into().expect("16 and 32 bytes")
}

/// The private key, if it was sealed so.
pub fn open(sealing: &[u8; 32], sealed: [u8; 48]) -> Option<[u8; 32]> {
    let mask = mac(sealing, &[&[2], &b"Highwater vault1"[..], &sealed[..16]].concat());
    let key: Vec<u8> = sealed[16..].iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
    let key: [u8; 32] = key.try_into().expect("32 bytes");
    (seal(sealing, &key) == sealed).then_some(key)
}

fn mac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by Python's hmac and hashlib.
    const VECTORS: [(&str, &str); 2] = [
        (
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            "9e8d14068dcb005bfefcc3199195bafadb789614f4c6e76dd51062e5da9c0b8c66cc826efa779c93307e694316730f10",
        ),
        (
            "aac321fb84fff788ac691228d5239e22d2adefcaebecfc22d63933b72003732b",
            "7561a53c369fce7a02d1acb64d12a7eef562728d764f0bccbeaa7306170dc3a87663b908142f3e904ff719c1aa7c1856",
        ),
    ];

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        let bytes: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
        bytes.try_into().unwrap()
    }

    #[test]
    fn the_vectors_are_made_and_opened() {
        for (sealing, sealed) in VECTORS {
            let (sealing, sealed) = (bytes(sealing), bytes(sealed));
            assert_eq!(seal(&sealing, &[7; 32]), sealed);
            assert_eq!(open(&sealing, sealed), Some([7; 32]));
            for bit in 0..8 * 48 {
                let mut forged = sealed;
                forged[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(open(&sealing, forged), None, "bit {bit}");
            }
        }
    }
}
