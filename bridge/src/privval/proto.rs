//! The messages on the wire: one superset that decodes every node version from Tendermint 0.34 to CometBFT 2.0-rc1.
//!
//! Field numbers are those of `proto/tendermint/privval/types.proto` and `proto/tendermint/types/types.proto`
//! (0.34 to 0.40) and of `cometbft/privval/v1` (1.0) and `v2`; no two versions give one number two meanings in a
//! request. Unknown fields are skipped.

use prost::{Message, Oneof};

/// One request or reply.
#[derive(Clone, PartialEq, Message)]
pub struct Envelope {
    /// Which.
    #[prost(oneof = "Sum", tags = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10")]
    pub sum: Option<Sum>,
}

/// The kinds of message.
#[derive(Clone, PartialEq, Oneof)]
pub enum Sum {
    /// Which key?
    #[prost(message, tag = "1")]
    PubKeyRequest(PubKeyRequest),
    /// This key.
    #[prost(message, tag = "2")]
    PubKeyResponse(PubKeyResponse),
    /// Sign this vote.
    #[prost(message, tag = "3")]
    SignVoteRequest(SignVoteRequest),
    /// The vote, signed.
    #[prost(message, tag = "4")]
    SignedVoteResponse(SignedVoteResponse),
    /// Sign this proposal.
    #[prost(message, tag = "5")]
    SignProposalRequest(SignProposalRequest),
    /// The proposal, signed.
    #[prost(message, tag = "6")]
    SignedProposalResponse(SignedProposalResponse),
    /// Are you there?
    #[prost(message, tag = "7")]
    PingRequest(Empty),
    /// I am.
    #[prost(message, tag = "8")]
    PingResponse(Empty),
    /// Raw signing: `SignBytesRequest` of 1.0, `SignRawBytesRequest` of Celestia's fork. Always refused.
    #[prost(message, tag = "9")]
    SignBytesRequest(Empty),
    /// The refusal.
    #[prost(message, tag = "10")]
    SignBytesResponse(SignBytesResponse),
}

/// A message without fields that we read.
#[derive(Clone, PartialEq, Message)]
pub struct Empty {}

/// Why a request was refused. The node does not retry.
#[derive(Clone, PartialEq, Message)]
pub struct RemoteSignerError {
    /// Never interpreted by a node.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// For the node's log.
    #[prost(string, tag = "2")]
    pub description: String,
}

/// Asks for the key.
#[derive(Clone, PartialEq, Message)]
pub struct PubKeyRequest {
    /// The chain.
    #[prost(string, tag = "1")]
    pub chain_id: String,
}

/// A key as 0.34 to 0.40 carry it.
#[derive(Clone, PartialEq, Message)]
pub struct PublicKey {
    /// Ed25519, 32 bytes.
    #[prost(bytes = "vec", optional, tag = "1")]
    pub ed25519: Option<Vec<u8>>,
}

/// The key in the forms of all versions at once: each node skips the fields it does not know.
#[derive(Clone, PartialEq, Message)]
pub struct PubKeyResponse {
    /// 0.34 to 0.40.
    #[prost(message, optional, tag = "1")]
    pub pub_key: Option<PublicKey>,
    /// All.
    #[prost(message, optional, tag = "2")]
    pub error: Option<RemoteSignerError>,
    /// 1.0.
    #[prost(bytes = "vec", tag = "3")]
    pub pub_key_bytes: Vec<u8>,
    /// 1.0: "ed25519".
    #[prost(string, tag = "4")]
    pub pub_key_type: String,
}

/// Asks for a vote's signature.
#[derive(Clone, PartialEq, Message)]
pub struct SignVoteRequest {
    /// The vote.
    #[prost(message, optional, tag = "1")]
    pub vote: Option<Vote>,
    /// The chain.
    #[prost(string, tag = "2")]
    pub chain_id: String,
    /// 1.0: no extension signature is wanted.
    #[prost(bool, tag = "3")]
    pub skip_extension_signing: bool,
}

/// Answers it.
#[derive(Clone, PartialEq, Message)]
pub struct SignedVoteResponse {
    /// As it was asked for, signed. CometBFT reads only its timestamp and its signatures.
    #[prost(message, optional, tag = "1")]
    pub vote: Option<Vote>,
    /// Or a refusal.
    #[prost(message, optional, tag = "2")]
    pub error: Option<RemoteSignerError>,
}

