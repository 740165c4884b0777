//! The event loop of an app, in one call: [`Io::next_event`] ends the event in hand and waits for the next that concerns
//! the app.
//!
//! Every event gets exactly one status, whatever happens in between; a second one would be an exception. The system may
//! already have given it (it draws, when the device is locked), so it is asked each time. USB requests, the lock screen
//! and the drawing of the picture are dealt with in here; none of them waits for another.

use super::screen::Screen;
use super::seph::{self, Incoming};
use super::usb::{REPORT, SendError, Signal, Usb};
use crate::Event;
use crate::buttons::{Button, Buttons};
use crate::os;
use crate::screen::Picture;
use crate::sys::{Mcu, Sys, die};

pub use super::seph::Packet;

/// What the host does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host<'p> {
    /// It sent a report: at most 64 bytes, often fewer.
    Report(&'p [u8]),
    /// It has the last report; the next may be sent.
    ReportSent,
    /// Bus reset, new configuration, or a report nobody fetched for two seconds: whatever was half received or half sent
    /// is void.
    LinkReset,
}

/// Events, reports, screen.
#[derive(Debug)]
pub struct Io {
    usb: Usb,
    screen: Screen,
    buttons: Buttons,
    /// A tick that came together with another event, and is told after it.
    tick_due: bool,
    /// Failed calls for an event in a row.
    failures: u8,
}

/// So often a call for an event may fail. A device whose I/O is gone for good serves nobody, and an app that ends says so.
const PATIENCE: u8 = 16;

impl Io {
    pub(crate) const fn new() -> Self {
        Self { usb: Usb::new(), screen: Screen::new(), buttons: Buttons::new(), tick_due: false, failures: 0 }
    }

    pub(crate) fn power_on(&mut self) {
        self.usb.power_on();
        self.screen.redraw();
    }

    /// Comes onto the bus. A host gives a request five seconds, so first be ready to serve [`Io::next_event`].
    pub fn connect(&mut self) {
        self.usb.connect();
    }

    /// Ends the event in hand, and waits for the next one that concerns the app.
    ///
    /// `picture` is what should be on the screen; it is drawn item by item as events go by, from its beginning after
    /// [`Io::redraw`].
    #[inline(never)]
    pub fn next_event<'p>(&mut self, packet: &'p mut Packet, picture: &impl Picture) -> Event<'p> {
        loop {
            if core::mem::take(&mut self.tick_due) {
                return Event::Ticker;
            }
            self.conclude(picture);
            self.buttons.watch(self.screen.is_whole());
            match self.receive(packet) {
                Incoming::Ticker => {
                    self.screen.owned_by(os::forward());
                    self.screen.tick();
                    self.buttons.tick();
                    // First the reset: at a mere tick the app would go on with a reply that is void.
                    self.tick_due = self.usb.tick();
                    return if self.tick_due { Event::Host(Host::LinkReset) } else { Event::Ticker };
                }
                Incoming::Buttons(down) => {
                    if let Some(button) = self.buttons(down) {
                        return Event::Button(button);
                    }
                }
                Incoming::Displayed => {
                    self.screen.displayed();
                    self.screen.owned_by(os::forward());
                }
                Incoming::Status => self.screen.owned_by(os::forward()),
                Incoming::BusReset => {
                    self.usb.reset();
                    return Event::Host(Host::LinkReset);
                }
                Incoming::Transfer { endpoint, kind, length } => {
                    if let Some(signal) = self.usb.transfer(endpoint, kind, packet.data(length)) {
                        return Event::Host(told(signal, packet, length));
                    }
                }
                Incoming::Other => {}
            }
        }
    }

    /// Hands a report to the host. It has arrived when [`Host::ReportSent`] comes.
    ///
    /// # Errors
    /// If it cannot be sent now; nothing has changed.
    pub fn send_report(&mut self, report: &[u8; REPORT]) -> Result<(), SendError> {
        self.usb.send_report(report)
    }

    /// Whether a report can be sent now.
    ///
    /// # Errors
    /// What [`Io::send_report`] would say.
    pub fn can_send(&self) -> Result<(), SendError> {
        self.usb.can_send()
    }

    /// The picture has changed: draws it from its beginning, also if it was being drawn.
    pub fn redraw(&mut self) {
        self.screen.redraw();
    }

    /// Gives the event in hand its status: the next item of the picture, or none.
    #[inline(never)]
    fn conclude(&mut self, picture: &impl Picture) {
        // If the system does not tell, a second status is refused, while a missing one would halt everything.
        if Sys::status_sent() == Ok(true) {
            return;
        }
        if !self.screen.advance(picture) {
            seph::send_general_status();
        }
        // Not taken: once more, but without the drawing. A page that lacks a line must not stay, so it begins again.
        if Sys::status_sent() == Ok(false) {
            seph::send_general_status();
            self.screen.redraw();
        }
    }

    fn receive(&mut self, packet: &mut Packet) -> Incoming {
        match Sys::receive(packet.buffer()) {
            Ok(length) => {
                self.failures = 0;
                Incoming::parse(&packet.buffer()[..length])
            }
            Err(_) => {
                self.failures += 1;
                if self.failures == PATIENCE {
                    die();
                }
                Incoming::Other
            }
        }
    }

    /// A report of the buttons. What they do counts for the page that stands, if it is the app's.
    fn buttons(&mut self, down: u8) -> Option<Button> {
        self.screen.owned_by(os::forward());
        self.buttons.watch(self.screen.is_whole());
        self.buttons.report(down)
    }
}

fn told(signal: Signal, packet: &Packet, length: usize) -> Host<'_> {
    match signal {
        Signal::Report => Host::Report(packet.data(length)),
        Signal::ReportSent => Host::ReportSent,
        Signal::LinkReset => Host::LinkReset,
    }
}
