//! What `os_io_rx_evt` gives: a byte that says from where it comes, then its bytes.

use crate::target::PACKET;

/// What the system says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Incoming {
    /// The buttons that are down: bit 0 left, bit 1 right.
    Buttons(u8),
    /// 100 ms have gone by.
    Ticker,
    /// Power and the like: for the user interface of the system.
    Status,
    /// The system has drawn, and gives the screen back.
    Redraw,
    /// A command, whole; its bytes are behind the first.
    Command {
        /// The way by which it came: its answer goes the same way.
        way: u8,
    },
    /// Nothing that concerns anybody here, or nothing that makes sense.
    Other,
}

/// Packets as between a secure element and its MCU, from the one or from the other.
const MCU: u8 = 0x01;
const SECURE_ELEMENT: u8 = 0x02;
/// From here on the first byte says by which way a command came: 10 raw, 20 HID, 21 WebUSB, 30 Bluetooth.
const COMMANDS: u8 = 0x10;

impl Incoming {
    /// Reads an event.
    fn parse(event: &[u8]) -> Self {
        match *event {
            [MCU | SECURE_ELEMENT, tag, high, low, ref payload @ ..] => {
                match payload.get(..usize::from(u16::from_be_bytes([high, low]))) {
                    Some(payload) => Self::packet(tag, payload),
                    None => Self::Other,
                }
            }
            [way @ (COMMANDS..), ..] => Self::Command { way },
            _ => Self::Other,
        }
    }

    fn packet(tag: u8, payload: &[u8]) -> Self {
        match (tag, payload) {
            (0x05, [mask, ..]) => Self::Buttons(mask >> 1),
            (0x0e, _) => Self::Ticker,
            (0x1a, [0x20, ..]) => Self::Redraw,
            (0x1a, _) => Self::Other,
            _ => Self::Status,
        }
    }
}

/// Room for one event.
#[derive(Debug)]
pub struct Packet([u8; PACKET]);

impl Packet {
    pub(crate) const fn new() -> Self {
        Self([0; PACKET])
    }

    pub(super) fn buffer(&mut self) -> &mut [u8; PACKET] {
        &mut self.0
    }

    /// Forgets the event: a private key may have come in it.
    pub fn wipe(&mut self) {
        crate::crypto::wipe(&mut self.0);
    }

    /// What the event of this length says.
    pub(super) fn event(&self, length: usize) -> Incoming {
        Incoming::parse(self.0.get(..length).unwrap_or_default())
    }

    /// The bytes of the command in it.
    pub(super) fn command(&self, length: usize) -> &[u8] {
        self.0.get(1..length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_by_their_source_and_tag() {
        for (event, incoming) in [
            (&[0x02, 0x05, 0, 1, 0x06][..], Incoming::Buttons(3)),
            (&[0x01, 0x05, 0, 1, 0x00], Incoming::Buttons(0)),
            (&[0x01, 0x0e, 0, 4, 0, 0, 0, 0x64], Incoming::Ticker),
            (&[0x01, 0x15, 0, 4, 0, 0, 0, 8], Incoming::Status),
            (&[0x02, 0x1a, 0, 1, 0x20], Incoming::Redraw),
            (&[0x02, 0x1a, 0, 1, 0x21], Incoming::Other),
            (&[0x01, 0x16, 0, 4, 0xe0, 3, 0, 0], Incoming::Status),
            (&[0x02, 0x05, 0, 0], Incoming::Status),
            (&[0x02, 0x1a, 0, 0], Incoming::Other),
            (&[0x20, 0xe0, 0x03], Incoming::Command { way: 0x20 }),
            (&[0x10], Incoming::Command { way: 0x10 }),
            (&[0x0f, 0x05, 0, 1, 0x06], Incoming::Other),
        ] {
            assert_eq!(Incoming::parse(event), incoming, "{event:x?}");
        }
    }

    #[test]
    fn packets_shorter_than_they_claim_are_dropped() {
        for event in [&[][..], &[0x01], &[0x02, 0x05, 0, 1], &[0x01, 0x0e, 0, 1], &[0x02, 0x1a, 0, 2, 0x20]] {
            assert_eq!(Incoming::parse(event), Incoming::Other, "{event:x?}");
        }
    }
}
