//! Arithmetic modulo the order of Ed25519's base point, and points.

use crate::sys::{Fault, Library, Number, Point, Sys, System};

/// The order of the base point, 2^252 + 27742317777372353535851937790883648493 (RFC 8032, 5.1).
pub(super) const ORDER: [u8; 32] = [
    0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0xde, 0xf9, 0xde, 0xa2, 0xf7, 0x9c, 0xd6, 0x58,
    0x12, 0x63, 0x1a, 0x5c, 0xf5, 0xd3, 0xed,
];

/// The unit for numbers, locked for us. Its end gives it back, with all numbers and points that were made, whatever
/// became of them: while it is locked the library cannot make a key.
pub(super) struct Field {
    pub(super) order: Number,
}

impl Field {
    pub(super) fn lock() -> Result<Self, Fault> {
        // Somebody's giving it back may have got lost; without this nothing would be signed until a restart.
        if Sys::numbers_lock().is_err() {
            Sys::numbers_unlock()?;
            Sys::numbers_lock()?;
        }
        let mut field = Self { order: Number::NONE };
        field.order = Sys::number(&ORDER)?;
        Ok(field)
    }

    /// A number to be written over, and random until then: were it zero or the order, one call that does nothing would
    /// make a nonce of zero, and the reply would give the key away.
    #[inline(never)]
    pub(super) fn room() -> Result<Number, Fault> {
        let mut random = [0xa5; 32];
        below(&mut random);
        Sys::number(&random)
    }

    /// A number modulo the order.
    #[inline(never)]
    pub(super) fn reduced(&self, number: &[u8]) -> Result<Number, Fault> {
        let wide = Sys::number(number)?;
        let reduced = Self::room()?;
        Sys::number_reduce(reduced, wide, self.order)?;
        Ok(reduced)
    }

    /// The base point so many times, blinded.
    #[inline(never)]
    pub(super) fn base_times(&self, point: &mut Point, scalar: &[u8]) -> Result<(), Fault> {
        Sys::point(point)?;
        Sys::point_base(point)?;
        Sys::point_multiply(point, scalar)
    }
}

impl Drop for Field {
    fn drop(&mut self) {
        // Once more if it fails: without it nothing is signed any more.
        if Sys::numbers_unlock().is_err() {
            let _ = Sys::numbers_unlock();
        }
    }
}

/// A random number below the order, big endian: below 2^252.
pub(super) fn below(number: &mut [u8]) {
    Sys::random(number);
    number[0] &= 0x0f;
}

/// A point as RFC 8032 writes it.
#[inline(never)]
pub(super) fn compress(point: &Point, out: &mut [u8; 32]) -> Result<(), Fault> {
    let sign = Sys::point_compress(point, out)?;
    out.reverse();
    out[31] |= sign << 7;
    Ok(())
}

/// The point that RFC 8032 writes so, or with `other` the one with the same Y: its negative.
#[inline(never)]
pub(super) fn decompress(point: &mut Point, written: &[u8; 32], other: bool) -> Result<(), Fault> {
    let mut y = *written;
    y.reverse();
    let sign = y[0] >> 7 ^ u8::from(other);
    y[0] &= 0x7f;
    Sys::point(point)?;
    Sys::point_decompress(point, &y, sign)
}
