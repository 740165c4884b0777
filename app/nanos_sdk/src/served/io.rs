//! The event loop of an app, in one call: [`Io::next_event`] waits for the next event that concerns the app.
//!
//! Every event of the MCU or the secure element goes to the system's user interface first, which may ask for the PIN meanwhile;
//! all but what the secure element tells the app itself. The picture is drawn between two events, all of it at once.

use super::event::Incoming;
use super::screen::Screen;
use crate::Event;
use crate::buttons::{Button, Buttons};
use crate::os;
use crate::screen::Picture;
use crate::sys::{Fault, Served, Sys, die};

pub use super::event::Packet;

/// What the host does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host<'p> {
    /// It sent a command: up to 272 bytes, which may be more than the app takes.
    Command(&'p [u8]),
}

/// Events, commands, screen.
#[derive(Debug)]
pub struct Io {
    screen: Screen,
    buttons: Buttons,
    /// The way by which the last command came.
    way: u8,
    /// Failed calls for an event in a row.
    failures: u8,
}

/// So often a call for an event may fail. A device whose I/O is gone for good serves nobody, and an app that ends says so.
const PATIENCE: u8 = 16;

impl Io {
    pub(crate) const fn new() -> Self {
        Self { screen: Screen::new(), buttons: Buttons::new(), way: 0, failures: 0 }
    }

    pub(crate) fn power_on(&mut self) {
        self.screen.redraw();
    }

    /// Comes onto the bus. A host gives a request five seconds, so first be ready to serve [`Io::next_event`]. Ends the app
    /// if the system does not start USB: nobody would ever hear of it, and an app that ends says so.
    pub fn connect(&mut self) {
        if Sys::io_start().is_err() {
            die();
        }
    }

    /// Waits for the next event that concerns the app.
    ///
    /// `picture` is what should be on the screen; it is drawn after [`Io::redraw`].
    #[inline(never)]
    pub fn next_event<'p>(&mut self, packet: &'p mut Packet, picture: &impl Picture) -> Event<'p> {
        let length = loop {
            // Before and after: a page that has changed is drawn at once, and a press that began on the last one is void.
            self.buttons.watch(self.screen.is_whole());
            self.screen.draw(picture);
            self.buttons.watch(self.screen.is_whole());
            let length = self.receive(packet);
            match packet.event(length) {
                Incoming::Ticker => {
                    self.screen.owned_by(os::forward());
                    self.buttons.tick();
                    return Event::Ticker;
                }
                Incoming::Buttons(down) => {
                    if let Some(button) = self.buttons(down) {
                        return Event::Button(button);
                    }
                }
                Incoming::Status => self.screen.owned_by(os::forward()),
                Incoming::Redraw => self.screen.given_back(),
                Incoming::Command { way } => {
                    self.way = way;
                    break length;
                }
                Incoming::Other => {}
            }
        };
        Event::Host(Host::Command(packet.command(length)))
    }

    /// Answers the last command, by the way by which it came.
    ///
    /// # Errors
    /// If the system does not take it: the host has gone.
    pub fn reply(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        Sys::send(self.way, bytes)
    }

    /// The picture has changed: draws it anew.
    pub fn redraw(&mut self) {
        self.screen.redraw();
    }

    /// The length of the next event. 0: one of USB that the system has dealt with, and there are many of those in a row.
    fn receive(&mut self, packet: &mut Packet) -> usize {
        match Sys::receive(packet.buffer()) {
            Ok(length) => {
                self.failures = 0;
                length
            }
            Err(_) => {
                self.failures += 1;
                if self.failures == PATIENCE {
                    die();
                }
                0
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
