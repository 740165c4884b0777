//! Vote extensions.

use super::cursor::{Cursor, NotCanonical, Writer, varint_len};
use super::message::height_and_round;
use super::parts::{ChainId, MAX_CHAIN_ID};
use crate::hrs::{Height, Round};

/// The longest content, bytes (CometBFT `types/params.go`, `MaxVoteExtensionSize`).
pub const MAX_EXTENSION: u32 = 1 << 20;

/// Room for a head or a tail: the longest tail has height and round with their tags, tag, length and chain id; a head is
/// two varints and a tag.
pub const MAX_AROUND: usize = 9 + 9 + 2 + MAX_CHAIN_ID;

/// What stands around the content of an extension. Whoever has it needs the content's bytes only in passing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Bytes of the content.
    pub length: u32,
    /// Above 0.
    pub height: Height,
    /// The round of the precommit it belongs to.
    pub round: Round,
    /// The chain.
    pub chain: ChainId<'a>,
}

impl Frame<'_> {
    /// What comes before the content: the length of all, and, unless it is empty, the content's tag and length.
    #[inline(never)]
    pub fn head<'b>(&self, out: &'b mut [u8; MAX_AROUND]) -> &'b [u8] {
        let round = if self.round.value() == 0 { 0 } else { 9 };
        let mut body = 9 + round + 2 + self.chain.as_bytes().len();
        let mut writer = Writer::new(out);
        let length = self.length as usize;
        if length == 0 {
            writer.varint(body as u64);
        } else {
            body += 1 + varint_len(length as u64) + length;
            writer.varint(body as u64);
            writer.byte(0x0a);
            writer.varint(length as u64);
        }
        writer.written()
    }

    /// What comes after the content.
    #[inline(never)]
    pub fn tail<'b>(&self, out: &'b mut [u8; MAX_AROUND]) -> &'b [u8] {
        let mut writer = Writer::new(out);
        writer.fixed_field(0x11, self.height.value());
        writer.fixed_field(0x19, u64::from(self.round.value()));
        writer.bytes_field(0x22, self.chain.as_bytes());
        writer.written()
    }
}

/// A canonical vote extension. Its content is the application's and is not looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension<'a> {
    /// The content, possibly empty.
    pub content: &'a [u8],
    /// Above 0.
    pub height: Height,
    /// The round of the precommit it belongs to.
    pub round: Round,
    /// The chain.
    pub chain: ChainId<'a>,
}

impl<'a> Extension<'a> {
    /// Parses sign bytes; accepts exactly what [`Extension::encode_with`] gives.
    ///
    /// The first body byte is 0a or 11, never the 08 of a vote or proposal: neither is taken for the other.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, NotCanonical> {
        let mut cursor = Cursor::delimited(bytes);
        let content = if cursor.tag(0x0a) { cursor.bytes() } else { &[] };
        let (height, round) = height_and_round(&mut cursor);
        let chain = ChainId::read(&mut cursor, 0x22);
        cursor.end()?;
        let extension = Self { content, height, round, chain };
        if extension.encodes_to(bytes) { Ok(extension) } else { Err(NotCanonical::Encoding) }
    }

    fn encodes_to(&self, bytes: &[u8]) -> bool {
        let (mut around, frame) = ([0; MAX_AROUND], self.frame());
        let rest =
            bytes.strip_prefix(frame.head(&mut around)).and_then(|rest| rest.strip_prefix(self.content));
        rest == Some(frame.tail(&mut around))
    }

    fn frame(&self) -> Frame<'a> {
        // No length of 32 bits is ever signed; of a longer content the frame is not the one it has.
        let length = u32::try_from(self.content.len()).unwrap_or(u32::MAX);
        Frame { length, height: self.height, round: self.round, chain: self.chain }
    }

    /// The sign bytes, in pieces, in order: head, content, tail.
    pub fn encode_with(&self, mut put: impl FnMut(&[u8])) {
        let (mut around, frame) = ([0; MAX_AROUND], self.frame());
        put(frame.head(&mut around));
        put(self.content);
        put(frame.tail(&mut around));
    }
}

/// An extension and the sign bytes it was parsed from. Made in one place, so they belong together.
///
/// ```compile_fail
/// use highwater_core::canonical::{Extension, Whole};
/// fn of_others<'a>(extension: Extension<'a>) -> Whole<'a> {
///     Whole { extension, bytes: b"others" }
/// }
/// ```
#[derive(Debug)]
pub struct Whole<'a> {
    extension: Extension<'a>,
    bytes: &'a [u8],
}

impl<'a> Whole<'a> {
    /// Parses sign bytes, as [`Extension::parse`] does.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, NotCanonical> {
        Ok(Self { extension: Extension::parse(bytes)?, bytes })
    }

    /// The extension.
    pub fn extension(&self) -> &Extension<'a> {
        &self.extension
    }

    /// Its sign bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}
