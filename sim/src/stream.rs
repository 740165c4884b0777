//! The two-pass signature of what is too long to be held, step by step, as the firmware makes it.

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use highwater_core::env::{CryptoFailed, Life};
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

use crate::Keys;

/// What is under way, if anything is. The message itself is kept by the device for the auditor, not for the signature.
#[derive(Default)]
pub(crate) struct Stream {
    under_way: Option<Pass>,
    /// What was fed in the pass under way.
    pub(crate) message: Vec<u8>,
}

/// A nonce, and its point as it is sent.
type Nonce = (Zeroizing<Scalar>, [u8; 32]);

struct Pass {
    hash: Sha512,
    /// `None` once the digest was taken.
    digest: Option<Sha256>,
    /// In the second pass.
    nonce: Option<Nonce>,
}

impl Stream {
    /// `fresh` makes the nonce another one than that of any other stream.
    pub(crate) fn begin(&mut self, keys: &Keys, life: Life, fresh: [u8; 32]) -> Result<(), CryptoFailed> {
        self.wipe();
        let mut hash = Sha512::new();
        if let Some(key) = keys.secret(life)? {
            hash.update(keys.loaded(life.slot)?);
            hash.update(key.hash_prefix);
            hash.update(fresh);
        }
        self.under_way = Some(Pass { hash, digest: Some(Sha256::new()), nonce: None });
        Ok(())
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), CryptoFailed> {
        let pass = self.under_way.as_mut().ok_or(CryptoFailed)?;
        pass.digest.as_mut().ok_or(CryptoFailed)?.update(bytes);
        pass.hash.update(bytes);
        self.message.extend_from_slice(bytes);
        Ok(())
    }

    pub(crate) fn digest(&mut self) -> Result<[u8; 32], CryptoFailed> {
        let pass = self.under_way.as_mut().ok_or(CryptoFailed)?;
        Ok(pass.digest.take().ok_or(CryptoFailed)?.finalize().into())
    }

    pub(crate) fn turn(&mut self, keys: &Keys, life: Life) -> Result<(), CryptoFailed> {
        let (hash, nonce) = self.end_pass()?;
        if nonce.is_some() {
            return Err(CryptoFailed);
        }
        let nonce = Zeroizing::new(Scalar::from_hash(hash));
        let point = EdwardsPoint::mul_base(&nonce).compress().to_bytes();
        let hash = Sha512::new().chain_update(point).chain_update(keys.loaded(life.slot)?);
        self.under_way = Some(Pass { hash, digest: Some(Sha256::new()), nonce: Some((nonce, point)) });
        Ok(())
    }

    /// Of toy keys the message is signed as if it had come whole.
    pub(crate) fn sign(&mut self, keys: &Keys, life: Life) -> Result<[u8; 64], CryptoFailed> {
        let message = std::mem::take(&mut self.message);
        let (hash, nonce) = self.end_pass()?;
        let (nonce, point) = nonce.ok_or(CryptoFailed)?;
        let Some(key) = keys.secret(life)? else { return keys.sign(life, &message) };
        let challenge = Scalar::from_hash(hash);
        let proof = *nonce + challenge * key.scalar;
        let public = CompressedEdwardsY(keys.loaded(life.slot)?).decompress().ok_or(CryptoFailed)?;
        let again = EdwardsPoint::mul_base(&proof) - challenge * public;
        if again.compress().to_bytes() != point {
            return Err(CryptoFailed);
        }
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&point);
        signature[32..].copy_from_slice(&proof.to_bytes());
        Ok(signature)
    }

    pub(crate) fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    pub(crate) fn wipe(&mut self) {
        self.under_way = None;
        self.message.clear();
    }

    /// The hash and the nonce of a pass whose digest was taken. Whatever comes of it, nothing is under way then.
    fn end_pass(&mut self) -> Result<(Sha512, Option<Nonce>), CryptoFailed> {
        self.message.clear();
        match self.under_way.take() {
            Some(Pass { hash, digest: None, nonce }) => Ok((hash, nonce)),
            _ => Err(CryptoFailed),
        }
    }
}

/// The signature of what comes whole, with a nonce of its own all the same.
pub(crate) fn at_once(
    keys: &Keys,
    life: Life,
    fresh: [u8; 32],
    message: &[u8],
) -> Result<[u8; 64], CryptoFailed> {
    let mut stream = Stream::default();
    stream.begin(keys, life, fresh)?;
    stream.feed(message)?;
    stream.digest()?;
    stream.turn(keys, life)?;
    stream.feed(message)?;
    stream.digest()?;
    stream.sign(keys, life)
}

impl std::fmt::Debug for Stream {
    /// Never the nonce.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("under_way", &self.under_way.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signature, VerifyingKey};

    use super::*;

    const LIFE: Life = Life { slot: 1, incarnation: 3 };

    fn keys() -> Keys {
        let mut keys = Keys::new(b"stream");
        keys.load(LIFE, 7);
        keys
    }

    fn pass(stream: &mut Stream, message: &[u8], parts: usize) -> [u8; 32] {
        message.chunks(parts).for_each(|part| stream.feed(part).unwrap());
        stream.digest().unwrap()
    }

    #[test]
    fn it_verifies_and_no_two_streams_share_a_nonce() {
        let keys = keys();
        let public = VerifyingKey::from_bytes(&keys.loaded(1).unwrap()).unwrap();
        for size in (1..300).chain([511, 512, 600, 2_048, 20_480, 1 << 20]) {
            let message: Vec<u8> = (0..size).map(|at: u64| (at * at / 7) as u8).collect();
            let [one, other] = [1, 2].map(|fresh| {
                let mut stream = Stream::default();
                stream.begin(&keys, LIFE, [fresh; 32]).unwrap();
                assert_eq!(pass(&mut stream, &message, 251), <[u8; 32]>::from(Sha256::digest(&message)));
                stream.turn(&keys, LIFE).unwrap();
                pass(&mut stream, &message, 100);
                let signature = stream.sign(&keys, LIFE).unwrap();
                assert!(!stream.is_under_way());
                public.verify_strict(&message, &Signature::from_bytes(&signature)).unwrap();
                signature
            });
            assert_ne!(one[..32], other[..32], "{size}");
        }
    }

    #[test]
    fn a_step_out_of_order_fails_and_leaves_nothing() {
        let keys = keys();
        let begun = || {
            let mut stream = Stream::default();
            stream.begin(&keys, LIFE, [9; 32]).unwrap();
            stream.feed(b"m").unwrap();
            stream
        };
        assert_eq!(Stream::default().feed(b"m"), Err(CryptoFailed));
        assert_eq!(
            Stream::default().begin(&keys, Life { slot: 0, ..LIFE }, [9; 32]),
            Err(CryptoFailed),
            "no key"
        );
        for turned in [false, true] {
            let mut stream = begun();
            if turned {
                stream.digest().unwrap();
                assert_eq!(stream.feed(b"m"), Err(CryptoFailed), "the digest was taken");
                stream.turn(&keys, LIFE).unwrap();
            }
            // No digest was taken in this pass.
            assert_eq!(stream.sign(&keys, LIFE), Err(CryptoFailed));
            assert!(!stream.is_under_way());
        }
        let mut stream = begun();
        stream.digest().unwrap();
        assert_eq!(stream.sign(&keys, LIFE), Err(CryptoFailed), "the first pass");
        let mut stream = begun();
        assert_eq!(stream.turn(&keys, LIFE), Err(CryptoFailed));
        assert!(!stream.is_under_way());
    }
}
