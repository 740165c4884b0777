//! A device whose system drives USB and the screen (Nano S Plus, API level 24 and later): commands come whole, events
//! want no status, and drawing is a call that is done when it returns.

mod event;
pub mod io;
mod screen;
