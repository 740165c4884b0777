//! What signatures are made of. The library's own call for one wants the message whole, and multiplies twice.

use super::Fault;

/// A hash that takes its input in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha512,
}

/// A number in the memory of the system (`cx_bn_t`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u32);

impl Number {
    /// The name of none. Not 0, which names the first one that was made.
    pub(crate) const NONE: Self = Self(u32::MAX);
}

/// A point in the memory of the system (`cx_ecpoint_t`).
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Point {
    pub(crate) curve: u8,
    pub(crate) numbers: [u32; 3],
}

impl Point {
    /// Not a point yet.
    pub(crate) const NONE: Self = Self { curve: 0, numbers: [Number::NONE.0; 3] };
}

/// Hashes in pieces, numbers, points. Lengths are checked on this side, as for [`super::System`].
pub(crate) trait Library {
    /// Begins a hash in `context`, which has its size.
    fn hash_begin(hash: Hash, context: &mut [u8]) -> Result<(), Fault>;
    /// More bytes to a hash that was begun.
    fn hash_update(context: &mut [u8], data: &[u8]) -> Result<(), Fault>;
    /// The end of a hash. `digest` has its size.
    fn hash_final(context: &mut [u8], digest: &mut [u8]) -> Result<(), Fault>;

    /// Locks the unit for numbers, for numbers of 32 bytes. Everything below wants it locked.
    fn numbers_lock() -> Result<(), Fault>;
    /// Wipes and gives back all numbers and points.
    fn numbers_unlock() -> Result<(), Fault>;
    /// A new number, big endian, of 32 or 64 bytes.
    fn number(bytes: &[u8]) -> Result<Number, Fault>;
    /// `number` modulo `order`.
    fn number_reduce(result: Number, number: Number, order: Number) -> Result<(), Fault>;
    /// The product modulo `order`; both factors are below it.
    fn number_multiply(result: Number, left: Number, right: Number, order: Number) -> Result<(), Fault>;
    /// The sum modulo `order`; both parts are below it.
    fn number_add(result: Number, left: Number, right: Number, order: Number) -> Result<(), Fault>;
    /// The difference modulo `order`; both parts are below it.
    fn number_subtract(result: Number, left: Number, right: Number, order: Number) -> Result<(), Fault>;
    /// The last 32 bytes of a number, big endian; `out` has room for them.
    fn number_export(number: Number, out: &mut [u8]) -> Result<(), Fault>;
    /// A new point of Ed25519.
    fn point(point: &mut Point) -> Result<(), Fault>;
    /// Makes it the base point.
    fn point_base(point: &mut Point) -> Result<(), Fault>;
    /// Makes it itself so many times (big endian), blinded.
    fn point_multiply(point: &mut Point, scalar: &[u8]) -> Result<(), Fault>;
    /// The sum of two points.
    fn point_add(result: &mut Point, left: &Point, right: &Point) -> Result<(), Fault>;
    /// Whether two points are one.
    fn point_equal(left: &Point, right: &Point) -> Result<bool, Fault>;
    /// Its Y, big endian, and the lowest bit of its X.
    fn point_compress(point: &Point, y: &mut [u8; 32]) -> Result<u8, Fault>;
    /// The point of these.
    fn point_decompress(point: &mut Point, y: &[u8; 32], sign: u8) -> Result<(), Fault>;
}
