//! Where in a row of pages the owner is.

use nanos_sdk::Button;

/// What a press meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressed {
    /// Another page is up.
    Turned,
    /// Both buttons: the page that is up was chosen.
    Chosen,
    /// There is no page in that direction.
    Nothing,
}

/// A place in a row of pages; the buttons move it by one, without going round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pager {
    at: u8,
}

impl Pager {
    /// The page that is up, from 0.
    pub fn at(self) -> u8 {
        self.at
    }

    /// A press, in a row of `pages`.
    pub fn press(&mut self, button: Button, pages: u8) -> Pressed {
        match button {
            Button::Both => return Pressed::Chosen,
            Button::Left if self.at > 0 => self.at -= 1,
            Button::Right if self.at + 1 < pages => self.at += 1,
            _ => return Pressed::Nothing,
        }
        Pressed::Turned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stops_at_both_ends() {
        let mut pager = Pager::default();
        assert_eq!(pager.press(Button::Left, 2), Pressed::Nothing);
        assert_eq!(pager.press(Button::Right, 2), Pressed::Turned);
        assert_eq!(pager.press(Button::Right, 2), Pressed::Nothing);
        assert_eq!((pager.press(Button::Both, 2), pager.at()), (Pressed::Chosen, 1));
        assert_eq!((pager.press(Button::Left, 2), pager.at()), (Pressed::Turned, 0));
    }
}
