//! The chain table: which chains the owner approved, and what became of them.
//!
//! Each slot's entry stands in two whole copies. Copy 2 is begun after copy 1 was read back, and no write
//! starts before both copies are equal, so whatever a power cut tears, one copy tells.

use crate::canonical::{ChainId, MAX_CHAIN_ID};
use crate::env::{CELL, Cell, Crypto, Flash};
use crate::hrs::Hrs;
use crate::journal::StorageFault;
use crate::layout::{self, Domain, FORMAT, Installation, entry_page};
use crate::signer::permit::Approved;

/// What the entry of a slot says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// Free, after a chain was forgotten.
    Free = 1,
    /// A chain is approved; its mark stands in the ring.
    Armed = 2,
    /// A chain was removed; its final mark stands in the entry.
    Tombstone = 3,
    /// A chain was removed while its mark was unclear; the mark in the entry is only a floor.
    UnclearTombstone = 4,
}

/// An entry of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What it says.
    pub state: State,
    /// Counts the lives of chains in this slot; records of older ones are never taken for the mark.
    pub incarnation: u16,
    /// Counts the writes of this entry; the highest valid one is right.
    pub generation: u32,
    /// The key: `44'/118'/0'/0'/index'`.
    pub key_index: u32,
    /// A tombstone's final mark.
    pub mark: Hrs,
    /// A tombstone's highest signed HRS.
    pub highest_signed: Hrs,
    id_len: u8,
    id: [u8; MAX_CHAIN_ID],
}

const SIZE: usize = 2 * CELL;
const CHECKED: usize = SIZE - layout::CHECK;
const _: () = assert!(13 + MAX_CHAIN_ID + 1 + 2 * Hrs::SIZE <= CHECKED);

/// What a slot's two copies say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// This entry; both copies may not hold it yet.
    Entry(Entry),
    /// No entry was ever committed here: at most one copy is not blank.
    Blank,
    /// Both copies fail their check. Not free: a chain may have stood here.
    Damaged,
}

impl Entry {
    /// An entry for `chain`, generation still to be set by [`commit`].
    pub fn new(state: State, chain: ChainId<'_>, key_index: u32, incarnation: u16) -> Self {
        let mut id = [0; MAX_CHAIN_ID];
        id[..chain.as_bytes().len()].copy_from_slice(chain.as_bytes());
        Self {
            state,
            incarnation,
            generation: 0,
            key_index,
            mark: Hrs::default(),
            highest_signed: Hrs::default(),
            id_len: chain.as_bytes().len() as u8,
            id,
        }
    }

    /// A free entry that remembers only its incarnation.
    pub fn free(incarnation: u16) -> Self {
        Self {
            state: State::Free,
            incarnation,
            generation: 0,
            key_index: 0,
            mark: Hrs::default(),
            highest_signed: Hrs::default(),
            id_len: 0,
            id: [0; MAX_CHAIN_ID],
        }
    }

    /// The same chain, removed at `mark`.
    pub fn buried(mut self, state: State, mark: Hrs, highest_signed: Hrs) -> Self {
        (self.state, self.mark, self.highest_signed) = (state, mark, highest_signed);
        self
    }

    /// The same chain in another incarnation.
    pub fn reborn(mut self, incarnation: u16) -> Self {
        self.incarnation = incarnation;
        self
    }

    /// The chain, unless the slot is free.
    pub fn chain(&self) -> Option<ChainId<'_>> {
        self.id.get(..usize::from(self.id_len)).and_then(ChainId::new)
    }

    #[inline(never)]
    fn encode(
        &self,
        crypto: &mut impl Crypto,
        installation: &Installation,
        slot: u8,
        copy: u16,
        bytes: &mut [u8; SIZE],
    ) {
        *bytes = [0; SIZE];
        bytes[0] = FORMAT;
        bytes[1] = self.state as u8;
        bytes[2..4].copy_from_slice(&self.incarnation.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.generation.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.key_index.to_le_bytes());
        bytes[12] = self.id_len;
        bytes[13..63].copy_from_slice(&self.id);
        bytes[64..77].copy_from_slice(&self.mark.to_bytes());
        bytes[77..90].copy_from_slice(&self.highest_signed.to_bytes());
        let page = entry_page(slot, copy);
        let check = layout::check(crypto, installation, Domain::Entry, slot, page, &bytes[..CHECKED]);
        bytes[CHECKED..].copy_from_slice(&check);
    }

    fn decode(
        crypto: &mut impl Crypto,
        installation: &Installation,
        slot: u8,
        copy: u16,
        bytes: &[u8; SIZE],
    ) -> Option<Self> {
        let page = entry_page(slot, copy);
        if bytes[0] != FORMAT
            || layout::check(crypto, installation, Domain::Entry, slot, page, &bytes[..CHECKED])
                != bytes[CHECKED..]
        {
            return None;
        }
        let state = match bytes[1] {
            1 => State::Free,
            2 => State::Armed,
            3 => State::Tombstone,
            4 => State::UnclearTombstone,
            _ => return None,
        };
        let mut entry = Self::free(u16::from_le_bytes([bytes[2], bytes[3]]));
        entry.state = state;
        entry.generation = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
        entry.key_index = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
        entry.id_len = bytes[12];
        entry.id.copy_from_slice(&bytes[13..63]);
        let hrs = |at: usize| {
            let mut hrs = [0; Hrs::SIZE];
            hrs.copy_from_slice(&bytes[at..at + Hrs::SIZE]);
            Hrs::from_bytes(&hrs)
        };
        (entry.mark, entry.highest_signed) = (hrs(64)?, hrs(77)?);
        (entry.chain().is_some() != (state == State::Free)).then_some(entry)
    }
}

