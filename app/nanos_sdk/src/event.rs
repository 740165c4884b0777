//! What an app waits for, whatever device it is on.

use crate::Host;
use crate::buttons::Button;

/// What concerns the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'p> {
    /// 100 ms have gone by.
    Ticker,
    /// A button was pressed and let go, while one page of the app stood whole.
    Button(Button),
    /// The host is at work.
    Host(Host<'p>),
}
