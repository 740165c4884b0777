//! What a node asks and gets, in the forms of each version. They are encoded and decoded by crates that others
//! generated from the definitions of the nodes.
//!
//! In bytes the versions differ in four places only: 0.34 has no extensions, 1.0 has a flag to skip them, its reply
//! with the key has other fields, and raw signing is another message in Celestia's 0.34. So the types of 1.0 serve for
//! the rest; the tests below hold them against the types of 0.34, 0.37 and 0.38.

use iq_cometbft_proto::google::protobuf::Timestamp;
use iq_cometbft_proto::privval::v1::message::Sum;
use iq_cometbft_proto::privval::v1::{
    Message as Envelope, PingRequest, PubKeyRequest, SignBytesRequest, SignProposalRequest, SignVoteRequest,
};
use iq_cometbft_proto::types::v1::{BlockId, PartSetHeader, Proposal, Vote};
use prost::{DecodeError, Message};
use tendermint_proto::v0_38;

/// Which node to be. The versions between speak as one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Tendermint 0.34; 0.37 is the same.
    V034,
    /// CometBFT 0.38, 0.39 and 0.40.
    V038,
    /// CometBFT 1.0.
    V1,
}

impl Version {
    /// All.
    pub const ALL: [Self; 3] = [Self::V034, Self::V038, Self::V1];
}

/// A question to the signer.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// The key of a chain.
    PublicKey,
    /// A signature.
    Sign(Ballot),
    /// A sign of life.
    Ping,
    /// Raw signing: `SignBytesRequest` of 1.0, `SignRawBytesRequest` of Celestia's 0.34.
    Raw(Vec<u8>),
}

/// Vote or proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 32.
    Proposal,
    /// 1.
    Prevote,
    /// 2.
    Precommit,
}

/// What is to be signed.
#[derive(Debug, Clone, PartialEq)]
pub struct Ballot {
    /// Proposal, prevote or precommit.
    pub kind: Kind,
    /// Height.
    pub height: i64,
    /// Round.
    pub round: i32,
    /// Of a proposal.
    pub pol_round: i32,
    /// Block hash, which is the hash of its parts too; nil if none.
    pub block: Option<[u8; 32]>,
    /// Seconds and nanoseconds.
    pub time: (i64, i32),
    /// Of a precommit, from 0.38.
    pub extension: Vec<u8>,
    /// Whether extensions are enabled at this height: a node of 1.0 sets the skip flag unless they are.
    pub extensions_enabled: bool,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The key.
    PublicKey([u8; 32]),
    /// A vote's signature, its time, and the extension's signature.
    Vote {
        /// 64 bytes.
        signature: Vec<u8>,
        /// As the signer wrote it.
        time: Option<(i64, i32)>,
        /// Empty if none.
        extension_signature: Vec<u8>,
    },
    /// A proposal's signature, all that a node reads.
    Proposal(Vec<u8>),
    /// To a ping; its content is not looked at.
    Pong,
    /// The signer refused, in these words.
    Refused(String),
    /// Another member than the one asked for: "empty response" to a node.
    Unexpected(String),
}

impl Ask {
    /// The message, without its length, as a node of this version writes it.
    pub fn encode(&self, version: Version, chain: &str) -> Vec<u8> {
        let chain_id = chain.to_owned();
        let sum = match self {
            Self::PublicKey => Sum::PubKeyRequest(PubKeyRequest { chain_id }),
            Self::Ping => Sum::PingRequest(PingRequest {}),
            Self::Raw(value) if version == Version::V1 => {
                Sum::SignBytesRequest(SignBytesRequest { value: value.clone() })
            }
            // Celestia's first field is the chain id, and so is ours here: the same number, another meaning.
            Self::Raw(_) => Sum::SignBytesRequest(SignBytesRequest { value: chain_id.into_bytes() }),
            Self::Sign(ballot) if ballot.kind == Kind::Proposal => {
                Sum::SignProposalRequest(SignProposalRequest { proposal: Some(ballot.proposal()), chain_id })
            }
            Self::Sign(ballot) => {
                let skip = !(ballot.extensions_enabled && ballot.kind == Kind::Precommit);
                Sum::SignVoteRequest(SignVoteRequest {
                    vote: Some(ballot.vote(version)),
                    chain_id,
                    skip_extension_signing: skip && version == Version::V1,
                })
            }
        };
        Envelope { sum: Some(sum) }.encode_to_vec()
    }
}

