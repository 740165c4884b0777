//! The number of a slot, as the device's screen has it.

use std::fmt;
use std::str::FromStr;

use highwater_core::layout::SLOTS;

/// The first slot is 1 on the screen, so it is 1 in every sentence and option too. The protocol counts from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotNumber(u8);

/// Not the number of a slot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no slot: slots are numbered 1 to {SLOTS}, as on the device's screen")]
pub struct NotASlot(String);

impl SlotNumber {
    /// Of the slot that the protocol calls `index`.
    pub const fn of(index: u8) -> Self {
        Self(index)
    }

    /// What the protocol calls the slot.
    pub const fn index(self) -> u8 {
        self.0
    }
}

impl fmt::Display for SlotNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (u16::from(self.0) + 1).fmt(f)
    }
}

impl FromStr for SlotNumber {
    type Err = NotASlot;

    fn from_str(text: &str) -> Result<Self, NotASlot> {
        let number = text.parse::<u8>().ok().filter(|number| (1..=SLOTS as u8).contains(number));
        number.map(|number| Self(number - 1)).ok_or_else(|| NotASlot(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_read_and_written_as_the_screen_numbers_it() {
        for (text, index) in [("1", 0), ("2", 1), ("3", 2)] {
            let number: SlotNumber = text.parse().unwrap();
            assert_eq!((number.index(), number.to_string().as_str()), (index, text));
        }
        for text in ["0", "4", "-1", "", "one", "257"] {
            assert!(text.parse::<SlotNumber>().is_err(), "{text}");
        }
        assert_eq!(SlotNumber::of(u8::MAX).to_string(), "256");
    }
}
