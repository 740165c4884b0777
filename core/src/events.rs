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

/// The last [`KEPT`] events, newest first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Events {
    kept: [Option<Event>; KEPT],
}

impl Events {
    /// Remembers one. The same thing for the same slot in a row only counts up.
    pub fn push(&mut self, status: Status, slot: u8, asked: Hrs) {
        let asked = asked.to_bytes();
        match &mut self.kept[0] {
            Some(last) if last.status == status && last.slot == slot => {
                last.count = last.count.saturating_add(1);
                last.asked = asked;
            }
            _ => {
                self.kept.copy_within(0..KEPT - 1, 1);
                self.kept[0] = Some(Event { status, slot, count: 1, asked });
            }
        }
    }

    /// Newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Event> {
        self.kept.iter().flatten()
    }

    /// The last one of a slot.
    pub fn last_of(&self, slot: u8) -> Option<&Event> {
        self.iter().find(|event| event.slot == slot)
    }
}
