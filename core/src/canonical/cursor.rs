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
    /// The content of a streamed extension is empty or longer than [`super::MAX_EXTENSION`].
    Content = 12,
}

/// A bounds-checked reader that remembers the first thing that was wrong.
///
/// After that it reads zeros and nothing, so what was read means nothing until [`Cursor::end`] says that all was well.
/// (An error value from every single read would cost the firmware half as much code again.)
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
    wrong: Option<NotCanonical>,
}

impl<'a> Cursor<'a> {
    fn new(bytes: &'a [u8], wrong: Option<NotCanonical>) -> Self {
        Self { rest: bytes, wrong }
    }

    /// The message inside its varint length, which must cover the bytes exactly.
    pub(super) fn delimited(bytes: &'a [u8]) -> Self {
        let mut outer = Self::new(bytes, None);
        let mut inner = outer.nested();
        inner.join(outer);
        inner
    }

    /// Something is wrong; only the first is remembered.
    #[inline(never)]
    pub(super) fn fail(&mut self, why: NotCanonical) {
        self.wrong = self.wrong.or(Some(why));
        self.rest = &[];
    }

    /// Something is wrong unless this holds.
    pub(super) fn demand(&mut self, holds: bool, why: NotCanonical) {
        if !holds {
            self.fail(why);
        }
    }

    /// Consumes `tag` if it comes next.
    #[inline(never)]
    pub(super) fn tag(&mut self, tag: u8) -> bool {
        match self.rest {
            [next, rest @ ..] if *next == tag => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    #[inline(never)]
    fn take(&mut self, len: usize) -> &'a [u8] {
        match self.rest.split_at_checked(len) {
            Some((taken, rest)) => {
                self.rest = rest;
                taken
            }
            None => {
                self.fail(NotCanonical::Truncated);
                &[]
            }
        }
    }

    /// A varint in its shortest form.
    #[inline(never)]
    pub(super) fn varint(&mut self) -> u64 {
        // Kept apart and joined from the last on, so that every shift is by a constant: the chip has no other of 64 bits.
        let mut sevens = [0; 10];
        let mut len = 0;
        loop {
            // Nothing more to read is a last byte: the loop ends, and the failure is remembered.
            let byte = self.take(1).first().copied().unwrap_or(0);
            // The tenth byte has room for one bit only.
            if len == 9 && byte > 1 {
                self.fail(NotCanonical::Varint);
                return 0;
            }
            sevens[len] = byte & 0x7f;
            len += 1;
            if byte & 0x80 == 0 {
                self.demand(byte != 0 || len == 1, NotCanonical::Varint);
                return sevens.iter().rev().fold(0, |value, seven| value << 7 | u64::from(*seven));
            }
        }
    }

    /// A varint behind `tag`, or 0 if it is not there.
    pub(super) fn varint_field(&mut self, tag: u8) -> u64 {
        if self.tag(tag) { self.varint() } else { 0 }
    }

    /// Eight bytes, little endian, behind `tag`, or 0 if it is not there.
    #[inline(never)]
    pub(super) fn fixed_field(&mut self, tag: u8) -> u64 {
        if !self.tag(tag) {
            return 0;
        }
        self.take(8).first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    #[inline(never)]
    pub(super) fn bytes(&mut self) -> &'a [u8] {
        // Longer than the address space is longer than the bytes.
        let len = usize::try_from(self.varint()).unwrap_or(usize::MAX);
        self.take(len)
    }

    /// A message within this one. It is to be given back by [`Cursor::join`].
    pub(super) fn nested(&mut self) -> Self {
        let bytes = self.bytes();
        Self::new(bytes, self.wrong)
    }

    /// Takes over what was wrong in a message within (or around) this one, which must have been read to its end.
    pub(super) fn join(&mut self, mut other: Self) {
        other.demand(other.rest.is_empty(), NotCanonical::Trailing);
        if let Some(why) = other.wrong {
            self.fail(why);
        }
    }

    /// The end: all was well, or the first thing that was not.
    pub(super) fn end(mut self) -> Result<(), NotCanonical> {
        self.demand(self.rest.is_empty(), NotCanonical::Trailing);
        self.wrong.map_or(Ok(()), Err)
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

    /// What was written.
    pub(super) fn written(self) -> &'a [u8] {
        &self.out[..self.len]
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
pub(super) const fn varint_len(mut value: u64) -> usize {
    let mut len = 1;
    while value >= 0x80 {
        value >>= 7;
        len += 1;
    }
    len
}
