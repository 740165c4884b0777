//! A device that takes its time over vote extensions, and may lie about them: the signer of the simulated device behind
//! the port of an emulator.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use highwater_core::apdu::ins;
use highwater_sim::{Owner, SimDevice};
use highwater_tests::bridge::Device;
use highwater_tests::device::port;

/// The test's end of the device. Its owner approves everything.
pub(crate) struct Slow {
    address: String,
    asked: Arc<AtomicUsize>,
    lies: Arc<AtomicBool>,
}

impl Slow {
    /// Each command of an extension takes `pause`.
    pub(crate) fn start(pause: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (asked, lies) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let (count, lie) = (asked.clone(), lies.clone());
        thread::spawn(move || {
            let mut device = SimDevice::in_memory(b"slow");
            device.owner = Owner::Approves;
            for stream in listener.incoming().flatten() {
                // A client that goes away is followed by the next one.
                let _ = port::serve(stream, |apdu| Some(answer(&mut device, apdu, pause, &count, &lie)));
            }
        });
        Self { address, asked, lies }
    }

    pub(crate) fn device(&self) -> Device {
        Device::Speculos(self.address.clone())
    }

    /// Commands of extensions since the last time this was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }

    /// Whether its signatures of extensions are wrong in one bit from now on.
    pub(crate) fn lies(&self, whether: bool) {
        self.lies.store(whether, Ordering::SeqCst);
    }
}

fn answer(
    device: &mut SimDevice,
    apdu: &[u8],
    pause: Duration,
    count: &AtomicUsize,
    lie: &AtomicBool,
) -> Vec<u8> {
    let mut reply = device.exchange(apdu);
    if apdu[1] == ins::SIGN_EXTENSION {
        count.fetch_add(1, Ordering::SeqCst);
        thread::sleep(pause);
        if reply.len() > 2 {
            reply[0] ^= u8::from(lie.load(Ordering::SeqCst));
        }
    }
    reply
}
