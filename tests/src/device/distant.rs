//! A simulated device behind a port framed as the emulator's, whose cable can be pulled and whose answers can be late.
//! An auditor reads every signature on the cable, over all restarts.

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Result, ensure};
use highwater_sim::audit::Place;
use highwater_sim::{Fault, Owner, SimDevice, Tear};

use super::witness::Witness;
use super::{SEED, port};
use crate::bridge::Setup;

/// The device, its cable and who watches it.
pub struct Distant {
    address: SocketAddr,
    inside: Arc<Mutex<Inside>>,
    /// `None` while the cable is out.
    cable: Option<Cable>,
}

struct Inside {
    /// `None` only while it starts anew.
    device: Option<SimDevice>,
    witness: Witness,
    /// By how much the next signatures are late.
    late: Vec<Duration>,
    links: Vec<TcpStream>,
}

struct Cable {
    out: Arc<AtomicBool>,
    listening: JoinHandle<()>,
}

impl Distant {
    /// A new device, plugged in.
    pub fn new() -> Result<Self> {
        let device = Some(SimDevice::in_memory(&SEED));
        let (witness, late, links) = (Witness::default(), Vec::new(), Vec::new());
        let inside = Arc::new(Mutex::new(Inside { device, witness, late, links }));
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let cable = Some(listen(listener, &inside)?);
        Ok(Self { address, inside, cable })
    }

    /// Where the bridge finds it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its owner approves the chain of `setup`, whose key is told to the auditor.
    pub fn approving(&self, setup: &Setup, chain: &str) -> Result<()> {
        self.inside().device().owner = Owner::Approves;
        let added = setup.add_chain(|| Ok(()));
        self.inside().device().owner = Owner::Away;
        added?;
        self.inside().witness.key(chain, setup.public_key()?);
        Ok(())
    }

    /// The next `signatures` leave the device this much later than they are made.
    pub fn delay(&self, signatures: usize, by: Duration) {
        self.inside().late = vec![by; signatures];
    }

    /// How many late signatures are still to come.
    pub fn to_be_late(&self) -> usize {
        self.inside().late.len()
    }

    /// The power will vanish at the `nth` write from now, which is torn.
    pub fn cut_at_write(&self, nth: u32, tear: Tear) {
        self.inside().device().world.medium.plan(nth, Fault::Cut(tear));
    }

    /// Whether it has power.
    pub fn is_powered(&self) -> bool {
        self.inside().device().world.medium.is_powered()
    }

    /// Pulls the cable, which is its power too. What was under way is lost.
    pub fn unplug(&mut self) {
        let Some(cable) = self.cable.take() else { return };
        cable.out.store(true, Ordering::SeqCst);
        // A panic there was told already.
        let _ = cable.listening.join();
        for link in self.inside().links.drain(..) {
            let _ = link.shutdown(Shutdown::Both);
        }
    }

    /// Plugs it in again; it starts on the flash that it had.
    pub fn plug(&mut self) -> Result<()> {
        ensure!(self.cable.is_none(), "it is plugged in");
        {
            let mut inside = self.inside();
            let device = inside.device.take().map(SimDevice::restart);
            inside.device = device;
        }
        self.cable = Some(listen(TcpListener::bind(self.address)?, &self.inside)?);
        Ok(())
    }

    /// What the auditor says of all that ever left the device: how many signatures, if it objects to none.
    pub fn audit(&self) -> Result<u64> {
        let mut inside = self.inside();
        let early = inside.device().world.early.take();
        inside.witness.object(early);
        inside.witness.judge()
    }

    /// The highest place of a chain that ever left the device.
    pub fn highest(&self, chain: &str) -> Option<Place> {
        self.inside().witness.highest(chain)
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        lock(&self.inside)
    }
}

impl Drop for Distant {
    fn drop(&mut self) {
        self.unplug();
    }
}

impl Inside {
    fn device(&mut self) -> &mut SimDevice {
        self.device.as_mut().expect("it is put back under the same lock")
    }

    /// The reply, and by how much it is late. `None`: the power has gone.
    fn exchange(&mut self, apdu: &[u8]) -> Option<(Vec<u8>, Duration)> {
        let device = self.device();
        if !device.world.medium.is_powered() {
            return None;
        }
        let reply = device.exchange(apdu);
        if !device.world.medium.is_powered() {
            return None;
        }
        let signed = self.witness.saw(apdu, &reply);
        let late = if signed { self.late.pop().unwrap_or_default() } else { Duration::ZERO };
        Some((reply, late))
    }
}

fn listen(listener: TcpListener, inside: &Arc<Mutex<Inside>>) -> Result<Cable> {
    listener.set_nonblocking(true)?;
    let out = Arc::new(AtomicBool::new(false));
    let (pulled, inside) = (Arc::clone(&out), Arc::clone(inside));
    let listening = thread::spawn(move || {
        while !pulled.load(Ordering::SeqCst) {
            let Ok((link, _)) = listener.accept() else {
                thread::sleep(Duration::from_millis(2));
                continue;
            };
            let served = link.set_nonblocking(false).and_then(|()| link.try_clone());
            let Ok(kept) = served else { continue };
            lock(&inside).links.push(kept);
            let inside = Arc::clone(&inside);
            // It ends with its link.
            thread::spawn(move || {
                port::serve(link, |apdu| {
                    let (reply, late) = lock(&inside).exchange(apdu)?;
                    thread::sleep(late);
                    Some(reply)
                })
            });
        }
    });
    Ok(Cable { out, listening })
}

fn lock(inside: &Mutex<Inside>) -> MutexGuard<'_, Inside> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}
