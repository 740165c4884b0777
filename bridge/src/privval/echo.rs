//! What of a request goes back with its signature: everything that its node may compare, and never the extension.
//!
//! CometBFT reads signature and timestamp of a reply and nothing else. Other nodes of the family compare what came back
//! with what they asked for, field by field, and drop the link if a field differs or is missing. So a reply is the
//! request's own vote or proposal, with our signature and the timestamp that was signed.

use highwater_core::canonical::Timestamp;
use prost::Message;

use super::malformed::Why;
use super::proto::{self, Envelope, Sum};
use super::reply::{MAX_REPLY, envelope};

/// A vote or proposal as its node wrote it, without its extension and without signatures. Short enough for a reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Echo(Box<Ballot>);

#[derive(Debug, Clone, PartialEq)]
enum Ballot {
    Vote(proto::Vote),
    Proposal(proto::Proposal),
}

/// The longest that a reply can get, whatever is signed: every byte of these is sent.
const LONGEST: (&[u8; 64], Timestamp) = (&[0xff; 64], Timestamp { seconds: i64::MIN, nanos: 999_999_999 });

impl Echo {
    /// Of a vote.
    pub(super) fn vote(vote: proto::Vote) -> Result<Self, Why> {
        let bare = proto::Vote {
            // Up to a mebibyte: longer than what a node takes back.
            extension: Vec::new(),
            extension_signature: Vec::new(),
            non_rp_extension_signature: Vec::new(),
            ..vote
        };
        Self(Box::new(Ballot::Vote(bare))).short()
    }

    /// Of a proposal.
    pub(super) fn proposal(proposal: proto::Proposal) -> Result<Self, Why> {
        Self(Box::new(Ballot::Proposal(proposal))).short()
    }

    /// A node may write what it likes into a field whose length is not fixed, as a validator's address. A reply that
    /// is longer than it takes would spoil its link.
    fn short(self) -> Result<Self, Why> {
        let (signature, timestamp) = LONGEST;
        match self.clone().signed(signature, timestamp, Some(signature)).encoded_len() {
            length if length > MAX_REPLY => Err(Why::LongReply(length)),
            _ => Ok(self),
        }
    }

    /// The reply: a signature over the request as of `timestamp`, and for a precommit that of its extension, if it
    /// has one.
    pub fn signed(
        self,
        signature: &[u8; 64],
        timestamp: Timestamp,
        extension: Option<&[u8; 64]>,
    ) -> Envelope {
        // `Timestamp` keeps its nanos below 10^9, which an int32 holds.
        let timestamp = Some(proto::Timestamp { seconds: timestamp.seconds, nanos: timestamp.nanos as i32 });
        let signature = signature.to_vec();
        envelope(match *self.0 {
            Ballot::Vote(vote) => {
                let extension_signature = extension.map_or_else(Vec::new, |signature| signature.to_vec());
                let vote = Some(proto::Vote { timestamp, signature, extension_signature, ..vote });
                Sum::SignedVoteResponse(proto::SignedVoteResponse { vote, error: None })
            }
            Ballot::Proposal(proposal) => {
                let proposal = Some(proto::Proposal { timestamp, signature, ..proposal });
                Sum::SignedProposalResponse(proto::SignedProposalResponse { proposal, error: None })
            }
        })
    }
}
