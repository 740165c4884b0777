//! The app with power, a cable and a finger.

use curve25519_dalek::constants::ED25519_BASEPOINT_COMPRESSED;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use highwater_core::apdu::{ChainStatus, Command, PromptState, PromptStatus, Reply, Signed, Status, ins};
use highwater_core::hid::{FromDevice, HostReader, split};
use highwater_core::hrs::Hrs;
use highwater_signer::App;
use nanos_sdk::fake::{self, Host, Kernel, Panel, Software};
use nanos_sdk::target::Call;
use nanos_sdk::{Bolos, Button};
use sha2::{Digest, Sha256, Sha512};

use crate::words::{CHAIN, add, apdu, chain, prevote};

pub(crate) struct Bench {
    pub(crate) bolos: Bolos,
    app: App,
    channel: u16,
    /// Reports of the last exchange: to the device, from it.
    pub(crate) reports: (usize, usize),
    /// A command about imported keys was sent.
    of_keys: bool,
}

fn derive(path: &[u32; 5]) -> [u8; 32] {
    Sha256::digest(path.map(u32::to_be_bytes).concat()).into()
}

/// A point from its compressed form.
fn point(compressed: &[u8; 32]) -> EdwardsPoint {
    CompressedEdwardsY(*compressed).decompress().expect("a point of the curve")
}

fn times(base: &[u8; 32], scalar: &[u8; 32]) -> [u8; 32] {
    let mut scalar = *scalar;
    scalar.reverse();
    (point(base) * Scalar::from_bytes_mod_order(scalar)).compress().to_bytes()
}

const SOFTWARE: Software = Software {
    sha256: |data| Sha256::digest(data).into(),
    sha512: |data| Sha512::digest(data).into(),
    derive,
    public_key: |private| SigningKey::from_bytes(private).verifying_key().to_bytes(),
    base: ED25519_BASEPOINT_COMPRESSED.0,
    times,
    plus: |left, right| (point(left) + point(right)).compress().to_bytes(),
};

impl Bench {
    /// A new device, started, on a host that has configured it.
    pub(crate) fn new() -> Self {
        Self::installed(|_| ())
    }

    /// A new device on a kernel that was prepared for its first start.
    pub(crate) fn installed(prepare: impl FnOnce(&mut Kernel)) -> Self {
        let bolos = fake::boot();
        kernel(|kernel| kernel.software = SOFTWARE);
        Self::start(bolos, prepare)
    }

    /// The power was gone. Flash is as it was.
    pub(crate) fn restarted(self) -> Self {
        self.restarted_on(|_| ())
    }

    pub(crate) fn restarted_on(self, prepare: impl FnOnce(&mut Kernel)) -> Self {
        drop(self);
        Self::start(fake::restart(), prepare)
    }

    fn start(mut bolos: Bolos, prepare: impl FnOnce(&mut Kernel)) -> Self {
        kernel(prepare);
        let mut app = App::default();
        app.boot(&mut bolos);
        let mut bench = Self { bolos, app, channel: 0x0100, reports: (0, 0), of_keys: false };
        bench.connect();
        bench
    }

    /// A device on which the chain of the tests was approved.
    pub(crate) fn armed() -> Self {
        let mut bench = Self::new();
        bench.approve(add(CHAIN));
        bench
    }

    /// A host finds the device and configures it.
    pub(crate) fn connect(&mut self) {
        host(Host::reset);
        self.wait(1);
        for request in [[0x00, 0x05, 9, 0, 0, 0, 0, 0], [0x00, 0x09, 1, 0, 0, 0, 0, 0]] {
            self.request(request);
        }
    }

    pub(crate) fn request(&mut self, request: [u8; 8]) {
        host(|host| host.request(request));
        self.wait(1);
        assert!(matches!(host(Host::outcome), Some(fake::Outcome::Done(_))), "{request:02x?}");
    }

    /// A turn of the loop. With all that is in it, a command, a step and a look at the screen, it takes at most 24 hashes and
    /// derives at most one key; only of imported keys a few, since a plain key lives inside one command.
    pub(crate) fn turn(&mut self) {
        let before = kernel(|kernel| kernel.calls());
        self.app.turn(&mut self.bolos);
        let count = |wanted| {
            kernel(|kernel| kernel.calls_since(before).iter().filter(|call| **call == wanted).count())
        };
        let (hashes, derived) = (count(Call::Sha256), count(Call::Derive));
        let most = if self.of_keys { 6 } else { 1 };
        assert!(hashes <= 24 && derived <= most, "one turn: {hashes} hashes, {derived} keys");
    }

    /// All that can happen happens, and then tenths of a second go by.
    pub(crate) fn wait(&mut self, ticks: usize) {
        let end = kernel(|kernel| kernel.mcu.ticks) + ticks;
        while kernel(|kernel| kernel.mcu.ticks) < end {
            self.turn();
        }
    }

    /// Sends a command on a channel of its own, and does not wait.
    pub(crate) fn send(&mut self, command: &[u8]) {
        self.channel += 1;
        self.reports = (0, 0);
        self.of_keys |= matches!(command, [_, ins::IMPORT_KEY..=ins::GET_KEYS, ..]);
        split(self.channel, command, |report| {
            self.reports.0 += 1;
            host(|host| host.send(report));
        });
    }

