//! Votes and proposals.

use super::MAX_MESSAGE;
use super::cursor::{Cursor, NotCanonical, Writer};
use super::parts::{BlockId, ChainId, Timestamp};
use crate::hrs::{Height, Hrs, Round, Step};

/// Message types of `SignedMsgType`.
const PREVOTE: u8 = 1;
const PRECOMMIT: u8 = 2;
const PROPOSAL: u8 = 32;

/// The two votes of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoteKind {
    /// Type 1.
    Prevote,
    /// Type 2.
    Precommit,
}

/// A canonical vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vote<'a> {
    /// Prevote or precommit.
    pub kind: VoteKind,
    /// Above 0.
    pub height: Height,
    /// The round voted in.
    pub round: Round,
    /// The block voted for; `None` is nil.
    pub block: Option<BlockId<'a>>,
    /// When, says the node.
    pub timestamp: Timestamp,
    /// The chain.
    pub chain: ChainId<'a>,
}

/// A canonical proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposal<'a> {
    /// Above 0.
    pub height: Height,
    /// The round proposed in.
    pub round: Round,
    /// The round of the proof of lock, below `round`; `None` is -1 on the wire.
    pub pol_round: Option<Round>,
    /// The block proposed; never nil.
    pub block: BlockId<'a>,
    /// When, says the node.
    pub timestamp: Timestamp,
    /// The chain.
    pub chain: ChainId<'a>,
}

/// What SIGN accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// A prevote or precommit.
    Vote(Vote<'a>),
    /// A proposal.
    Proposal(Proposal<'a>),
}

impl<'a> Message<'a> {
    /// Parses sign bytes; accepts exactly what [`Message::encode`] gives.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, NotCanonical> {
        let message = Self::read(bytes)?;
        if message.encodes_to(bytes) { Ok(message) } else { Err(NotCanonical::Encoding) }
    }

    fn read(bytes: &'a [u8]) -> Result<Self, NotCanonical> {
        let mut cursor = Cursor::delimited(bytes)?;
        if !cursor.tag(0x08) {
            return Err(NotCanonical::Type);
        }
        match cursor.varint()? {
            1 => Vote::read(VoteKind::Prevote, cursor).map(Self::Vote),
            2 => Vote::read(VoteKind::Precommit, cursor).map(Self::Vote),
            32 => Proposal::read(cursor).map(Self::Proposal),
            _ => Err(NotCanonical::Type),
        }
    }

    // Its own frame, so that the buffer is gone again when the journal and the curve want the stack.
    #[inline(never)]
    fn encodes_to(&self, bytes: &[u8]) -> bool {
        let mut again = [0; MAX_MESSAGE];
        let len = self.encode(&mut again);
        again[..len] == *bytes
    }

    /// The sign bytes: length prefix and body. Returns their length.
    pub fn encode(&self, out: &mut [u8; MAX_MESSAGE]) -> usize {
        // The body starts behind two bytes; a short one is moved up by one.
        let mut writer = Writer::new(&mut out[2..]);
        match self {
            Self::Vote(vote) => vote.write(&mut writer),
            Self::Proposal(proposal) => proposal.write(&mut writer),
        }
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

    /// Height, round and step.
    pub fn hrs(&self) -> Hrs {
        match self {
            Self::Vote(vote) => Hrs {
                height: vote.height,
                round: vote.round,
                step: match vote.kind {
                    VoteKind::Prevote => Step::Prevote,
                    VoteKind::Precommit => Step::Precommit,
                },
            },
            Self::Proposal(proposal) => {
                Hrs { height: proposal.height, round: proposal.round, step: Step::Proposal }
            }
        }
    }

    /// The chain.
    pub fn chain(&self) -> ChainId<'a> {
        match self {
            Self::Vote(vote) => vote.chain,
            Self::Proposal(proposal) => proposal.chain,
        }
    }

    /// The block, or `None` for nil.
    pub fn block(&self) -> Option<BlockId<'a>> {
        match self {
            Self::Vote(vote) => vote.block,
            Self::Proposal(proposal) => Some(proposal.block),
        }
    }

    /// When, says the node.
    pub fn timestamp(&self) -> Timestamp {
        match self {
            Self::Vote(vote) => vote.timestamp,
            Self::Proposal(proposal) => proposal.timestamp,
        }
    }

    /// The same message at another time.
    pub fn at(mut self, timestamp: Timestamp) -> Self {
        match &mut self {
            Self::Vote(vote) => vote.timestamp = timestamp,
            Self::Proposal(proposal) => proposal.timestamp = timestamp,
        }
        self
    }
}

