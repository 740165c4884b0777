//! The USB device controller of the MCU. It does what it is told, and insists that it is told what makes sense on a bus.

use super::host::{Host, Transfer};
use super::mcu::event;

/// The controller, and the host it is connected to.
#[derive(Debug, Default)]
pub struct Usb {
    /// The host.
    pub host: Host,
    connected: bool,
    /// The address the device answers to.
    pub(super) address: u8,
    pub(super) control: ControlPipe,
    pub(super) to_host: Endpoint,
    pub(super) from_host: Endpoint,
    /// Reports that were put in the place of others nobody had fetched.
    pub replaced: usize,
    now: usize,
}

/// Endpoint 0, as a request left it.
#[derive(Debug, Default)]
pub(super) struct ControlPipe {
    /// The packet the host gets if it asks.
    pub(super) to_host: Option<Vec<u8>>,
    /// Whether an empty packet of the host is taken.
    pub(super) from_host: bool,
    /// What is refused: packets to the host, packets from it.
    pub(super) stalled: (bool, bool),
}

/// A report endpoint.
#[derive(Debug, Default)]
pub(super) struct Endpoint {
    open: bool,
    pub(super) stalled: bool,
    /// Data 0 or data 1: which one is sent, or expected, next.
    pub(super) toggle: bool,
    /// To the host: the report it gets. From the host: anything if one is taken.
    pub(super) armed: Option<Vec<u8>>,
    since: usize,
}

/// So long a report to the host may lie before the device may take it for lost (2 s).
const PATIENCE: usize = 20;

impl Usb {
    /// Takes a command that concerns the bus or the layout of the device (0x4f).
    pub(super) fn configure(&mut self, command: &[u8]) {
        match *command {
            [0x01] => {
                assert!(!self.connected, "connects twice");
                self.connected = true;
            }
            [0x02] => self.connected = false,
            [0x03, address] => {
                assert!(address < 128, "there is no address {address}");
                assert!(self.control.to_host.is_none(), "the status stage was begun under the old address");
                self.address = address;
            }
            [0x04, 1, number, kind, size] => {
                assert!(
                    matches!((kind, size), (0x02, 64) | (0x00, 0)),
                    "an endpoint of kind {kind} with packets of {size} bytes"
                );
                *self.endpoint(number) = Endpoint { open: kind != 0, ..Endpoint::default() };
            }
            _ => panic!("no bus command: {command:02x?}"),
        }
    }

    /// Takes a command that concerns one endpoint (0x50).
    pub(super) fn prepare(&mut self, command: &[u8]) {
        let [number, action, length, ref data @ ..] = *command else {
            panic!("half a command: {command:02x?}")
        };
        let bytes = if action == 0x20 { usize::from(length) } else { 0 };
        assert_eq!(data.len(), bytes, "data that does not match its length: {command:02x?}");
        match (number, action) {
            (0 | 0x80, _) => self.prepare_control(number, action, length, data),
            (0x82, 0x20) => self.send_report(data),
            (0x02, 0x30) => {
                assert_eq!(length, 64, "room for less than a report");
                let endpoint = self.opened(number);
                assert!(!endpoint.stalled, "takes reports on a halted endpoint");
                endpoint.armed = Some(Vec::new());
            }
            (0x02 | 0x82, 0x40 | 0x80) => {
                let endpoint = self.opened(number);
                *endpoint = Endpoint { open: true, stalled: action == 0x40, ..Endpoint::default() };
            }
            _ => panic!("no endpoint command: {command:02x?}"),
        }
    }

    fn prepare_control(&mut self, number: u8, action: u8, length: u8, data: &[u8]) {
        assert!(self.host.transfer.is_some(), "an answer on endpoint 0 to no request: {data:02x?}");
        let pipe = &mut self.control;
        match (number, action) {
            (0, 0x20) => {
                assert!(data.len() <= 64, "more than a packet holds");
                assert!(pipe.to_host.is_none(), "a second packet before the first was fetched");
                assert!(!pipe.stalled.0, "answers after it refused");
                pipe.to_host = Some(data.to_vec());
            }
            (0, 0x30) => {
                assert_eq!(length, 0, "no request of ours brings data");
                pipe.from_host = true;
            }
            (0x80, 0x40) => pipe.stalled.0 = true,
            (0, 0x40) => pipe.stalled.1 = true,
            _ => panic!("no command for endpoint 0: {number:#04x} {action:#04x}"),
        }
    }

