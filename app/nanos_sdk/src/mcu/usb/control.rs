//! The control pipe as a machine without hands: requests and completions in, [`Action`]s out (USB 2.0, chapter 9; HID
//! 1.11, chapter 7).
//!
//! Only what hosts need is known; all else is refused by a stall, which the next request clears. No request we know
//! has a data stage from the host, and every answer fits one packet (see `descriptors`).

use super::descriptors::{self, CONFIGURATION, CONFIGURATION_VALUE, DEVICE, HID, REPORT_MAP};
use super::request::*;
use super::{IN, OUT};

/// What is to be done on the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Nothing.
    Nothing,
    /// Send the first `length` bytes of `data` on endpoint 0.
    Send {
        /// The whole answer.
        data: Data,
        /// As much of it as the host takes.
        length: usize,
    },
    /// Take the host's empty packet that ends a transfer.
    AwaitStatus,
    /// End the transfer with an empty packet.
    Acknowledge,
    /// Take the address, and acknowledge.
    Address(u8),
    /// Open the report endpoints, or close them, and acknowledge.
    Configure(bool),
    /// Halt a report endpoint, or start it again, and acknowledge.
    Halt(u8, bool),
    /// Refuse.
    Stall,
}

/// Bytes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Data {
    /// Of a descriptor.
    Fixed(&'static [u8]),
    /// One byte.
    Byte([u8; 1]),
    /// A status word.
    Word([u8; 2]),
}

impl Data {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Fixed(bytes) => bytes,
            Self::Byte(byte) => byte,
            Self::Word(word) => word,
        }
    }
}

/// What endpoint 0 waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// A request.
    Idle,
    /// That the host fetches the answer.
    Answer,
    /// The host's empty packet.
    HostStatus,
    /// That the host fetches our empty packet.
    OurStatus,
}

#[derive(Debug)]
pub(crate) struct Control {
    stage: Stage,
    configured: bool,
    in_halted: bool,
    out_halted: bool,
    /// HID idle rate: kept because the host may ask for it. We send when there is something to say, whatever it is.
    idle: u8,
    /// HID protocol, the same way: whether the host wants the boot protocol (0) instead of the report protocol (1).
    boot_protocol: bool,
}

const ENDPOINT_HALT: u16 = 0;

impl Control {
    pub(crate) const fn new() -> Self {
        Self {
            stage: Stage::Idle,
            configured: false,
            in_halted: false,
            out_halted: false,
            idle: 0,
            boot_protocol: false,
        }
    }

    pub(crate) fn is_configured(&self) -> bool {
        self.configured
    }

    /// Whether a report endpoint is halted; `None` if there is no such endpoint (now).
    pub(crate) fn halted(&self, endpoint: u8) -> Option<bool> {
        match endpoint {
            IN if self.configured => Some(self.in_halted),
            OUT if self.configured => Some(self.out_halted),
            _ => None,
        }
    }

    /// The host starts over.
    pub(crate) fn reset(&mut self) {
        *self = Self::new();
    }

    /// A request; whatever went before is void.
    pub(crate) fn on_setup(&mut self, request: Request) -> Action {
        let action = match self.answer(&request) {
            Some(data) => {
                let length = data.bytes().len().min(usize::from(request.length));
                // No bytes wanted: there is no data stage, and the transfer ends with our status.
                if length == 0 { Action::Acknowledge } else { Action::Send { data, length } }
            }
            None => self.command(&request),
        };
        self.stage = match action {
            Action::Send { .. } => Stage::Answer,
            Action::Stall => Stage::Idle,
            _ => Stage::OurStatus,
        };
        action
    }

    /// The host has fetched what was to be sent.
    pub(crate) fn on_sent(&mut self) -> Action {
        let (stage, action) = match self.stage {
            Stage::Answer => (Stage::HostStatus, Action::AwaitStatus),
            Stage::OurStatus => (Stage::Idle, Action::Nothing),
            stage => (stage, Action::Nothing),
        };
        self.stage = stage;
        action
    }

    /// The host has sent a packet: its status, or nothing we wait for. It may come before we heard that the answer was
    /// fetched, when a host takes less than it asked for.
    pub(crate) fn on_received(&mut self) -> Action {
        if matches!(self.stage, Stage::Answer | Stage::HostStatus) {
            self.stage = Stage::Idle;
        }
        Action::Nothing
    }

