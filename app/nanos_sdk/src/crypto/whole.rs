//! Ed25519 over a message that is there whole, with one multiplication.
//!
//! The library's own call multiplies twice: it computes the public key anew, which is the challenge's second part. Here
//! the challenge takes the public key as it is stored. A wrong one would be a second challenge, so that it may cost a
//! signature and never the key
//!
//! - the nonce is made of the public key as well: another key, another nonce; of what need not be the same bytes again it
//!   is random too;
//! - seed and key are held against their tag;
//! - all but the multiplication is done twice, and compared twice, before the first byte of the reply.
//!
//! Nothing is received meanwhile. docs/security.md says against what each part is, and what is left.

use super::parts::{commit, expand, nonce, respond, same, sha512};
use super::{Key, Nonce, wipe};
use crate::sys::{Fault, Sys, System};

#[cfg(test)]
mod tests;

/// All that is secret in a signature, in one place so that it ends together. Random at first, never zero.
struct Work {
    /// The expanded key.
    secret: [u8; 64],
    /// The hash of the nonce, then of the challenge.
    hash: [u8; 64],
    /// What a fresh nonce has in it, the same in both passes.
    fresh: [u8; 32],
    /// Of each pass. R is made of the first.
    nonces: [[u8; 32]; 2],
    /// R, written twice.
    points: [[u8; 32]; 2],
    /// S of each pass, big endian.
    responses: [[u8; 32]; 2],
}

/// Signs. `signature` is written only when all is proved.
#[inline(never)]
pub(super) fn sign(
    key: &Key,
    purpose: u32,
    message: &[u8],
    nonce: Nonce,
    signature: &mut [u8; 64],
) -> Result<(), Fault> {
    let mut work = Work {
        secret: [0xa5; 64],
        hash: [0xa5; 64],
        fresh: [0xa5; 32],
        nonces: [[0xa5; 32]; 2],
        points: [[0xa5; 32]; 2],
        responses: [[0xa5; 32]; 2],
    };
    work.each(Sys::random);
    let made =
        work.make(key, purpose, message, nonce).and_then(|()| work.proved()).and_then(|()| work.proved());
    if made.is_ok() {
        let (point, response) = signature.split_at_mut(32);
        point.copy_from_slice(&work.points[0]);
        response.copy_from_slice(&work.responses[0]);
        response.reverse();
    }
    work.each(wipe);
    made
}

impl Work {
    fn each(&mut self, mut with: impl FnMut(&mut [u8])) {
        with(&mut self.secret);
        with(&mut self.hash);
        with(&mut self.fresh);
        for pair in [&mut self.nonces, &mut self.points, &mut self.responses] {
            with(pair.as_flattened_mut());
        }
    }

    #[inline(never)]
    fn make(&mut self, key: &Key, purpose: u32, message: &[u8], kind: Nonce) -> Result<(), Fault> {
        let fresh = match kind {
            Nonce::OfMessage => 0,
            Nonce::Fresh => self.fresh.len(),
        };
        for pass in 0..2 {
            Sys::random(&mut self.secret);
            Sys::random(&mut self.hash);
            expand(key, purpose, &mut self.secret)?;
            // The public key first: no message that is signed by RFC 8032 with this key gives the same bytes.
            let parts = [&key.public()[..], &self.secret[32..], &self.fresh[..fresh], message];
            sha512(&parts, &mut self.hash)?;
            nonce(&mut self.hash, &mut self.nonces[pass])?;
            if pass == 0 {
                commit(&self.nonces[0], &mut self.points)?;
            }
            Sys::random(&mut self.hash);
            sha512(&[&self.points[0], key.public(), message], &mut self.hash)?;
            respond(&mut self.secret, &mut self.hash, &self.nonces[pass], &mut self.responses[pass])?;
        }
        Ok(())
    }

    /// Whether both passes say the same.
    #[inline(never)]
    fn proved(&self) -> Result<(), Fault> {
        same(&self.nonces).and_then(|()| same(&self.points)).and_then(|()| same(&self.responses))
    }
}
