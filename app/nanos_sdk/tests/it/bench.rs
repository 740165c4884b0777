//! An app that does nothing but note what it is told, on a cable.

use nanos_sdk::fake::{self, Host, Kernel, Outcome};
use nanos_sdk::screen::{Blank, Picture};
use nanos_sdk::{Bolos, Button, Event};

/// What the app was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    Ticker,
    Button(Button),
    Report(Vec<u8>),
    ReportSent,
    LinkReset,
}

pub(crate) struct Bench {
    pub(crate) bolos: Bolos,
    /// Everything but ticks.
    pub(crate) told: Vec<Told>,
}

impl Bench {
    /// The device is on the bus; no host has done anything.
    pub(crate) fn new() -> Self {
        Self::started(fake::boot())
    }

    pub(crate) fn started(mut bolos: Bolos) -> Self {
        bolos.io.connect();
        Self { bolos, told: Vec::new() }
    }

    /// A host has configured the device.
    pub(crate) fn configured() -> Self {
        let mut bench = Self::new();
        bench.reset();
        bench.done(SET_ADDRESS);
        bench.done(SET_CONFIGURATION);
        bench.told.clear();
        bench
    }

    /// One event for the app, of a blank screen.
    pub(crate) fn turn(&mut self) -> Told {
        self.turn_with(&Blank)
    }

    pub(crate) fn turn_with(&mut self, picture: &impl Picture) -> Told {
        let told = match self.bolos.io.next_event(&mut self.bolos.packet, picture) {
            Event::Ticker => Told::Ticker,
            Event::Button(button) => Told::Button(button),
            Event::Host(nanos_sdk::Host::Report(report)) => Told::Report(report.to_vec()),
            Event::Host(nanos_sdk::Host::ReportSent) => Told::ReportSent,
            Event::Host(nanos_sdk::Host::LinkReset) => Told::LinkReset,
        };
        if told != Told::Ticker {
            self.told.push(told.clone());
        }
        told
    }

    /// Turns until nothing is left to happen, and one tick more.
    pub(crate) fn settle(&mut self) {
        while self.turn() != Told::Ticker {}
    }

    /// Tenths of a second go by.
    pub(crate) fn wait(&mut self, ticks: usize) {
        (0..ticks).for_each(|_| self.settle());
    }

    /// What the app was told since the last time, ticks apart.
    pub(crate) fn told(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }

    pub(crate) fn reset(&mut self) {
        host(Host::reset);
        self.settle();
    }

    /// A control transfer. A real host would wait five seconds; nothing in here takes longer than an event.
    pub(crate) fn control(&mut self, request: [u8; 8]) -> Outcome {
        host(|host| host.request(request));
        self.settle();
        host(Host::outcome).unwrap_or_else(|| panic!("no answer to {request:02x?}"))
    }

    pub(crate) fn done(&mut self, request: [u8; 8]) -> Vec<u8> {
        match self.control(request) {
            Outcome::Done(data) => data,
            Outcome::Stalled => panic!("refused: {request:02x?}"),
        }
    }

    pub(crate) fn refused(&mut self, request: [u8; 8]) {
        assert_eq!(self.control(request), Outcome::Stalled, "{request:02x?}");
    }

    /// The host sends a report, and the app takes it.
    pub(crate) fn report(&mut self, mark: u8) {
        host(|host| host.send(&[mark; 64]));
        self.settle();
    }
}

pub(crate) fn host<T>(look: impl FnOnce(&mut Host) -> T) -> T {
    fake::with(|kernel| look(&mut kernel.mcu.bus.host))
}

pub(crate) fn kernel<T>(look: impl FnOnce(&mut Kernel) -> T) -> T {
    fake::with(look)
}

pub(crate) const SET_ADDRESS: [u8; 8] = [0x00, 0x05, 11, 0, 0, 0, 0, 0];
pub(crate) const SET_CONFIGURATION: [u8; 8] = [0x00, 0x09, 1, 0, 0, 0, 0, 0];
pub(crate) const UNCONFIGURE: [u8; 8] = [0x00, 0x09, 0, 0, 0, 0, 0, 0];
pub(crate) const GET_CONFIGURATION: [u8; 8] = [0x80, 0x08, 0, 0, 0, 0, 1, 0];
pub(crate) const HALT_IN: [u8; 8] = [0x02, 0x03, 0, 0, 0x82, 0, 0, 0];
pub(crate) const CLEAR_IN: [u8; 8] = [0x02, 0x01, 0, 0, 0x82, 0, 0, 0];
pub(crate) const HALT_OUT: [u8; 8] = [0x02, 0x03, 0, 0, 0x02, 0, 0, 0];
pub(crate) const CLEAR_OUT: [u8; 8] = [0x02, 0x01, 0, 0, 0x02, 0, 0, 0];

/// GET_DESCRIPTOR of the device; of an interface it is request type 0x81.
pub(crate) fn descriptor(kind: u8, index: u8, length: u16) -> [u8; 8] {
    let [low, high] = length.to_le_bytes();
    let language = if kind == 3 && index != 0 { [0x09, 0x04] } else { [0, 0] };
    [0x80, 0x06, index, kind, language[0], language[1], low, high]
}
