//! Vote extensions.

use super::cursor::{Cursor, NotCanonical, Writer, varint_len};
use super::message::height_and_round;
use super::parts::{ChainId, MAX_CHAIN_ID};
use crate::hrs::{Height, Round};

/// The longest content, bytes (CometBFT `types/params.go`, `MaxVoteExtensionSize`).
pub const MAX_EXTENSION: u32 = 1 << 20;

/// The longest head: two varints of 32 bits and a tag.
pub const MAX_HEAD: usize = 11;

/// The longest tail: height and round with their tags, tag, length and chain id.
pub const MAX_TAIL: usize = 9 + 9 + 2 + MAX_CHAIN_ID;

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
    /// Returns its length.
    #[inline(never)]
    pub fn head(&self, out: &mut [u8; MAX_HEAD]) -> usize {
        let mut tail = [0; MAX_TAIL];
        let mut body = self.tail(&mut tail);
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
        writer.len
    }

    /// What comes after the content. Returns its length.
    #[inline(never)]
    pub fn tail(&self, out: &mut [u8; MAX_TAIL]) -> usize {
        let mut writer = Writer::new(out);
        writer.fixed_field(0x11, self.height.value());
        writer.fixed_field(0x19, u64::from(self.round.value()));
        writer.bytes_field(0x22, self.chain.as_bytes());
        writer.len
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
        let mut rest = bytes;
        let mut same = true;
        extension.encode_with(|part| match rest.split_at_checked(part.len()) {
            Some((head, tail)) => {
                same &= head == part;
                rest = tail;
            }
            None => same = false,
        });
        if same && rest.is_empty() { Ok(extension) } else { Err(NotCanonical::Encoding) }
    }

    /// The sign bytes, in pieces, in order: head, content, tail.
    pub fn encode_with(&self, mut put: impl FnMut(&[u8])) {
        // No length of 32 bits is ever signed; a longer content is cut here and then differs from its bytes.
        let length = u32::try_from(self.content.len()).unwrap_or(u32::MAX);
        let frame = Frame { length, height: self.height, round: self.round, chain: self.chain };
        let mut head = [0; MAX_HEAD];
        let len = frame.head(&mut head);
        put(&head[..len]);
        put(self.content);
        let mut tail = [0; MAX_TAIL];
        let len = frame.tail(&mut tail);
        put(&tail[..len]);
    }
}
