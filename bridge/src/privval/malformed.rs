//! Why a vote or proposal cannot be asked for.

use std::fmt;

use super::request::Kind;

/// A request to sign what no validator may sign. Decided: the same request is refused for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// What was asked for.
    pub kind: Kind,
    /// As the node wrote it, 0 if there was none.
    pub height: i64,
    /// As the node wrote it, 0 if there was none.
    pub round: i32,
    /// What is wrong with it.
    pub why: Why,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, height, round, why } = self;
        write!(f, "{kind} at {height}/{round} refused: {why}; check that the node is an unmodified CometBFT")
    }
}

/// The rule that a vote or proposal breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The request is empty.
    #[error("the request carries none")]
    Missing,
    /// Neither prevote nor precommit.
    #[error("its type is {0}, which is neither prevote (1) nor precommit (2)")]
    VoteType(i32),
    /// Zero or negative.
    #[error("its height is not above 0")]
    Height,
    /// Negative.
    #[error("its round is negative")]
    Round,
    /// Below -1 or not below the round.
    #[error("its POL round {0} is neither -1 nor below its round")]
    PolRound(i32),
    /// Neither nil nor complete.
    #[error("its block id is neither nil nor complete (two hashes of 32 bytes and a total above 0)")]
    BlockId,
    /// A proposal of nothing.
    #[error("a proposal must name a block")]
    NilProposal,
    /// There is none, or no record could hold it.
    #[error("its timestamp is missing or out of range")]
    Timestamp,
    /// Empty, too long, or with other characters.
    #[error("its chain id is not 1 to 50 of A-Z a-z 0-9 . _ -")]
    ChainId,
    /// An extension on a prevote or a nil precommit.
    #[error("a vote extension belongs to a precommit for a block only")]
    Extension,
    /// Longer than any application may make one.
    #[error("its vote extension of {0} bytes is longer than any may be (1048576)")]
    LongExtension(usize),
    /// With it the reply would be longer than what its node takes.
    #[error("it is so long that its reply would have {0} bytes, and a node takes 10240")]
    LongReply(usize),
    /// An extension that CometBFT 2.0 wants signed raw.
    #[error("it carries an extension to be signed raw, which would bypass the mark")]
    RawExtension,
}
