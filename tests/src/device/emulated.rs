//! The firmware in the emulator. Commands go through the bridge's own transport.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use highwater::device::Transport;
use highwater_core::env::Cell;
use highwater_core::rings::Rings;
use nanos_sdk::target::Device as Hardware;
use speculos::{Button, Emulator, Image, Model, Options, Seed};

use super::{Device, SEED, owner, port, stack};
use crate::process::tail;
use crate::tools;

/// Longer than a command takes, on a slow machine too: a signature costs a second of the processor.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running emulator.
pub struct Emulated {
    /// Which one it is.
    pub hardware: Hardware,
    firmware: PathBuf,
    options: Options,
    /// `None` only while the power is off.
    emulator: Option<Emulator>,
    /// `None` until it is needed: the emulator has one client at a time, and the bridge may be it.
    cable: Option<Box<dyn Transport>>,
}

/// What an emulator left that was killed during a command.
pub struct Death {
    /// Its flash when the command came.
    pub before: Image,
    /// Its flash at the end.
    pub after: Image,
    /// Its reply, if one had left.
    pub reply: Option<Vec<u8>>,
}

/// A whole reply out of the emulator's framing: the length does not count the status word.
fn unframed(came: &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = came.split_first_chunk::<4>()?;
    rest.get(..u32::from_be_bytes(*length) as usize + 2).map(<[u8]>::to_vec)
}

fn options(hardware: &Hardware, level: Option<u8>, firmware: &Path, python: &Path) -> Options {
    let model = Model::new(hardware.model, level, hardware.page);
    Options::on(model, python, firmware).seed(Seed::Bytes(SEED.to_vec()))
}

impl Emulated {
    /// A new device of this kind, with the firmware and the emulator that the environment names.
    pub fn new(hardware: Hardware) -> Result<Self> {
        let (firmware, python) = (tools::firmware(&hardware)?, tools::emulator(&hardware)?);
        Self::start(hardware, tools::level(&hardware)?, &firmware, &python)
    }

    /// The same; and the emulator's log names every system call.
    pub fn traced(hardware: Hardware) -> Result<Self> {
        let (firmware, python) = (tools::firmware(&hardware)?, tools::emulator(&hardware)?);
        let options = options(&hardware, tools::level(&hardware)?, &firmware, &python).trace();
        Self::on(hardware, &firmware, options)
    }

    /// A new device with this firmware, on a system of this API level; `python` runs the emulator.
    pub fn start(hardware: Hardware, level: Option<u8>, firmware: &Path, python: &Path) -> Result<Self> {
        let options = options(&hardware, level, firmware, python);
        Self::on(hardware, firmware, options)
    }

    fn on(hardware: Hardware, firmware: &Path, options: Options) -> Result<Self> {
        let emulator = Some(Emulator::start(&options)?);
        Ok(Self { hardware, firmware: firmware.to_owned(), options, emulator, cable: None })
    }

    /// The emulator.
    pub fn emulator(&self) -> Result<&Emulator> {
        self.emulator.as_ref().context("the power is off")
    }

    /// Kills the emulator a while after it was given a command, whatever it is doing then.
    pub fn kill_during(&mut self, apdu: &[u8], delay: Duration) -> Result<Death> {
        self.cable = None;
        let before = self.emulator()?.nvram()?;
        let mut host = TcpStream::connect(self.emulator()?.apdu_address())?;
        host.write_all(&[&(apdu.len() as u32).to_be_bytes()[..], apdu].concat())?;
        // Not a wait for something: wherever this ends is a place to be cut at.
        std::thread::sleep(delay);
        let after = self.pull_the_plug()?;
        let mut came = Vec::new();
        host.set_read_timeout(Some(PATIENCE))?;
        // The far end of this connection is dead: what has come is all there is, however the reading ends.
        let _ = host.read_to_end(&mut came);
        Ok(Death { before, after, reply: unframed(&came) })
    }

    /// Kills the emulator, and gives its flash as it was left.
    pub fn pull_the_plug(&mut self) -> Result<Image> {
        self.cable = None;
        Ok(self.emulator.take().context("the power is off")?.pull_the_plug()?)
    }

    /// Starts a new emulator on this flash.
    pub fn plug_in(&mut self, image: Image) -> Result<()> {
        self.emulator = Some(Emulator::start(&self.options.clone().nvram(image))?);
        Ok(())
    }

    /// Lets go of the cable, for another client.
    pub fn unplug(&mut self) {
        self.cable = None;
    }

    fn cable(&mut self) -> Result<&mut Box<dyn Transport>> {
        if self.cable.is_none() {
            self.cable = Some(port::dial(self.emulator()?.apdu_address())?);
        }
        self.cable.as_mut().context("just opened")
    }
}

impl Device for Emulated {
    fn exchange(&mut self, apdu: &[u8]) -> Result<Vec<u8>> {
        let reply = self.cable()?.exchange(apdu, Instant::now() + PATIENCE);
        // A dead emulator tells more of the reason than a cut cable.
        self.emulator()?.check()?;
        let emulator = self.emulator()?;
        reply.with_context(|| {
            let log = tail(&emulator.log());
            format!("the firmware did not answer {}; the emulator's log:\n{log}", hex::encode(apdu))
        })
    }

    fn decide(&mut self, approved: bool) -> Result<Option<Vec<String>>> {
        let mut pages = Vec::new();
        owner::read_and_decide(self.emulator()?, approved, |page| pages.push(owner::lines(page)))?;
        // The pages of the decision stand at the end, "Approve" before "Reject".
        pages.truncate(pages.len() - if approved { 1 } else { 2 });
        Ok(Some(pages))
    }

    fn press_home(&mut self) -> Result<()> {
        let emulator = self.emulator()?;
        // A press counts for a page that stood for a tick, and one may have gone just now.
        emulator.pause()?.step(2)?;
        Ok(emulator.press(Button::Both)?)
    }

    fn screen(&mut self) -> Result<Option<String>> {
        Ok(Some(owner::lines(&self.emulator()?.screen()?)))
    }

    fn pass(&mut self, ticks: u32) -> Result<()> {
        Ok(self.emulator()?.pause()?.step(ticks)?)
    }

    fn still(&mut self, still: bool) -> Result<()> {
        let paused = self.emulator()?.pause()?;
        if still {
            // Whoever lets the clock run again does so by the other branch.
            std::mem::forget(paused);
        }
        Ok(())
    }

    fn restart(&mut self, spoilt: &[(u16, Cell)]) -> Result<()> {
        let image = self.pull_the_plug()?;
        self.plug_in(spoilt.iter().fold(image, |image, (page, cell)| image.with_page((*page).into(), cell)))
    }

    fn rings(&self) -> Rings {
        self.hardware.pairs.into()
    }

    fn page(&mut self, page: u16) -> Result<Cell> {
        Ok(self.emulator()?.nvram()?.page(page.into()))
    }

    fn emulated(&mut self) -> Option<&mut Emulated> {
        Some(self)
    }

    fn note(&mut self) -> Result<()> {
        let reply = self.exchange(&[0xe0, 0x11, 0, 0, 0])?;
        stack::note(&self.firmware, &reply)
    }
}
