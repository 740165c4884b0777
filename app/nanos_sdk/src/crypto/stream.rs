//! Ed25519 over a message that comes in pieces, twice: the library's own call wants it whole, and RAM has no room for it.

use super::field::{Field, compress, decompress};
use super::parts::{Context, commit, expand, nonce, respond, same};
use super::{Key, wipe};
use crate::sys::{Fault, Hash, Library, Point, Sys, System};

#[cfg(test)]
mod tests;

/// One signature under way: RFC 8032, 5.1.6, step by step, but for its nonce: that is made of the public key and of 32
/// random bytes as well. So no two streams share a nonce, whatever comes, and two signatures of one message differ.
///
/// The nonce is made of the first pass, the challenge of the second. Whoever drives this must not let it sign when the
/// passes differ: two challenges under one nonce give the key away. For this each pass has a SHA-256 as well. Nor may
/// the key be another one at a later step.
///
/// A step out of order fails. A step that fails wipes all there is, and so do [`Stream::sign`] and dropping it.
pub struct Stream {
    step: Step,
    content: Context<108>,
    hash: Context<204>,
    /// The nonce, big endian.
    nonce: [u8; 32],
    /// Its point R, as RFC 8032 writes it.
    point: [u8; 32],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Idle,
    First,
    FirstDigested,
    Second,
    SecondDigested,
}

/// No step of this kind can be done now. No number of the system.
pub const OUT_OF_ORDER: Fault = Fault::own(1);

impl Stream {
    /// Nothing under way. All zero.
    pub const fn empty() -> Self {
        Self {
            step: Step::Idle,
            content: Context([0; 108]),
            hash: Context([0; 204]),
            nonce: [0; 32],
            point: [0; 32],
        }
    }

    /// Begins the first pass, with the key that was derived for this purpose. What was under way is wiped.
    ///
    /// # Errors
    /// If there is no key ([`NO_KEY`](super::NO_KEY)). If it is not what it must be ([`NOT_GOOD`](super::NOT_GOOD)) or the library fails
    /// it is unloaded; as in every other step that takes the key.
    #[inline(never)]
    pub fn begin(&mut self, key: &mut Key, purpose: u32) -> Result<(), Fault> {
        self.wipe();
        let begun = self.first(key, purpose);
        Sys::scrub();
        self.done(key.judge(begun), Step::First)
    }

