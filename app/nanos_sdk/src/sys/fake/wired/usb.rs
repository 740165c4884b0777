//! The USB device controller of the MCU. It does what it is told, and insists that it is told what makes sense on a bus.

use super::pipe::{ControlPipe, Endpoint};

/// The controller.
#[derive(Debug, Default)]
pub struct Usb {
    /// Whether the device is on the bus.
    pub connected: bool,
    /// The address the device answers to.
    pub(super) address: u8,
    pub(super) control: ControlPipe,
    pub(super) to_host: Endpoint,
    pub(super) from_host: Endpoint,
    /// Reports that were put in the place of others nobody had fetched.
    pub replaced: usize,
    now: usize,
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

    /// The host resets the bus: no address, no endpoint but 0.
    pub(super) fn reset(&mut self) {
        (self.address, self.control) = (0, ControlPipe::default());
        (self.to_host, self.from_host) = (Endpoint::default(), Endpoint::default());
    }

    pub(super) fn tick(&mut self) {
        self.now += 1;
    }
}
