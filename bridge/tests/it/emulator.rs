//! A signer behind the emulator's port: the simulated device, with faults and an owner as the test says.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use highwater_core::apdu::{IMPORTS_KEYS, ins};
use highwater_core::env::Cell;
use highwater_sim::{Owner, SimDevice};
use tempfile::TempDir;

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Unplugged: links are closed at once.
    Gone,
    /// Signs, and is gone before the reply is out; then it is there again.
    GoneBeforeReply,
    /// Takes this command, and is gone before the reply is out; then it is there again.
    GoneOnce(u8),
    /// Takes every command, and says nothing.
    Mute,
    Locked,
    OtherApp,
    /// An app that is too old to sign vote extensions.
    OldApp,
    /// Every reply is the one to the command before.
    Stale,
    /// The signature is wrong in one bit.
    Lies,
    /// A signature takes so long.
    Slow(Duration),
    /// Claims to be this installation.
    Claims([u8; 16]),
}

/// The device, as the test holds it.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) device: SimDevice,
    pub(crate) fault: Fault,
    /// Time that passes with each command, in tenths of a second.
    pub(crate) haste: u32,
    /// SIGN commands that came.
    pub(crate) asked: usize,
    /// Whether the app is one that imports keys.
    pub(crate) imports: bool,
    last: Vec<u8>,
}

/// The port. Clones are the same device.
#[derive(Debug, Clone)]
pub(crate) struct Emulator {
    bench: Arc<Mutex<Bench>>,
    pub(crate) address: SocketAddr,
    passing: Arc<TempDir>,
}

impl Emulator {
    /// A new device of `seed`, whose owner approves everything.
    pub(crate) fn start(seed: &str) -> Self {
        let device = owned(seed);
        let bench =
            Bench { device, fault: Fault::None, haste: 0, asked: 0, imports: true, last: vec![0x90, 0] };
        let bench = Arc::new(Mutex::new(bench));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = bench.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let bench = shared.clone();
                // A link ends when either side closes it.
                thread::spawn(move || while serve(&stream, &bench).is_some() {});
            }
        });
        let passing = tempfile::tempdir().unwrap();
        // Root acts for the owner of a state directory, who writes there too.
        fs::set_permissions(passing.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        Self { bench, address, passing: Arc::new(passing) }
    }

    /// The folder for passing files of the machine that it is plugged into.
    pub(crate) fn passing(&self) -> &Path {
        self.passing.path()
    }

    pub(crate) fn bench(&self) -> MutexGuard<'_, Bench> {
        self.bench.lock().unwrap()
    }

    pub(crate) fn fault(&self, fault: Fault) {
        self.bench().fault = fault;
    }

    /// Another device is plugged in; the one before is given back.
    pub(crate) fn swap(&self, device: SimDevice) -> SimDevice {
        std::mem::replace(&mut self.bench().device, device)
    }

    /// The app's memory is put back to what it was, as only somebody at the chip itself could, and the app starts.
    pub(crate) fn put_back(&self, pages: &[Cell]) {
        let mut device = self.swap(owned("nothing"));
        device.world.medium.restore(pages);
        self.swap(device.restart());
    }
}

/// A device whose owner approves everything.
pub(crate) fn owned(seed: &str) -> SimDevice {
    let mut device = SimDevice::in_memory(seed.as_bytes());
    device.owner = Owner::Approves;
    device
}

/// One command and its reply. `None` ends the link.
fn serve(mut stream: &TcpStream, bench: &Mutex<Bench>) -> Option<()> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut apdu = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut apdu).ok()?;
    let sign = apdu[1] == ins::SIGN;
    let (reply, pause) = bench.lock().unwrap().answer(&apdu, sign)?;
    thread::sleep(pause);
    if reply.is_empty() {
        return Some(());
    }
    let mut out = (reply.len() as u32 - 2).to_be_bytes().to_vec();
    out.extend(reply);
    stream.write_all(&out).ok()
}

impl Bench {
    fn answer(&mut self, apdu: &[u8], sign: bool) -> Option<(Vec<u8>, Duration)> {
        let mut pause = Duration::ZERO;
        match self.fault {
            Fault::Gone => return None,
            Fault::Mute => return Some((Vec::new(), pause)),
            Fault::Locked => return Some((vec![0x55, 0x15], pause)),
            Fault::OtherApp => return Some((b"Bitcoin\x90\x00".to_vec(), pause)),
            _ => {}
        }
        self.device.tick(self.haste);
        self.asked += usize::from(sign);
        let mut reply = self.device.exchange(apdu);
        if apdu[1] == ins::GET_VERSION && reply.len() > 6 {
            // It says of itself that it is a Nano S, so that the command line looks to its buttons.
            reply[5] = 1;
            if let Fault::Claims(installation) = self.fault {
                reply[6..22].copy_from_slice(&installation);
            }
            if !self.imports {
                let flags = reply.len() - 3;
                reply[flags] &= !IMPORTS_KEYS;
            }
            if self.fault == Fault::OldApp {
                // The flags stand last, before the status word.
                reply.remove(reply.len() - 3);
            }
        }
        match self.fault {
            Fault::GoneBeforeReply if sign => {
                self.fault = Fault::None;
                return None;
            }
            Fault::GoneOnce(ins) if ins == apdu[1] => {
                self.fault = Fault::None;
                return None;
            }
            Fault::Lies if sign => reply[0] ^= 1,
            Fault::Slow(time) if sign => pause = time,
            Fault::Stale => std::mem::swap(&mut reply, &mut self.last),
            _ => self.last = reply.clone(),
        }
        Some((reply, pause))
    }
}
