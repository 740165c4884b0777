//! One slot as RAM knows it, and how it is read from flash.

use super::Signer;
use super::serial::Serial;
use crate::apdu::{ChainState, Reply, Status};
use crate::chains::{self, Entry, Fingerprint, Found, State};
use crate::env::{CryptoFailed, Env, Life};
use crate::events::Kept;
use crate::hrs::Hrs;
use crate::journal::{Kind, Record, Ring, Unreadable};
use crate::layout;

/// The heights a chain may rise by at once: at start, after an approved ADD or SET_MARK, and at most.
pub const LEAP_CREDIT: u32 = 100_000;

/// What RAM keeps of a slot: an index into flash, never the mark itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) state: ChainState,
    pub(super) incarnation: u16,
    /// The serial of the newest record; right only while the state is `Armed`.
    pub(super) serial: Serial,
    /// Heights spent of the leap credit.
    pub(super) spent: u32,
}

impl Slot {
    /// As before anything was read.
    pub(super) const EMPTY: Self =
        Self { state: ChainState::Free, incarnation: 0, serial: Serial::NONE, spent: 0 };
}

/// All there is to say of a slot.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// What it is.
    pub state: ChainState,
    /// Its entry, unless it has none.
    pub entry: Option<Entry>,
    /// The mark; of an unclear chain or slot, the highest HRS on any valid page.
    pub mark: Hrs,
    /// The highest HRS signed.
    pub highest_signed: Hrs,
    /// What stands at the mark: 0 nothing known, 1 a block, 2 nil, 3 a mark set by the owner.
    pub kind: u8,
    /// Records written, ever.
    pub writes: u32,
}

impl View {
    /// Whether mark and highest signed are no more than a floor.
    #[inline(never)]
    pub fn is_floor(&self) -> bool {
        use ChainState::{Damaged, Fault, Unclear, UnclearTombstone};
        matches!(self.state, Unclear | UnclearTombstone | Damaged | Fault)
    }

    /// Whether a mark there lets the chain sign again what it is known to have signed. SET_MARK is refused then; ADD, which
    /// can only come to this over the chain's own tombstone, is asked with a page that says so.
    #[inline(never)]
    pub fn is_below_signed(&self, mark: &Hrs) -> bool {
        *mark < self.highest_signed
    }

    fn take(&mut self, record: &Record) {
        (self.mark, self.highest_signed, self.writes) = (record.hrs, record.highest_signed(), record.serial);
        self.kind = match record.kind {
            Kind::SignedBlock => 1,
            Kind::SignedNil => 2,
            _ => 3,
        };
    }

    /// Writes the reply to GET_STATUS, which [`crate::apdu::ChainStatus::parse`] reads.
    pub(super) fn put(&self, pairs: u16, rated: u32, refused: Option<&Kept>, reply: &mut Reply) {
        let entry = self.entry.as_ref().unwrap_or(&Entry::BLANK);
        let id = entry.chain().map_or(&[][..], |chain| chain.as_bytes());
        reply.put(&[self.state as u8, id.len() as u8]);
        reply.put(id);
        reply.put_number(entry.key_index(), 4);
        reply.put_number(entry.incarnation().into(), 2);
        reply.put_hrs(self.mark);
        reply.put_hrs(self.highest_signed);
        reply.put_number(self.kind.into(), 1);
        reply.put_number(self.writes, 4);
        reply.put_number(pairs.into(), 2);
        reply.put_number(rated, 4);
        reply.put_number(refused.map_or(0, |event| event.word).into(), 2);
        reply.put(refused.map_or(&[0; Hrs::SIZE], |event| &event.asked));
    }
}

