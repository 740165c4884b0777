//! Arithmetic modulo the order of Ed25519's base point, and points.

use crate::sys::{Fault, Library, Number, Point, Sys};

/// The order of the base point, 2^252 + 27742317777372353535851937790883648493 (RFC 8032, 5.1).
const ORDER: [u8; 32] = [
    0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0xde, 0xf9, 0xde, 0xa2, 0xf7, 0x9c, 0xd6, 0x58,
    0x12, 0x63, 0x1a, 0x5c, 0xf5, 0xd3, 0xed,
];

/// The unit for numbers, locked for us. Its end gives it back, with all numbers and points that were made, whatever
/// became of them: while it is locked the library cannot sign.
pub(super) struct Field {
    pub(super) order: Number,
}

impl Field {
    pub(super) fn lock() -> Result<Self, Fault> {
        Sys::numbers_lock()?;
        let mut field = Self { order: Number(0) };
        field.order = Self::room()?;
        Ok(field)
    }

    /// A number to be written over. Any will do; this one is at hand.
    #[inline(never)]
    pub(super) fn room() -> Result<Number, Fault> {
        Sys::number(&ORDER)
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

/// A point as RFC 8032 writes it.
#[inline(never)]
pub(super) fn compress(point: &Point, out: &mut [u8; 32]) -> Result<(), Fault> {
    let sign = Sys::point_compress(point, out)?;
    out.reverse();
    out[31] |= sign << 7;
    Ok(())
}
