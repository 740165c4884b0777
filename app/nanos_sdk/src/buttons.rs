//! The two buttons.
//!
//! The MCU reports which are down, over and over while they are held. Pressing both makes two reports or one, so the
//! masks are collected until all are up, and only then something was pressed.
//!
//! A press is about what the owner sees: it counts only if the same page stood whole from before it to its end. One that
//! began on a screen of the system, or on another page, counts for nothing on the page that has come since.

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
    /// All that was down since all were up.
    held: u8,
    /// What is down, or goes down now, is for nobody.
    void: bool,
}

impl Buttons {
    pub(crate) const fn new() -> Self {
        Self { held: 0, void: false }
    }

    /// Takes a report of what is down.
    pub(crate) fn report(&mut self, down: u8) -> Option<Button> {
        if down != 0 {
            self.held |= down;
            return None;
        }
        match core::mem::take(&mut self.held) & (LEFT | RIGHT) {
            _ if self.void => None,
            LEFT => Some(Button::Left),
            RIGHT => Some(Button::Right),
            0 => None,
            _ => Some(Button::Both),
        }
    }

    /// Whether the app's page stands whole now. Once it did not, buttons count only after all were up with it.
    pub(crate) fn watch(&mut self, whole: bool) {
        if !whole {
            self.void = true;
        } else if self.held == 0 {
            self.void = false;
        }
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

    /// What a press becomes of which these are the reports; before each it is told whether the page stands.
    fn watched(reports: &[(bool, u8)]) -> Vec<Button> {
        let mut buttons = Buttons::new();
        let mut report = |(whole, down): &(bool, u8)| {
            buttons.watch(*whole);
            buttons.report(*down)
        };
        reports.iter().filter_map(&mut report).collect()
    }

    #[test]
    fn a_press_counts_for_a_page_that_stood_from_before_it_to_its_end() {
        assert_eq!(watched(&[(true, 3), (true, 0)]), [Button::Both]);
        for reports in [
            [(false, 3), (true, 3), (true, 0)],
            [(true, 3), (false, 3), (true, 0)],
            [(true, 3), (true, 3), (false, 0)],
        ] {
            assert_eq!(watched(&reports), [], "{reports:?}");
            let then_another = [&reports[..], &[(true, 1), (true, 0)]].concat();
            assert_eq!(watched(&then_another), [Button::Left], "{reports:?}");
        }
    }
}
