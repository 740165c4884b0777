//! A chain of one validator without any node program: each height is proposed, prevoted and precommitted by the signer,
//! and each signature verified and audited.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use highwater_sim::audit::Auditor;
use sha2::{Digest, Sha256};

use super::message::{Answer, Ask, Ballot, Kind};
use super::node::Node;

/// A chain that grows by what its signer signs.
#[derive(Debug)]
pub struct Chain {
    node: Node,
    key: [u8; 32],
    chain: String,
    auditor: Auditor,
    height: i64,
    last: [u8; 32],
}

/// A committed block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockLine {
    /// Height.
    pub height: u64,
    /// How long each signature took.
    pub proposal: Duration,
    /// How long each signature took.
    pub prevote: Duration,
    /// How long each signature took.
    pub precommit: Duration,
}

impl Chain {
    /// A chain above `height`, once the signer has dialled and said its key, as a node starts.
    pub fn start(node: Node, height: u64) -> Result<Self> {
        let (key, chain) = (node.wait_for_key()?, node.chain().to_owned());
        let mut auditor = Auditor::default();
        auditor.key(&chain, key);
        Ok(Self { node, key, chain, auditor, height: i64::try_from(height)?, last: [0; 32] })
    }

    /// The validator's key.
    pub fn key(&self) -> [u8; 32] {
        self.key
    }

    /// The node, to do things to it between two blocks.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Signatures that the auditor saw; it objected to none, or the chain would have halted.
    pub fn signatures(&self) -> u64 {
        self.auditor.signatures()
    }

    /// Commits the next block. An error halts the chain, as it does with one validator.
    pub fn commit(&mut self) -> Result<BlockLine> {
        let height = self.height + 1;
        let content = [&height.to_le_bytes()[..], &self.last].concat();
        let block: [u8; 32] = Sha256::digest(content).into();
        let (proposal, _) = self.sign(Kind::Proposal, height, block)?;
        let (prevote, _) = self.sign(Kind::Prevote, height, block)?;
        let (precommit, signature) = self.sign(Kind::Precommit, height, block)?;
        // A node asks for the key once more for each block it commits.
        ensure!(self.node.ask(&Ask::PublicKey)? == Answer::PublicKey(self.key), "another key");
        self.height = height;
        // The next block carries this one's commit.
        self.last = Sha256::digest([&block[..], &signature].concat()).into();
        Ok(BlockLine { height: height.unsigned_abs(), proposal, prevote, precommit })
    }

    fn sign(&mut self, kind: Kind, height: i64, block: [u8; 32]) -> Result<(Duration, Vec<u8>)> {
        let ballot = Ballot { block: Some(block), ..Ballot::new(kind, height, 0) };
        let begin = Instant::now();
        let (signature, time) = self.node.sign(&ballot, &self.key)?;
        let took = begin.elapsed();
        let parsed = signature[..].try_into().context("a signature of another length")?;
        let audited = self.auditor.released(&ballot.sign_bytes(&self.chain, time), parsed);
        audited.map_err(|finding| anyhow!("the auditor objects: {finding:?}"))?;
        Ok((took, signature))
    }
}
