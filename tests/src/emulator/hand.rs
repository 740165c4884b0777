//! What is typed, as presses; and which screens are worth showing.

use speculos::{Button, Screen};

/// What a line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Press(Button),
    /// The screen once more.
    Look,
    End,
    Unknown,
}

/// The person at the terminal.
#[derive(Debug, Default)]
pub(crate) struct Hand {
    /// The first line of the screen that was shown last; the others follow each vote.
    shown: Option<String>,
    /// A line was typed since then.
    asked: bool,
}

impl Hand {
    pub(crate) const HELP: &str = "Type a letter and Enter: l or r for the left or right button, b for both, q to end. \
                                   Enter alone shows the screen.";

    /// A line that was typed.
    pub(crate) fn hears(&mut self, line: &str) -> Word {
        let word = match line.trim() {
            "l" | "<" => Word::Press(Button::Left),
            "r" | ">" => Word::Press(Button::Right),
            "b" => Word::Press(Button::Both),
            "" => Word::Look,
            "q" => Word::End,
            _ => Word::Unknown,
        };
        self.asked |= matches!(word, Word::Press(_) | Word::Look);
        word
    }

    /// The screen in a frame, if it is another page, or somebody asked. A dark one only if somebody asked.
    pub(crate) fn sees(&mut self, screen: &Screen) -> Option<String> {
        let first = screen.lines().first().cloned();
        let other = first.is_some() && first != self.shown;
        if !(other || self.asked) {
            return None;
        }
        (self.shown, self.asked) = (first, false);
        Some(screen.framed())
    }
}
