//! Several nodes on one chain: whose height it is.
//!
//! Two nodes with different locks would make one key break the locking rule, although each signature alone is
//! lawful. So the node that got the first signature of a height owns it. Others get what was signed already,
//! or an error, until the next height, or until the owner's link has been down for a while. If by then a
//! block was precommitted at this height, others get votes for that block or nil, and nothing else.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use highwater_core::canonical::{BlockId, Message};
use highwater_core::hrs::{Hrs, Step};
use serde::{Deserialize, Serialize};

/// An owner whose link is down for so long has lost its height.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// Whose height it is, and which block was precommitted there. Stands in the state file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ownership {
    height: u64,
    /// Its address, as the config has it; none before the first signature.
    owner: String,
    /// Of the last block precommit of the height: hash, total and hash of the parts.
    precommitted: Option<String>,
}

/// Why another node gets no new signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Foreign {
    /// The owner is there, or was a moment ago.
    Owned {
        /// Its address.
        owner: String,
    },
    /// The owner is gone, but a block was precommitted for it, and this is a proposal or another block's vote.
    Locked {
        /// Its address.
        owner: String,
    },
}

impl Ownership {
    /// Whether `node` may get a new signature.
    pub(super) fn admits(
        &self,
        node: &str,
        message: &Message<'_>,
        links: &Links,
        now: Instant,
    ) -> Result<(), Foreign> {
        let hrs = message.hrs;
        // Below it the device refuses in better words.
        if hrs.height.value() != self.height || self.owner == node || self.owner.is_empty() {
            return Ok(());
        }
        let owner = self.owner.clone();
        if links.down(&owner).is_none_or(|since| now.saturating_duration_since(since) < GRACE) {
            return Err(Foreign::Owned { owner });
        }
        let along = hrs.step != Step::Proposal
            && self
                .precommitted
                .as_ref()
                .is_none_or(|block| message.block.is_none_or(|voted| name(&voted) == *block));
        if self.precommitted.is_none() || along { Ok(()) } else { Err(Foreign::Locked { owner }) }
    }

    /// What it will be if `message` is signed for `node`. None below its height: that is a lagging node's, and no
    /// signature of it is in doubt that would change anything.
    pub(super) fn if_released(&self, node: &str, message: &Message<'_>) -> Option<Self> {
        (message.hrs.height.value() >= self.height).then(|| {
            let mut next = self.clone();
            next.released(node, message);
            next
        })
    }

    /// A signature is given to `node`. One below the owned height shows that there the device signed nothing: that
    /// height was only asked for, and never decided.
    pub(super) fn released(&mut self, node: &str, message: &Message<'_>) {
        let Hrs { height, .. } = message.hrs;
        if height.value() != self.height {
            *self = Self { height: height.value(), owner: node.to_owned(), precommitted: None };
        }
        // Once a block is precommitted, the lock is the old owner's: a node that votes along does not get it.
        if self.precommitted.is_none() {
            node.clone_into(&mut self.owner);
        }
        if message.hrs.step == Step::Precommit
            && let Some(block) = &message.block
        {
            self.precommitted = Some(name(block));
        }
    }
}

/// All of a block's id: two blocks may share a hash and differ in their parts.
fn name(block: &BlockId<'_>) -> String {
    format!("{}:{}:{}", hex::encode(block.hash), block.total, hex::encode(block.parts_hash))
}

/// Which nodes' links are up.
#[derive(Debug)]
pub(super) struct Links {
    /// When this process began: no link is up then, and owners get their grace from here.
    began: Instant,
    /// Up: none. Down: since when.
    nodes: HashMap<String, Option<Instant>>,
}

impl Links {
    pub(super) fn new(began: Instant) -> Self {
        Self { began, nodes: HashMap::new() }
    }

    pub(super) fn set(&mut self, node: &str, up: bool, now: Instant) {
        self.nodes.insert(node.to_owned(), (!up).then_some(now));
    }

    /// Since when the link is down, if it is. A node that is not of the config any more is down.
    fn down(&self, node: &str) -> Option<Instant> {
        self.nodes.get(node).copied().unwrap_or(Some(self.began))
    }
}

#[cfg(test)]
#[path = "ownership_tests.rs"]
mod tests;
