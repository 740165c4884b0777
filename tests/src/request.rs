//! What a node wants signed.

use highwater_core::canonical::Timestamp;
use highwater_core::hrs::{Hrs, Step};

/// A vote or proposal. [`prevote`] and its like fill in what a test does not care about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which of the three.
    pub step: Step,
    /// Height.
    pub height: u64,
    /// Round.
    pub round: u32,
    /// Of a proposal: the round of its proof of lock.
    pub pol: Option<u32>,
    /// The byte of which the block's hash is made; 0 is nil.
    pub block: u8,
    /// Parts of the block.
    pub total: u32,
    /// The byte of which the hash of the parts is made.
    pub parts: u8,
    /// When.
    pub timestamp: Timestamp,
    /// The chain.
    pub chain: String,
}

/// A prevote for a block.
pub fn prevote(chain: &str, height: u64, round: u32) -> Request {
    Request {
        step: Step::Prevote,
        height,
        round,
        pol: None,
        block: 0xb1,
        total: 1,
        parts: 0x9a,
        timestamp: Timestamp { seconds: 1_700_000_000, nanos: 7 },
        chain: chain.to_owned(),
    }
}

/// A precommit for the same block.
pub fn precommit(chain: &str, height: u64, round: u32) -> Request {
    Request { step: Step::Precommit, ..prevote(chain, height, round) }
}

/// A proposal of the same block.
pub fn proposal(chain: &str, height: u64, round: u32) -> Request {
    Request { step: Step::Proposal, ..prevote(chain, height, round) }
}

impl Request {
    /// Where it stands.
    pub fn hrs(&self) -> Hrs {
        Hrs::new(self.height, self.round, self.step).expect("a test asks for what there is")
    }

    /// The sign bytes, length prefix included.
    pub fn bytes(&self) -> Vec<u8> {
        let hashes = [self.block, self.parts];
        highwater_sim::sign_bytes(self.hrs(), self.pol, hashes, self.total, self.timestamp, &self.chain)
    }

    /// The same at another second.
    #[must_use]
    pub fn later(&self) -> Self {
        let timestamp = Timestamp { seconds: self.timestamp.seconds + 1, ..self.timestamp };
        Self { timestamp, ..self.clone() }
    }
}
