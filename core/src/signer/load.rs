//! Reading a slot from flash, and repairing what a power cut or one rotten page left (rules 2, 5, 6, 7): a little a turn.
//!
//! While a slot is read its state is a fault, so nothing is released by it. No two slots are read at once.

use super::ask::Phase;
use super::{Signer, keys};
use crate::apdu::{ChainState, Status};
use crate::chains::{self, Entry, Found, State};
use crate::env::{CryptoFailed, Env, Life};
use crate::hrs::Hrs;
use crate::journal::{Ring, Scan, Unreadable};
use crate::layout::{self, Installation, SLOTS};

/// What comes next of reading a slot; and in a slot's `due` what it waits for, as the place where its reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing.
    Idle,
    /// All of it: what stands there is not known.
    Entry,
    /// The key, of a slot whose entry is that of a chain. A turn of its own.
    Key,
    /// The key and no more: the slot stays armed.
    KeyAlone,
    /// The ring of a chain.
    Armed,
    /// The ring of a chain that is unclear: what is not known is the floor of its mark.
    Floor,
    /// The ring behind an entry that was never written: whether a chain was at work there.
    Blank,
    /// The ring behind an entry that is lost: the floor of its mark.
    Damaged,
    Repair,
    /// The ring of the slot in which something is being done. It is read from its beginning again if another slot comes
    /// between.
    Work,
}

/// The slot that is being read, and those that are to be.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Load {
    stage: Stage,
    slot: u8,
    pub(super) due: [Stage; SLOTS],
    scan: Scan,
}

impl Load {
    pub(super) const NONE: Self =
        Self { scan: Scan::START, slot: 0, stage: Stage::Idle, due: [Stage::Idle; SLOTS] };

    fn begin(&mut self, slot: u8, stage: Stage) {
        (self.scan, self.slot, self.stage) = (Scan::START, slot, stage);
    }

    fn is_under_way(&self) -> bool {
        !matches!(self.stage, Stage::Idle | Stage::Work)
    }

    /// Has a slot read once more if it is at fault and not being read.
    pub(super) fn again(&mut self, slot: u8, state: ChainState) {
        let reading = self.is_under_way() & (self.slot == slot);
        if state == ChainState::Fault && !reading {
            self.due[usize::from(slot)] = Stage::Entry;
        }
    }
}

impl Signer {
    /// Nothing is known of a slot any more until it was read again.
    pub(super) fn distrust(&mut self, slot: u8) {
        self.slots[slot].state = ChainState::Fault;
        self.load.due[usize::from(slot)] = Stage::Entry;
    }

    /// Has the key of an armed slot loaded again if it is gone.
    pub(super) fn find_key<E: Env>(&mut self, env: &E, slot: u8) {
        if self.slots[slot].state == ChainState::Armed && env.loaded_key(slot).is_err() {
            self.load.due[usize::from(slot)] = Stage::KeyAlone;
        }
    }

    /// Neither copy of the newest record of a slot stands any more.
    pub(super) fn lose(&mut self, slot: u8) {
        self.slots[slot].lose();
        self.load.due[usize::from(slot)] = Stage::Floor;
    }

    /// Has a slot at fault read once more: whoever asks for it again is then told what stands there. Not while something
    /// approved is being done: a host could hold that up for ever.
    pub(super) fn retry(&mut self, slot: u8) {
        if self.prompts.phase != Phase::Working {
            self.load.again(slot, self.slots[slot].state);
        }
    }

    /// How far the reading of slots has come: what RAM holds beside what [`Signer::view`] tells.
    pub fn progress(&self) -> impl core::fmt::Debug {
        &self.load
    }

    /// Whether a slot is being read, or waits for that.
    pub fn is_reading(&self) -> bool {
        self.load.is_under_way() || self.load.due != [Stage::Idle; SLOTS]
    }

    /// Goes on reading slots. `false`: there is none to be read.
    #[inline(never)]
    pub(super) fn load<E: Env>(&mut self, env: &mut E) -> bool {
        if !self.load.is_under_way() {
            let Some(slot) = self.load.due.iter().position(|due| *due != Stage::Idle) else { return false };
            let stage = core::mem::replace(&mut self.load.due[slot], Stage::Idle);
            self.load.begin(slot as u8, stage);
            if stage != Stage::KeyAlone {
                self.mark_moved(env, slot as u8);
            }
        }
        if let Some(state) = self.load_on(env, self.load.slot) {
            self.loaded(env, self.load.slot, state);
        }
        true
    }

