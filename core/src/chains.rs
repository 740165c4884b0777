//! The chain table: which chains the owner approved, and what became of them; and the [imported keys](crate::vault), whose
//! entries stand behind those of the slots.
//!
//! Each slot's entry stands in two whole copies. Copy 2 is begun after copy 1 was read back, and no write
//! starts before both copies are equal, so whatever a power cut tears, one copy tells.

use crate::canonical::ChainId;
use crate::env::{CELL, Crypto, Flash};
use crate::hrs::Hrs;
use crate::journal::StorageFault;
use crate::layout::{self, Domain, FORMAT, Installation, Place, Sealed, chain_entry as at, entry_page};
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

/// An entry of the table, as it is written (`layout` says where what stands); its check belongs to one copy.
///
/// It is changed in its place: of 128 bytes a small stack has no room for many copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    bytes: [u8; SIZE],
}

const SIZE: usize = 2 * CELL;
/// The state of an entry that is of an imported key.
const HELD: u8 = 5;

/// The first bytes of the SHA-256 of a public key.
pub type Fingerprint = [u8; at::KEY.end - at::KEY.start];

/// The fingerprint of a public key.
#[inline(never)]
pub fn fingerprint(crypto: &mut impl Crypto, public: &[u8; 32]) -> Fingerprint {
    let digest = crypto.sha256(public);
    let mut fingerprint: Fingerprint = [0; _];
    fingerprint.copy_from_slice(&digest[..at::KEY.len()]);
    fingerprint
}

/// What a slot's two copies say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// An entry; both copies may not hold it yet.
    Entry,
    /// No entry was ever committed here: at most one copy is not blank.
    Blank,
    /// Both copies fail their check. Not free: a chain may have stood here.
    Damaged,
}

impl Entry {
    /// All zero: no entry.
    pub const BLANK: Self = Self { bytes: [0; SIZE] };

    /// Makes a blank one the entry of `chain`; its generation is set by [`commit`].
    pub fn arm(&mut self, chain: ChainId<'_>, key_index: u32, key: &Fingerprint, incarnation: u16) {
        let id = chain.as_bytes();
        self.say(State::Armed, incarnation);
        self.bytes[at::KEY_INDEX].copy_from_slice(&key_index.to_le_bytes());
        self.bytes[at::KEY].copy_from_slice(key);
        self.bytes[at::ID_LENGTH] = id.len() as u8;
        self.bytes[at::ID.start..at::ID.start + id.len()].copy_from_slice(id);
    }

    /// Makes a blank one a free entry, which remembers only its incarnation.
    pub fn free(&mut self, incarnation: u16) {
        self.say(State::Free, incarnation);
    }

    /// Makes a blank one the entry of an imported key, or of the free place of one.
    pub fn hold(&mut self, sealed: Option<&Sealed>) {
        self.free(0);
        if let Some(sealed) = sealed {
            self.bytes[at::STATE] = HELD;
            self.bytes[at::SEALED].copy_from_slice(sealed);
        }
    }

    /// The imported key, if it is the entry of one.
    pub fn sealed(&self) -> Option<&Sealed> {
        self.bytes[at::SEALED.start..].first_chunk().filter(|_| self.bytes[at::STATE] == HELD)
    }

    /// The same chain, removed at `mark`.
    pub fn bury(&mut self, state: State, mark: Hrs, highest_signed: Hrs) {
        self.bytes[at::MARK].copy_from_slice(&mark.to_bytes());
        self.bytes[at::HIGHEST_SIGNED].copy_from_slice(&highest_signed.to_bytes());
        self.bytes[at::STATE] = state as u8;
    }

    /// The same chain in another incarnation.
    pub fn begin(&mut self, incarnation: u16) {
        self.bytes[at::INCARNATION].copy_from_slice(&incarnation.to_le_bytes());
    }

    fn say(&mut self, state: State, incarnation: u16) {
        (self.bytes[at::FORMAT], self.bytes[at::STATE]) = (FORMAT, state as u8);
        self.begin(incarnation);
    }

    /// What it says.
    pub fn state(&self) -> State {
        match self.bytes[at::STATE] {
            2 => State::Armed,
            3 => State::Tombstone,
            4 => State::UnclearTombstone,
            // Of an imported key, it has no chain.
            _ => State::Free,
        }
    }

    /// Counts the lives of chains in this slot; records of older ones are never taken for the mark.
    pub fn incarnation(&self) -> u16 {
        at::incarnation(&self.bytes)
    }

    /// Counts the writes of this entry; the highest valid one is right.
    fn generation(&self) -> u32 {
        self.number(at::GENERATION.start)
    }

    /// The key: `44'/118'/0'/0'/index'`.
    pub fn key_index(&self) -> u32 {
        self.number(at::KEY_INDEX.start)
    }

    /// The fingerprint of the key that the chain was approved with.
    pub fn key(&self) -> &Fingerprint {
        self.bytes[at::KEY.start..].first_chunk().unwrap_or(&[0; _])
    }

    /// A tombstone's final mark.
    pub fn mark(&self) -> Hrs {
        self.hrs(at::MARK.start).unwrap_or_default()
    }

    /// A tombstone's highest signed HRS.
    pub fn highest_signed(&self) -> Hrs {
        self.hrs(at::HIGHEST_SIGNED.start).unwrap_or_default()
    }

