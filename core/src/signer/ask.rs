//! What the owner is asked, and what is done once it was approved, as the prompt and the work after the press see it.

use super::permit::Approved;
use crate::canonical::{ChainId, MAX_CHAIN_ID};
use crate::hrs::Hrs;
use crate::layout::Sealed;

/// A chain id that outlives its APDU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainName {
    len: u8,
    bytes: [u8; MAX_CHAIN_ID],
}

impl ChainName {
    /// No id.
    pub(super) const NONE: Self = Self { len: 0, bytes: [0; MAX_CHAIN_ID] };

    pub(super) fn new(chain: ChainId<'_>) -> Self {
        let mut name = Self::NONE;
        name.set(chain);
        name
    }

    /// In its place; of a longer name before, the rest stays behind the length.
    #[inline(never)]
    pub(super) fn set(&mut self, chain: ChainId<'_>) {
        let id = chain.as_bytes();
        self.bytes[..id.len()].copy_from_slice(id);
        self.len = id.len() as u8;
    }

    /// The id, ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// A sealed key in the place of a name: a question about a key is about no chain.
    pub(super) fn keep(&mut self, sealed: &Sealed) {
        self.len = 0;
        self.bytes[..sealed.len()].copy_from_slice(sealed);
    }

    /// The sealed key that is kept here.
    pub(super) fn key(&self) -> &Sealed {
        self.bytes.first_chunk().unwrap_or(&[0; _])
    }

    /// The id, for a table entry.
    pub(super) fn id(&self) -> Option<ChainId<'_>> {
        ChainId::new(self.as_bytes())
    }
}

/// What the owner is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Approve a chain, with its key and first mark.
    Add,
    /// Move a mark.
    SetMark,
    /// Remove a chain.
    Remove,
    /// Show a key.
    ShowKey,
    /// Free a tombstone or a damaged slot.
    Forget,
    /// Hold an imported key.
    Import,
    /// Free the place of an imported key.
    ForgetKey,
    /// Free a place of which both copies are lost.
    ForgetLostKey,
}

impl What {
    /// Whether it is about a key, and no chain.
    pub const fn is_of_key(self) -> bool {
        matches!(self, Self::Import | Self::ForgetKey | Self::ForgetLostKey)
    }
}

/// What the owner is asked. One flat record rather than a variant for each kind: they share most, and the firmware pays
/// for every copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// What to do.
    pub what: What,
    /// The slot it concerns. Of ADD a free one, or that of the chain's own tombstone. Of a key its number.
    pub slot: u8,
    /// Of SET_MARK and REMOVE the incarnation named.
    pub incarnation: u16,
    /// Of ADD and SHOW_KEY the key: a [`KeyIndex`](crate::key_index::KeyIndex) as it is written.
    pub key_index: u32,
    /// Of ADD the first mark, of SET_MARK the mark wanted.
    pub mark: Hrs,
    /// Of SET_MARK whether it was a raise when it was asked.
    pub raise: bool,
    /// Of ADD the chain; of IMPORT, where nobody else reads it, the sealed key.
    pub chain: ChainName,
}

impl Ask {
    pub(super) const NONE: Self = Self {
        what: What::Add,
        slot: 0,
        incarnation: 0,
        key_index: 0,
        mark: Hrs::ZERO,
        raise: false,
        chain: ChainName::NONE,
    };
}

/// A prompt as the screen needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prompt {
    /// Names it in [`super::Signer::decide`].
    pub ticket: u32,
    /// What is asked.
    pub ask: Ask,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing is asked.
    Idle,
    /// The owner is asked.
    Waiting,
    /// It was approved and is being done.
    Working,
}

/// What comes next of an approved change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// All of it: everything the question rested on is looked at again.
    Begin,
    /// What the slot's ring holds.
    Survey,
    /// The pages for a new life.
    Pages,
    /// The key of an ADD.
    Key,
    /// The mark and the entry.
    Commit,
    /// The outcome: what stands there now.
    Conclude,
}

/// An approved change that is being done.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) approved: Option<Approved>,
    pub(super) stage: Stage,
    /// Why it was not done, as a status word; 0: it was, so far.
    pub(super) refused: u16,
    /// A page of its slot did not hold what was written.
    pub(super) page_failed: bool,
    /// The new life.
    pub(super) incarnation: u16,
    /// The ring was never used: every page is formatted, not only the dead ones filled.
    pub(super) format: bool,
    /// Of a mark that is set: the chain was not unclear at the press, and goes on signing meanwhile.
    pub(super) live: bool,
    pub(super) next_page: u16,
}

impl Work {
    pub(super) const NONE: Self = Self {
        approved: None,
        stage: Stage::Begin,
        refused: 0,
        page_failed: false,
        incarnation: 0,
        format: false,
        live: false,
        next_page: 0,
    };
}
