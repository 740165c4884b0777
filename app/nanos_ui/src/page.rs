//! A page: up to three lines of text, and arrows that say there is more.

use crate::text::Text;
use nanos_sdk::screen::{Align, Font, Icon, Item, Picture, Scratch};
use nanos_sdk::target::{SCREEN_HEIGHT, SCREEN_WIDTH};

/// Lines of a page.
pub const LINES: usize = 3;
/// Characters of a line between the arrows.
pub const COLUMNS: usize = 17;

/// What stands on the screen. Pages compare by what is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Page {
    /// From top to bottom; empty ones leave no gap.
    pub lines: [Text; LINES],
    /// There is a page before this one.
    pub before: bool,
    /// There is a page behind it.
    pub behind: bool,
}

impl Page {
    /// A page of up to three lines, without arrows.
    pub fn new(lines: [Text; LINES]) -> Self {
        Self { lines, before: false, behind: false }
    }

    /// A text over the lines of the page, 17 characters each; it holds 51.
    pub fn wrapped(text: &[u8]) -> Self {
        let mut page = Self::default();
        for (line, part) in page.lines.iter_mut().zip(text.chunks(COLUMNS)) {
            line.push(part);
        }
        page
    }

    fn baseline(&self, index: usize) -> u8 {
        let used = self.lines.iter().filter(|line| !line.as_bytes().is_empty()).count();
        match (used, index) {
            (0 | 1, _) => 20,
            (2, 0) => 13,
            (2, _) => 27,
            (_, 0) => 9,
            (_, 1) => 19,
            _ => 29,
        }
    }
}

impl Picture for Page {
    fn item<'a>(&'a self, index: u8, _: &'a mut Scratch) -> Option<Item<'a>> {
        let index = usize::from(index);
        let mut lines = self.lines.iter().filter(|line| !line.as_bytes().is_empty());
        let used = lines.clone().count();
        if let Some(line) = lines.nth(index) {
            return Some(Item::Text {
                text: line.as_bytes(),
                font: Font::Regular,
                align: Align::Centre,
                x: 0,
                width: SCREEN_WIDTH,
                baseline: self.baseline(index),
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
        let mut page = Page::new([Text::new(b"one"), Text::default(), Text::new(b"two")]);
        assert_eq!(items(&page), [(13, b"one".to_vec()), (27, b"two".to_vec())]);
        page.behind = true;
        assert_eq!(items(&page)[2], (122, Vec::new()));
        page.before = true;
        assert_eq!(items(&page)[2..], [(2, Vec::new()), (122, Vec::new())]);
        assert!(items(&Page::default()).is_empty());
    }

    #[test]
    fn a_long_word_is_shown_whole() {
        let word = [b'x'; 50];
        let shown: Vec<u8> = items(&Page::wrapped(&word)).into_iter().flat_map(|(_, text)| text).collect();
        assert_eq!(shown, word);
    }
}