    /// The chain, unless the slot is free.
    pub fn chain(&self) -> Option<ChainId<'_>> {
        // With the zero behind it: no id is that long.
        self.bytes[at::ID.start..at::MARK.start]
            .get(..usize::from(self.bytes[at::ID_LENGTH]))
            .and_then(ChainId::new)
    }

    fn number(&self, at: usize) -> u32 {
        self.bytes[at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    fn hrs(&self, at: usize) -> Option<Hrs> {
        Hrs::from_bytes(self.bytes[at..].first_chunk()?)
    }

    /// Reads a copy as it stands, sound or not.
    fn read(env: &impl Flash, slot: u8, copy: u16) -> Self {
        let mut entry = Self::BLANK;
        let (halves, _) = entry.bytes.as_chunks_mut();
        for (half, page) in halves.iter_mut().zip(entry_page(slot, copy)..) {
            env.read(page, half);
        }
        entry
    }

    /// Whether it passes its check as this copy, and says something that a writer writes.
    fn is_sound<E: Flash + Crypto>(
        &self,
        env: &mut E,
        installation: &Installation,
        slot: u8,
        copy: u16,
    ) -> bool {
        let free = matches!(self.state(), State::Free);
        self.bytes[at::FORMAT] == FORMAT
            && (State::Free as u8..=HELD).contains(&self.bytes[at::STATE])
            && layout::is_sealed(env, installation, place(slot, copy), &self.bytes)
            && self.hrs(at::MARK.start).is_some()
            && self.hrs(at::HIGHEST_SIGNED.start).is_some()
            && self.chain().is_some() != free
    }
}

fn place(slot: u8, copy: u16) -> Place {
    Place { domain: Domain::Entry, slot, page: entry_page(slot, copy) }
}

/// What the copies of a slot's entry say; if they say one, it is put into `entry`. Writes nothing.
#[inline(never)]
pub fn read<E: Flash + Crypto>(
    env: &mut E,
    installation: &Installation,
    slot: u8,
    entry: &mut Entry,
) -> Found {
    let mut found = Found::Damaged;
    for copy in 0..2 {
        let read = Entry::read(env, slot, copy);
        if read.is_sound(env, installation, slot, copy) {
            if found != Found::Entry || read.generation() > entry.generation() {
                *entry = read;
            }
            found = Found::Entry;
        } else if found == Found::Damaged && read == Entry::BLANK {
            // The first write of a first entry may be torn while copy 2 is still blank: nothing was committed.
            found = Found::Blank;
        }
    }
    found
}

/// Whether a sound copy of the entry, as it stands in flash now, is of this chain: what looks a chain up.
///
/// The name is compared first, since a check costs a hash. It is never believed alone: a bit that rots makes it the name
/// of another chain, whose votes would then be judged by this one's mark.
#[inline(never)]
pub fn names<E: Flash + Crypto>(
    env: &mut E,
    installation: &Installation,
    slot: u8,
    chain: ChainId<'_>,
) -> bool {
    (0..2).any(|copy| {
        let entry = Entry::read(env, slot, copy);
        entry.chain() == Some(chain) && entry.is_sound(env, installation, slot, copy)
    })
}

/// Whether no sound copy of the entry, as it stands in flash now, is of any chain.
#[inline(never)]
pub fn is_vacant<E: Flash + Crypto>(env: &mut E, installation: &Installation, slot: u8) -> bool {
    !(0..2).any(|copy| {
        let entry = Entry::read(env, slot, copy);
        entry.chain().is_some() && entry.is_sound(env, installation, slot, copy)
    })
}

/// Makes both copies hold `entry` (rule 2), or both blank again where none was ever committed. Safe at any time: it is what the slot says already.
#[inline(never)]
pub fn equalise<E: Flash + Crypto>(
    env: &mut E,
    installation: &Installation,
    slot: u8,
    entry: &Entry,
) -> Result<(), StorageFault> {
    let mut want = *entry;
    for copy in 0..2 {
        if *entry != Entry::BLANK {
            layout::seal(env, installation, place(slot, copy), &mut want.bytes);
        }
        if Entry::read(env, slot, copy) != want && !write_copy(env, slot, copy, &want) {
            return Err(StorageFault);
        }
    }
    Ok(())
}

/// Commits `entry` as the next generation, both copies. Consumes the owner's approval.
///
/// On a fault the slot says either the old or the new; the caller reads it again. Where no chain was before, a chain that
/// could not be written twice is taken back: nobody could sign for it, or remove it.
#[inline(never)]
pub fn commit<E: Flash + Crypto>(
    env: &mut E,
    installation: &Installation,
    slot: u8,
    entry: &mut Entry,
    _approved: Approved,
) -> Result<(), StorageFault> {
    let mut old = Entry::BLANK;
    let found = read(env, installation, slot, &mut old);
    if found == Found::Entry {
        equalise(env, installation, slot, &old)?;
    }
    let generation = old.generation().wrapping_add(1);
    entry.bytes[at::GENERATION].copy_from_slice(&generation.to_le_bytes());
    let committed = equalise(env, installation, slot, entry);
    if committed.is_err() && found != Found::Damaged && old.bytes[at::STATE] <= State::Free as u8 {
        let incarnation = entry.incarnation();
        *entry = Entry::BLANK;
        entry.free(incarnation);
        entry.bytes[at::GENERATION].copy_from_slice(&generation.wrapping_add(1).to_le_bytes());
        let _ = equalise(env, installation, slot, entry);
    }
    committed
}

fn write_copy(env: &mut impl Flash, slot: u8, copy: u16, entry: &Entry) -> bool {
    let (halves, _) = entry.bytes.as_chunks();
    let pages = entry_page(slot, copy)..;
    halves.iter().zip(pages).all(|(half, page)| layout::write_verified(env, page, half))
}
