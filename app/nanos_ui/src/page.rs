//! A page: up to three lines of text, and arrows that say there is more.
//!
//! Numbers are written by hand, since `core::fmt` must not be in the firmware.

use nanos_sdk::screen::{Align, Font, Icon, Item, Picture, Scratch};
use nanos_sdk::target::{SCREEN_HEIGHT, SCREEN_WIDTH};

/// Characters of a line that surely fit between the arrows, however wide they are.
pub const COLUMNS: usize = 17;
/// Bytes of a page: a mark in full with its title takes 56.
const ROOM: usize = 60;
/// Ends a line.
const BREAK: u8 = b'\n';

/// What stands on the screen. Pages compare by what is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    text: [u8; ROOM],
    length: u8,
    before: bool,
    behind: bool,
}

impl Page {
    /// Nothing.
    pub const BLANK: Self = Self { text: [0; ROOM], length: 0, before: false, behind: false };

    /// Says whether there is a page before this one, and one behind it.
    pub fn set_arrows(&mut self, before: bool, behind: bool) {
        (self.before, self.behind) = (before, behind);
    }

    /// Appends ASCII; `\n` parts lines. What does not fit is left out.
    pub fn push(&mut self, text: &[u8]) {
        for &byte in text {
            if let Some(room) = self.text.get_mut(usize::from(self.length)) {
                *room = byte;
                self.length += 1;
            }
        }
    }

    /// Appends a text over as many lines as it needs; three lines hold 51 characters.
    pub fn push_wrapped(&mut self, mut text: &[u8]) {
        while let Some((line, rest)) = text.split_at_checked(COLUMNS) {
            self.push(line);
            self.push(&[BREAK]);
            text = rest;
        }
        self.push(text);
    }

    /// Appends a number in decimal.
    ///
    /// Digit by digit from the highest bit on, each step doubling what stands there: the chip has no division, and the
    /// routine that stands for it is larger than this.
    #[inline(never)]
    pub fn push_decimal(&mut self, mut number: u64) {
        let mut digits = [0u8; 20];
        for _ in 0..u64::BITS {
            let mut carry = (number >> (u64::BITS - 1)) as u8;
            number <<= 1;
            for digit in digits.iter_mut().rev() {
                let double = 2 * *digit + carry;
                carry = u8::from(double > 9);
                *digit = double - 10 * carry;
            }
        }
        let mut started = false;
        for (place, digit) in digits.iter().enumerate() {
            started |= *digit != 0 || place == digits.len() - 1;
            if started {
                self.push(&[b'0' + digit]);
            }
        }
    }

    /// Appends bytes in lower-case hexadecimal.
    pub fn push_hex(&mut self, bytes: &[u8]) {
        for byte in bytes {
            for digit in [byte >> 4, byte & 15] {
                self.push(&[if digit < 10 { b'0' + digit } else { b'a' - 10 + digit }]);
            }
        }
    }

    /// From top to bottom; empty ones leave no gap.
    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let text = &self.text[..usize::from(self.length).min(ROOM)];
        text.split(|byte| *byte == BREAK).filter(|line| !line.is_empty())
    }
}

/// Rows above and below a page: it has 32, and stands in the middle of a higher screen.
const MARGIN: u8 = (SCREEN_HEIGHT - 32) / 2;

/// Where a line stands in a page of `used` lines.
fn baseline(used: usize, index: usize) -> u8 {
    MARGIN
        + match (used, index) {
            (0 | 1, _) => 20,
            (2, 0) => 13,
            (2, _) => 27,
            (_, 0) => 9,
            (_, 1) => 19,
            _ => 29,
        }
}

impl Picture for Page {
    fn item<'a>(&'a self, index: u8, _: &'a mut Scratch) -> Option<Item<'a>> {
        let index = usize::from(index);
        let (mut used, mut found) = (0, None);
        for line in self.lines() {
            if used == index {
                found = Some(line);
            }
            used += 1;
        }
        if let Some(text) = found {
            return Some(Item::Text {
                text,
                font: Font::Regular,
                align: Align::Centre,
                x: 0,
                width: SCREEN_WIDTH,
                baseline: baseline(used, index),
            });
        }
        let left = Icon::Left.size();
        let y = (SCREEN_HEIGHT - left.1) / 2;
        match (index - used, self.before, self.behind) {
            (0, true, _) => Some(Item::Icon { icon: Icon::Left, x: 2, y }),
            (0, false, true) | (1, true, true) => {
                Some(Item::Icon { icon: Icon::Right, x: SCREEN_WIDTH - 2 - left.0, y })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &[u8]) -> Page {
        let mut page = Page::BLANK;
        page.push(text);
        page
    }

    fn items(page: &Page) -> Vec<(u8, Vec<u8>)> {
        let mut scratch = [0; size_of::<Scratch>()];
        let mut out = Vec::new();
        while let Some(item) = page.item(out.len() as u8, &mut scratch) {
            out.push(match item {
                Item::Text { text, baseline, .. } => (baseline, text.to_vec()),
                Item::Icon { x, .. } => (x, Vec::new()),
                other => panic!("a page has no {other:?}"),
            });
        }
        out
    }

    #[test]
    fn lines_are_set_by_their_number_and_arrows_follow() {
        let mut page = page(b"one\n\ntwo");
        assert_eq!(items(&page), [(MARGIN + 13, b"one".to_vec()), (MARGIN + 27, b"two".to_vec())]);
        page.set_arrows(false, true);
        assert_eq!(items(&page)[2], (122, Vec::new()));
        page.set_arrows(true, true);
        assert_eq!(items(&page)[2..], [(2, Vec::new()), (122, Vec::new())]);
        assert!(items(&Page::BLANK).is_empty());
    }

    #[test]
    fn a_long_word_is_shown_whole() {
        for length in [1, 16, 17, 18, 34, 50] {
            let mut page = Page::BLANK;
            page.push_wrapped(&b"x".repeat(length));
            let shown: Vec<u8> = items(&page).into_iter().flat_map(|(_, text)| text).collect();
            assert_eq!(shown, b"x".repeat(length));
            assert!(items(&page).iter().all(|(_, line)| line.len() <= COLUMNS));
        }
    }

    #[test]
    fn numbers_are_written_whole() {
        for number in [0, 7, 10, 1_234_567, u64::MAX] {
            let mut page = Page::BLANK;
            page.push_decimal(number);
            assert_eq!(items(&page)[0].1, number.to_string().as_bytes());
        }
        let mut page = Page::BLANK;
        page.push_hex(&[0x00, 0x9a, 0xff]);
        assert_eq!(items(&page)[0].1, b"009aff");
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let page = page(&[b'x'; 2 * ROOM]);
        assert_eq!(items(&page)[0].1, [b'x'; ROOM]);
    }
}
