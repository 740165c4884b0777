//! Requests of the host on endpoint 0.

/// The eight bytes of a setup packet (USB 2.0, 9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Request {
    /// `bmRequestType`: direction, type, recipient.
    pub(crate) kind: u8,
    /// `bRequest`.
    pub(crate) code: u8,
    /// `wValue`.
    pub(crate) value: u16,
    /// `wIndex`.
    pub(crate) index: u16,
    /// `wLength`: the most bytes the host takes, or the bytes it will send.
    pub(crate) length: u16,
}

impl Request {
    /// `None`: fewer than eight bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let [kind, code, v0, v1, i0, i1, l0, l1] = *bytes.first_chunk()?;
        Some(Self {
            kind,
            code,
            value: u16::from_le_bytes([v0, v1]),
            index: u16::from_le_bytes([i0, i1]),
            length: u16::from_le_bytes([l0, l1]),
        })
    }

    /// The two halves of `wValue`.
    pub(crate) const fn value_bytes(&self) -> (u8, u8) {
        let [low, high] = self.value.to_le_bytes();
        (high, low)
    }
}

/// Recipients and types, as `bmRequestType`.
pub(crate) const TO_DEVICE: u8 = 0x00;
pub(crate) const TO_INTERFACE: u8 = 0x01;
pub(crate) const TO_ENDPOINT: u8 = 0x02;
pub(crate) const FROM_DEVICE: u8 = 0x80;
pub(crate) const FROM_INTERFACE: u8 = 0x81;
pub(crate) const FROM_ENDPOINT: u8 = 0x82;
pub(crate) const TO_HID: u8 = 0x21;
pub(crate) const FROM_HID: u8 = 0xa1;

/// Codes of USB 2.0, table 9-4.
pub(crate) const GET_STATUS: u8 = 0x00;
pub(crate) const CLEAR_FEATURE: u8 = 0x01;
pub(crate) const SET_FEATURE: u8 = 0x03;
pub(crate) const SET_ADDRESS: u8 = 0x05;
pub(crate) const GET_DESCRIPTOR: u8 = 0x06;
pub(crate) const GET_CONFIGURATION: u8 = 0x08;
pub(crate) const SET_CONFIGURATION: u8 = 0x09;
pub(crate) const GET_INTERFACE: u8 = 0x0a;
pub(crate) const SET_INTERFACE: u8 = 0x0b;

/// Codes of HID 1.11, section 7.2.
pub(crate) const GET_IDLE: u8 = 0x02;
pub(crate) const GET_PROTOCOL: u8 = 0x03;
pub(crate) const SET_IDLE: u8 = 0x0a;
pub(crate) const SET_PROTOCOL: u8 = 0x0b;
