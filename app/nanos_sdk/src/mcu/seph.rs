//! Packets between the secure element and the MCU (seproxyhal_protocol.h): tag, length (big endian), payload.
//!
//! The MCU sends one *event*; we answer with any number of *commands* and then exactly one *status*, and only then comes
//! the next event.

use crate::screen::LINE;
use crate::sys::{Mcu, Sys};
use crate::target::PACKET;

/// Tag and length.
const HEADER: usize = 3;
/// Where the bytes of a USB transfer begin: behind header, endpoint, kind and length.
pub(crate) const TRANSFER_DATA: usize = HEADER + 3;

/// What the MCU says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Incoming {
    /// The buttons that are down: bit 0 left, bit 1 right.
    Buttons(u8),
    /// What was sent to the screen stands there.
    Displayed,
    /// 100 ms have gone by.
    Ticker,
    /// Power and the like.
    Status,
    /// The host resets the bus. That it sleeps or wakes is no concern of ours: all we have outlives it.
    BusReset,
    /// Something on one endpoint; its bytes are at [`TRANSFER_DATA`].
    Transfer {
        /// With or without the direction bit, as the MCU likes.
        endpoint: u8,
        /// What happened there.
        kind: Transfer,
        /// Bytes of it.
        length: usize,
    },
    /// Nothing that concerns us, or nothing that makes sense.
    Other,
}

/// What happened on an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transfer {
    /// A request came: eight bytes.
    Setup,
    /// What was to be sent was sent.
    Sent,
    /// Bytes came.
    Received,
}

impl Incoming {
    /// Reads a packet.
    pub(crate) fn parse(packet: &[u8]) -> Self {
        let [tag, high, low, ref payload @ ..] = *packet else {
            return Self::Other;
        };
        let Some(payload) = payload.get(..usize::from(u16::from_be_bytes([high, low]))) else {
            return Self::Other;
        };
        match (tag, payload) {
            (0x05, [mask, ..]) => Self::Buttons(mask >> 1),
            (0x0d, _) => Self::Displayed,
            (0x0e, _) => Self::Ticker,
            (0x0f, [0x01, ..]) => Self::BusReset,
            (0x10, [endpoint, kind, length, data @ ..]) => {
                Self::transfer(*endpoint, *kind, *length, data.len())
            }
            (0x15, _) => Self::Status,
            _ => Self::Other,
        }
    }

    fn transfer(endpoint: u8, kind: u8, length: u8, room: usize) -> Self {
        // The emulator says 0 for the eight bytes of a request; for those only what is there counts.
        let (kind, length) = match kind {
            0x01 => (Transfer::Setup, room),
            0x02 => (Transfer::Sent, 0),
            0x04 => (Transfer::Received, usize::from(length)),
            _ => return Self::Other,
        };
        if length > room { Self::Other } else { Self::Transfer { endpoint, kind, length } }
    }
}

/// Room for one event.
#[derive(Debug)]
pub struct Packet([u8; PACKET]);

impl Packet {
    pub(crate) const fn new() -> Self {
        Self([0; PACKET])
    }

    pub(crate) fn buffer(&mut self) -> &mut [u8; PACKET] {
        &mut self.0
    }

    /// Forgets the event: a private key may have come in it.
    pub fn wipe(&mut self) {
        crate::crypto::wipe(&mut self.0);
    }

    /// The bytes of the transfer in it.
    pub(crate) fn data(&self, length: usize) -> &[u8] {
        &self.0[TRANSFER_DATA..TRANSFER_DATA + length]
    }
}

/// Bytes of the description of one thing to draw (`bagl_component_t`).
pub(crate) const COMPONENT: usize = 28;

/// Status: nothing more to this event.
pub(crate) fn send_general_status() {
    send(&[0x60, 0, 2, 0, 0]);
}

/// Status: draw this. `Displayed` comes when it stands on the screen.
pub(crate) fn send_draw_status(component: &[u8; COMPONENT], text: &[u8]) {
    const TEXT: usize = HEADER + COMPONENT;
    let length = text.len().min(LINE);
    let mut packet = [0; TEXT + LINE];
    packet[0] = 0x65;
    packet[2] = (COMPONENT + length) as u8;
    packet[HEADER..TEXT].copy_from_slice(component);
    packet[TEXT..TEXT + length].copy_from_slice(&text[..length]);
    send(&packet[..TEXT + length]);
}

