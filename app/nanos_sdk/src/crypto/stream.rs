//! Ed25519 over a message that comes in pieces, twice: the library's own call wants it whole, and RAM has no room for it.

use super::field::{Field, compress};
use super::{Key, NO_KEY, wipe};
use crate::sys::{Fault, Hash, Library, Point, Sys};

#[cfg(test)]
mod tests;

/// One signature under way: RFC 8032, 5.1.6, step by step.
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

/// What the library keeps of a hash: `cx_sha256_t` or `cx_sha512_t`.
#[repr(C, align(4))]
struct Context<const SIZE: usize>([u8; SIZE]);

/// No step of this kind can be done now. No number of the system.
pub const OUT_OF_ORDER: Fault = Fault::own(1);

/// The signature that was made is not good.
pub const NOT_GOOD: Fault = Fault::own(2);

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

    /// Begins the first pass. What was under way is wiped.
    ///
    /// # Errors
    /// If there is no key ([`NO_KEY`]), or the library fails; as in every other step.
    #[inline(never)]
    pub fn begin(&mut self, key: &Key) -> Result<(), Fault> {
        self.wipe();
        let mut secret = [0; 64];
        let begun = self.expand(key, &mut secret).and_then(|()| self.begin_pass(&secret[32..], &[]));
        wipe(&mut secret);
        self.done(begun, Step::First)
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
    /// See [`Stream::feed`].
    #[inline(never)]
    pub fn turn(&mut self, key: &Key) -> Result<(), Fault> {
        let mut hash = [0; 64];
        let turned = self.end_pass(Step::FirstDigested, &mut hash).and_then(|()| {
            self.make_nonce(&hash)?;
            let point = self.point;
            self.begin_pass(&point, key.public())
        });
        wipe(&mut hash);
        self.done(turned, Step::Second)
    }

    /// Makes S of the second pass, and proves the signature: S times the base point is R and challenge times key, with
    /// the key as it was derived. Whatever comes of it, everything is wiped.
    ///
    /// # Errors
    /// Beside those of [`Stream::feed`], [`NOT_GOOD`]. `signature` means nothing then.
    #[inline(never)]
    pub fn sign(&mut self, key: &Key, signature: &mut [u8; 64]) -> Result<(), Fault> {
        let mut challenge = [0; 64];
        let (point, response) = signature.split_at_mut(32);
        let made = self
            .end_pass(Step::SecondDigested, &mut challenge)
            .and_then(|()| self.respond(key, &mut challenge, response))
            .and_then(|()| self.check(key.public(), response, &challenge[..32]));
        response.reverse();
        point.copy_from_slice(&self.point);
        self.wipe();
        made
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

    /// Secret scalar, not clamped yet, and prefix.
    #[inline(never)]
    fn expand(&mut self, key: &Key, secret: &mut [u8; 64]) -> Result<(), Fault> {
        if !key.loaded {
            return Err(NO_KEY);
        }
        Sys::hash_begin(Hash::Sha512, &mut self.hash.0)?;
        Sys::hash_update(&mut self.hash.0, &key.private)?;
        Sys::hash_final(&mut self.hash.0, secret)
    }

    #[inline(never)]
    fn begin_pass(&mut self, first: &[u8], second: &[u8]) -> Result<(), Fault> {
        Sys::hash_begin(Hash::Sha256, &mut self.content.0)?;
        Sys::hash_begin(Hash::Sha512, &mut self.hash.0)?;
        Sys::hash_update(&mut self.hash.0, first)?;
        Sys::hash_update(&mut self.hash.0, second)
    }

    /// The hash of a pass whose digest was taken, big endian as numbers are.
    fn end_pass(&mut self, step: Step, hash: &mut [u8; 64]) -> Result<(), Fault> {
        if self.step != step {
            return Err(OUT_OF_ORDER);
        }
        Sys::hash_final(&mut self.hash.0, hash)?;
        hash.reverse();
        Ok(())
    }

    #[inline(never)]
    fn make_nonce(&mut self, hash: &[u8; 64]) -> Result<(), Fault> {
        let field = Field::lock()?;
        let nonce = field.reduced(hash)?;
        Sys::number_export(nonce, &mut self.nonce)?;
        let mut point = Point::NONE;
        field.base_times(&mut point, &self.nonce)?;
        compress(&point, &mut self.point)
    }

    /// S, and in its first half the challenge below the order; both big endian.
    #[inline(never)]
    fn respond(&mut self, key: &Key, challenge: &mut [u8; 64], response: &mut [u8]) -> Result<(), Fault> {
        let mut secret = [0; 64];
        let made = self.expand(key, &mut secret).and_then(|()| {
            secret[0] &= 0xf8;
            secret[31] = secret[31] & 0x7f | 0x40;
            secret[..32].reverse();
            self.multiply(&secret[..32], challenge, response)
        });
        wipe(&mut secret);
        made
    }

    #[inline(never)]
    fn multiply(&self, scalar: &[u8], challenge: &mut [u8; 64], response: &mut [u8]) -> Result<(), Fault> {
        let field = Field::lock()?;
        let scalar = field.reduced(scalar)?;
        let reduced = field.reduced(challenge)?;
        let nonce = Sys::number(&self.nonce)?;
        let product = Field::room()?;
        Sys::number_multiply(product, reduced, scalar, field.order)?;
        let sum = Field::room()?;
        Sys::number_add(sum, product, nonce, field.order)?;
        Sys::number_export(sum, response)?;
        Sys::number_export(reduced, &mut challenge[..32])
    }

    /// Whether R = S·B + challenge·(-A): a fault in any of the steps before gives no signature away.
    #[inline(never)]
    fn check(&self, public: &[u8; 32], response: &[u8], challenge: &[u8]) -> Result<(), Fault> {
        let field = Field::lock()?;
        let (mut left, mut right, mut sum) = (Point::NONE, Point::NONE, Point::NONE);
        field.base_times(&mut left, response)?;
        let mut y = *public;
        y.reverse();
        // The other of the two points of this Y: the key negated.
        let sign = y[0] >> 7 ^ 1;
        y[0] &= 0x7f;
        Sys::point(&mut right)?;
        Sys::point_decompress(&mut right, &y, sign)?;
        Sys::point_multiply(&mut right, challenge)?;
        Sys::point(&mut sum)?;
        Sys::point_add(&mut sum, &left, &right)?;
        compress(&sum, &mut y)?;
        if y == self.point { Ok(()) } else { Err(NOT_GOOD) }
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
