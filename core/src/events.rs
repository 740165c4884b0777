//! The last refusals and faults, typed, in RAM: what an operator asks for when something was refused.

use crate::apdu::Status;
use crate::hrs::Hrs;

/// How many are kept.
pub const KEPT: usize = 8;

/// One refusal or fault, and how often it came in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// What was answered.
    pub status: Status,
    /// The slot it concerned, or [`NO_SLOT`].
    pub slot: u8,
    /// How often in a row, at most 65,535.
    pub count: u16,
    /// The HRS asked for the last time; all zero where none was.
    pub asked: [u8; Hrs::SIZE],
}

/// An event that concerns no slot.
pub const NO_SLOT: u8 = 0xff;

/// An event as it is kept. All zero is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) word: u16,
    pub(crate) slot: u8,
    pub(crate) count: u16,
    pub(crate) asked: [u8; Hrs::SIZE],
}

/// The last [`KEPT`] events, newest first.
#[derive(Debug, Clone, Copy)]
pub struct Events {
    kept: [Kept; KEPT],
}

impl Events {
    /// Nothing has happened yet.
    pub const NONE: Self = Self { kept: [Kept { word: 0, slot: 0, count: 0, asked: [0; Hrs::SIZE] }; KEPT] };

    /// Remembers one. The same thing for the same slot in a row only counts up.
    #[inline(never)]
    pub fn push(&mut self, status: Status, slot: u8, asked: Hrs) {
        let word = status.word();
        if (self.kept[0].word, self.kept[0].slot) != (word, slot) {
            self.kept.copy_within(0..KEPT - 1, 1);
            self.kept[0] = Kept { word, slot, count: 0, asked: [0; Hrs::SIZE] };
        }
        self.kept[0].count = self.kept[0].count.saturating_add(1);
        self.kept[0].asked = asked.to_bytes();
    }

    /// Newest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Kept> {
        self.kept.iter().take_while(|event| event.word != 0)
    }

    /// The last one of a slot.
    pub(crate) fn last_of(&self, slot: u8) -> Option<&Kept> {
        self.iter().find(|event| event.slot == slot)
    }
}