/// Connects to the bus or leaves it.
pub(crate) fn usb_connect(connected: bool) {
    send(&[0x4f, 0, 1, if connected { 0x01 } else { 0x02 }]);
}

/// Answers to an address from now on.
pub(crate) fn usb_address(address: u8) {
    send(&[0x4f, 0, 2, 0x03, address]);
}

/// Opens an interrupt endpoint, or closes it. One endpoint a packet: the emulator reads no further.
pub(crate) fn usb_endpoint(endpoint: u8, open: bool) {
    const OFF: u8 = 0x00;
    const INTERRUPT: u8 = 0x02;
    send(&[0x4f, 0, 5, 0x04, 1, endpoint, if open { INTERRUPT } else { OFF }, if open { 64 } else { 0 }]);
}

/// Has `data`, at most 64 bytes, sent when the host asks for it. Endpoint 0 goes without its direction bit.
pub(crate) fn usb_send(endpoint: u8, data: &[u8]) {
    let length = data.len().min(64);
    let mut packet = [0; TRANSFER_DATA + 64];
    packet[..TRANSFER_DATA].copy_from_slice(&[0x50, 0, 3 + length as u8, endpoint, 0x20, length as u8]);
    packet[TRANSFER_DATA..TRANSFER_DATA + length].copy_from_slice(&data[..length]);
    send(&packet[..TRANSFER_DATA + length]);
}

/// Takes the next `length` bytes, at most, from the host.
pub(crate) fn usb_receive(endpoint: u8, length: u8) {
    send(&[0x50, 0, 3, endpoint, 0x30, length]);
}

/// Refuses what the host tries on an endpoint, or stops doing so.
pub(crate) fn usb_stall(endpoint: u8, stalled: bool) {
    send(&[0x50, 0, 3, endpoint, if stalled { 0x40 } else { 0x80 }, 0]);
}

/// Sends a whole packet, in one call: half of one would make all that follow it unreadable. One that was not taken is like
/// one lost on the way, which the host or our own timeouts notice; there is no better answer to it here.
fn send(packet: &[u8]) {
    let _ = Sys::send(packet);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_by_tag() {
        for (packet, event) in [
            (&[0x05, 0, 1, 0x06][..], Incoming::Buttons(3)),
            (&[0x05, 0, 1, 0x00], Incoming::Buttons(0)),
            (&[0x0d, 0, 0], Incoming::Displayed),
            (&[0x0e, 0, 0], Incoming::Ticker),
            (&[0x0e, 0, 4, 0, 0, 0, 0x64], Incoming::Ticker),
            (&[0x15, 0, 4, 0, 0, 0, 8], Incoming::Status),
            (&[0x0f, 0, 1, 1], Incoming::BusReset),
            (&[0x0f, 0, 1, 2], Incoming::Other),
            (&[0x0f, 0, 1, 4], Incoming::Other),
            (&[0x0f, 0, 1, 8], Incoming::Other),
            (&[0x16, 0, 4, 0xe0, 3, 0, 0], Incoming::Other),
        ] {
            assert_eq!(Incoming::parse(packet), event, "{packet:x?}");
        }
    }

    #[test]
    fn transfers_say_where_and_how_much() {
        let transfer = |endpoint, kind, length| Incoming::Transfer { endpoint, kind, length };
        let setup = [0x10, 0, 11, 2, 1, 0, 0, 5, 1, 0, 0, 0, 0, 0];
        assert_eq!(Incoming::parse(&setup), transfer(2, Transfer::Setup, 8));
        assert_eq!(Incoming::parse(&[0x10, 0, 3, 0x82, 2, 64]), transfer(0x82, Transfer::Sent, 0));
        assert_eq!(Incoming::parse(&[0x10, 0, 5, 2, 4, 2, 7, 8]), transfer(2, Transfer::Received, 2));
    }

    #[test]
    fn packets_shorter_than_they_claim_are_dropped() {
        for packet in [
            &[][..],
            &[0x05],
            &[0x05, 0, 1],
            &[0x05, 0, 0],
            &[0x0f, 0, 0],
            &[0x10, 0, 2, 2, 4],
            &[0x10, 0, 5, 2, 4, 3, 7, 8],
            &[0x10, 0, 9, 2, 4, 2, 7, 8],
            &[0x10, 0, 3, 2, 9, 0],
        ] {
            assert_eq!(Incoming::parse(packet), Incoming::Other, "{packet:x?}");
        }
    }
}
