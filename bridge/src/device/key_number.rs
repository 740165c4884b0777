//! The number of an imported key, as the device's screen has it.

use std::fmt;
use std::str::FromStr;

use highwater_core::key_index::KeyIndex;
use highwater_core::layout::KEYS;

/// The first key is 1 on the screen, so it is 1 in every sentence and option too. The protocol counts from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyNumber(u8);

/// Not the number of an imported key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no imported key: they are numbered 1 to {KEYS}, as on the device's screen")]
pub struct NotAKey(String);

impl KeyNumber {
    /// Of the key that the protocol calls `number`.
    pub const fn of(number: u8) -> Self {
        Self(number)
    }

    /// What the protocol calls the key.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// As a chain names its key.
    pub const fn index(self) -> u32 {
        KeyIndex::Imported(self.0).number()
    }
}

impl fmt::Display for KeyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (u16::from(self.0) + 1).fmt(f)
    }
}

impl FromStr for KeyNumber {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let number = text.parse::<u8>().ok().filter(|number| (1..=KEYS as u8).contains(number));
        number.map(|number| Self(number - 1)).ok_or_else(|| NotAKey(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_and_written_as_the_screen_numbers_it() {
        for (text, number) in [("1", 0), ("2", 1), ("3", 2)] {
            let key: KeyNumber = text.parse().unwrap();
            assert_eq!((key.number(), key.to_string().as_str()), (number, text));
            assert_eq!(key.index(), 0x8000_0000 | u32::from(number));
        }
        for text in ["0", "4", "-1", "", "one", "257"] {
            assert!(text.parse::<KeyNumber>().is_err(), "{text}");
        }
    }
}
