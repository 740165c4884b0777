//! What both kinds of signature are made of: expanded key, nonce, R, S.
//!
//! None of these believes a call that says it has done its work. Numbers and buffers are random before they are written,
//! so a call that was skipped gives a number that nobody knows, never zero. Hash contexts are the exception: the library
//! keeps a pointer in there.

use core::hint::black_box;

use super::field::{Field, ORDER, below, compress, decompress};
use super::{Key, NOT_GOOD, wipe};
use crate::sys::{Fault, Hash, Library, Point, Sys};

/// What the library keeps of a hash: `cx_sha256_t` or `cx_sha512_t`.
#[repr(C, align(4))]
pub(super) struct Context<const SIZE: usize>(pub(super) [u8; SIZE]);

/// SHA-512 of some parts.
#[inline(never)]
pub(super) fn sha512(parts: &[&[u8]], out: &mut [u8; 64]) -> Result<(), Fault> {
    let mut context = Context([0; 204]);
    let made = Sys::hash_begin(Hash::Sha512, &mut context.0)
        .and_then(|()| parts.iter().try_for_each(|part| Sys::hash_update(&mut context.0, part)))
        .and_then(|()| Sys::hash_final(&mut context.0, out));
    wipe(&mut context.0);
    made
}

/// Scalar, not clamped yet, and prefix (RFC 8032, 5.1.5) of a key that is for this purpose and as it was derived.
#[inline(never)]
pub(super) fn expand(key: &Key, purpose: u32, secret: &mut [u8; 64]) -> Result<(), Fault> {
    key.check(purpose)?;
    sha512(&[&key.private], secret)
}

/// The nonce of its hash, big endian.
#[inline(never)]
pub(super) fn nonce(hash: &mut [u8; 64], nonce: &mut [u8; 32]) -> Result<(), Fault> {
    hash.reverse();
    let field = Field::lock()?;
    let reduced = field.reduced(hash)?;
    Sys::number_export(reduced, nonce)?;
    // Honest ones begin so once in 2^60.
    if nonce[..8] == [0; 8] { Err(NOT_GOOD) } else { Ok(()) }
}

/// R of a nonce, as RFC 8032 writes it: the one multiplication. Written twice, into what was random, since nothing else
/// notices a wrong R of the right nonce.
#[inline(never)]
pub(super) fn commit(nonce: &[u8; 32], points: &mut [[u8; 32]; 2]) -> Result<(), Fault> {
    let field = Field::lock()?;
    let mut point = Point::NONE;
    field.base_times(&mut point, nonce)?;
    for out in &mut *points {
        compress(&point, out)?;
    }
    // Read again it is this point, so it is one of the curve. (The library's own question, `cx_ecpoint_is_on_curve`, is
    // answered with no for every point of this curve in the emulators.)
    let mut read = Point::NONE;
    decompress(&mut read, &points[1], false)?;
    if !Sys::point_equal(&point, &read)? {
        return Err(NOT_GOOD);
    }
    // Neutral element and base point, by either sign: nonces of zero and one.
    let (first, middle) = (points[0][0], &points[0][1..31]);
    if first == 1 && middle == [0; 30] || first == 0x58 && middle == [0x66; 30] {
        return Err(NOT_GOOD);
    }
    Ok(())
}

/// S, big endian: challenge times scalar and the nonce. `secret` is the expanded key, and gone afterwards.
///
/// The scalar is split by a random number, another one each time: k(a-t) + r + kt.
#[inline(never)]
pub(super) fn respond(
    secret: &mut [u8; 64],
    challenge: &mut [u8; 64],
    nonce: &[u8; 32],
    response: &mut [u8; 32],
) -> Result<(), Fault> {
    challenge.reverse();
    secret[0] &= 0xf8;
    secret[31] = secret[31] & 0x7f | 0x40;
    secret[..32].reverse();
    // Nobody needs the prefix any more.
    below(&mut secret[32..]);
    let field = Field::lock()?;
    let scalar = field.reduced(&secret[..32])?;
    let split = Sys::number(&secret[32..])?;
    let challenge = field.reduced(challenge)?;
    let nonce = Sys::number(nonce)?;
    let (one, other) = (Field::room()?, Field::room()?);
    Sys::number_subtract(one, scalar, split, field.order)?;
    Sys::number_multiply(other, challenge, one, field.order)?;
    Sys::number_add(one, other, nonce, field.order)?;
    Sys::number_multiply(other, challenge, split, field.order)?;
    Sys::number_add(scalar, one, other, field.order)?;
    Sys::number_export(scalar, response)?;
    if *response < ORDER { Ok(()) } else { Err(NOT_GOOD) }
}

/// Whether both are the same, looked at anew at each call.
#[inline(never)]
pub(super) fn same(pair: &[[u8; 32]; 2]) -> Result<(), Fault> {
    let [one, other] = black_box(pair);
    let differs = one.iter().zip(other).fold(0, |bits, (one, other)| bits | (one ^ other));
    if black_box(differs) == 0 { Ok(()) } else { Err(NOT_GOOD) }
}
