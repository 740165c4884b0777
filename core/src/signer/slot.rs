//! One slot as RAM knows it, and all there is to say of it.

use super::Signer;
use super::serial::Serial;
use crate::apdu::{ChainState, Reply};
use crate::chains::{self, Entry, Found};
use crate::env::{Env, Life};
use crate::events::Kept;
use crate::hrs::Hrs;
use crate::journal::{Kind, Record, Ring};
use crate::layout::SLOTS;

/// The heights a chain may rise by at once: at start, after an approved ADD or SET_MARK, and at most.
pub const LEAP_CREDIT: u32 = 100_000;

/// What RAM keeps of a slot: an index into flash, never the mark itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) state: ChainState,
    pub(super) incarnation: u16,
    /// The serial of the newest record; right only while the state is `Armed`. Of what is unclear or damaged, and of a slot
    /// whose ring is prepared for a new life, the highest one.
    pub(super) serial: Serial,
    /// Heights spent of the leap credit.
    pub(super) spent: u32,
    /// Of what is unclear or damaged the highest HRS that its ring said when it was read: a floor, no more. No HRS until then.
    pub(super) floor: [u8; Hrs::SIZE],
}

impl Slot {
    /// As before anything was read.
    pub(super) const EMPTY: Self = Self {
        state: ChainState::Free,
        incarnation: 0,
        serial: Serial::NONE,
        spent: 0,
        floor: [0; Hrs::SIZE],
    };

    /// What is unclear from now on: its floor is not known before its ring was read.
    pub(super) fn lose(&mut self) {
        self.state = ChainState::Unclear;
        self.floor = [0xff; Hrs::SIZE];
    }

    /// The floor, if it is known.
    pub(super) fn floor(&self) -> Option<Hrs> {
        Hrs::from_bytes(&self.floor)
    }
}

/// The slots, in one place that finds them: the firmware would have it at each use.
#[derive(Debug)]
pub(super) struct Slots(pub(super) [Slot; SLOTS]);

impl core::ops::Index<u8> for Slots {
    type Output = Slot;

    #[inline(never)]
    fn index(&self, slot: u8) -> &Slot {
        &self.0[usize::from(slot)]
    }
}

impl core::ops::IndexMut<u8> for Slots {
    #[inline(never)]
    fn index_mut(&mut self, slot: u8) -> &mut Slot {
        &mut self.0[usize::from(slot)]
    }
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

    /// The life in a slot, as its entry says it.
    pub(super) fn life(&self, slot: u8) -> Life {
        Life { slot, incarnation: self.slots[slot].incarnation }
    }

    /// All there is to say of a slot, read from flash now.
    #[inline(never)]
    pub fn view<E: Env>(&mut self, env: &mut E, slot: u8) -> View {
        let Slot { state, serial, .. } = self.slots[slot];
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
            match self.slots[slot].floor() {
                Some(floor) => (view.mark, view.highest_signed) = (floor, floor),
                None => view.state = ChainState::Fault,
            }
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
        view.state = self.slots[slot].state;
    }

    /// Another slot whose chain signs with the key of this index.
    #[inline(never)]
    pub fn sharing<E: Env>(&self, env: &mut E, slot: u8, key_index: u32) -> Option<u8> {
        let mut entry = Entry::BLANK;
        (0..SLOTS as u8).filter(|other| *other != slot).find(|other| {
            chains::read(env, &self.installation, *other, &mut entry) == Found::Entry
                && entry.key_index() == key_index
                && entry.chain().is_some()
        })
    }
}
