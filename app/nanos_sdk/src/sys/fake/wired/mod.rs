//! The side of a device whose MCU drives: it takes packets apart again and insists on one status for one event, packets as
//! long as they say, and all that a bus and a screen want.

mod bus;
mod font;
mod host;
mod mcu;
mod panel;
mod pipe;
mod usb;
mod wire;

pub use bus::Bus;
pub use host::{Host, Outcome};
pub use mcu::Mcu;
pub use panel::{Drawn, Panel};
pub use usb::Usb;
pub use wire::Packet;
pub(super) use wire::Wire;

use super::{Kernel, Os, call, put};
use crate::sys::{Fault, Mcu as Seam};
use crate::target::{Call, PACKET};

impl Kernel {
    /// Takes what the app has sent to the MCU since the last time, statuses included.
    pub fn sent(&mut self) -> Vec<Packet> {
        self.wire.take()
    }

    /// What was on its way is gone.
    pub(super) fn unplug(&mut self) {
        (self.wire, self.mcu) = (Wire::default(), Mcu::default());
    }
}

impl Seam for Os {
    fn send(bytes: &[u8]) -> Result<(), Fault> {
        call(Call::Send, |kernel| {
            if let Some(packet) = kernel.wire.send(bytes) {
                kernel.mcu.take(&packet);
            }
        })
    }

    fn status_sent() -> Result<bool, Fault> {
        call(Call::StatusSent, |kernel| kernel.wire.status_sent())
    }

    fn receive(packet: &mut [u8; PACKET]) -> Result<usize, Fault> {
        const TICK: [u8; 3] = [0x0e, 0, 0];
        call(Call::Receive, |kernel| {
            kernel.wire.next_event();
            let event = kernel.events.pop_front().or_else(|| kernel.mcu.event()).unwrap_or(TICK.to_vec());
            if event.first() == TICK.first() {
                kernel.mcu.tick();
            }
            assert!(event.len() <= packet.len(), "an event longer than the buffer for it");
            put(&event, packet)
        })
    }
}