/// Asks for a proposal's signature.
#[derive(Clone, PartialEq, Message)]
pub struct SignProposalRequest {
    /// The proposal.
    #[prost(message, optional, tag = "1")]
    pub proposal: Option<Proposal>,
    /// The chain.
    #[prost(string, tag = "2")]
    pub chain_id: String,
}

/// Answers it.
#[derive(Clone, PartialEq, Message)]
pub struct SignedProposalResponse {
    /// As it was asked for, signed. CometBFT reads only its signature.
    #[prost(message, optional, tag = "1")]
    pub proposal: Option<Proposal>,
    /// Or a refusal.
    #[prost(message, optional, tag = "2")]
    pub error: Option<RemoteSignerError>,
}

/// Refuses raw signing.
#[derive(Clone, PartialEq, Message)]
pub struct SignBytesResponse {
    /// Always.
    #[prost(message, optional, tag = "2")]
    pub error: Option<RemoteSignerError>,
}

/// A vote, not its signed form.
#[derive(Clone, PartialEq, Message)]
pub struct Vote {
    /// 1 prevote, 2 precommit.
    #[prost(int32, tag = "1")]
    pub r#type: i32,
    /// Height.
    #[prost(int64, tag = "2")]
    pub height: i64,
    /// Round.
    #[prost(int32, tag = "3")]
    pub round: i32,
    /// The block; empty for nil.
    #[prost(message, optional, tag = "4")]
    pub block_id: Option<BlockId>,
    /// When.
    #[prost(message, optional, tag = "5")]
    pub timestamp: Option<Timestamp>,
    /// Not signed.
    #[prost(bytes = "vec", tag = "6")]
    pub validator_address: Vec<u8>,
    /// Not signed.
    #[prost(int32, tag = "7")]
    pub validator_index: i32,
    /// The signature.
    #[prost(bytes = "vec", tag = "8")]
    pub signature: Vec<u8>,
    /// From 0.38: what the application adds to a precommit.
    #[prost(bytes = "vec", tag = "9")]
    pub extension: Vec<u8>,
    /// From 0.38.
    #[prost(bytes = "vec", tag = "10")]
    pub extension_signature: Vec<u8>,
    /// 2.0: to be signed as it is, without any canonical form around it.
    #[prost(bytes = "vec", tag = "11")]
    pub non_rp_extension: Vec<u8>,
    /// 2.0.
    #[prost(bytes = "vec", tag = "12")]
    pub non_rp_extension_signature: Vec<u8>,
}

/// A proposal, not its signed form.
#[derive(Clone, PartialEq, Message)]
pub struct Proposal {
    /// Not read: a proposal's canonical type is always 32.
    #[prost(int32, tag = "1")]
    pub r#type: i32,
    /// Height.
    #[prost(int64, tag = "2")]
    pub height: i64,
    /// Round.
    #[prost(int32, tag = "3")]
    pub round: i32,
    /// Round of the proof of lock, or -1.
    #[prost(int32, tag = "4")]
    pub pol_round: i32,
    /// The block.
    #[prost(message, optional, tag = "5")]
    pub block_id: Option<BlockId>,
    /// When.
    #[prost(message, optional, tag = "6")]
    pub timestamp: Option<Timestamp>,
    /// The signature.
    #[prost(bytes = "vec", tag = "7")]
    pub signature: Vec<u8>,
}

/// A block.
#[derive(Clone, PartialEq, Message)]
pub struct BlockId {
    /// 32 bytes, or none for nil.
    #[prost(bytes = "vec", tag = "1")]
    pub hash: Vec<u8>,
    /// Always there, empty for nil.
    #[prost(message, optional, tag = "2")]
    pub part_set_header: Option<PartSetHeader>,
}

/// The parts of a block.
#[derive(Clone, PartialEq, Message)]
pub struct PartSetHeader {
    /// How many.
    #[prost(uint32, tag = "1")]
    pub total: u32,
    /// 32 bytes, or none for nil.
    #[prost(bytes = "vec", tag = "2")]
    pub hash: Vec<u8>,
}

/// `google.protobuf.Timestamp`.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Timestamp {
    /// Since the Unix epoch.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// Below 10^9.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}
