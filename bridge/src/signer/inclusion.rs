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
    /// A precommit of our key, for the block or for nil, at a height above all that was signed or approved here: another
    /// signer made it.
    Elsewhere,
}

impl Fate {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Present,
        Self::Nil,
        Self::Late,
        Self::Behind,
        Self::Unsigned,
        Self::Unasked,
        Self::NotInSet,
        Self::Elsewhere,
    ];

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
            Self::Elsewhere => "elsewhere",
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

/// The blocks since the start that another signer of our key signed, and that no mark of the owner explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elsewhere {
    /// How many.
    pub blocks: u64,
    /// The height of the first one.
    pub first: u64,
    /// That of the last one.
    pub last: u64,
}

/// Whether another signer made the precommit in this block's commit. `known` is the highest height that was signed or approved
/// here when the block was told. A height is known before its vote goes to the device, and a vote is out before its block has
/// a commit: so no precommit of this signer is above it.
const fn is_elsewhere(block: &Block, known: u64) -> bool {
    matches!(block.ours, Ours::Block | Ours::Nil) && block.height > known
}

/// A block, and whether another signer signed it.
#[derive(Debug, Clone, Copy)]
struct Told {
    block: Block,
    elsewhere: bool,
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
    blocks: VecDeque<Told>,
    elsewhere: Option<Elsewhere>,
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

    /// The chain has committed this block, when `known` was the highest height here. What it became is told as far as it is
    /// known by now.
    pub(super) fn committed(&mut self, block: Block, known: u64) -> Fate {
        // A chain that is lower than it was is another one.
        if self.last().is_some_and(|last| last >= block.height) {
            self.blocks.clear();
            self.elsewhere = self.elsewhere.filter(|elsewhere| elsewhere.last < block.height);
        }
        if self.blocks.len() == WINDOW {
            self.blocks.pop_front();
        }
        let told = Told { block, elsewhere: is_elsewhere(&block, known) };
        if told.elsewhere {
            let Elsewhere { blocks, first, .. } =
                self.elsewhere.unwrap_or(Elsewhere { blocks: 0, first: block.height, last: block.height });
            self.elsewhere = Some(Elsewhere { blocks: blocks + 1, first, last: block.height });
        }
        self.blocks.push_back(told);
        self.fate(&told)
    }

    /// The owner approved a mark at this height: whoever signed up to there, the owner knows of it.
    pub(super) fn explained(&mut self, height: u64) {
        if self.elsewhere.is_none_or(|elsewhere| elsewhere.last > height) {
            return;
        }
        self.elsewhere = None;
        for told in &mut self.blocks {
            told.elsewhere = false;
        }
    }

    /// What another signer signed.
    pub(super) fn elsewhere(&self) -> Option<Elsewhere> {
        self.elsewhere
    }

    /// Counted at each look: a signature may come when its block was told already, and is late then.
    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for told in &self.blocks {
            counts.add(self.fate(told));
        }
        counts
    }

    /// The last block that was told.
    pub(super) fn last(&self) -> Option<u64> {
        self.blocks.back().map(|told| told.block.height)
    }

    /// The median time between two blocks.
    pub(super) fn pace(&self) -> Option<Duration> {
        pace(self.blocks.iter().map(|told| &told.block))
    }

    fn fate(&self, Told { block, elsewhere }: &Told) -> Fate {
        if *elsewhere {
            return Fate::Elsewhere;
        }
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
