//! The bus: the device's controller at one end, the host at the other. What passes between them becomes events.

use super::host::{Host, RESET};
use super::usb::Usb;
use super::wire::event;

/// Both ends of the cable.
#[derive(Debug, Default)]
pub struct Bus {
    /// The host.
    pub host: Host,
    /// The controller.
    pub usb: Usb,
}

impl Bus {
    /// Takes a command that concerns the bus or the layout of the device (0x4f).
    pub(super) fn configure(&mut self, command: &[u8]) {
        self.usb.configure(command);
    }

    /// Takes a command that concerns one endpoint (0x50).
    pub(super) fn prepare(&mut self, command: &[u8]) {
        let is_control = matches!(command, [0 | 0x80, ..]);
        assert!(
            !is_control || self.host.is_asking(),
            "an answer on endpoint 0 to no request: {command:02x?}"
        );
        self.usb.prepare(command);
    }

    /// What happened on the bus.
    pub(super) fn event(&mut self) -> Option<Vec<u8>> {
        if !self.usb.connected {
            return None;
        }
        if let Some(signal) = self.host.signal() {
            if signal == RESET {
                self.usb.reset();
            }
            return Some(event(0x0f, &[signal]));
        }
        if self.host.asleep {
            return None;
        }
        self.control().or_else(|| self.fetch()).or_else(|| self.deliver())
    }

    pub(super) fn tick(&mut self) {
        self.usb.tick();
    }

    /// The next packet of the control transfer, if the device is ready for it.
    fn control(&mut self) -> Option<Vec<u8>> {
        self.host.transact(&mut self.usb.control, self.usb.address)
    }

    /// The host asks for a report.
    fn fetch(&mut self) -> Option<Vec<u8>> {
        if !self.host.listening {
            return None;
        }
        let endpoint = &mut self.usb.to_host;
        let report = endpoint.armed.take()?;
        let toggle = endpoint.toggle;
        endpoint.toggle = !toggle;
        self.host.receive(report, toggle);
        Some(event(0x10, &[0x82, 0x02, 0]))
    }

    /// The host sends a report.
    fn deliver(&mut self) -> Option<Vec<u8>> {
        let endpoint = &mut self.usb.from_host;
        endpoint.armed.as_ref()?;
        let (report, toggle) = self.host.outgoing()?;
        if toggle != endpoint.toggle {
            // Taken for a repetition of the last one: acknowledged, and dropped.
            self.host.lost += 1;
            return self.deliver();
        }
        (endpoint.armed, endpoint.toggle) = (None, !toggle);
        let mut payload = vec![0x02, 0x04, report.len() as u8];
        payload.extend_from_slice(&report);
        Some(event(0x10, &payload))
    }
}
