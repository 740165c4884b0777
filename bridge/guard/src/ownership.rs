//! Several nodes on one chain: whose height it is, and which block is locked there.
//!
//! Two nodes with different locks would make one key break the locking rule of Tendermint (arXiv:1807.04938, line 22),
//! although each signature alone is lawful. So the node that gets the first signature of a height owns that height.
//! Others get what was signed already, or nothing new, until the next height, or until the owner is away for a while.
//!
//! Once a block is precommitted at the height, everybody but the owner gets votes for that block or nil. When anyone but
//! the owner gets such a precommit, the height has no owner any more: the owner, back, would know nothing of the other's
//! later round, and a polka for another block in between would unlock it. Until the next height everybody then gets that
//! block or nil.

use highwater_core::canonical::{BlockId, Message};
use highwater_core::hrs::{Hrs, Step};

use crate::request::Node;

/// What was precommitted at a height, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Lock {
    /// No block.
    #[default]
    Free,
    /// The last block precommitted there.
    Block(Block),
    /// Not known: the mark is above the record, or the round was written ahead of its signatures.
    Unknown,
}

/// All of a block's id: two blocks may share a hash and differ in their parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Block {
    /// Block hash.
    pub hash: [u8; 32],
    /// Parts of the block.
    pub total: u32,
    /// Hash of the part set.
    pub parts_hash: [u8; 32],
}

impl From<&BlockId<'_>> for Block {
    fn from(block: &BlockId<'_>) -> Self {
        Self { hash: *block.hash, total: block.total, parts_hash: *block.parts_hash }
    }
}

/// Whose height it is. Stands in the record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Ownership {
    /// The height; below it nothing is decided here, the device refuses that anyway.
    pub height: u64,
    /// Who has it. Nobody: whoever signs there first, or, once a block is locked, nobody for good.
    pub owner: Option<Node>,
    /// What is locked there.
    pub lock: Lock,
    /// A height below that still counts, because nobody knows whether anything was signed at this one.
    pub below: Option<Box<Self>>,
}

/// How the owner of a height is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum OwnerIs {
    /// There: the height is its own.
    Alive,
    /// Away, but it may be back in time.
    InGrace,
    /// Away for too long.
    Gone,
}

/// Why a node gets no new signature.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Foreign {
    /// The owner is there.
    Owned(Node),
    /// The owner is away, and may be back.
    InGrace,
    /// A block is locked, and this is neither a vote for it nor nil. With the owner.
    LockedBlock(Option<Node>),
    /// What is locked is not known, and this is not nil. With the owner.
    LockUnknown(Option<Node>),
}

impl Ownership {
    /// Of a height of which only a place is known: what was signed there was signed by nobody knows whom.
    pub fn unknown(place: Hrs) -> Self {
        let begun = place.round.value() > 0 || place.step != Step::None;
        let lock = if begun { Lock::Unknown } else { Lock::Free };
        Self { height: place.height.value(), owner: None, lock, below: None }
    }

    /// The same for what is known now. Within a height its node stays: that one knows its own lock.
    pub(crate) fn unknown_from(&self, place: Hrs) -> Self {
        let unknown = Self::unknown(place);
        let owner = self.owner.clone().filter(|_| unknown.height == self.height);
        Self { owner, ..unknown }
    }

    /// Whether `node` may get a new signature; `owner` tells how the owner of the height is doing.
    pub(crate) fn admits(
        &self,
        node: &Node,
        message: &Message<'_>,
        owner: impl FnOnce(&Node) -> OwnerIs,
    ) -> Result<(), Foreign> {
        let height = message.hrs.height.value();
        if let Some(below) = &self.below
            && height < self.height
        {
            return below.admits(node, message, owner);
        }
        if height != self.height || self.owner.as_ref() == Some(node) {
            return Ok(());
        }
        if let Some(known) = &self.owner {
            match owner(known) {
                OwnerIs::Alive => return Err(Foreign::Owned(known.clone())),
                OwnerIs::InGrace => return Err(Foreign::InGrace),
                OwnerIs::Gone => {}
            }
        }
        let nil = message.hrs.step != Step::Proposal && message.block.is_none();
        match &self.lock {
            Lock::Free => Ok(()),
            Lock::Block(_) | Lock::Unknown if nil => Ok(()),
            Lock::Block(block) => {
                let along = message.hrs.step != Step::Proposal
                    && message.block.as_ref().is_some_and(|voted| Block::from(voted) == *block);
                if along { Ok(()) } else { Err(Foreign::LockedBlock(self.owner.clone())) }
            }
            Lock::Unknown => Err(Foreign::LockUnknown(self.owner.clone())),
        }
    }

    /// What the ownership is once `block` is signed at `place` for `node`; `None` is nil. Gives `None` for a lagging node,
    /// below the height, which changes nothing.
    pub(crate) fn after(&self, node: &Node, place: Hrs, block: Option<Block>) -> Option<Self> {
        let height = place.height.value();
        let known = self.known_at(height)?;
        let mut next = match height == known.height {
            // What is signed at a height was signed above those below.
            true => Self { below: None, ..known.clone() },
            false => Self { height, owner: None, lock: Lock::Free, below: None },
        };
        let precommitted = block.filter(|_| place.step == Step::Precommit);
        if next.lock == Lock::Free {
            next.owner = Some(node.clone());
        } else if precommitted.is_some() && next.owner.as_ref() != Some(node) {
            next.owner = None;
        }
        if let Some(block) = precommitted
            && next.lock != Lock::Unknown
        {
            next.lock = Lock::Block(block);
        }
        Some(next)
    }

    /// What the ownership is while nobody knows whether that is signed. The height below counts on, and of a lock it is
    /// the old block or the new one.
    pub(crate) fn maybe_after(&self, node: &Node, place: Hrs, block: Option<Block>) -> Option<Self> {
        let known = self.known_at(place.height.value())?;
        let mut next = known.after(node, place, block)?;
        if next.height == known.height {
            if matches!(known.lock, Lock::Block(_)) && next.lock != known.lock {
                next.lock = Lock::Unknown;
            }
            next.below = known.below.clone();
        } else {
            // Of two heights that may never have begun the newer one is kept.
            next.below = Some(known.below.clone().unwrap_or_else(|| Box::new(known.clone())));
        }
        Some(next)
    }

    /// The device's mark shows that this height has begun, so nothing is signed below any more.
    pub(crate) fn shown(&mut self, mark: Hrs) {
        let begun = mark.round.value() > 0 || mark.step != Step::None;
        if begun && mark.height.value() == self.height {
            self.below = None;
        }
    }

    /// What counts for a signature at this height. `None`: it is below what was signed for certain.
    fn known_at(&self, height: u64) -> Option<&Self> {
        if height >= self.height { Some(self) } else { self.below.as_ref()?.known_at(height) }
    }

    /// The operator says that the owner will not come back. What is locked stays locked. Of a lock that only the owner
    /// knows it stays the owner: without it nobody could tell later that the lock was ever known.
    pub fn drop_owner(&mut self) -> Option<Node> {
        let below = self.below.as_mut().and_then(|below| below.drop_owner());
        match self.lock {
            Lock::Unknown => below,
            Lock::Free | Lock::Block(_) => self.owner.take().or(below),
        }
    }
}
