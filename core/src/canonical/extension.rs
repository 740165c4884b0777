//! Vote extensions.

use super::cursor::{Cursor, NotCanonical, varint_len};
use super::message::height_and_round;
use super::parts::ChainId;
use crate::hrs::{Height, Round};

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

    /// The sign bytes, in pieces, in order.
    pub fn encode_with(&self, mut put: impl FnMut(&[u8])) {
        let content = match self.content.len() {
            0 => 0,
            len => 1 + varint_len(len as u64) + len,
        };
        let round = if self.round.value() == 0 { 0 } else { 9 };
        let body = content + 9 + round + 2 + self.chain.as_bytes().len();
        varint(body as u64, &mut put);
        if !self.content.is_empty() {
            put(&[0x0a]);
            varint(self.content.len() as u64, &mut put);
            put(self.content);
        }
        put(&[0x11]);
        put(&self.height.value().to_le_bytes());
        if round != 0 {
            put(&[0x19]);
            put(&u64::from(self.round.value()).to_le_bytes());
        }
        put(&[0x22, self.chain.as_bytes().len() as u8]);
        put(self.chain.as_bytes());
    }
}

fn varint(mut value: u64, put: &mut impl FnMut(&[u8])) {
    while value >= 0x80 {
        put(&[value as u8 | 0x80]);
        value >>= 7;
    }
    put(&[value as u8]);
}