impl Answer {
    /// Reads the reply to `ask` as a node of this version does, or as a stricter one: CometBFT looks at nothing but
    /// signatures and time, others of the family compare the rest with what they asked for.
    pub fn decode(version: Version, ask: &Ask, bytes: &[u8]) -> Result<Self, DecodeError> {
        let sum = Envelope::decode(bytes)?.sum;
        Ok(match (ask, sum) {
            (Ask::PublicKey, Some(Sum::PubKeyResponse(reply))) => match reply.error {
                Some(error) => Self::Refused(error.description),
                None if version == Version::V1 => {
                    key(Some(&reply.pub_key_bytes).filter(|_| reply.pub_key_type == "ed25519"))
                }
                None => old_key(bytes)?,
            },
            (Ask::Sign(ballot), Some(Sum::SignedVoteResponse(reply))) => match (reply.error, reply.vote) {
                (Some(error), _) => Self::Refused(error.description),
                (None, vote) => {
                    let vote = vote.unwrap_or_default();
                    if bare(vote.clone()) != bare(ballot.vote(version)) || !vote.extension.is_empty() {
                        return Ok(Self::Unexpected(format!("another vote came back: {vote:?}")));
                    }
                    Self::Vote {
                        signature: vote.signature,
                        time: vote.timestamp.map(|time| (time.seconds, time.nanos)),
                        extension_signature: vote.extension_signature,
                    }
                }
            },
            (Ask::Sign(ballot), Some(Sum::SignedProposalResponse(reply))) => {
                match (reply.error, reply.proposal) {
                    (Some(error), _) => Self::Refused(error.description),
                    (None, proposal) => {
                        let proposal = proposal.unwrap_or_default();
                        let bare =
                            Proposal { signature: vec![], timestamp: ballot.timestamp(), ..proposal.clone() };
                        if bare != ballot.proposal() {
                            return Ok(Self::Unexpected(format!("another proposal came back: {proposal:?}")));
                        }
                        Self::Proposal(proposal.signature)
                    }
                }
            }
            (Ask::Raw(_), Some(Sum::SignBytesResponse(reply))) => match reply.error {
                Some(error) => Self::Refused(error.description),
                None => Self::Unexpected("raw bytes were signed".to_owned()),
            },
            (Ask::Ping, Some(Sum::PingResponse(_))) => Self::Pong,
            (_, other) => Self::Unexpected(format!("{other:?}")),
        })
    }
}

/// A vote without what a signer adds to it, and without its extension, which no signer need send back.
fn bare(vote: Vote) -> Vote {
    Vote { signature: vec![], timestamp: None, extension: vec![], extension_signature: vec![], ..vote }
}

fn key(bytes: Option<&Vec<u8>>) -> Answer {
    match bytes.and_then(|bytes| bytes[..].try_into().ok()) {
        Some(key) => Answer::PublicKey(key),
        None => Answer::Unexpected("not an Ed25519 key".to_owned()),
    }
}

/// The key as versions before 1.0 read it.
fn old_key(bytes: &[u8]) -> Result<Answer, DecodeError> {
    use v0_38::crypto::public_key::Sum::Ed25519;
    let found = match v0_38::privval::Message::decode(bytes)?.sum {
        Some(v0_38::privval::message::Sum::PubKeyResponse(reply)) => reply.pub_key.and_then(|key| key.sum),
        _ => None,
    };
    Ok(match &found {
        Some(Ed25519(bytes)) => key(Some(bytes)),
        _ => key(None),
    })
}

impl Ballot {
    /// For block `seed` at `height`, round 0, a second after the last height.
    pub fn new(kind: Kind, height: i64, seed: u8) -> Self {
        Self {
            kind,
            height,
            round: 0,
            pol_round: -1,
            block: Some([seed; 32]),
            time: (1_700_000_000 + height, 5),
            extension: Vec::new(),
            extensions_enabled: false,
        }
    }

