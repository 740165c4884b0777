//! The two buttons.
//!
//! The MCU reports which are down, over and over while they are held. Pressing both makes two reports or one, so the
//! masks are collected until all are up, and only then something was pressed.

/// What was pressed and let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// The left one.
    Left,
    /// The right one.
    Right,
    /// Both.
    Both,
}

const LEFT: u8 = 1;
const RIGHT: u8 = 2;

#[derive(Debug)]
pub(crate) struct Buttons {
    held: u8,
}

impl Buttons {
    pub(crate) const fn new() -> Self {
        Self { held: 0 }
    }

    /// Takes a report of what is down.
    pub(crate) fn report(&mut self, down: u8) -> Option<Button> {
        if down != 0 {
            self.held |= down;
            return None;
        }
        match core::mem::take(&mut self.held) & (LEFT | RIGHT) {
            LEFT => Some(Button::Left),
            RIGHT => Some(Button::Right),
            0 => None,
            _ => Some(Button::Both),
        }
    }

    /// Forgets what is down: the press was meant for somebody else.
    pub(crate) fn forget(&mut self) {
        self.held = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presses(reports: &[u8]) -> Vec<Button> {
        let mut buttons = Buttons::new();
        reports.iter().filter_map(|down| buttons.report(*down)).collect()
    }

    #[test]
    fn a_press_counts_when_it_is_let_go_and_once() {
        assert_eq!(presses(&[1, 0, 2, 0, 3, 0]), [Button::Left, Button::Right, Button::Both]);
        assert_eq!(presses(&[1, 1, 1, 1]), []);
        assert_eq!(presses(&[1, 1, 1, 0, 0]), [Button::Left]);
    }

    #[test]
    fn both_may_come_one_after_the_other() {
        assert_eq!(presses(&[1, 2, 0, 0]), [Button::Both]);
        assert_eq!(presses(&[2, 3, 1, 0]), [Button::Both]);
    }

    #[test]
    fn bits_without_a_button_press_nothing() {
        assert_eq!(presses(&[4, 0, 0x84, 0]), []);
    }

    #[test]
    fn what_was_forgotten_does_not_count_on_release() {
        let mut buttons = Buttons::new();
        buttons.report(1);
        buttons.forget();
        assert_eq!(buttons.report(0), None);
    }
}
