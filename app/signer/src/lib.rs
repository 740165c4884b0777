//! The app that runs on the Ledger: the signer of `highwater-core` on the runtime of `nanos_sdk`.
//!
//! | room | holds |
//! | --- | --- |
//! | `env` | BOLOS behind the signer's view of the world |
//! | `link` | commands from the host, replies to it: in reports, or whole, as the device has it |
//! | `commands` | the two commands every app of Ledger has |
//! | `screen` | what is shown when, and when it goes dark |
//! | `home`, `prompt`, `words` | the pages |
//!
//! One loop, nothing in it waits: a vote is answered while a prompt stands, a screen is drawn or a ring is prepared.

#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

mod commands;
mod env;
mod home;
#[cfg_attr(not(device = "nanosplus"), path = "link/reports.rs")]
#[cfg_attr(device = "nanosplus", path = "link/whole.rs")]
mod link;
mod prompt;
mod screen;
#[cfg(test)]
mod tests;
mod words;

use commands::Own;
pub use env::PATH;
use env::{Keys, World};
use highwater_core::layout::SLOTS;
use highwater_core::signer::Signer;
use link::Link;
use nanos_sdk::{Bolos, Event, Key, Stream, stack};
use screen::Screen;

/// The app's state. It stands in static memory.
#[derive(Debug)]
pub struct App {
    signer: Signer,
    keys: Keys,
    /// The extension that comes in two passes.
    stream: Stream,
    link: Link,
    screen: Screen,
    /// The end was asked for, by the owner or by a host that may; it comes when the answer has left.
    quitting: bool,
}

impl App {
    /// Before the start.
    pub const fn new() -> Self {
        Self {
            signer: Signer::new(),
            keys: [const { Key::empty() }; SLOTS],
            stream: Stream::empty(),
            link: Link::new(),
            screen: Screen::new(),
            quitting: false,
        }
    }
}

impl Default for App {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs the app. It ends only by the quit command, or when the system fails for good.
pub fn run(bolos: &'static mut Bolos, app: &'static mut App) -> ! {
    app.boot(bolos);
    loop {
        app.turn(bolos);
    }
}

impl App {
    /// Reads and repairs what is in flash, before anything is answered, and before a host sees the device.
    #[inline(never)]
    pub fn boot(&mut self, bolos: &mut Bolos) {
        let Bolos { io, nvm, crypto, os, .. } = bolos;
        let mut world = World { nvm, crypto, os, keys: &mut self.keys, stream: &mut self.stream };
        self.signer.start(&mut world);
        self.screen.start(&mut self.signer, &mut world);
        io.redraw();
        stack::scrub();
        io.connect();
    }

    /// One event, and all that follows from it.
    #[inline(never)]
    pub fn turn(&mut self, bolos: &mut Bolos) {
        let Bolos { io, nvm, crypto, os, packet } = bolos;
        let signer = &mut self.signer;
        let mut world = World { nvm, crypto, os, keys: &mut self.keys, stream: &mut self.stream };
        match io.next_event(packet, self.screen.picture()) {
            Event::Host(host) => {
                if self.link.take(host) {
                    self.quitting |= answer(signer, &mut world, &mut self.link) == Some(Own::Quit);
                }
            }
            Event::Button(button) => self.quitting |= self.screen.press(button, signer, &mut world),
            Event::Ticker => {
                signer.tick();
                self.screen.tick();
            }
        }
        packet.wipe();
        self.link.pump(io);
        let quiet = self.link.is_quiet();
        if quiet && self.quitting {
            world.os.exit();
        }
        // Nobody waits for these, so they come after the reply. But a host that leaves its replies unfetched holds up
        // neither the screen behind the buttons, nor what was approved.
        if quiet || self.screen.is_due() {
            signer.step(&mut world);
            if self.screen.update(signer, &mut world) {
                io.redraw();
            }
        }
        // Each check of a page has left the secret of the checks there.
        stack::scrub();
    }
}

#[inline(never)]
fn answer(signer: &mut Signer, world: &mut World<'_>, link: &mut Link) -> Option<Own> {
    let (command, reply) = link.exchange();
    let own = commands::answer(command, signer.is_idle(), world.os, reply);
    if own.is_none() {
        signer.handle(world, command, reply);
    }
    link.answered();
    own
}
