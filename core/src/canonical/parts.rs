//! The parts that votes, proposals and extensions share.

use super::cursor::{Cursor, NotCanonical, Writer, varint_len};

/// Longest chain id, bytes (CometBFT `types/genesis.go`, `MaxChainIDLen`).
pub const MAX_CHAIN_ID: usize = 50;

/// The seconds a record can hold: 42 bits, signed. Year 1 to beyond year 70,000.
pub const SECONDS: core::ops::Range<i64> = -(1 << 41)..(1 << 41);

/// A moment, as the node states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Timestamp {
    /// Seconds since the Unix epoch, within [`SECONDS`].
    pub seconds: i64,
    /// Nanoseconds, below 10^9.
    pub nanos: u32,
}

impl Timestamp {
    /// `None` if a record could not hold it.
    pub fn new(seconds: i64, nanos: u32) -> Option<Self> {
        (SECONDS.contains(&seconds) && nanos < 1_000_000_000).then_some(Self { seconds, nanos })
    }

    #[inline(never)]
    pub(super) fn read(cursor: &mut Cursor<'_>, tag: u8) -> Self {
        let there = cursor.tag(tag);
        cursor.demand(there, NotCanonical::Timestamp);
        let mut inner = cursor.nested();
        let seconds = inner.varint_field(0x08) as i64;
        let nanos = inner.varint_field(0x10);
        cursor.join(inner);
        let timestamp = u32::try_from(nanos).ok().and_then(|nanos| Self::new(seconds, nanos));
        cursor.demand(timestamp.is_some(), NotCanonical::Timestamp);
        timestamp.unwrap_or_default()
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>, tag: u8) {
        let field = |value: u64| if value == 0 { 0 } else { 1 + varint_len(value) };
        writer.byte(tag);
        writer.varint((field(self.seconds as u64) + field(u64::from(self.nanos))) as u64);
        writer.varint_field(0x08, self.seconds as u64);
        writer.varint_field(0x10, u64::from(self.nanos));
    }
}

/// The block a message speaks for: both hashes, and a total above 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockId<'a> {
    /// Block hash.
    pub hash: &'a [u8; 32],
    /// Parts of the block, above 0.
    pub total: u32,
    /// Hash of the part set.
    pub parts_hash: &'a [u8; 32],
}

impl<'a> BlockId<'a> {
    /// `None` is nil, or something wrong that the cursor remembers.
    #[inline(never)]
    pub(super) fn read(cursor: &mut Cursor<'a>, tag: u8) -> Option<Self> {
        if !cursor.tag(tag) {
            return None;
        }
        let mut inner = cursor.nested();
        let hash = hash(&mut inner, 0x0a);
        let there = inner.tag(0x12);
        inner.demand(there, NotCanonical::BlockId);
        let mut parts = inner.nested();
        let total = parts.varint_field(0x08);
        let parts_hash = self::hash(&mut parts, 0x12);
        // A total that does not fit is as wrong as none.
        let total = u32::try_from(total).unwrap_or(0);
        parts.demand(total > 0, NotCanonical::BlockId);
        inner.join(parts);
        cursor.join(inner);
        Some(Self { hash: hash?, total, parts_hash: parts_hash? })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>, tag: u8) {
        let parts = 1 + varint_len(u64::from(self.total)) + 34;
        writer.byte(tag);
        writer.varint((34 + 2 + parts) as u64);
        writer.bytes_field(0x0a, self.hash);
        writer.byte(0x12);
        writer.varint(parts as u64);
        writer.varint_field(0x08, u64::from(self.total));
        writer.bytes_field(0x12, self.parts_hash);
    }
}

#[inline(never)]
fn hash<'a>(cursor: &mut Cursor<'a>, tag: u8) -> Option<&'a [u8; 32]> {
    let hash = if cursor.tag(tag) { cursor.bytes().try_into().ok() } else { None };
    cursor.demand(hash.is_some(), NotCanonical::BlockId);
    hash
}

/// A chain id: 1 to 50 of `[A-Za-z0-9._-]`, compared byte for byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainId<'a>(&'a [u8]);

impl<'a> ChainId<'a> {
    /// `None` if the length or a character is not allowed.
    pub fn new(id: &'a [u8]) -> Option<Self> {
        let allowed = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        ((1..=MAX_CHAIN_ID).contains(&id.len()) && id.iter().all(allowed)).then_some(Self(id))
    }

    /// The bytes, ASCII.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// The text.
    pub fn as_str(&self) -> &'a str {
        // Checked in `new`: every byte is ASCII.
        core::str::from_utf8(self.0).unwrap_or_default()
    }

    /// No id. What was read means nothing until its reader says that all was well, and then it is not this.
    pub(crate) const NONE: Self = Self(&[]);

    pub(super) fn read(cursor: &mut Cursor<'a>, tag: u8) -> Self {
        let id = if cursor.tag(tag) { Self::new(cursor.bytes()) } else { None };
        cursor.demand(id.is_some(), NotCanonical::ChainId);
        id.unwrap_or(Self::NONE)
    }
}