    /// What the signature must be over, with the time that came back.
    pub fn sign_bytes(&self, chain: &str, (seconds, nanos): (i64, i32)) -> Vec<u8> {
        use tendermint_proto::google::protobuf::Timestamp;
        use v0_38::types::{CanonicalBlockId, CanonicalPartSetHeader, CanonicalProposal, CanonicalVote};
        let part_set_header =
            |hash: &[u8; 32]| Some(CanonicalPartSetHeader { total: 1, hash: hash.to_vec() });
        let block_id = self
            .block
            .as_ref()
            .map(|hash| CanonicalBlockId { hash: hash.to_vec(), part_set_header: part_set_header(hash) });
        let (r#type, height, round) = (self.kind.number(), self.height, i64::from(self.round));
        let (timestamp, chain_id) = (Some(Timestamp { seconds, nanos }), chain.to_owned());
        if self.kind == Kind::Proposal {
            let pol_round = i64::from(self.pol_round);
            CanonicalProposal { r#type, height, round, pol_round, block_id, timestamp, chain_id }
                .encode_length_delimited_to_vec()
        } else {
            CanonicalVote { r#type, height, round, block_id, timestamp, chain_id }
                .encode_length_delimited_to_vec()
        }
    }

    /// What the extension's signature must be over.
    pub fn extension_bytes(&self, chain: &str) -> Vec<u8> {
        let (extension, chain_id) = (self.extension.clone(), chain.to_owned());
        let (height, round) = (self.height, i64::from(self.round));
        v0_38::types::CanonicalVoteExtension { extension, height, round, chain_id }
            .encode_length_delimited_to_vec()
    }

    fn vote(&self, version: Version) -> Vote {
        Vote {
            r#type: self.kind.number(),
            height: self.height,
            round: self.round,
            block_id: self.block_id(),
            timestamp: self.timestamp(),
            validator_address: vec![6; 20],
            validator_index: 3,
            extension: if version == Version::V034 { Vec::new() } else { self.extension.clone() },
            ..Default::default()
        }
    }

    fn proposal(&self) -> Proposal {
        Proposal {
            r#type: self.kind.number(),
            height: self.height,
            round: self.round,
            pol_round: self.pol_round,
            block_id: self.block_id(),
            timestamp: self.timestamp(),
            signature: Vec::new(),
        }
    }

    fn block_id(&self) -> Option<BlockId> {
        let hash = self.block.map(Vec::from).unwrap_or_default();
        let total = u32::from(!hash.is_empty());
        let part_set_header = Some(PartSetHeader { total, hash: hash.clone() });
        Some(BlockId { hash, part_set_header })
    }

    fn timestamp(&self) -> Option<Timestamp> {
        let (seconds, nanos) = self.time;
        Some(Timestamp { seconds, nanos })
    }
}

impl Kind {
    fn number(self) -> i32 {
        match self {
            Self::Proposal => 32,
            Self::Prevote => 1,
            Self::Precommit => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decoded by another version's types and encoded again, nothing is lost.
    macro_rules! same_bytes {
        ($bytes:expr, $($version:ident),*) => {$({
            let bytes: &[u8] = $bytes;
            let message = tendermint_proto::$version::privval::Message::decode(bytes).unwrap();
            assert_eq!(message.encode_to_vec(), bytes, stringify!($version));
        })*};
    }

    #[test]
    fn what_is_asked_is_what_each_version_would_write() {
        for kind in [Kind::Proposal, Kind::Prevote, Kind::Precommit] {
            for block in [None, Some([7; 32])] {
                let ballot = Ballot { block, extension: vec![9], ..Ballot::new(kind, 5, 7) };
                let ask = Ask::Sign(ballot);
                same_bytes!(&ask.encode(Version::V034, "a-1"), v0_34, v0_37, v0_38);
                same_bytes!(&ask.encode(Version::V038, "a-1"), v0_38);
            }
        }
        same_bytes!(&Ask::PublicKey.encode(Version::V034, "a-1"), v0_34, v0_37, v0_38);
        same_bytes!(&Ask::Ping.encode(Version::V034, "a-1"), v0_34, v0_37, v0_38);
    }
}
