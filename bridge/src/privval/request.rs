//! What a node's message asks, as the signer understands it.

use std::fmt;

use highwater_core::canonical::{BlockId, ChainId, MAX_EXTENSION, MAX_MESSAGE, Message, Timestamp};
use highwater_core::hrs::{Height, Hrs, Round, Step};

use super::echo::Echo;
use super::extension::wants_extension;
use super::malformed::{Malformed, Why};
use super::proto::{self, Envelope, Sum};

/// `SignedMsgType` of a prevote and of a precommit.
const PREVOTE: i32 = 1;
const PRECOMMIT: i32 = 2;

/// A node's request.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// The key of a chain.
    PublicKey {
        /// The chain the node means, as it wrote it.
        chain: String,
    },
    /// A signature, and what goes back with it.
    Sign(SignRequest, Echo),
    /// A vote or proposal that no validator may sign.
    Malformed(Malformed),
    /// Nothing but a sign of life.
    Ping,
    /// Raw signing, which would bypass the mark.
    RawSigning,
}

/// What kind of reply a request wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A vote.
    Vote,
    /// A proposal.
    Proposal,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vote => "vote",
            Self::Proposal => "proposal",
        })
    }
}

/// A request to sign, well-formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignRequest {
    /// Vote or proposal.
    pub kind: Kind,
    /// The chain.
    pub chain: String,
    /// Where.
    pub hrs: Hrs,
    /// The canonical bytes, length prefix included.
    pub sign_bytes: Vec<u8>,
    /// What the application wants to say with a precommit, if its extension is to be signed: empty where it says nothing,
    /// and where the chain has no extensions.
    pub extension: Option<Vec<u8>>,
}

impl Request {
    /// Reads a message. `None`: a reply, or nothing we know, where a request belongs.
    pub fn read(envelope: Envelope) -> Option<Self> {
        Some(match envelope.sum? {
            Sum::PubKeyRequest(request) => Self::PublicKey { chain: request.chain_id },
            Sum::SignVoteRequest(request) => {
                let vote = request.vote.unwrap_or_default();
                let place = (Kind::Vote, vote.height, vote.round);
                let read = self::vote(vote, &request.chain_id, request.skip_extension_signing);
                Self::sign(place, read)
            }
            Sum::SignProposalRequest(request) => {
                let proposal = request.proposal.unwrap_or_default();
                let place = (Kind::Proposal, proposal.height, proposal.round);
                Self::sign(place, self::proposal(proposal, &request.chain_id))
            }
            Sum::PingRequest(_) => Self::Ping,
            Sum::SignBytesRequest(_) => Self::RawSigning,
            Sum::PubKeyResponse(_)
            | Sum::SignedVoteResponse(_)
            | Sum::SignedProposalResponse(_)
            | Sum::PingResponse(_)
            | Sum::SignBytesResponse(_) => return None,
        })
    }

    fn sign((kind, height, round): (Kind, i64, i32), read: Result<(SignRequest, Echo), Why>) -> Self {
        match read {
            Ok((request, echo)) => Self::Sign(request, echo),
            Err(why) => Self::Malformed(Malformed { kind, height, round, why }),
        }
    }
}

fn vote(mut vote: proto::Vote, chain: &str, skip: bool) -> Result<(SignRequest, Echo), Why> {
    if vote == proto::Vote::default() {
        return Err(Why::Missing);
    }
    let step = match vote.r#type {
        PREVOTE => Step::Prevote,
        PRECOMMIT => Step::Precommit,
        other => return Err(Why::VoteType(other)),
    };
    let content = std::mem::take(&mut vote.extension);
    let block = block(vote.block_id.as_ref())?;
    let wanted = wants_extension(step, block.is_some(), skip);
    // With the flag a node of 1.0 leaves the fields as they are (`privval/file.go`).
    if !wanted && !content.is_empty() && !skip {
        return Err(Why::Extension);
    }
    if wanted && content.len() > MAX_EXTENSION as usize {
        return Err(Why::LongExtension(content.len()));
    }
    if !vote.non_rp_extension.is_empty() {
        return Err(Why::RawExtension);
    }
    let message = Message {
        hrs: Hrs { height: height(vote.height)?, round: round(vote.round)?, step },
        pol_round: None,
        block,
        timestamp: timestamp(vote.timestamp)?,
        chain: ChainId::new(chain.as_bytes()).ok_or(Why::ChainId)?,
    };
    let request = sign_request(Kind::Vote, &message, wanted.then_some(content));
    Ok((request, Echo::vote(vote)?))
}

/// The type field is not looked at: the canonical one is always 32, whatever a node writes there.
fn proposal(proposal: proto::Proposal, chain: &str) -> Result<(SignRequest, Echo), Why> {
    if proposal == proto::Proposal::default() {
        return Err(Why::Missing);
    }
    let round = round(proposal.round)?;
    let pol_round = match proposal.pol_round {
        -1 => None,
        pol => match u32::try_from(pol).ok().and_then(Round::new) {
            Some(pol_round) if pol_round < round => Some(pol_round),
            _ => return Err(Why::PolRound(pol)),
        },
    };
    let message = Message {
        hrs: Hrs { height: height(proposal.height)?, round, step: Step::Proposal },
        pol_round,
        block: Some(block(proposal.block_id.as_ref())?.ok_or(Why::NilProposal)?),
        timestamp: timestamp(proposal.timestamp)?,
        chain: ChainId::new(chain.as_bytes()).ok_or(Why::ChainId)?,
    };
    let request = sign_request(Kind::Proposal, &message, None);
    Ok((request, Echo::proposal(proposal)?))
}

fn sign_request(kind: Kind, message: &Message<'_>, extension: Option<Vec<u8>>) -> SignRequest {
    let mut bytes = [0; MAX_MESSAGE];
    let len = message.encode(&mut bytes);
    SignRequest {
        kind,
        chain: message.chain.as_str().to_owned(),
        hrs: message.hrs,
        sign_bytes: bytes[..len].to_vec(),
        extension,
    }
}

fn height(height: i64) -> Result<Height, Why> {
    u64::try_from(height).ok().filter(|height| *height > 0).and_then(Height::new).ok_or(Why::Height)
}

fn round(round: i32) -> Result<Round, Why> {
    u32::try_from(round).ok().and_then(Round::new).ok_or(Why::Round)
}

fn timestamp(timestamp: Option<proto::Timestamp>) -> Result<Timestamp, Why> {
    let timestamp = timestamp.ok_or(Why::Timestamp)?;
    let nanos = u32::try_from(timestamp.nanos).map_err(|_| Why::Timestamp)?;
    Timestamp::new(timestamp.seconds, nanos).ok_or(Why::Timestamp)
}

/// Nil is what Go calls it: no hash, no total, no hash of the parts (`types/block.go`, `IsNil`).
fn block(block: Option<&proto::BlockId>) -> Result<Option<BlockId<'_>>, Why> {
    let Some(block) = block else {
        return Ok(None);
    };
    let parts = block.part_set_header.as_ref();
    let (total, parts_hash) = parts.map_or((0, &[][..]), |parts| (parts.total, &parts.hash[..]));
    if block.hash.is_empty() && total == 0 && parts_hash.is_empty() {
        return Ok(None);
    }
    let hash = block.hash[..].try_into().map_err(|_| Why::BlockId)?;
    let parts_hash = parts_hash.try_into().map_err(|_| Why::BlockId)?;
    if total == 0 {
        return Err(Why::BlockId);
    }
    Ok(Some(BlockId { hash, total, parts_hash }))
}
