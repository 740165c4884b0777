//! The bytes of a command.

use highwater_core::apdu::{Command, MAX_COMMAND};

/// The bytes of a command; `None` if it is longer than a device takes.
pub fn encode(command: &Command<'_>) -> Option<Vec<u8>> {
    let mut apdu = [0; MAX_COMMAND];
    let len = command.encode(&mut apdu)?;
    Some(apdu[..len].to_vec())
}
