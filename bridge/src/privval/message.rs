//! What a node's message asks, as the signer understands it.

use highwater_core::canonical::{
    BlockId, ChainId, MAX_MESSAGE, Message, Proposal, Timestamp, Vote, VoteKind,
};
use highwater_core::hrs::{Height, Hrs, Round};

use super::proto::{self, Envelope, Sum};

/// A node's request.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// The key of a chain.
    PublicKey {
        /// The chain the node means.
        chain: String,
    },
    /// A signature.
    Sign(SignRequest),
    /// A vote or proposal that no validator may sign.
    Malformed(Kind, Malformed),
    /// Nothing but a sign of life.
    Ping,
    /// Raw signing: refused in words.
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

/// A request to sign.
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
    /// The vote extension that came along, if one is to be signed.
    pub extension: Option<Vec<u8>>,
}

/// Why a vote or proposal has no canonical form that may be signed. Decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// There is none.
    #[error("the request carries no vote or proposal")]
    Missing,
    /// Neither prevote nor precommit.
    #[error("the vote's type is {0}, which is neither prevote (1) nor precommit (2)")]
    VoteType(i32),
    /// Not above 0.
    #[error("the height {0} is not above 0")]
    Height(i64),
    /// Negative.
    #[error("the round {0} is negative")]
    Round(i32),
    /// Below -1 or not below the round.
    #[error("the POL round {0} is not -1 and not below the round")]
    PolRound(i32),
    /// Neither nil nor complete.
    #[error("the block id is neither nil nor complete")]
    BlockId,
    /// A proposal of nothing.
    #[error("a proposal must name a block")]
    NilProposal,
    /// None, or out of range.
    #[error("the timestamp is missing or out of range")]
    Timestamp,
    /// Empty, too long, or with other characters.
    #[error("the chain id is not 1 to 50 of A-Z a-z 0-9 . _ -")]
    ChainId,
    /// On a prevote or a nil precommit.
    #[error("a vote extension belongs to a precommit for a block only")]
    Extension,
}

impl Request {
    /// Reads a message. `None`: a reply, or nothing, where a request belongs.
    pub fn read(envelope: Envelope) -> Option<Self> {
        Some(match envelope.sum? {
            Sum::PubKeyRequest(request) => Self::PublicKey { chain: request.chain_id },
            Sum::SignVoteRequest(request) => match vote(request) {
                Ok(request) => Self::Sign(request),
                Err(malformed) => Self::Malformed(Kind::Vote, malformed),
            },
            Sum::SignProposalRequest(request) => match proposal(request) {
                Ok(request) => Self::Sign(request),
                Err(malformed) => Self::Malformed(Kind::Proposal, malformed),
            },
            Sum::PingRequest(_) => Self::Ping,
            Sum::SignBytesRequest(_) => Self::RawSigning,
            _ => return None,
        })
    }
}

fn vote(request: proto::SignVoteRequest) -> Result<SignRequest, Malformed> {
    let vote = request.vote.ok_or(Malformed::Missing)?;
    let kind = match vote.r#type {
        1 => VoteKind::Prevote,
        2 => VoteKind::Precommit,
        other => return Err(Malformed::VoteType(other)),
    };
    let block = block(vote.block_id.as_ref())?;
    let extends = kind == VoteKind::Precommit && block.is_some();
    if !extends && !vote.extension.is_empty() && !request.skip_extension_signing {
        return Err(Malformed::Extension);
    }
    let message = Message::Vote(Vote {
        kind,
        height: height(vote.height)?,
        round: round(vote.round)?,
        block,
        timestamp: timestamp(vote.timestamp)?,
        chain: ChainId::new(request.chain_id.as_bytes()).ok_or(Malformed::ChainId)?,
    });
    let extension = (extends && !request.skip_extension_signing).then(|| vote.extension.clone());
    Ok(sign_request(Kind::Vote, &message, extension))
}

fn proposal(request: proto::SignProposalRequest) -> Result<SignRequest, Malformed> {
    let proposal = request.proposal.ok_or(Malformed::Missing)?;
    let round = round(proposal.round)?;
    let pol_round = match proposal.pol_round {
        -1 => None,
        pol => match u32::try_from(pol).ok().and_then(Round::new) {
            Some(pol_round) if pol_round < round => Some(pol_round),
            _ => return Err(Malformed::PolRound(pol)),
        },
    };
    let message = Message::Proposal(Proposal {
        height: height(proposal.height)?,
        round,
        pol_round,
        block: block(proposal.block_id.as_ref())?.ok_or(Malformed::NilProposal)?,
        timestamp: timestamp(proposal.timestamp)?,
        chain: ChainId::new(request.chain_id.as_bytes()).ok_or(Malformed::ChainId)?,
    });
    Ok(sign_request(Kind::Proposal, &message, None))
}

