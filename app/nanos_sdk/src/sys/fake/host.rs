//! A USB host: control transfers stage by stage (USB 2.0, 8.5.3), and reports both ways. It believes only what went over
//! the bus.

use std::collections::VecDeque;

use super::mcu::event;
use super::usb::{ControlPipe, RESET, RESUME, SUSPEND, Usb};

/// The host.
#[derive(Debug)]
pub struct Host {
    /// Whether it polls for reports, as a system does while a program has the device open.
    pub listening: bool,
    /// Whether it leaves every control transfer where it is, once the request has gone out.
    pub dawdles: bool,
    /// Whether the MCU labels requests as the emulator does: with endpoint 2, and no length.
    pub mislabels: bool,
    /// Reports that one side took for repetitions, because the two disagreed which of data 0 and data 1 comes next.
    pub lost: usize,
    pub(super) asleep: bool,
    pub(super) signals: VecDeque<u8>,
    pub(super) transfer: Option<Transfer>,
    outcome: Option<Outcome>,
    address: u8,
    /// What it expects of the next report to it, and marks the next one from it with.
    toggles: (bool, bool),
    outbox: VecDeque<Vec<u8>>,
    inbox: Vec<Vec<u8>>,
}

/// How a control transfer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Well, with these bytes from the device.
    Done(Vec<u8>),
    /// Refused by a stall.
    Stalled,
}

/// A control transfer under way.
#[derive(Debug)]
pub(super) struct Transfer {
    request: [u8; 8],
    stage: Stage,
    data: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Setup,
    DataIn,
    DataOut,
    StatusIn,
    StatusOut,
    Done,
}

impl Default for Host {
    fn default() -> Self {
        Self {
            listening: true,
            dawdles: false,
            mislabels: false,
            lost: 0,
            asleep: false,
            signals: VecDeque::new(),
            transfer: None,
            outcome: None,
            address: 0,
            toggles: (false, false),
            outbox: VecDeque::new(),
            inbox: Vec::new(),
        }
    }
}

impl Host {
    /// Resets the bus. Whatever was under way is void.
    pub fn reset(&mut self) {
        self.signals.push_back(RESET);
    }

    /// Lets the bus sleep.
    pub fn suspend(&mut self) {
        self.signals.push_back(SUSPEND);
    }

    /// Wakes the bus.
    pub fn resume(&mut self) {
        self.signals.push_back(RESUME);
    }

    /// Begins a control transfer, in the place of one under way. A request with a data stage from the host sends zeros.
    pub fn request(&mut self, request: [u8; 8]) {
        self.outcome = None;
        self.transfer = Some(Transfer { request, stage: Stage::Setup, data: Vec::new() });
    }

    /// How the control transfer ended. `None`: it has not.
    pub fn outcome(&mut self) -> Option<Outcome> {
        self.outcome.take()
    }

    /// Sends a report as soon as the device takes it. Some hosts send fewer than 64 bytes.
    pub fn send(&mut self, report: &[u8]) {
        self.outbox.push_back(report.to_vec());
    }

    /// Reports that the device has not taken yet.
    pub fn unsent(&self) -> usize {
        self.outbox.len()
    }

    /// Takes the reports that came.
    pub fn received(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.inbox)
    }

    pub(super) fn start_over(&mut self) {
        (self.address, self.transfer, self.outcome) = (0, None, None);
        self.toggles = (false, false);
        self.outbox.clear();
    }

    pub(super) fn receive(&mut self, report: Vec<u8>, toggle: bool) {
        if toggle == self.toggles.0 {
            self.toggles.0 = !toggle;
            self.inbox.push(report);
        } else {
            self.lost += 1;
        }
    }

    pub(super) fn outgoing(&mut self) -> Option<(Vec<u8>, bool)> {
        let report = self.outbox.pop_front()?;
        let toggle = self.toggles.1;
        self.toggles.1 = !toggle;
        Some((report, toggle))
    }

    /// What follows from a transfer on this side.
    pub(super) fn end(&mut self, transfer: &Transfer, refused: bool) {
        self.outcome = Some(if refused { Outcome::Stalled } else { Outcome::Done(transfer.data.clone()) });
        if refused {
            return;
        }
        match transfer.request {
            [0x00, 0x05, address, ..] => self.address = address,
            // A new configuration, or another setting of an interface: both begin with data 0 again.
            [0x00, 0x09, ..] | [0x01, 0x0b, ..] => self.toggles = (false, false),
            [0x02, 0x01, 0, 0, 0x82, ..] => self.toggles.0 = false,
            [0x02, 0x01, 0, 0, 0x02, ..] => self.toggles.1 = false,
            _ => {}
        }
    }
}

impl Transfer {
    fn wanted(&self) -> usize {
        usize::from(u16::from_le_bytes([self.request[6], self.request[7]]))
    }

    fn is_for_host(&self) -> bool {
        self.request[0] & 0x80 != 0
    }

    pub(super) fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    pub(super) fn host_sends_next(&self) -> bool {
        matches!(self.stage, Stage::DataOut | Stage::StatusOut)
    }

    /// The next packet, if the device is ready for it.
    pub(super) fn advance(&mut self, usb: &mut Usb) -> Option<Vec<u8>> {
        match self.stage {
            Stage::Setup => Some(self.setup(usb)),
            _ if usb.host.dawdles => None,
            Stage::DataIn => {
                let packet = usb.control.to_host.take()?;
                let short = packet.len() < 64;
                self.data.extend_from_slice(&packet);
                assert!(self.data.len() <= self.wanted(), "more than the host asked for: {:02x?}", self.data);
                if short || self.data.len() == self.wanted() {
                    self.stage = Stage::StatusOut;
                }
                Some(event(0x10, &[0x80, 0x02, 0]))
            }
            Stage::StatusIn => {
                let packet = usb.control.to_host.take()?;
                assert!(packet.is_empty(), "data in a status stage: {packet:02x?}");
                if let [0x00, 0x05, address, ..] = self.request {
                    assert_eq!(usb.address, address, "acknowledges an address it has not taken");
                }
                self.stage = Stage::Done;
                Some(event(0x10, &[0x80, 0x02, 0]))
            }
            Stage::StatusOut | Stage::DataOut => {
                if !std::mem::take(&mut usb.control.from_host) {
                    return None;
                }
                self.stage = if self.stage == Stage::DataOut { Stage::StatusIn } else { Stage::Done };
                Some(event(0x10, &[0x00, 0x04, 0]))
            }
            Stage::Done => None,
        }
    }

    fn setup(&mut self, usb: &mut Usb) -> Vec<u8> {
        assert_eq!(usb.host.address, usb.address, "the device is not where the host sent it");
        // A setup packet ends whatever was on endpoint 0, a refusal too.
        usb.control = ControlPipe::default();
        self.stage = match (self.wanted(), self.is_for_host()) {
            (0, _) => Stage::StatusIn,
            (_, true) => Stage::DataIn,
            (_, false) => Stage::DataOut,
        };
        let mut payload = if usb.host.mislabels { vec![0x02, 0x01, 0] } else { vec![0x00, 0x01, 8] };
        payload.extend_from_slice(&self.request);
        event(0x10, &payload)
    }
}