fn read_copy<E: Flash>(env: &E, slot: u8, copy: u16, bytes: &mut [u8; SIZE]) {
    let mut cell = [0; CELL];
    for half in 0..2 {
        env.read(entry_page(slot, copy) + half, &mut cell);
        bytes[usize::from(half) * CELL..][..CELL].copy_from_slice(&cell);
    }
}

/// What the copies of a slot's entry say. Writes nothing.
#[inline(never)]
pub fn read<E: Flash + Crypto>(env: &mut E, installation: &Installation, slot: u8) -> Found {
    let mut best: Option<Entry> = None;
    let mut blank = 0;
    let mut bytes = [0; SIZE];
    for copy in 0..2 {
        read_copy(env, slot, copy, &mut bytes);
        blank += u8::from(bytes.iter().all(|byte| *byte == 0));
        if let Some(entry) = Entry::decode(env, installation, slot, copy, &bytes)
            && best.as_ref().is_none_or(|best| entry.generation > best.generation)
        {
            best = Some(entry);
        }
    }
    match best {
        Some(entry) => Found::Entry(entry),
        // The first write of a first entry may be torn while copy 2 is still blank: nothing was committed.
        None if blank > 0 => Found::Blank,
        None => Found::Damaged,
    }
}

/// The chain of the entry as it stands in flash now, without checking it: what looks a chain up.
pub fn names<E: Flash>(env: &E, slot: u8, chain: ChainId<'_>) -> bool {
    let mut cell = [0; CELL];
    (0..2).any(|copy| {
        env.read(entry_page(slot, copy), &mut cell);
        let len = usize::from(cell[12]);
        cell.get(13..13 + len).is_some_and(|id| id == chain.as_bytes())
    })
}

/// Makes both copies hold `entry` (rule 2). Safe at any time: it is what the slot says already.
#[inline(never)]
pub fn equalise<E: Flash + Crypto>(
    env: &mut E,
    installation: &Installation,
    slot: u8,
    entry: &Entry,
) -> Result<(), StorageFault> {
    let (mut want, mut have) = ([0; SIZE], [0; SIZE]);
    for copy in 0..2 {
        entry.encode(env, installation, slot, copy, &mut want);
        read_copy(env, slot, copy, &mut have);
        if want != have && !write_copy(env, slot, copy, &want) {
            return Err(StorageFault);
        }
    }
    Ok(())
}

/// Commits `entry` as the next generation, both copies. Consumes the owner's approval.
///
/// On a fault the slot says either the old or the new; the caller reads it again.
#[inline(never)]
pub fn commit<E: Flash + Crypto>(
    env: &mut E,
    installation: &Installation,
    slot: u8,
    mut entry: Entry,
    _approved: Approved,
) -> Result<Entry, StorageFault> {
    entry.generation = match read(env, installation, slot) {
        Found::Entry(old) => {
            equalise(env, installation, slot, &old)?;
            old.generation.wrapping_add(1)
        }
        Found::Blank | Found::Damaged => 1,
    };
    equalise(env, installation, slot, &entry)?;
    Ok(entry)
}

fn write_copy<E: Flash>(env: &mut E, slot: u8, copy: u16, bytes: &[u8; SIZE]) -> bool {
    let mut cell: Cell = [0; CELL];
    (0..2).all(|half| {
        cell.copy_from_slice(&bytes[usize::from(half) * CELL..][..CELL]);
        layout::write_verified(env, entry_page(slot, copy) + half, &cell)
    })
}
