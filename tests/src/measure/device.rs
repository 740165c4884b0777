//! A device that takes exactly as long as it is told: the signer of the simulated device behind the port of an
//! emulator, with a stop watch.

use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use highwater_core::apdu::ins;
use highwater_sim::{Owner, SimDevice};
use highwater_tests::device::{SEED, port};

/// How long each signature takes.
pub(crate) const SIGNATURE: Duration = Duration::from_millis(5);

/// The bench's end of the device.
pub(crate) struct Steady {
    pub(crate) address: SocketAddr,
    times: Receiver<Duration>,
}

impl Steady {
    /// Listens; its owner approves everything.
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (tell, times) = mpsc::channel();
        thread::spawn(move || {
            let mut device = SimDevice::in_memory(&SEED);
            device.owner = Owner::Approves;
            for stream in listener.incoming().flatten() {
                // A client that goes away is followed by the next one.
                let _ = port::serve(stream, |apdu| Some(answer(&mut device, apdu, &tell)));
            }
        });
        Ok(Self { address, times })
    }

    /// How long the signature took that was just given: from the command read to the reply about to be written.
    pub(crate) fn took(&self) -> Result<Duration> {
        self.times.try_recv().context("the device was not asked")
    }
}

fn answer(device: &mut SimDevice, apdu: &[u8], tell: &Sender<Duration>) -> Vec<u8> {
    let begin = Instant::now();
    let reply = device.exchange(apdu);
    if apdu.get(1) == Some(&ins::SIGN) {
        thread::sleep(SIGNATURE.saturating_sub(begin.elapsed()));
        // Told first: the bench asks as soon as the bridge has answered.
        let _ = tell.send(begin.elapsed());
    }
    reply
}
