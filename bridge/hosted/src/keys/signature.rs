//! The signature of a message, byte for byte as the app on the Ledger makes it.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::SigningKey;
use ed25519_dalek::hazmat::ExpandedSecretKey;
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

/// Ed25519 as everybody verifies it, and the same bytes each time.
///
/// The nonce is the SHA-512 of public key, prefix and message. RFC 8032 has prefix and message there: the Ledger does not
/// compute the public key anew for a signature, and a wrong one must not meet a nonce that was used. The public key comes
/// first, which is no prefix, so no message makes a nonce that RFC 8032 makes of another one.
pub fn signature(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    let expanded = ExpandedSecretKey::from(key.as_bytes());
    let public = key.verifying_key().to_bytes();
    let hash = |parts: [&[u8]; 3]| parts.iter().fold(Sha512::new(), |hash, part| hash.chain_update(part));
    let nonce = Zeroizing::new(Scalar::from_hash(hash([&public, &expanded.hash_prefix, message])));
    let point = EdwardsPoint::mul_base(&nonce).compress().to_bytes();
    let challenge = Scalar::from_hash(hash([&point, &public, message]));
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&point);
    signature[32..].copy_from_slice(&(challenge * expanded.scalar + *nonce).to_bytes());
    signature
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by a program that shares no code with this one (Python's hashlib and integers).
    #[test]
    fn it_is_what_another_program_makes() {
        let vectors: [(u8, &[u8], &str); 3] = [
            (
                7,
                b"",
                "9cd88a1a478a3f4813f453b9b478dc353c8b7943fda1c409bc3d987e0481137155e0565ce5f772d24a4117c6bb8dadbe87d1ca1f735d6d76e0262e3dac81ed07",
            ),
            (
                8,
                b"vote",
                "3388317d52a6412c9e644440016b5e5cafb3cb5212da51826ead7cc84da1abccc918fdd1bee4067fafbdf7f123c2b8227571ecac60171e1c161cf4b04fb2310f",
            ),
            (
                9,
                &[b'x'; 200],
                "5c47d628f471ad3531868ecbec9594de480ae0070736dd997e43abc5c7b5b33b9ef14787f52f01ef1b2a05e9f65bfe976b0a686c10c44844212176e62b1de607",
            ),
        ];
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        for (seed, message, expected) in vectors {
            let key = SigningKey::from_bytes(&[seed; 32]);
            assert_eq!(hex(&signature(&key, message)), expected);
        }
    }

    #[test]
    fn it_verifies_and_is_the_same_each_time() {
        let key = SigningKey::from_bytes(&[7; 32]);
        for length in 0..300 {
            let message = vec![length as u8; length];
            let one = signature(&key, &message);
            assert_eq!(one, signature(&key, &message));
            key.verify_strict(&message, &ed25519_dalek::Signature::from_bytes(&one)).unwrap();
        }
    }
}
