//! The cable to the MCU, with the rules a device enforces.

/// A packet of the app, put together from the parts it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// What it is about.
    pub tag: u8,
    /// Its bytes, without tag and length.
    pub payload: Vec<u8>,
}

impl Packet {
    /// Whether it ends an event.
    pub fn is_status(&self) -> bool {
        self.tag & 0xf0 == STATUS
    }
}

const STATUS: u8 = 0x60;

#[derive(Debug, Default)]
pub(in super::super) struct Wire {
    sent: Vec<Packet>,
    partial: Vec<u8>,
    status_sent: bool,
}

impl Wire {
    /// Takes a part of a packet. Gives the packet with its last part.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Option<Packet> {
        assert!(!bytes.is_empty(), "an empty part of a packet");
        assert!(!self.status_sent, "sent after the status of the event: {bytes:x?}");
        self.partial.extend_from_slice(bytes);
        let [tag, high, low, payload @ ..] = &self.partial[..] else {
            panic!("the first part of a packet must hold its header");
        };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        assert!(payload.len() <= length, "a packet longer than it says: {:x?}", self.partial);
        if payload.len() < length {
            return None;
        }
        let packet = Packet { tag: *tag, payload: payload.to_vec() };
        self.status_sent = packet.is_status();
        self.sent.push(packet.clone());
        self.partial.clear();
        Some(packet)
    }

    pub(super) fn status_sent(&self) -> bool {
        self.status_sent
    }

    pub(in super::super) fn give_status(&mut self) {
        self.status_sent = true;
    }

    /// The MCU sends its next event, which it only does after a status.
    pub(super) fn next_event(&mut self) {
        assert!(self.partial.is_empty(), "half a packet before an event: {:x?}", self.partial);
        assert!(
            self.status_sent,
            "waits for an event, but the last one has no status: this would wait for ever"
        );
        self.status_sent = false;
    }

    pub(super) fn take(&mut self) -> Vec<Packet> {
        std::mem::take(&mut self.sent)
    }
}

/// An event as the MCU sends it.
pub(super) fn event(tag: u8, payload: &[u8]) -> Vec<u8> {
    let mut event = vec![tag];
    event.extend_from_slice(&(payload.len() as u16).to_be_bytes());
    event.extend_from_slice(payload);
    event
}
