//! A page: up to three lines of text, and arrows that say there is more.
//!
//! Lines end where the text says so, and where the screen does. Numbers are written by hand, since `core::fmt` must not be
//! in the firmware.

use nanos_sdk::screen::{Align, Font, Icon, Item, Picture, Scratch, width};
use nanos_sdk::target::{SCREEN_HEIGHT, SCREEN_WIDTH};

/// Pixels between the arrows, which stand two pixels from the edges and are four wide.
const WIDTH: u8 = SCREEN_WIDTH - 2 * (2 + Icon::Left.size().0);
/// Lines on the screen.
const LINES: u8 = 3;
/// Bytes of a page: a mark in full with its title takes 57.
const ROOM: usize = 60;
/// Numbers from here on are not put in groups: their digits alone take the width of the screen. No height is that high.
const GROUPED: u64 = 1_000_000_000_000_000;
/// Bit n: a comma stands before the nth digit from the right.
const COMMAS: u32 = 1 << 3 | 1 << 6 | 1 << 9 | 1 << 12;
/// Ends a line.
const BREAK: u8 = b'\n';

/// What stands on the screen. Pages compare by what is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    text: [u8; ROOM],
    length: u8,
    /// There are lines behind those that are shown.
    more: bool,
    before: bool,
    behind: bool,
}

impl Page {
    /// Nothing.
    pub const BLANK: Self = Self { text: [0; ROOM], length: 0, more: false, before: false, behind: false };

    /// A part that no page has, see [`Page::keep_part`].
    pub const LAST_PART: u8 = 4;

    /// Says whether there is a page before this one, and one behind it.
    pub fn set_arrows(&mut self, before: bool, behind: bool) {
        (self.before, self.behind) = (before, behind);
    }

    /// Lays all that was appended out in lines, and keeps three of them: those of part 1 follow on those of part 0. Gives
    /// the part that is kept, which is the last one if there are fewer.
    #[inline(never)]
    pub fn keep_part(&mut self, part: u8) -> u8 {
        let whole = *self;
        let (mut kept, mut lines) = (0, 0);
        self.length = 0;
        for line in Lines(whole.text()) {
            if lines == LINES {
                self.more = kept == part;
                if self.more {
                    break;
                }
                (kept, lines, self.length) = (kept + 1, 0, 0);
            }
            if lines > 0 {
                self.push(&[BREAK]);
            }
            self.push(line);
            lines += 1;
        }
        kept
    }

    /// Whether there are lines behind those that were kept.
    pub fn goes_on(&self) -> bool {
        self.more
    }

    /// Appends ASCII; `\n` parts lines. What finds no room is left out, and the screen cuts lines wider than it is, unless
    /// [`Page::keep_part`] lays them out.
    pub fn push(&mut self, text: &[u8]) {
        for &byte in text {
            if let Some(room) = self.text.get_mut(usize::from(self.length)) {
                *room = byte;
                self.length += 1;
            }
        }
    }

    /// Appends as much of a text as fits one line, with two dots where it was cut.
    pub fn push_cut(&mut self, text: &[u8]) {
        let line = Lines(text).next().unwrap_or(&[]);
        if line.len() == text.len() {
            return self.push(line);
        }
        // Three letters, the narrowest of two pixels, make room for two dots of three.
        self.push(&line[..line.len().saturating_sub(3)]);
        self.push(b"..");
    }

    /// Appends a number in decimal.
    pub fn push_decimal(&mut self, number: u64) {
        self.push_digits(number, false);
    }

    /// Appends a number in decimal, in groups of three digits.
    pub fn push_grouped(&mut self, number: u64) {
        self.push_digits(number, number < GROUPED);
    }

    /// Digit by digit from the highest bit on, each step doubling what stands there: the chip has no division, and the
    /// routine that stands for it is larger than this.
    #[inline(never)]
    fn push_digits(&mut self, mut number: u64, group: bool) {
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
        let mut left = digits.len();
        let mut started = false;
        for digit in digits {
            // Commas come before the third, sixth, … digit from the right, not before the first one.
            if started && group && COMMAS >> left & 1 != 0 {
                self.push(b",");
            }
            started |= digit != 0 || left == 1;
            if started {
                self.push(&[b'0' + digit]);
            }
            left -= 1;
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

    fn text(&self) -> &[u8] {
        &self.text[..usize::from(self.length).min(ROOM)]
    }

    /// From top to bottom; empty ones leave no gap.
    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.text().split(|byte| *byte == BREAK).filter(|line| !line.is_empty())
    }
}

/// The lines of a text, each as long as the screen is wide. Between words if there are any, else between letters.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    #[inline(never)]
    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.0.is_empty() {
            let (mut end, mut room, mut word) = (0, WIDTH, 0);
            let next = loop {
                let next = self.0.get(end).copied().unwrap_or(BREAK);
                let wide = width::regular(next);
                if next == BREAK || wide > room || end == size_of::<Scratch>() {
                    break next;
                }
                if next == b' ' {
                    word = end;
                }
                room -= wide;
                end += 1;
            };
            if word > 0 && !matches!(next, BREAK | b' ') {
                end = word;
            }
            let (line, rest) = self.0.split_at(end);
            self.0 = match rest {
                [BREAK | b' ', rest @ ..] => rest,
                _ => rest,
            };
            if !line.is_empty() {
                return Some(line);
            }
        }
        None
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

