//! The parts of the crypto library that a signature is made of: hashes in pieces, numbers, points.

use super::{Call, ED25519, Fault, Os, address, address_mut};
use crate::sys::{Hash, Library, Number, Point};

// As in `arm`.
unsafe extern "C" {
    #[link_name = "SVC_cx_call"]
    fn crypto_trap(call: u32, parameters: *mut u32) -> u32;
    fn nanos_begin_sha256(context: *mut u8) -> u32;
    fn nanos_begin_sha512(context: *mut u8) -> u32;
    fn nanos_hash_update(context: *mut u8, data: *const u8, length: usize) -> u32;
    fn nanos_hash_final(context: *mut u8, digest: *mut u8) -> u32;
}

impl Library for Os {
    fn hash_begin(hash: Hash, context: &mut [u8]) -> Result<(), Fault> {
        Fault::check(match hash {
            // Safety: the context has the size of its hash, and is aligned (crypto::parts).
            Hash::Sha256 => unsafe { nanos_begin_sha256(context.as_mut_ptr()) },
            // Safety: as above.
            Hash::Sha512 => unsafe { nanos_begin_sha512(context.as_mut_ptr()) },
        })
    }

    fn hash_update(context: &mut [u8], data: &[u8]) -> Result<(), Fault> {
        // Safety: the context was begun, and the length is that of the slice.
        Fault::check(unsafe { nanos_hash_update(context.as_mut_ptr(), data.as_ptr(), data.len()) })
    }

    fn hash_final(context: &mut [u8], digest: &mut [u8]) -> Result<(), Fault> {
        // Safety: the context was begun, and the digest has the size of its hash.
        Fault::check(unsafe { nanos_hash_final(context.as_mut_ptr(), digest.as_mut_ptr()) })
    }

    fn numbers_lock() -> Result<(), Fault> {
        crypto(Call::NumbersLock, 32, 0, 0, 0)
    }

    fn numbers_unlock() -> Result<(), Fault> {
        crypto(Call::NumbersUnlock, 0, 0, 0, 0)
    }

    #[inline(never)]
    fn number(bytes: &[u8]) -> Result<Number, Fault> {
        let mut number = Number::NONE.0;
        let length = bytes.len() as u32;
        crypto(Call::NumberInit, &raw mut number as usize as u32, length, address(bytes.as_ptr()), length)?;
        // Volatile: the system wrote it by its address.
        // Safety: a local word.
        Ok(Number(unsafe { (&raw const number).read_volatile() }))
    }

    fn number_reduce(result: Number, number: Number, order: Number) -> Result<(), Fault> {
        crypto(Call::NumberReduce, result.0, number.0, order.0, 0)
    }

    fn number_multiply(result: Number, left: Number, right: Number, order: Number) -> Result<(), Fault> {
        crypto(Call::NumberMultiply, result.0, left.0, right.0, order.0)
    }

    fn number_add(result: Number, left: Number, right: Number, order: Number) -> Result<(), Fault> {
        crypto(Call::NumberAdd, result.0, left.0, right.0, order.0)
    }

    fn number_subtract(result: Number, left: Number, right: Number, order: Number) -> Result<(), Fault> {
        crypto(Call::NumberSubtract, result.0, left.0, right.0, order.0)
    }

    fn number_export(number: Number, out: &mut [u8]) -> Result<(), Fault> {
        crypto(Call::NumberExport, number.0, address_mut(out.as_mut_ptr()), out.len() as u32, 0)
    }

    fn point(point: &mut Point) -> Result<(), Fault> {
        crypto(Call::PointAlloc, handle(point), ED25519, 0, 0)
    }

    fn point_base(point: &mut Point) -> Result<(), Fault> {
        crypto(Call::PointBase, ED25519, handle(point), 0, 0)
    }

    fn point_multiply(point: &mut Point, scalar: &[u8]) -> Result<(), Fault> {
        crypto(Call::PointMultiply, handle(point), address(scalar.as_ptr()), scalar.len() as u32, 0)
    }

    fn point_add(result: &mut Point, left: &Point, right: &Point) -> Result<(), Fault> {
        crypto(Call::PointAdd, handle(result), read_only(left), read_only(right), 0)
    }

    fn point_equal(left: &Point, right: &Point) -> Result<bool, Fault> {
        let mut equal = 0_u32;
        let answer = &raw mut equal as usize as u32;
        crypto(Call::PointCompare, read_only(left), read_only(right), answer, 0)?;
        // Volatile: the system wrote it by its address.
        // Safety: a local word.
        Ok(unsafe { (&raw const equal).read_volatile() } & 1 == 1)
    }

    fn point_compress(point: &Point, y: &mut [u8; 32]) -> Result<u8, Fault> {
        let mut sign = 0_u32;
        let bit = &raw mut sign as usize as u32;
        crypto(Call::PointCompress, read_only(point), address_mut(y.as_mut_ptr()), 32, bit)?;
        // Volatile: the system wrote it by its address.
        // Safety: a local word.
        Ok(unsafe { (&raw const sign).read_volatile() } as u8 & 1)
    }

    fn point_decompress(point: &mut Point, y: &[u8; 32], sign: u8) -> Result<(), Fault> {
        crypto(Call::PointDecompress, handle(point), address(y.as_ptr()), 32, sign.into())
    }
}

/// One trap for the crypto library: it gives an error of the library and no exception. None wants more than four
/// parameters, and what is more than it wants it does not look at.
#[inline(never)]
fn crypto(call: Call, first: u32, second: u32, third: u32, fourth: u32) -> Result<(), Fault> {
    let mut parameters = [first, second, third, fourth, 0, 0];
    // Safety: as in `call`.
    Fault::check(unsafe { crypto_trap(call as u32, parameters.as_mut_ptr()) })
}

/// A point that is written to.
fn handle(point: &mut Point) -> u32 {
    &raw mut *point as usize as u32
}

/// A point that is only read.
fn read_only(point: &Point) -> u32 {
    &raw const *point as usize as u32
}
