//! Whether the chain has our signatures: the last blocks as a node of the chain tells them, beside what was asked and signed
//! here.
//!
//! A value: blocks, requests and answers go in, counts come out. The guard knows nothing of it, so a node that lies makes a
//! wrong number, and no signature.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use highwater_moving::{Block, Ours};

use super::timing::median;

/// So many blocks are counted.
pub(crate) const WINDOW: usize = 100;
/// Requests of so many heights are remembered: a node that was away tells of its blocks later.
const REMEMBERED: usize = 2 * WINDOW;
/// Of fewer blocks no pace is told: one that took long would be all of it.
pub(crate) const PACE: usize = 10;

/// What the commit of a block has of us, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Our precommit for the block.
    Present,
    /// Our precommit for nil: not missed, as chains count.
    Nil,
    /// Nothing, though a precommit for the block was signed here: it came too late.
    Late,
    /// Nothing, and only other votes were signed here: the node came to the block when the others had left it. That is how a
    /// node fares whose signer is far too slow: it precommits nil for blocks that it did not see voted for.
    Behind,
    /// Nothing, and nothing of what was asked here was signed.
    Unsigned,
    /// Nothing, and nobody asked here.
    Unasked,
    /// The validator was not in the set.
    NotInSet,
}

impl Fate {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Present, Self::Nil, Self::Late, Self::Behind, Self::Unsigned, Self::Unasked, Self::NotInSet];

    /// Whether the chain counts the block as missed by us.
    pub const fn is_missed(self) -> bool {
        matches!(self, Self::Late | Self::Behind | Self::Unsigned | Self::Unasked)
    }

    /// As a label has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Nil => "nil",
            Self::Late => "late",
            Self::Behind => "behind",
            Self::Unsigned => "unsigned",
            Self::Unasked => "unasked",
            Self::NotInSet => "not_in_set",
        }
    }
}

/// The last blocks, counted by what became of our signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts([u64; Fate::ALL.len()]);

impl Counts {
    /// How many blocks had this fate.
    pub fn of(&self, fate: Fate) -> u64 {
        Fate::ALL.iter().zip(self.0).find(|(known, _)| **known == fate).map_or(0, |(_, count)| count)
    }

    /// How many were missed.
    pub fn missed(&self) -> u64 {
        Fate::ALL.into_iter().filter(|fate| fate.is_missed()).map(|fate| self.of(fate)).sum()
    }

    /// How many were looked at.
    pub fn blocks(&self) -> u64 {
        self.0.iter().sum()
    }

    fn add(&mut self, fate: Fate) {
        for (known, count) in Fate::ALL.iter().zip(&mut self.0) {
            *count += u64::from(*known == fate);
        }
    }
}

/// What is known of a height.
#[derive(Debug, Clone, Copy, Default)]
struct Here {
    /// Something was signed.
    signed: bool,
    /// The last round in which a precommit for a block was.
    block: Option<u32>,
}

/// The median time between two of these blocks, which are in the order of their heights.
pub(crate) fn pace<'a>(blocks: impl Iterator<Item = &'a Block> + Clone) -> Option<Duration> {
    let pairs = blocks.clone().zip(blocks.skip(1));
    let in_a_row = pairs.filter(|(before, block)| before.height.checked_add(1) == Some(block.height));
    let times: Vec<_> = in_a_row.map(|(before, block)| block.time.saturating_sub(before.time)).collect();
    if times.len() < PACE { None } else { median(times) }
}

/// The window.
#[derive(Debug, Default)]
pub(super) struct Inclusion {
    /// The last blocks, in the order of their heights.
    blocks: VecDeque<Block>,
    /// The heights that were asked for here.
    asked: BTreeMap<u64, Here>,
}

impl Inclusion {
    /// A node asked for a signature at this height.
    pub(super) fn asked(&mut self, height: u64) {
        self.asked.entry(height).or_default();
        self.forget();
    }

    /// Something was signed; a precommit for a block comes with its round.
    pub(super) fn signed(&mut self, height: u64, block: Option<u32>) {
        let known = self.asked.entry(height).or_default();
        *known = Here { signed: true, block: known.block.max(block) };
        self.forget();
    }

    fn forget(&mut self) {
        while self.asked.len() > REMEMBERED {
            self.asked.pop_first();
        }
    }

    /// The chain has committed this block. What it became is told as far as it is known by now.
    pub(super) fn committed(&mut self, block: Block) -> Fate {
        // A chain that is lower than it was is another one.
        if self.blocks.back().is_some_and(|last| last.height >= block.height) {
            self.blocks.clear();
        }
        if self.blocks.len() == WINDOW {
            self.blocks.pop_front();
        }
        self.blocks.push_back(block);
        self.fate(&block)
    }

    /// Counted at each look: a signature may come when its block was told already, and is late then.
    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for block in &self.blocks {
            counts.add(self.fate(block));
        }
        counts
    }

    /// The last block that was told.
    pub(super) fn last(&self) -> Option<u64> {
        self.blocks.back().map(|block| block.height)
    }

    /// The median time between two blocks.
    pub(super) fn pace(&self) -> Option<Duration> {
        pace(self.blocks.iter())
    }

    fn fate(&self, block: &Block) -> Fate {
        match (block.ours, self.asked.get(&block.height)) {
            (Ours::Block, _) => Fate::Present,
            (Ours::Nil, _) => Fate::Nil,
            (Ours::NotInSet, _) => Fate::NotInSet,
            (Ours::Absent, None) => Fate::Unasked,
            // One for an earlier round was for another vote than the one that is missing.
            (Ours::Absent, Some(here)) if here.block.is_some_and(|round| round >= block.round) => Fate::Late,
            (Ours::Absent, Some(Here { signed: true, .. })) => Fate::Behind,
            (Ours::Absent, Some(_)) => Fate::Unsigned,
        }
    }
}

#[cfg(test)]
#[path = "inclusion_tests.rs"]
mod tests;
