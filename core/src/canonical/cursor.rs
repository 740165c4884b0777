//! A strict reader and a plain writer of the few protobuf forms that sign bytes are made of.

/// Why bytes are not a canonical message. Decided: the same bytes get the same answer for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum NotCanonical {
    /// The bytes end inside a field.
    Truncated = 1,
    /// Bytes are left over after the last field.
    Trailing = 2,
    /// A varint has more than ten bytes, overflows, or is longer than it need be.
    Varint = 3,
    /// The type is none that may be signed (1 prevote, 2 precommit, 32 proposal).
    Type = 4,
    /// The height is zero or negative.
    Height = 5,
    /// The round is negative or above 2^31-1.
    Round = 6,
    /// The POL round is below -1 or not below the round.
    PolRound = 7,
    /// The block id is neither nil nor complete (two hashes of 32 bytes, a total above 0).
    BlockId = 8,
    /// The timestamp is missing, or out of the range a record holds.
    Timestamp = 9,
    /// The chain id is not 1 to 50 of `[A-Za-z0-9._-]`.
    ChainId = 10,
    /// It parses, but its canonical encoding differs from the bytes given.
    Encoding = 11,
}

/// A bounds-checked reader.
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The message inside its varint length, which must cover the bytes exactly.
    pub(super) fn delimited(bytes: &'a [u8]) -> Result<Self, NotCanonical> {
        let mut outer = Self::new(bytes);
        let inner = outer.nested()?;
        outer.end()?;
        Ok(inner)
    }

    /// Consumes `tag` if it comes next.
    pub(super) fn tag(&mut self, tag: u8) -> bool {
        let next = self.rest.first() == Some(&tag);
        if next {
            self.rest = &self.rest[1..];
        }
        next
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], NotCanonical> {
        if len > self.rest.len() {
            return Err(NotCanonical::Truncated);
        }
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        Ok(taken)
    }

    /// A varint in its shortest form.
    pub(super) fn varint(&mut self) -> Result<u64, NotCanonical> {
        let mut value = 0u64;
        for i in 0..10 {
            let byte = self.take(1)?[0];
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit only.
            if i == 9 && byte > 1 {
                return Err(NotCanonical::Varint);
            }
            value |= bits << (7 * i);
            if byte & 0x80 == 0 {
                return if byte == 0 && i > 0 { Err(NotCanonical::Varint) } else { Ok(value) };
            }
        }
        Err(NotCanonical::Varint)
    }

    /// Eight bytes, little endian, signed.
    pub(super) fn sfixed64(&mut self) -> Result<i64, NotCanonical> {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(self.take(8)?);
        Ok(i64::from_le_bytes(bytes))
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], NotCanonical> {
        let len = self.varint()?;
        // Longer than the address space is longer than the bytes.
        self.take(usize::try_from(len).map_err(|_| NotCanonical::Truncated)?)
    }

    pub(super) fn nested(&mut self) -> Result<Self, NotCanonical> {
        Ok(Self::new(self.bytes()?))
    }

    pub(super) fn end(self) -> Result<(), NotCanonical> {
        if self.rest.is_empty() { Ok(()) } else { Err(NotCanonical::Trailing) }
    }
}

/// Appends to a buffer that the caller has made large enough (`MAX_MESSAGE`, `MAX_BLOCK_ID`).
pub(super) struct Writer<'a> {
    out: &'a mut [u8],
    pub(super) len: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut [u8]) -> Self {
        Self { out, len: 0 }
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.out[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.put(&[byte]);
    }

    pub(super) fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.byte(value as u8 | 0x80);
            value >>= 7;
        }
        self.byte(value as u8);
    }

    /// A tag and a varint, unless the value is 0 (proto3 leaves zeros out).
    pub(super) fn varint_field(&mut self, tag: u8, value: u64) {
        if value != 0 {
            self.byte(tag);
            self.varint(value);
        }
    }

    /// A tag and eight bytes, unless the value is 0.
    pub(super) fn fixed_field(&mut self, tag: u8, value: u64) {
        if value != 0 {
            self.byte(tag);
            self.put(&value.to_le_bytes());
        }
    }

    /// A tag, a length and the bytes; written even when empty.
    pub(super) fn bytes_field(&mut self, tag: u8, bytes: &[u8]) {
        self.byte(tag);
        self.varint(bytes.len() as u64);
        self.put(bytes);
    }
}

/// Bytes of the shortest varint of `value`.
pub(super) const fn varint_len(value: u64) -> usize {
    let bits = 64 - value.leading_zeros() as usize;
    if bits == 0 { 1 } else { bits.div_ceil(7) }
}
