//! Votes and proposals.

use super::MAX_MESSAGE;
use super::cursor::{Cursor, NotCanonical, Writer};
use super::parts::{BlockId, ChainId, Timestamp};
use crate::hrs::{Height, Hrs, Round, Step};

/// A canonical vote or proposal: what SIGN accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// Height (above 0), round, and what it is: a proposal, prevote or precommit, never [`Step::None`].
    pub hrs: Hrs,
    /// Of a proposal the round of the proof of lock, below its round; `None` is -1 on the wire. Of a vote `None`.
    pub pol_round: Option<Round>,
    /// The block it speaks for; `None` is nil, which a proposal never is.
    pub block: Option<BlockId<'a>>,
    /// When, says the node.
    pub timestamp: Timestamp,
    /// The chain.
    pub chain: ChainId<'a>,
}

/// Message types of `SignedMsgType`.
const PREVOTE: u8 = 1;
const PRECOMMIT: u8 = 2;
const PROPOSAL: u8 = 32;

/// Tags of the fields behind the round, of a vote. A proposal has its POL round first, and these one field later.
const POL_ROUND: u8 = 0x20;
const BLOCK: u8 = 0x22;
const TIMESTAMP: u8 = 0x2a;
const CHAIN: u8 = 0x32;
const ONE_FIELD: u8 = 8;

impl<'a> Message<'a> {
    /// Parses sign bytes; accepts exactly what [`Message::encode`] gives.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, NotCanonical> {
        let message = Self::read(bytes)?;
        if message.encodes_to(bytes) { Ok(message) } else { Err(NotCanonical::Encoding) }
    }

    #[inline(always)] // One copy of the whole less.
    fn read(bytes: &'a [u8]) -> Result<Self, NotCanonical> {
        let mut cursor = Cursor::delimited(bytes);
        let step = match cursor.varint_field(0x08) {
            1 => Step::Prevote,
            2 => Step::Precommit,
            32 => Step::Proposal,
            _ => {
                cursor.fail(NotCanonical::Type);
                Step::None
            }
        };
        let proposal = step == Step::Proposal;
        let (height, round) = height_and_round(&mut cursor);
        let pol_round = if proposal { pol(&mut cursor, round) } else { None };
        let later = if proposal { ONE_FIELD } else { 0 };
        let block = BlockId::read(&mut cursor, BLOCK + later);
        cursor.demand(block.is_some() || !proposal, NotCanonical::BlockId);
        let timestamp = Timestamp::read(&mut cursor, TIMESTAMP + later);
        let chain = ChainId::read(&mut cursor, CHAIN + later);
        cursor.end()?;
        Ok(Self { hrs: Hrs { height, round, step }, pol_round, block, timestamp, chain })
    }

    // Its own frame, so that the buffer is gone again when the journal and the curve want the stack.
    #[inline(never)]
    fn encodes_to(&self, bytes: &[u8]) -> bool {
        let mut again = [0; MAX_MESSAGE];
        let len = self.encode(&mut again);
        again[..len] == *bytes
    }

    /// The sign bytes: length prefix and body. Returns their length.
    #[inline(never)]
    pub fn encode(&self, out: &mut [u8; MAX_MESSAGE]) -> usize {
        // The body starts behind two bytes; a short one is moved up by one.
        let mut writer = Writer::new(&mut out[2..]);
        self.write(&mut writer);
        let body = writer.len;
        if body < 0x80 {
            out[0] = body as u8;
            out.copy_within(2..2 + body, 1);
            1 + body
        } else {
            out[0] = body as u8 | 0x80;
            out[1] = (body >> 7) as u8;
            2 + body
        }
    }

    fn write(&self, writer: &mut Writer<'_>) {
        let (kind, later) = match self.hrs.step {
            Step::None => (0, 0),
            Step::Prevote => (PREVOTE, 0),
            Step::Precommit => (PRECOMMIT, 0),
            Step::Proposal => (PROPOSAL, ONE_FIELD),
        };
        writer.varint_field(0x08, u64::from(kind));
        writer.fixed_field(0x11, self.hrs.height.value());
        writer.fixed_field(0x19, u64::from(self.hrs.round.value()));
        if later != 0 {
            let pol_round = self.pol_round.map_or(-1, |round| i64::from(round.value()));
            writer.varint_field(POL_ROUND, pol_round as u64);
        }
        if let Some(block) = &self.block {
            block.write(writer, BLOCK + later);
        }
        self.timestamp.write(writer, TIMESTAMP + later);
        writer.bytes_field(CHAIN + later, self.chain.as_bytes());
    }

    /// The same message at another time.
    #[must_use]
    pub fn at(self, timestamp: Timestamp) -> Self {
        Self { timestamp, ..self }
    }
}

/// A height above 0 and a round, as far as they are right; what is wrong is remembered by the cursor.
#[inline(never)]
pub(super) fn height_and_round(cursor: &mut Cursor<'_>) -> (Height, Round) {
    let height = cursor.fixed_field(0x11);
    let round = cursor.fixed_field(0x19);
    // A negative number is one above all that fit.
    let height = Height::new(height).unwrap_or_default();
    cursor.demand(height != Height::default(), NotCanonical::Height);
    let round = u32::try_from(round).ok().and_then(Round::new);
    cursor.demand(round.is_some(), NotCanonical::Round);
    (height, round.unwrap_or_default())
}

fn pol(cursor: &mut Cursor<'_>, round: Round) -> Option<Round> {
    let pol_round = cursor.varint_field(POL_ROUND);
    if pol_round == u64::MAX {
        return None; // -1 on the wire.
    }
    let below = u32::try_from(pol_round).ok().and_then(Round::new).filter(|pol_round| *pol_round < round);
    cursor.demand(below.is_some(), NotCanonical::PolRound);
    below
}