    #[test]
    fn numbers_are_grouped_by_three_up_to_fifteen_digits() {
        for (number, plain, grouped) in [
            (0, "0", "0"),
            (999, "999", "999"),
            (1_000, "1000", "1,000"),
            (20_000_001, "20000001", "20,000,001"),
            (999_999_999_999_999, "999999999999999", "999,999,999,999,999"),
            (1_000_000_000_000_000, "1000000000000000", "1000000000000000"),
            (u64::MAX, "18446744073709551615", "18446744073709551615"),
        ] {
            let text = |push: fn(&mut Page, u64)| {
                let mut page = Page::BLANK;
                push(&mut page, number);
                String::from_utf8(page.text[..usize::from(page.length)].to_vec()).unwrap()
            };
            assert_eq!(
                (text(Page::push_decimal), text(Page::push_grouped)),
                (plain.to_owned(), grouped.to_owned())
            );
        }
    }

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

    fn shown(page: &Page) -> Vec<String> {
        items(page).into_iter().map(|(_, line)| String::from_utf8(line).unwrap()).collect()
    }

    /// The parts of a text, line by line.
    fn parts(text: &str) -> Vec<Vec<String>> {
        let mut parts = Vec::new();
        loop {
            let (mut page, part) = (page(text.as_bytes()), parts.len() as u8);
            assert_eq!(page.keep_part(part), part);
            parts.push(shown(&page));
            if !page.goes_on() {
                // There is none behind it.
                let mut last = super::tests::page(text.as_bytes());
                assert_eq!(last.keep_part(Page::LAST_PART), part);
                assert_eq!(last, page);
                return parts;
            }
        }
    }

    #[test]
    fn a_line_ends_where_the_screen_does_and_what_three_do_not_hold_is_the_next_part() {
        for (word, lines) in [
            ("", vec![vec![]]),
            (&"W".repeat(11), vec![vec![11]]),
            (&"W".repeat(12), vec![vec![11, 1]]),
            (&"W".repeat(33), vec![vec![11; 3]]),
            (&"W".repeat(34), vec![vec![11; 3], vec![1]]),
            (&"W".repeat(50), vec![vec![11; 3], vec![11, 6]]),
            (&"4".repeat(15), vec![vec![14, 1]]),
            // 38 would be as wide as the screen; no line has room for them.
            (&"i".repeat(50), vec![vec![24, 24, 2]]),
            (&"i\n".repeat(10), vec![vec![1; 3], vec![1; 3], vec![1; 3], vec![1]]),
        ] {
            let parts = parts(word);
            assert_eq!(parts.concat().concat(), word.replace('\n', ""));
            let found: Vec<Vec<_>> =
                parts.iter().map(|part| part.iter().map(String::len).collect()).collect();
            assert_eq!(found, lines, "{word}");
        }
    }

    #[test]
    fn words_stay_whole_if_they_can() {
        for (text, lines) in [
            ("r2147483647 precommit", &["r2147483647", "precommit"][..]),
            ("WWWWWWWWWWW i", &["WWWWWWWWWWW i"]),
            ("WWWWWWWWWWW ii", &["WWWWWWWWWWW", "ii"]),
            ("ii WWWWWWWWWWW", &["ii", "WWWWWWWWWWW"]),
            ("i i WWWWWWWWWWWW", &["i i", "WWWWWWWWWWW", "W"]),
            ("one two\nthree", &["one two", "three"]),
        ] {
            assert_eq!(parts(text), [lines]);
        }
    }

    #[test]
    fn one_line_is_cut_where_the_screen_ends_and_says_so() {
        let cut = |text: &str| {
            let mut page = Page::BLANK;
            page.push_cut(text.as_bytes());
            page.push(b"\nii");
            shown(&page).join("|")
        };
        for (text, line) in [
            (&*"W".repeat(11), &*"W".repeat(11)),
            (&"W".repeat(50), "WWWWWWWW.."),
            (&"i".repeat(24), &"i".repeat(24)),
            (&"i".repeat(25), &format!("{}..", "i".repeat(21))),
        ] {
            assert_eq!(cut(text), format!("{line}|ii"));
            let wide: u32 = line.bytes().map(|letter| u32::from(width::regular(letter))).sum();
            assert!(wide <= u32::from(WIDTH), "{line}");
        }
        assert_eq!(cut(""), "ii");
    }

    #[test]
    fn numbers_are_written_whole() {
        for number in [0, 7, 10, 1_234_567, u64::MAX] {
            let mut page = Page::BLANK;
            page.push_decimal(number);
            assert_eq!(shown(&page), [number.to_string()]);
        }
        let mut page = Page::BLANK;
        page.push_hex(&[0x00, 0x9a, 0xff]);
        assert_eq!(items(&page)[0].1, b"009aff");
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let page = page(&[b'x'; 2 * ROOM]);
        assert_eq!(shown(&page), ["x".repeat(ROOM)]);
    }
}
