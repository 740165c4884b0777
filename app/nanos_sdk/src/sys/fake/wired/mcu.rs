//! The second chip: what the app sends becomes signals on a bus and things on a screen, and what happens there becomes
//! events. It panics where a device would stop, garble, or hang.

use super::{Bus, Packet, Panel};

/// The MCU with what is plugged into it.
#[derive(Debug, Default)]
pub struct Mcu {
    /// The USB device controller, and the host at the other end of the cable.
    pub bus: Bus,
    /// The screen.
    pub panel: Panel,
    /// Tenths of a second since the app was started.
    pub ticks: usize,
}

impl Mcu {
    /// Takes a packet of the app.
    pub(super) fn take(&mut self, packet: &Packet) {
        let Packet { tag, payload } = packet;
        match tag {
            0x4f => self.bus.configure(payload),
            0x50 => self.bus.prepare(payload),
            0x60 => assert_eq!(payload, &[0, 0], "a general status is two zeros"),
            0x65 => self.panel.draw(payload),
            _ => panic!("no MCU takes the packet {tag:#04x} {payload:02x?}"),
        }
    }

    /// What happened next. `None`: nothing, until the next tick.
    pub(super) fn event(&mut self) -> Option<Vec<u8>> {
        self.bus.event().or_else(|| self.panel.event())
    }

    /// 100 ms have gone by.
    pub(super) fn tick(&mut self) {
        self.ticks += 1;
        self.bus.tick();
    }
}