    /// More of the message.
    ///
    /// # Errors
    /// Beside those of [`Stream::begin`], [`OUT_OF_ORDER`] if no pass is under way; as in every other step.
    #[inline(never)]
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let step = self.step;
        let fed = match step {
            Step::First | Step::Second => Sys::hash_update(&mut self.content.0, bytes)
                .and_then(|()| Sys::hash_update(&mut self.hash.0, bytes)),
            _ => Err(OUT_OF_ORDER),
        };
        Sys::scrub();
        self.done(fed, step)
    }

    /// The SHA-256 of the pass, which takes no more bytes then.
    ///
    /// # Errors
    /// See [`Stream::feed`].
    #[inline(never)]
    pub fn digest(&mut self, digest: &mut [u8; 32]) -> Result<(), Fault> {
        let next = match self.step {
            Step::First => Step::FirstDigested,
            Step::Second => Step::SecondDigested,
            _ => return self.done(Err(OUT_OF_ORDER), Step::Idle),
        };
        let taken = Sys::hash_final(&mut self.content.0, digest);
        self.done(taken, next)
    }

    /// Makes nonce and R of the first pass, and begins the second.
    ///
    /// # Errors
    /// See [`Stream::begin`] and [`Stream::feed`].
    #[inline(never)]
    pub fn turn(&mut self, key: &mut Key, purpose: u32) -> Result<(), Fault> {
        let turned = self.second(key, purpose);
        Sys::scrub();
        self.done(key.judge(turned), Step::Second)
    }

    /// Makes S of the second pass, and proves the signature: S times the base point is R and challenge times key, with
    /// the key as it was derived. Whatever comes of it, everything is wiped.
    ///
    /// # Errors
    /// See [`Stream::begin`] and [`Stream::feed`]. `signature` holds nothing new then.
    #[inline(never)]
    pub fn sign(&mut self, key: &mut Key, purpose: u32, signature: &mut [u8; 64]) -> Result<(), Fault> {
        let made = self.end(key, purpose, signature);
        self.wipe();
        Sys::scrub();
        key.judge(made)
    }

    /// Wipes everything.
    #[inline(never)]
    pub fn wipe(&mut self) {
        self.step = Step::Idle;
        wipe(&mut self.content.0);
        wipe(&mut self.hash.0);
        wipe(&mut self.nonce);
        wipe(&mut self.point);
    }

    /// The end of every step.
    fn done(&mut self, result: Result<(), Fault>, next: Step) -> Result<(), Fault> {
        if result.is_err() {
            self.wipe();
        } else {
            self.step = next;
        }
        result
    }

    #[inline(never)]
    fn first(&mut self, key: &Key, purpose: u32) -> Result<(), Fault> {
        let mut secret = [0xa5; 64];
        Sys::random(&mut secret);
        let begun = expand(key, purpose, &mut secret).and_then(|()| {
            // What a nonce is made of begins with the public key, which the prefix of no key is.
            self.begin_pass(key.public(), &secret[32..])?;
            Sys::random(&mut secret[..32]);
            Sys::hash_update(&mut self.hash.0, &secret[..32])
        });
        wipe(&mut secret);
        begun
    }

    #[inline(never)]
    fn second(&mut self, key: &Key, purpose: u32) -> Result<(), Fault> {
        key.check(purpose)?;
        let mut hash = [0xa5; 64];
        Sys::random(&mut hash);
        let turned = self
            .end_pass(Step::FirstDigested, &mut hash)
            .and_then(|()| nonce(&mut hash, &mut self.nonce))
            .and_then(|()| self.commit());
        wipe(&mut hash);
        turned?;
        let point = self.point;
        self.begin_pass(&point, key.public())
    }

    #[inline(never)]
    fn commit(&mut self) -> Result<(), Fault> {
        let mut points = [[0xa5; 32]; 2];
        Sys::random(points.as_flattened_mut());
        commit(&self.nonce, &mut points)?;
        self.point = points[0];
        same(&points)
    }

    #[inline(never)]
    fn end(&mut self, key: &Key, purpose: u32, signature: &mut [u8; 64]) -> Result<(), Fault> {
        let mut secret = [0xa5; 64];
        let mut response = [0xa5; 32];
        let mut challenge = [0xa5; 64];
        Sys::random(&mut secret);
        Sys::random(&mut challenge);
        let made = self
            .end_pass(Step::SecondDigested, &mut challenge)
            .and_then(|()| expand(key, purpose, &mut secret))
            .and_then(|()| respond(&mut secret, &mut challenge, &self.nonce, &mut response));
        wipe(&mut secret);
        made?;
        self.check(key.public(), &response, &challenge)?;
        let (point, out) = signature.split_at_mut(32);
        point.copy_from_slice(&self.point);
        out.copy_from_slice(&response);
        out.reverse();
        Ok(())
    }

    #[inline(never)]
    fn begin_pass(&mut self, first: &[u8], second: &[u8]) -> Result<(), Fault> {
        Sys::hash_begin(Hash::Sha256, &mut self.content.0)?;
        Sys::hash_begin(Hash::Sha512, &mut self.hash.0)?;
        Sys::hash_update(&mut self.hash.0, first)?;
        Sys::hash_update(&mut self.hash.0, second)
    }

    /// The hash of a pass whose digest was taken.
    fn end_pass(&mut self, step: Step, hash: &mut [u8; 64]) -> Result<(), Fault> {
        if self.step != step {
            return Err(OUT_OF_ORDER);
        }
        Sys::hash_final(&mut self.hash.0, hash)
    }

    /// Whether R = S·B + challenge·(-A): a fault in any of the steps before gives no signature away.
    #[inline(never)]
    fn check(&self, public: &[u8; 32], response: &[u8; 32], challenge: &[u8; 64]) -> Result<(), Fault> {
        let field = Field::lock()?;
        let mut scalar = [0xa5; 32];
        Sys::number_export(field.reduced(challenge)?, &mut scalar)?;
        let (mut left, mut right, mut sum) = (Point::NONE, Point::NONE, Point::NONE);
        field.base_times(&mut left, response)?;
        decompress(&mut right, public, true)?;
        Sys::point_multiply(&mut right, &scalar)?;
        Sys::point(&mut sum)?;
        Sys::point_add(&mut sum, &left, &right)?;
        let mut points = [self.point, [0xa5; 32]];
        compress(&sum, &mut points[1])?;
        same(&points)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl Default for Stream {
    fn default() -> Self {
        Self::empty()
    }
}

impl core::fmt::Debug for Stream {
    /// Never the nonce.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Stream").field("step", &self.step).finish_non_exhaustive()
    }
}
