//! A USB device with one HID interface and two endpoints of 64-byte reports, as Ledger's own apps show it, so that every
//! host that knows a Ledger finds it.
//!
//! `control` decides what to answer on endpoint 0 and touches nothing; `link` counts the reports; here their decisions
//! become packets.

mod control;
mod descriptors;
mod link;
mod request;

use crate::mcu::seph::{self, Transfer};
use control::{Action, Control};
use link::Link;
use request::Request;

/// Bytes of a report, and of the largest packet on every endpoint.
pub const REPORT: usize = 64;

/// The endpoint to the host.
const IN: u8 = 0x82;
/// The endpoint from the host.
const OUT: u8 = 0x02;
const DIRECTION: u8 = 0x80;

/// Why a report was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendError {
    /// No host has configured us, or it has halted the endpoint. Nobody is there to answer.
    NotReady,
    /// The last report is still on its way. Wait for `Event::ReportSent`.
    Busy,
}

/// What the app has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// A report came: the bytes of the transfer in hand.
    Report,
    /// The report is with the host.
    ReportSent,
    /// What was under way is void.
    LinkReset,
}

#[derive(Debug)]
pub(crate) struct Usb {
    control: Control,
    link: Link,
}

impl Usb {
    pub(crate) const fn new() -> Self {
        Self { control: Control::new(), link: Link::new() }
    }

    /// Leaves the bus, whoever was on it before.
    pub(crate) fn power_on(&mut self) {
        seph::usb_connect(false);
        seph::usb_address(0);
    }

    /// Comes back.
    pub(crate) fn connect(&mut self) {
        seph::usb_connect(true);
    }

    /// The host starts over. A report that was on its way is forgotten with the next configuration.
    pub(crate) fn reset(&mut self) {
        self.control.reset();
    }

    /// 100 ms have gone by. `true`: what was under way is void.
    pub(crate) fn tick(&mut self) -> bool {
        self.link.tick()
    }

    pub(crate) fn transfer(&mut self, endpoint: u8, kind: Transfer, data: &[u8]) -> Option<Signal> {
        let action = match (kind, endpoint & !DIRECTION) {
            // Requests are always for endpoint 0; the emulator labels them otherwise.
            (Transfer::Setup, _) => Request::parse(data).map(|request| self.control.on_setup(request))?,
            (Transfer::Sent, 0) => self.control.on_sent(),
            (Transfer::Received, 0) => self.control.on_received(),
            (Transfer::Sent, OUT) => return self.link.on_sent().then_some(Signal::ReportSent),
            (Transfer::Received, OUT) if self.control.is_configured() => {
                seph::usb_receive(OUT, REPORT as u8);
                return Some(Signal::Report);
            }
            _ => return None,
        };
        self.perform(action)
    }

    pub(crate) fn can_send(&self) -> Result<(), SendError> {
        if !self.control.is_configured() || self.control.halted(IN) == Some(true) {
            return Err(SendError::NotReady);
        }
        if self.link.is_sending() { Err(SendError::Busy) } else { Ok(()) }
    }

    pub(crate) fn send_report(&mut self, report: &[u8; REPORT]) -> Result<(), SendError> {
        self.can_send()?;
        seph::usb_send(IN, report);
        self.link.sending();
        Ok(())
    }

    fn perform(&mut self, action: Action) -> Option<Signal> {
        match action {
            Action::Nothing => return None,
            Action::Send { data, length } => {
                seph::usb_send(0, &data.bytes()[..length]);
                return None;
            }
            Action::AwaitStatus => {
                seph::usb_receive(0, 0);
                return None;
            }
            Action::Stall => {
                seph::usb_stall(DIRECTION, true);
                seph::usb_stall(0, true);
                return None;
            }
            Action::Acknowledge => {
                acknowledge();
                return None;
            }
            Action::Address(address) => {
                seph::usb_address(address);
                acknowledge();
                return None;
            }
            Action::Configure(configured) => {
                seph::usb_endpoint(IN, configured);
                seph::usb_endpoint(OUT, configured);
                if configured {
                    seph::usb_receive(OUT, REPORT as u8);
                }
            }
            Action::Halt(endpoint, halted) => {
                seph::usb_stall(endpoint, halted);
                if endpoint == OUT && !halted {
                    seph::usb_receive(OUT, REPORT as u8);
                }
            }
        }
        acknowledge();
        self.link.reset();
        Some(Signal::LinkReset)
    }
}

/// The status stage of a request without data: a packet of no bytes.
fn acknowledge() {
    seph::usb_send(0, &[]);
}