    fn send_report(&mut self, data: &[u8]) {
        assert_eq!(data.len(), 64, "a report is 64 bytes");
        let now = self.now;
        let endpoint = self.opened(0x82);
        assert!(!endpoint.stalled, "a report on a halted endpoint");
        let waiting = endpoint.armed.replace(data.to_vec()).is_some();
        let age = now - std::mem::replace(&mut endpoint.since, now);
        if waiting {
            assert!(age >= PATIENCE, "a report before the last one was fetched");
            self.replaced += 1;
        }
    }

    fn opened(&mut self, number: u8) -> &mut Endpoint {
        let endpoint = self.endpoint(number);
        assert!(endpoint.open, "endpoint {number:#04x} is not open");
        endpoint
    }

    fn endpoint(&mut self, number: u8) -> &mut Endpoint {
        match number {
            0x82 => &mut self.to_host,
            0x02 => &mut self.from_host,
            _ => panic!("no descriptor names the endpoint {number:#04x}"),
        }
    }

    /// What happened on the bus.
    pub(super) fn event(&mut self) -> Option<Vec<u8>> {
        if !self.connected {
            return None;
        }
        if let Some(signal) = self.host.signals.pop_front() {
            if signal == RESET {
                self.host.start_over();
                (self.address, self.control) = (0, ControlPipe::default());
                (self.to_host, self.from_host) = (Endpoint::default(), Endpoint::default());
            }
            self.host.asleep = signal == SUSPEND;
            return Some(event(0x0f, &[signal]));
        }
        if self.host.asleep {
            return None;
        }
        self.control().or_else(|| self.fetch()).or_else(|| self.deliver())
    }

    pub(super) fn tick(&mut self) {
        self.now += 1;
    }

    /// The next packet of the control transfer, if the device is ready for it.
    fn control(&mut self) -> Option<Vec<u8>> {
        let mut transfer = self.host.transfer.take()?;
        let event = transfer.advance(self);
        if event.is_none() && !self.host.dawdles && transfer.is_refused(&self.control) {
            self.host.end(&transfer, true);
        } else if transfer.is_done() {
            assert_eq!(self.control.to_host, None, "more than the host asked for");
            self.host.end(&transfer, false);
        } else {
            self.host.transfer = Some(transfer);
        }
        event
    }

    /// The host asks for a report.
    fn fetch(&mut self) -> Option<Vec<u8>> {
        if !self.host.listening {
            return None;
        }
        let report = self.to_host.armed.take()?;
        let toggle = self.to_host.toggle;
        self.to_host.toggle = !toggle;
        self.host.receive(report, toggle);
        Some(event(0x10, &[0x82, 0x02, 0]))
    }

    /// The host sends a report.
    fn deliver(&mut self) -> Option<Vec<u8>> {
        self.from_host.armed.as_ref()?;
        let (report, toggle) = self.host.outgoing()?;
        if toggle != self.from_host.toggle {
            // Taken for a repetition of the last one: acknowledged, and dropped.
            self.host.lost += 1;
            return self.deliver();
        }
        (self.from_host.armed, self.from_host.toggle) = (None, !toggle);
        let mut payload = vec![0x02, 0x04, report.len() as u8];
        payload.extend_from_slice(&report);
        Some(event(0x10, &payload))
    }
}

pub(super) const RESET: u8 = 0x01;
pub(super) const SUSPEND: u8 = 0x04;
pub(super) const RESUME: u8 = 0x08;

impl Transfer {
    /// Whether the packet the host tries next is refused.
    fn is_refused(&self, pipe: &ControlPipe) -> bool {
        if self.host_sends_next() { pipe.stalled.1 } else { pipe.stalled.0 }
    }
}