impl Signer {
    pub(super) fn ring(&self, slot: u8) -> Ring<'_> {
        Ring { slot, installation: &self.installation }
    }

    /// Reads a slot from flash and repairs what a power cut or one rotten page left (rules 2, 5, 6, 7).
    #[inline(never)]
    pub(super) fn load<E: Env>(&mut self, env: &mut E, slot: u8) {
        self.mark_moved(env, slot);
        let (state, key_index, key) = self.load_entry(env, slot);
        let state = match state {
            ChainState::Armed => self.load_ring(env, slot, key_index, &key),
            other => other,
        };
        if !matches!(state, ChainState::Armed | ChainState::Unclear | ChainState::Fault) {
            env.unload_key(slot);
        }
        if matches!(state, ChainState::Fault) {
            self.events.push(Status::StorageFault, slot, Hrs::default());
        }
        self.slots[usize::from(slot)].state = state;
    }

    /// What the entry says, and its key; both copies stand then. Apart from the ring, so that on the device's small
    /// stack the entry is gone while the ring is read.
    #[inline(never)]
    fn load_entry<E: Env>(&mut self, env: &mut E, slot: u8) -> (ChainState, u32, Fingerprint) {
        let mut entry = Entry::BLANK;
        let found = chains::read(env, &self.installation, slot, &mut entry);
        let state = match found {
            Found::Damaged => ChainState::Damaged,
            Found::Blank => self.uncommitted(env, slot),
            Found::Entry => {
                self.slots[usize::from(slot)].incarnation = entry.incarnation();
                match entry.state() {
                    State::Free => ChainState::Free,
                    State::Tombstone => ChainState::Tombstone,
                    State::UnclearTombstone => ChainState::UnclearTombstone,
                    State::Armed => ChainState::Armed,
                }
            }
        };
        // Of a slot that was never committed a torn first entry or a rotted page goes the same way: left there, with
        // the other copy gone too one day, it would count as damaged. If its page fails it stays free all the same.
        if state != ChainState::Damaged
            && chains::equalise(env, &self.installation, slot, &entry).is_err()
            && found != Found::Blank
        {
            return (ChainState::Fault, 0, *Entry::BLANK.key());
        }
        (state, entry.key_index(), *entry.key())
    }

    /// A slot without an entry is free unless its ring remembers a chain that was at work.
    fn uncommitted<E: Env>(&self, env: &mut E, slot: u8) -> ChainState {
        let rings = env.rings();
        let ring = rings.page(slot, 0)..rings.page(slot, 2 * rings.pairs(slot));
        if layout::all_blank(env, ring) || !self.ring(slot).scan(env, 0).committed {
            ChainState::Free
        } else {
            ChainState::Damaged
        }
    }

    #[inline(never)]
    fn load_ring<E: Env>(&mut self, env: &mut E, slot: u8, key_index: u32, key: &Fingerprint) -> ChainState {
        if load_key(env, self.life(slot), key_index, key).is_err() {
            return ChainState::Fault;
        }
        let incarnation = self.slots[usize::from(slot)].incarnation;
        let ring = Ring { slot, installation: &self.installation };
        let scan = ring.scan(env, incarnation);
        match &scan.newest {
            Some(newest) if !scan.unclear(incarnation) => match ring.repair(env, newest) {
                Ok(serial) if self.slots[usize::from(slot)].serial.keep(serial) => ChainState::Armed,
                Err(Unreadable::Lost) => ChainState::Unclear,
                _ => ChainState::Fault,
            },
            _ => ChainState::Unclear,
        }
    }

    /// The life in a slot, as its entry says it.
    pub(super) fn life(&self, slot: u8) -> Life {
        Life { slot, incarnation: self.slots[usize::from(slot)].incarnation }
    }

    /// All there is to say of a slot, read from flash now.
    #[inline(never)]
    pub fn view<E: Env>(&mut self, env: &mut E, slot: u8) -> View {
        let Slot { state, serial, .. } = self.slots[usize::from(slot)];
        let mut view = View {
            state,
            entry: None,
            mark: Hrs::ZERO,
            highest_signed: Hrs::ZERO,
            kind: 0,
            writes: serial.get().unwrap_or_default(),
        };
        self.view_entry(env, slot, &mut view);
        if state == ChainState::Armed {
            self.view_newest(env, slot, &mut view);
        }
        if matches!(view.state, ChainState::Unclear | ChainState::Damaged) {
            self.view_floor(env, slot, &mut view);
        }
        view
    }

    #[inline(never)]
    fn view_entry<E: Env>(&self, env: &mut E, slot: u8, view: &mut View) {
        let entry = view.entry.insert(Entry::BLANK);
        if chains::read(env, &self.installation, slot, entry) == Found::Entry {
            (view.mark, view.highest_signed) = (entry.mark(), entry.highest_signed());
        } else {
            view.entry = None;
        }
    }

    #[inline(never)]
    fn view_newest<E: Env>(&mut self, env: &mut E, slot: u8, view: &mut View) {
        let mut record = Record::NONE;
        if let Ok(newest) = self.read_newest(env, slot, &mut record) {
            view.take(newest.record());
        }
        view.state = self.slots[usize::from(slot)].state;
    }

    /// What an unclear chain's pages still say is a floor, no more.
    #[inline(never)]
    fn view_floor<E: Env>(&self, env: &mut E, slot: u8, view: &mut View) {
        let scan = self.ring(slot).scan(env, self.slots[usize::from(slot)].incarnation);
        (view.mark, view.highest_signed) = (scan.highest_hrs, scan.highest_hrs);
        view.writes = scan.highest_serial;
    }

    /// Another slot whose chain signs with the key of this index.
    #[inline(never)]
    pub fn sharing<E: Env>(&self, env: &mut E, slot: u8, key_index: u32) -> Option<u8> {
        let mut entry = Entry::BLANK;
        (0..self.slots.len() as u8).filter(|other| *other != slot).find(|other| {
            chains::read(env, &self.installation, *other, &mut entry) == Found::Entry
                && entry.key_index() == key_index
                && entry.chain().is_some()
        })
    }
}

/// Has the key of a life in RAM, if it is the one that the chain was approved with.
///
/// A public key that came out wrong would make a second challenge, and where the nonce does not depend on the key the two
/// would give the private key away.
#[inline(never)]
pub(super) fn load_key<E: Env>(
    env: &mut E,
    life: Life,
    key_index: u32,
    key: &Fingerprint,
) -> Result<(), CryptoFailed> {
    if env.loaded_key(life.slot).is_err() {
        env.load_key(life, key_index)?;
    }
    let public = env.loaded_key(life.slot)?;
    if chains::fingerprint(env, &public) == *key {
        return Ok(());
    }
    env.refuse_key(life.slot);
    Err(CryptoFailed)
}
