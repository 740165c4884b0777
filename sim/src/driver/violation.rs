//! What a driver can find, typed.

use highwater_core::apdu::ChainState;
use highwater_core::hrs::Hrs;

use crate::audit::Finding;
use crate::model::{Answer, Model, Op};
use crate::vault::{Holds, KeyAnswer, KeyOp, Vault};

/// What a slot shows of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The slot.
    pub slot: u8,
    /// Its state.
    pub state: ChainState,
    /// The mark.
    pub mark: Hrs,
    /// The highest signed.
    pub highest: Hrs,
    /// What stands at the mark.
    pub kind: u8,
    /// The key, as the chain names it.
    pub key_index: u32,
    /// The chain's life.
    pub incarnation: u16,
    /// Records written.
    pub writes: u32,
}

/// The device did what no possible model does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// An answer that the specification does not give.
    Answer {
        /// What was asked.
        op: Op,
        /// What was answered.
        answer: Answer,
        /// What the chain may have been.
        possible: Vec<Model>,
    },
    /// The chain is neither what it was nor what the interrupted operation would have made of it: fallen, risen, or
    /// unclear where it must not be.
    State {
        /// What is seen; `None`: the chain is in no slot.
        seen: Option<Seen>,
        /// What it may be.
        possible: Vec<Model>,
    },
    /// The installation is no longer sound.
    Installation,
    /// The auditor objects.
    Audit(Finding),
    /// A boot right after a completed boot wrote to flash: the first one had not repaired everything.
    Unrepaired {
        /// Pages written.
        writes: u32,
    },
    /// A page changed that belongs to another slot.
    AnotherSlot {
        /// The page.
        page: usize,
    },
    /// An answer about a key that the specification does not give.
    KeyAnswer {
        /// What was asked.
        op: KeyOp,
        /// What was answered.
        answer: KeyAnswer,
        /// What the vault may have held.
        possible: Vec<Vault>,
    },
    /// A place of the vault holds neither what it held nor what the interrupted operation would have put there.
    Place {
        /// Its number.
        number: usize,
        /// What is seen: a key that no story knows is 255.
        seen: Holds,
        /// What it may hold.
        possible: Vec<Holds>,
    },
    /// A change of a place was told as done, and its two copies do not say the same.
    OneCopy {
        /// Its number.
        number: u8,
    },
    /// A backup is not the one that its key has under this seed.
    Backup(Vec<u8>),
    /// A chain has, or signs with, another key than it was added with.
    OtherKey {
        /// The public key that is seen.
        seen: [u8; 32],
        /// The one that the owner approved.
        approved: [u8; 32],
    },
    /// An operation that must change nothing wrote to flash.
    NeedlessWrite(Op),
}

impl From<Finding> for Violation {
    fn from(finding: Finding) -> Self {
        Self::Audit(finding)
    }
}