fn sign_request(kind: Kind, message: &Message<'_>, extension: Option<Vec<u8>>) -> SignRequest {
    let mut bytes = [0; MAX_MESSAGE];
    let len = message.encode(&mut bytes);
    SignRequest {
        kind,
        chain: message.chain().as_str().to_owned(),
        hrs: message.hrs(),
        sign_bytes: bytes[..len].to_vec(),
        extension,
    }
}

fn height(height: i64) -> Result<Height, Malformed> {
    let value = u64::try_from(height).ok().filter(|height| *height > 0).and_then(Height::new);
    value.ok_or(Malformed::Height(height))
}

fn round(round: i32) -> Result<Round, Malformed> {
    u32::try_from(round).ok().and_then(Round::new).ok_or(Malformed::Round(round))
}

fn timestamp(timestamp: Option<proto::Timestamp>) -> Result<Timestamp, Malformed> {
    let timestamp = timestamp.ok_or(Malformed::Timestamp)?;
    let nanos = u32::try_from(timestamp.nanos).map_err(|_| Malformed::Timestamp)?;
    Timestamp::new(timestamp.seconds, nanos).ok_or(Malformed::Timestamp)
}

/// Nil is what Go calls it: no hash, no total, no parts hash.
fn block(block: Option<&proto::BlockId>) -> Result<Option<BlockId<'_>>, Malformed> {
    let Some(block) = block else {
        return Ok(None);
    };
    let parts = block.part_set_header.as_ref();
    let (total, parts_hash) = parts.map_or((0, &[][..]), |parts| (parts.total, &parts.hash[..]));
    if block.hash.is_empty() && total == 0 && parts_hash.is_empty() {
        return Ok(None);
    }
    let hash = block.hash[..].try_into().map_err(|_| Malformed::BlockId)?;
    let parts_hash = parts_hash.try_into().map_err(|_| Malformed::BlockId)?;
    if total == 0 {
        return Err(Malformed::BlockId);
    }
    Ok(Some(BlockId { hash, total, parts_hash }))
}

/// The key, in the forms of all versions.
pub fn public_key_reply(key: &[u8; 32]) -> Envelope {
    envelope(Sum::PubKeyResponse(proto::PubKeyResponse {
        pub_key: Some(proto::PublicKey { ed25519: Some(key.to_vec()) }),
        error: None,
        pub_key_bytes: key.to_vec(),
        pub_key_type: "ed25519".to_owned(),
    }))
}

/// The answer to a ping.
pub fn ping_reply() -> Envelope {
    envelope(Sum::PingResponse(proto::Empty {}))
}

/// A signature. The reply holds only what a node reads; an extension is never echoed (a node before 0.40
/// chokes on replies above 10 KiB).
pub fn signed_reply(kind: Kind, signature: &[u8; 64], timestamp: Timestamp) -> Envelope {
    let at = Some(proto::Timestamp { seconds: timestamp.seconds, nanos: timestamp.nanos as i32 });
    envelope(match kind {
        Kind::Vote => Sum::SignedVoteResponse(proto::SignedVoteResponse {
            vote: Some(proto::Vote { timestamp: at, signature: signature.to_vec(), ..Default::default() }),
            error: None,
        }),
        Kind::Proposal => Sum::SignedProposalResponse(proto::SignedProposalResponse {
            proposal: Some(proto::Proposal {
                timestamp: at,
                signature: signature.to_vec(),
                ..Default::default()
            }),
            error: None,
        }),
    })
}

/// Which kind of reply an error goes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorOf {
    /// To a request for the key.
    PublicKey,
    /// To a request to sign.
    Sign(Kind),
    /// To a request for raw signing.
    RawSigning,
}

/// A refusal. The node logs it and goes on without the message.
pub fn error_reply(to: ErrorOf, description: String) -> Envelope {
    let error = Some(proto::RemoteSignerError { code: 0, description });
    envelope(match to {
        ErrorOf::PublicKey => Sum::PubKeyResponse(proto::PubKeyResponse { error, ..Default::default() }),
        ErrorOf::Sign(Kind::Vote) => Sum::SignedVoteResponse(proto::SignedVoteResponse { vote: None, error }),
        ErrorOf::Sign(Kind::Proposal) => {
            Sum::SignedProposalResponse(proto::SignedProposalResponse { proposal: None, error })
        }
        ErrorOf::RawSigning => Sum::SignBytesResponse(proto::SignBytesResponse { error }),
    })
}

fn envelope(sum: Sum) -> Envelope {
    Envelope { sum: Some(sum) }
}