    /// Requests for something to be told. `None`: it is none of these, or must be refused.
    fn answer(&self, request: &Request) -> Option<Data> {
        let own_interface = self.configured && request.index & 0xff == 0;
        Some(match (request.kind, request.code) {
            (FROM_DEVICE, GET_DESCRIPTOR) => Data::Fixed(device_descriptor(request)?),
            (FROM_DEVICE, GET_CONFIGURATION) => Data::Byte([u8::from(self.configured)]),
            // Self powered, no remote wakeup: what the configuration says.
            (FROM_DEVICE, GET_STATUS) => Data::Word([1, 0]),
            (FROM_ENDPOINT, GET_STATUS) => Data::Word([u8::from(self.endpoint_status(request.index)?), 0]),
            (FROM_INTERFACE, GET_STATUS) if own_interface => Data::Word([0, 0]),
            (FROM_INTERFACE, GET_INTERFACE) if own_interface => Data::Byte([0]),
            (FROM_INTERFACE, GET_DESCRIPTOR) if own_interface => Data::Fixed(match request.value_bytes().0 {
                descriptors::HID_KIND => &CONFIGURATION[HID],
                descriptors::REPORT_KIND => &REPORT_MAP,
                _ => return None,
            }),
            (FROM_HID, GET_IDLE) if own_interface => Data::Byte([self.idle]),
            (FROM_HID, GET_PROTOCOL) if own_interface => Data::Byte([u8::from(!self.boot_protocol)]),
            _ => return None,
        })
    }

    /// Requests for something to be done.
    fn command(&mut self, request: &Request) -> Action {
        let own_interface = self.configured && request.index & 0xff == 0;
        let (high, low) = request.value_bytes();
        match (request.kind, request.code) {
            _ if request.length != 0 => Action::Stall,
            (TO_DEVICE, SET_ADDRESS) if request.value < 128 => Action::Address(low),
            (TO_DEVICE, SET_CONFIGURATION) if low <= CONFIGURATION_VALUE => {
                let configured = low == CONFIGURATION_VALUE;
                *self = Self { configured, ..Self::new() };
                Action::Configure(configured)
            }
            (TO_ENDPOINT, SET_FEATURE | CLEAR_FEATURE) if request.value == ENDPOINT_HALT => {
                self.halt(request.index, request.code == SET_FEATURE)
            }
            // There is one setting only, but with it the endpoints begin anew (USB 2.0, 9.1.1.5).
            (TO_INTERFACE, SET_INTERFACE) if own_interface && request.value == 0 => {
                (self.in_halted, self.out_halted) = (false, false);
                Action::Configure(true)
            }
            (TO_HID, SET_IDLE) if own_interface => {
                self.idle = high;
                Action::Acknowledge
            }
            (TO_HID, SET_PROTOCOL) if own_interface => {
                self.boot_protocol = low == 0;
                Action::Acknowledge
            }
            _ => Action::Stall,
        }
    }

    fn halt(&mut self, endpoint: u16, halted: bool) -> Action {
        let flag = match endpoint as u8 {
            IN if self.configured => &mut self.in_halted,
            OUT if self.configured => &mut self.out_halted,
            // Endpoint 0 is never halted for longer than a transfer.
            0 | 0x80 => return Action::Acknowledge,
            _ => return Action::Stall,
        };
        *flag = halted;
        Action::Halt(endpoint as u8, halted)
    }

    fn endpoint_status(&self, endpoint: u16) -> Option<bool> {
        match endpoint as u8 {
            0 | 0x80 => Some(false),
            endpoint => self.halted(endpoint),
        }
    }
}

/// No qualifier: we have no other speed (USB 2.0, 9.6.2). No BOS: we are no USB 2.1 device.
fn device_descriptor(request: &Request) -> Option<&'static [u8]> {
    match request.value_bytes() {
        (descriptors::DEVICE_KIND, 0) => Some(&DEVICE),
        (descriptors::CONFIGURATION_KIND, 0) => Some(&CONFIGURATION),
        (descriptors::STRING_KIND, index) => descriptors::string(index),
        _ => None,
    }
}
