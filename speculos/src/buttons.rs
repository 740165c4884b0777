//! The two buttons.

use serde_json::json;

use crate::{Emulator, Error};

/// Which button, or both of them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// The one on the left.
    Left,
    /// The one on the right.
    Right,
    /// Both: the app is told that the left one is down, then both, then the right one, then none (see `launch.py`).
    Both,
}

impl Button {
    const fn path(self) -> &'static str {
        match self {
            Self::Left => "/button/left",
            Self::Right => "/button/right",
            Self::Both => "/button/both",
        }
    }
}

impl Emulator {
    /// Presses and releases. When this returns, the app has taken the release and drawn what it drew at once. The
    /// device's clock advances by one tick for that, even when it is paused.
    ///
    /// # Errors
    /// [`Error::Died`], [`Error::Http`]; then the button may be down.
    pub fn press(&self, button: Button) -> Result<(), Error> {
        self.hold(button)?;
        self.release(button)?;
        // A single step returns only when everything queued before it is done. (Speculos' own "press-and-release"
        // waits for the clock, and that may end before the app has taken the release.)
        self.tick()
    }

    /// Presses and keeps it down. A device repeats a held button every 100 ms, this emulator does not.
    ///
    /// # Errors
    /// [`Error::Died`], [`Error::Http`].
    pub fn hold(&self, button: Button) -> Result<(), Error> {
        self.post(button.path(), &json!({ "action": "press" }))
    }

    /// Lets go.
    ///
    /// # Errors
    /// [`Error::Died`], [`Error::Http`].
    pub fn release(&self, button: Button) -> Result<(), Error> {
        self.post(button.path(), &json!({ "action": "release" }))
    }
}