    /// One turn. `Some`: what the slot is.
    fn load_on<E: Env>(&mut self, env: &mut E, slot: u8) -> Option<ChainState> {
        let incarnation = self.slots[slot].incarnation;
        let ring = Ring { slot, installation: &self.installation };
        let scan = &mut self.load.scan;
        match self.load.stage {
            Stage::Idle | Stage::Work => None,
            Stage::Entry => self.load_entry(env, slot),
            Stage::Key | Stage::KeyAlone => self.load_life(env, slot),
            Stage::Repair => match ring.repair(env, incarnation, scan) {
                Ok(None) => None,
                Ok(Some(serial)) if self.slots[slot].serial.keep(serial) => Some(ChainState::Armed),
                Err(Unreadable::Lost) => Some(ChainState::Unclear),
                _ => Some(ChainState::Fault),
            },
            _ if !ring.scan(env, incarnation, scan) => None,
            Stage::Damaged => Some(ChainState::Damaged),
            Stage::Blank if scan.committed => Some(ChainState::Damaged),
            Stage::Blank => Some(self.vacant(env, slot)),
            Stage::Armed if !scan.unclear(incarnation) => {
                self.load.stage = Stage::Repair;
                None
            }
            Stage::Armed | Stage::Floor => Some(ChainState::Unclear),
        }
    }

    /// What the entry says; both copies stand then. Apart from the ring, so that on the device's small stack the entry is
    /// gone while the ring is read.
    #[inline(never)]
    fn load_entry<E: Env>(&mut self, env: &mut E, slot: u8) -> Option<ChainState> {
        let mut entry = Entry::BLANK;
        match chains::read(env, &self.installation, slot, &mut entry) {
            Found::Damaged => {
                self.load.stage = Stage::Damaged;
                return None;
            }
            // A slot without an entry is free unless its ring remembers a chain that was at work.
            Found::Blank => {
                let rings = env.rings();
                let ring = rings.page(slot, 0)..rings.page(slot, 2 * rings.pairs(slot));
                if layout::all_blank(env, ring) {
                    return Some(self.vacant(env, slot));
                }
                self.load.stage = Stage::Blank;
                return None;
            }
            Found::Entry => {}
        }
        self.slots[slot].incarnation = entry.incarnation();
        if chains::equalise(env, &self.installation, slot, &entry).is_err() {
            return Some(ChainState::Fault);
        }
        match entry.state() {
            State::Free => Some(ChainState::Free),
            State::Tombstone => Some(ChainState::Tombstone),
            State::UnclearTombstone => Some(ChainState::UnclearTombstone),
            State::Armed => {
                self.load.stage = Stage::Key;
                None
            }
        }
    }

    /// Of a slot that was never committed a torn first entry or a rotted page becomes blank again: left there, with the other
    /// copy gone too one day, it would count as damaged. If its page fails it is free all the same.
    fn vacant<E: Env>(&self, env: &mut E, slot: u8) -> ChainState {
        let _ = chains::equalise(env, &self.installation, slot, &Entry::BLANK);
        ChainState::Free
    }

    #[inline(never)]
    fn load_life<E: Env>(&mut self, env: &mut E, slot: u8) -> Option<ChainState> {
        let mut entry = Entry::BLANK;
        let found = chains::read(env, &self.installation, slot, &mut entry);
        if found != Found::Entry || load_key(env, &self.installation, self.life(slot), &entry).is_err() {
            return Some(ChainState::Fault);
        }
        if self.load.stage == Stage::KeyAlone {
            return Some(ChainState::Armed);
        }
        self.load.stage = Stage::Armed;
        None
    }

    /// The end of it.
    fn loaded<E: Env>(&mut self, env: &mut E, slot: u8, state: ChainState) {
        self.load.stage = Stage::Idle;
        let kept = &mut self.slots[slot];
        kept.state = state;
        match state {
            ChainState::Armed => return,
            ChainState::Fault => return self.events.push(Status::StorageFault, slot, Hrs::default()),
            ChainState::Unclear | ChainState::Damaged => {
                kept.floor = self.load.scan.floor;
                let _ = kept.serial.keep(self.load.scan.highest_serial);
            }
            _ => {}
        }
        if state != ChainState::Unclear {
            env.unload_key(slot);
        }
    }

    /// Reads on in the ring of the slot in which something is being done. `Some`: that was all of it.
    pub(super) fn survey<E: Env>(&mut self, env: &mut E, slot: u8) -> Option<&Scan> {
        if self.load.stage != Stage::Work {
            self.load.begin(slot, Stage::Work);
        }
        let ring = Ring { slot, installation: &self.installation };
        // Of no incarnation: what is newest does not matter.
        if !ring.scan(env, 0, &mut self.load.scan) {
            return None;
        }
        self.load.stage = Stage::Idle;
        Some(&self.load.scan)
    }
}

/// Has the key of a life in RAM, if it is the one that the chain of this entry was approved with.
///
/// A public key that came out wrong would make a second challenge, and where the nonce does not depend on the key the two
/// would give the private key away.
#[inline(never)]
fn load_key<E: Env>(
    env: &mut E,
    installation: &Installation,
    life: Life,
    entry: &Entry,
) -> Result<(), CryptoFailed> {
    if env.loaded_key(life.slot).is_err() {
        keys::load(env, installation, life, entry.key_index())?;
    }
    let public = env.loaded_key(life.slot)?;
    if chains::fingerprint(env, &public) == *entry.key() {
        return Ok(());
    }
    env.refuse_key(life.slot);
    Err(CryptoFailed)
}