    /// The reply, if it comes within a second.
    pub(crate) fn reply(&mut self) -> Option<Vec<u8>> {
        let mut reader = HostReader::new(self.channel);
        for _ in 0..10 {
            self.wait(1);
            for report in host(Host::received) {
                match reader.report(&report) {
                    FromDevice::Done => {
                        self.reports.1 += 1;
                        return Some(reader.reply().to_vec());
                    }
                    FromDevice::More => self.reports.1 += 1,
                    FromDevice::Foreign => {}
                    FromDevice::Broken => panic!("a reply out of order: {report:02x?}"),
                }
            }
        }
        None
    }

    pub(crate) fn raw(&mut self, command: &[u8]) -> (Vec<u8>, u16) {
        self.send(command);
        let reply = self.reply().unwrap_or_else(|| panic!("no reply to {command:02x?}"));
        let (data, word) = Reply::split(&reply).unwrap();
        (data.to_vec(), word)
    }

    pub(crate) fn ask(&mut self, command: Command<'_>) -> Result<Vec<u8>, Status> {
        let (data, word) = self.raw(&apdu(command));
        match Status::from_word(word).unwrap() {
            Status::Ok => Ok(data),
            status => Err(status),
        }
    }

    /// A signature over a prevote, checked with the chain's key.
    pub(crate) fn sign(&mut self, height: u64) -> Result<[u8; 64], Status> {
        self.sign_bytes(CHAIN, &prevote(CHAIN, height))
    }

    pub(crate) fn sign_bytes(&mut self, id: &str, bytes: &[u8]) -> Result<[u8; 64], Status> {
        let signature = Signed::parse(&self.ask(Command::Sign(bytes))?).unwrap().signature;
        let reports = self.reports;
        let key: [u8; 32] = self.ask(Command::GetPublicKey(chain(id))).unwrap().try_into().unwrap();
        self.reports = reports;
        let key = VerifyingKey::from_bytes(&key).unwrap();
        key.verify_strict(bytes, &Signature::from_bytes(&signature)).unwrap();
        Ok(signature)
    }

    /// A request of a chain at fault: it has its slot read again, and is answered before that.
    pub(crate) fn settle(&mut self, height: u64) {
        assert_eq!(self.sign(height), Err(Status::StorageFault));
        self.wait(60);
    }

    /// The mark of the first slot.
    pub(crate) fn mark(&mut self) -> Hrs {
        let data = self.ask(Command::GetStatus { slot: 0 }).unwrap();
        ChainStatus::parse(&data).unwrap().mark
    }

    /// Raises a prompt.
    pub(crate) fn prompt(&mut self, command: Command<'_>) -> Result<u32, Status> {
        let ticket = self.ask(command)?;
        self.wait(3);
        Ok(u32::from_le_bytes(ticket.try_into().unwrap()))
    }

    /// How a prompt ended, or that it has not.
    pub(crate) fn outcome(&mut self, ticket: u32) -> (PromptState, u16) {
        let data = self.ask(Command::PromptStatus(ticket)).unwrap();
        let outcome = PromptStatus::parse(&data).unwrap();
        (outcome.state, outcome.status)
    }

    /// Asks for something, and the owner reads all of it and approves.
    pub(crate) fn approve(&mut self, command: Command<'_>) {
        let ticket = self.prompt(command).unwrap();
        self.turn_to("Approve");
        self.press(Button::Both);
        self.wait(200);
        assert_eq!(self.outcome(ticket), (PromptState::Approved, Status::Ok.word()));
    }

    /// Leafs to the page that begins with these words.
    pub(crate) fn turn_to(&mut self, title: &str) {
        for _ in 0..20 {
            if self.lines().first().is_some_and(|line| line.starts_with(title)) {
                return;
            }
            self.press(Button::Right);
        }
        panic!("no page says {title:?}, the last one says {:?}", self.lines());
    }

    /// A press, and what follows from it within a third of a second.
    pub(crate) fn press(&mut self, button: Button) {
        let down = match button {
            Button::Left => 1,
            Button::Right => 2,
            Button::Both => 3,
        };
        kernel(|kernel| kernel.events.extend([vec![0x05, 0, 1, down << 1], vec![0x05, 0, 1, 0]]));
        self.wait(3);
    }

    /// What the app keeps, and the last event.
    pub(crate) fn memory(&self) -> String {
        format!("{:?} {:?}", self.app, self.bolos)
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        panel(|panel| panel.lines())
    }
}

pub(crate) fn kernel<T>(look: impl FnOnce(&mut Kernel) -> T) -> T {
    fake::with(look)
}

pub(crate) fn host<T>(look: impl FnOnce(&mut Host) -> T) -> T {
    kernel(|kernel| look(&mut kernel.mcu.bus.host))
}

pub(crate) fn panel<T>(look: impl FnOnce(&mut Panel) -> T) -> T {
    kernel(|kernel| look(&mut kernel.mcu.panel))
}
