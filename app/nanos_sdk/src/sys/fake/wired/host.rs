//! A USB host: control transfers stage by stage (USB 2.0, 8.5.3), and reports both ways. It believes only what went over
//! the bus.

use std::collections::VecDeque;

use super::pipe::ControlPipe;
use super::wire::event;

pub(super) const RESET: u8 = 0x01;
const SUSPEND: u8 = 0x04;
const RESUME: u8 = 0x08;

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
    signals: VecDeque<u8>,
    transfer: Option<Transfer>,
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
struct Transfer {
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

    /// What it does to the bus next, a reset for one.
    pub(super) fn signal(&mut self) -> Option<u8> {
        let signal = self.signals.pop_front()?;
        if signal == RESET {
            self.start_over();
        }
        self.asleep = signal == SUSPEND;
        Some(signal)
    }

    fn start_over(&mut self) {
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

    /// Whether a control transfer is under way.
    pub(super) fn is_asking(&self) -> bool {
        self.transfer.is_some()
    }

    /// The next packet of the control transfer, if the device at `address` is ready for it.
    pub(super) fn transact(&mut self, pipe: &mut ControlPipe, address: u8) -> Option<Vec<u8>> {
        let mut transfer = self.transfer.take()?;
        let event = transfer.advance(self, pipe, address);
        if event.is_none() && !self.dawdles && transfer.is_refused(pipe) {
            self.end(&transfer, true);
        } else if transfer.stage == Stage::Done {
            assert_eq!(pipe.to_host, None, "more than the host asked for");
            self.end(&transfer, false);
        } else {
            self.transfer = Some(transfer);
        }
        event
    }

    /// What follows from a transfer on this side.
    fn end(&mut self, transfer: &Transfer, refused: bool) {
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

    /// Whether the packet the host tries next is refused.
    fn is_refused(&self, pipe: &ControlPipe) -> bool {
        let host_sends_next = matches!(self.stage, Stage::DataOut | Stage::StatusOut);
        if host_sends_next { pipe.stalled.1 } else { pipe.stalled.0 }
    }

    /// The next packet, if the device is ready for it.
    fn advance(&mut self, host: &Host, pipe: &mut ControlPipe, address: u8) -> Option<Vec<u8>> {
        match self.stage {
            Stage::Setup => Some(self.setup(host, pipe, address)),
            _ if host.dawdles => None,
            Stage::DataIn => {
                let packet = pipe.to_host.take()?;
                let short = packet.len() < 64;
                self.data.extend_from_slice(&packet);
                assert!(self.data.len() <= self.wanted(), "more than the host asked for: {:02x?}", self.data);
                if short || self.data.len() == self.wanted() {
                    self.stage = Stage::StatusOut;
                }
                Some(event(0x10, &[0x80, 0x02, 0]))
            }
            Stage::StatusIn => {
                let packet = pipe.to_host.take()?;
                assert!(packet.is_empty(), "data in a status stage: {packet:02x?}");
                if let [0x00, 0x05, given, ..] = self.request {
                    assert_eq!(address, given, "acknowledges an address it has not taken");
                }
                self.stage = Stage::Done;
                Some(event(0x10, &[0x80, 0x02, 0]))
            }
            Stage::StatusOut | Stage::DataOut => {
                if !std::mem::take(&mut pipe.from_host) {
                    return None;
                }
                self.stage = if self.stage == Stage::DataOut { Stage::StatusIn } else { Stage::Done };
                Some(event(0x10, &[0x00, 0x04, 0]))
            }
            Stage::Done => None,
        }
    }

    fn setup(&mut self, host: &Host, pipe: &mut ControlPipe, address: u8) -> Vec<u8> {
        assert_eq!(host.address, address, "the device is not where the host sent it");
        // A setup packet ends whatever was on endpoint 0, a refusal too.
        *pipe = ControlPipe::default();
        self.stage = match (self.wanted(), self.is_for_host()) {
            (0, _) => Stage::StatusIn,
            (_, true) => Stage::DataIn,
            (_, false) => Stage::DataOut,
        };
        let mut payload = if host.mislabels { vec![0x02, 0x01, 0] } else { vec![0x00, 0x01, 8] };
        payload.extend_from_slice(&self.request);
        event(0x10, &payload)
    }
}
