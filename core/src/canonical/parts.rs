//! The parts that votes, proposals and extensions share.

use super::cursor::{Cursor, NotCanonical, Writer, varint_len};

/// Longest chain id, bytes (CometBFT `types/genesis.go`, `MaxChainIDLen`).
pub const MAX_CHAIN_ID: usize = 50;

/// The seconds a record can hold: 42 bits, signed. Year 1 to beyond year 70,000.
pub const SECONDS: core::ops::Range<i64> = -(1 << 41)..(1 << 41);

/// A moment, as the node states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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

    pub(super) fn read(cursor: &mut Cursor<'_>, tag: u8) -> Result<Self, NotCanonical> {
        if !cursor.tag(tag) {
            return Err(NotCanonical::Timestamp);
        }
        let mut inner = cursor.nested()?;
        let seconds = if inner.tag(0x08) { inner.varint()? as i64 } else { 0 };
        let nanos = if inner.tag(0x10) { inner.varint()? } else { 0 };
        inner.end()?;
        let nanos = u32::try_from(nanos).map_err(|_| NotCanonical::Timestamp)?;
        Self::new(seconds, nanos).ok_or(NotCanonical::Timestamp)
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
    pub(super) fn read(cursor: &mut Cursor<'a>, tag: u8) -> Result<Option<Self>, NotCanonical> {
        if !cursor.tag(tag) {
            return Ok(None);
        }
        let mut inner = cursor.nested()?;
        let hash = hash(&mut inner, 0x0a)?;
        if !inner.tag(0x12) {
            return Err(NotCanonical::BlockId);
        }
        let mut parts = inner.nested()?;
        inner.end()?;
        let total = if parts.tag(0x08) { parts.varint()? } else { 0 };
        let parts_hash = hash_of_parts(parts)?;
        match u32::try_from(total) {
            Ok(total) if total > 0 => Ok(Some(Self { hash, total, parts_hash })),
            _ => Err(NotCanonical::BlockId),
        }
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

fn hash<'a>(cursor: &mut Cursor<'a>, tag: u8) -> Result<&'a [u8; 32], NotCanonical> {
    if !cursor.tag(tag) {
        return Err(NotCanonical::BlockId);
    }
    cursor.bytes()?.try_into().map_err(|_| NotCanonical::BlockId)
}

fn hash_of_parts<'a>(mut parts: Cursor<'a>) -> Result<&'a [u8; 32], NotCanonical> {
    let hash = hash(&mut parts, 0x12)?;
    parts.end()?;
    Ok(hash)
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

    pub(super) fn read(cursor: &mut Cursor<'a>, tag: u8) -> Result<Self, NotCanonical> {
        if !cursor.tag(tag) {
            return Err(NotCanonical::ChainId);
        }
        Self::new(cursor.bytes()?).ok_or(NotCanonical::ChainId)
    }
}
