//! What the owner is asked, and what is done once it was approved, as the prompt and the work after the press see it.

use super::permit::Approved;
use crate::canonical::{ChainId, MAX_CHAIN_ID};
use crate::chains::Fingerprint;
use crate::hrs::Hrs;

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
}

/// What the owner is asked. One flat record rather than a variant for each kind: they share most, and the firmware pays
/// for every copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// What to do.
    pub what: What,
    /// The slot it concerns. Of ADD a free one, or that of the chain's own tombstone.
    pub slot: u8,
    /// Of SET_MARK and REMOVE the incarnation named.
    pub incarnation: u16,
    /// Of ADD the key: `44'/118'/0'/0'/index'`.
    pub key_index: u32,
    /// Of ADD the first mark, of SET_MARK the mark wanted.
    pub mark: Hrs,
    /// Of SET_MARK whether it was a raise when it was asked.
    pub raise: bool,
    /// Of ADD the chain.
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

/// An approved change whose ring is being prepared.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) approved: Option<Approved>,
    pub(super) incarnation: u16,
    /// The highest serial in the ring: the mark's record comes after it.
    pub(super) serial: u32,
    pub(super) mark: Hrs,
    pub(super) highest_signed: Hrs,
    /// The ring was never used: every page is formatted, not only the dead ones filled.
    pub(super) format: bool,
    /// The chain goes on signing meanwhile. Remembered, since a fault of its ring changes the slot's state.
    pub(super) live: bool,
    pub(super) next_page: u16,
    /// Of ADD the fingerprint of its key, once it was derived for the first time.
    pub(super) key: Option<Fingerprint>,
}

impl Work {
    pub(super) const NONE: Self = Self {
        approved: None,
        incarnation: 0,
        serial: 0,
        mark: Hrs::ZERO,
        highest_signed: Hrs::ZERO,
        format: false,
        live: false,
        next_page: 0,
        key: None,
    };
}