impl<'a> Vote<'a> {
    fn read(kind: VoteKind, mut cursor: Cursor<'a>) -> Result<Self, NotCanonical> {
        let (height, round) = height_and_round(&mut cursor)?;
        let vote = Self {
            kind,
            height,
            round,
            block: BlockId::read(&mut cursor, 0x22)?,
            timestamp: Timestamp::read(&mut cursor, 0x2a)?,
            chain: ChainId::read(&mut cursor, 0x32)?,
        };
        cursor.end()?;
        Ok(vote)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        let kind = match self.kind {
            VoteKind::Prevote => PREVOTE,
            VoteKind::Precommit => PRECOMMIT,
        };
        writer.varint_field(0x08, u64::from(kind));
        writer.fixed_field(0x11, self.height.value());
        writer.fixed_field(0x19, u64::from(self.round.value()));
        if let Some(block) = &self.block {
            block.write(writer, 0x22);
        }
        self.timestamp.write(writer, 0x2a);
        writer.bytes_field(0x32, self.chain.as_bytes());
    }
}

impl<'a> Proposal<'a> {
    fn read(mut cursor: Cursor<'a>) -> Result<Self, NotCanonical> {
        let (height, round) = height_and_round(&mut cursor)?;
        let pol_round = if cursor.tag(0x20) { cursor.varint()? as i64 } else { 0 };
        let proposal = Self {
            height,
            round,
            pol_round: pol(pol_round, round)?,
            block: BlockId::read(&mut cursor, 0x2a)?.ok_or(NotCanonical::BlockId)?,
            timestamp: Timestamp::read(&mut cursor, 0x32)?,
            chain: ChainId::read(&mut cursor, 0x3a)?,
        };
        cursor.end()?;
        Ok(proposal)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        let pol_round = self.pol_round.map_or(-1, |round| i64::from(round.value()));
        writer.varint_field(0x08, u64::from(PROPOSAL));
        writer.fixed_field(0x11, self.height.value());
        writer.fixed_field(0x19, u64::from(self.round.value()));
        writer.varint_field(0x20, pol_round as u64);
        self.block.write(writer, 0x2a);
        self.timestamp.write(writer, 0x32);
        writer.bytes_field(0x3a, self.chain.as_bytes());
    }
}

pub(super) fn height_and_round(cursor: &mut Cursor<'_>) -> Result<(Height, Round), NotCanonical> {
    let height = if cursor.tag(0x11) { cursor.sfixed64()? } else { 0 };
    let round = if cursor.tag(0x19) { cursor.sfixed64()? } else { 0 };
    let height = u64::try_from(height).ok().filter(|height| *height > 0).and_then(Height::new);
    let round = u32::try_from(round).ok().and_then(Round::new);
    Ok((height.ok_or(NotCanonical::Height)?, round.ok_or(NotCanonical::Round)?))
}

fn pol(pol_round: i64, round: Round) -> Result<Option<Round>, NotCanonical> {
    if pol_round == -1 {
        return Ok(None);
    }
    match u32::try_from(pol_round).ok().and_then(Round::new) {
        Some(pol_round) if pol_round < round => Ok(Some(pol_round)),
        _ => Err(NotCanonical::PolRound),
    }
}
