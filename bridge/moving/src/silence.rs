//! The mark of a validator whose signer left no state: two blocks in a row without its signature.

use highwater_core::hrs::{Hrs, Step};

use crate::refusal::Refusal;

/// What the commit of a block holds of the validator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ours {
    /// The validator was asked, and no signature came.
    Absent,
    /// A precommit for nil: a signature all the same.
    Nil,
    /// A precommit for the block.
    Block,
    /// The validator was not in the set.
    NotInSet,
}

/// A block that the chain committed after the old signer was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commit {
    /// Its height.
    pub height: u64,
    /// What its commit holds of the validator.
    pub ours: Ours,
}

/// The mark: from the height after the last of these blocks on, the key may sign. The last two decide.
///
/// The rule presumes that the old signer is stopped; silence only checks that. One block can miss the precommit of a signer
/// that was merely late, and two can miss those of one that runs behind a slow link.
pub fn next_height(commits: &[Commit]) -> Result<Hrs, Refusal> {
    let [.., before, last] = commits else { return Err(Refusal::FewBlocks(commits.len())) };
    if before.height.checked_add(1) != Some(last.height) {
        return Err(Refusal::NotInARow(before.height, last.height));
    }
    for commit in [before, last] {
        match commit.ours {
            Ours::Absent => {}
            Ours::Nil | Ours::Block => return Err(Refusal::NotSilent(commit.height)),
            Ours::NotInSet => return Err(Refusal::NotInSet(commit.height)),
        }
    }
    let sound = before.height > 0;
    let next = last.height.checked_add(1).filter(|_| sound);
    next.and_then(|next| Hrs::new(next, 0, Step::None)).ok_or(Refusal::NoHeight(before.height))
}
