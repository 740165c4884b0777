//! The two buttons.
//!
//! The MCU reports which are down, over and over while they are held. They do not go down in one instant, so the reports
//! are collected until all are up, and only then something was pressed. Both were pressed if one report says both: a
//! system may lose a report while it sends a reply, and a left press whose end was lost is no half of what comes next.
//!
//! A press is about what the owner sees: it counts only if the same page stood whole from before it to its end. One that
//! began on a screen of the system, or on another page, counts for nothing on the page that has come since; nor does one
//! that waited to be read while the page changed, so a page stands only from the first tick after it was drawn.

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
const BOTH: u8 = LEFT | RIGHT;

/// Ticks without a report after which nothing is held any more: a second, ten times what the MCU takes to repeat.
const FORGOTTEN: u8 = 10;

#[derive(Debug)]
pub(crate) struct Buttons {
    /// All that was down since all were up.
    held: u8,
    /// One report said that both were.
    both: bool,
    /// Ticks since the last report.
    age: u8,
    /// What is down, or goes down now, is for nobody.
    void: bool,
    /// A tick has come since the page stands.
    settled: bool,
}

impl Buttons {
    pub(crate) const fn new() -> Self {
        Self { held: 0, both: false, age: 0, void: false, settled: false }
    }

    /// Takes a report of what is down.
    pub(crate) fn report(&mut self, down: u8) -> Option<Button> {
        let down = down & BOTH;
        self.age = 0;
        if down != 0 {
            self.held |= down;
            self.both |= down == BOTH;
            return None;
        }
        let both = core::mem::take(&mut self.both);
        match core::mem::take(&mut self.held) {
            _ if self.void => None,
            BOTH => both.then_some(Button::Both),
            LEFT => Some(Button::Left),
            RIGHT => Some(Button::Right),
            _ => None,
        }
    }

    /// A tenth of a second has gone by.
    pub(crate) fn tick(&mut self) {
        self.settled = true;
        self.age = self.age.saturating_add(1);
        if self.age == FORGOTTEN {
            // The end of the press was lost.
            (self.held, self.both) = (0, false);
        }
    }

    /// Whether the app's page stands whole now. Once it did not, buttons count only after all were up with it.
    pub(crate) fn watch(&mut self, whole: bool) {
        if !whole {
            (self.void, self.settled) = (true, false);
        } else if self.held == 0 && self.settled {
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
    fn both_go_down_and_up_one_after_the_other() {
        assert_eq!(presses(&[1, 3, 0]), [Button::Both]);
        assert_eq!(presses(&[2, 3, 3, 1, 0]), [Button::Both]);
        assert_eq!(presses(&[3, 0, 1, 0]), [Button::Both, Button::Left]);
    }

    #[test]
    fn a_press_whose_end_was_lost_is_no_half_of_both() {
        assert_eq!(presses(&[1, 2, 0, 2, 0]), [Button::Right]);
        assert_eq!(presses(&[2, 2, 1, 1, 0]), []);
    }

    #[test]
    fn what_was_not_reported_for_a_second_is_not_held() {
        for (ticks, then) in [(9, None), (10, Some(Button::Left)), (250, Some(Button::Left))] {
            let mut buttons = Buttons::new();
            assert_eq!(buttons.report(2), None);
            assert_eq!(buttons.report(3), None);
            (0..ticks).for_each(|_| buttons.tick());
            assert_eq!(buttons.report(1), None);
            assert_eq!(buttons.report(0), then.or(Some(Button::Both)), "{ticks} ticks");
        }
        let mut buttons = Buttons::new();
        for _ in 0..30 {
            assert_eq!(buttons.report(1), None);
            buttons.tick();
        }
        assert_eq!(buttons.report(0), Some(Button::Left), "held for three seconds");
    }

    #[test]
    fn bits_without_a_button_press_nothing() {
        assert_eq!(presses(&[4, 0, 0x84, 0]), []);
    }

    /// What a press becomes of which these are the reports; before each it is told whether the page stands. A tick goes by
    /// before all of it.
    fn watched(reports: &[(bool, u8)]) -> Vec<Button> {
        let mut buttons = Buttons::new();
        buttons.tick();
        let mut report = |(whole, down): &(bool, u8)| {
            buttons.watch(*whole);
            let pressed = buttons.report(*down);
            if *down == 0 {
                buttons.tick();
            }
            pressed
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

    #[test]
    fn a_press_that_waited_while_the_page_changed_counts_for_none() {
        let mut buttons = Buttons::new();
        buttons.watch(false);
        buttons.watch(true);
        for down in [3, 3, 0] {
            assert_eq!(buttons.report(down), None);
            buttons.watch(true);
        }
        buttons.tick();
        buttons.watch(true);
        assert_eq!(buttons.report(3), None);
        assert_eq!(buttons.report(0), Some(Button::Both));
    }
}
