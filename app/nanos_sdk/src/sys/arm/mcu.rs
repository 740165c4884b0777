//! Packets to and from the MCU, and the ends of a stack that lies where it was linked.

use super::{Call, Fault, Os, address, address_mut, call};
use crate::sys::Mcu;
use crate::target::PACKET;

// Ends of regions, from the linker script; only their addresses mean something.
unsafe extern "C" {
    static _ebss: u32;
    static _estack: u32;
}

impl Mcu for Os {
    fn send(bytes: &[u8]) -> Result<(), Fault> {
        call(Call::Send, &mut [address(bytes.as_ptr()), bytes.len() as u32, 0, 0]).map(drop)
    }

    fn status_sent() -> Result<bool, Fault> {
        call(Call::StatusSent, &mut [0; 2]).map(|sent| sent & 0xff != 0)
    }

    fn receive(packet: &mut [u8; PACKET]) -> Result<usize, Fault> {
        let length = call(Call::Receive, &mut [address_mut(packet.as_mut_ptr()), PACKET as u32, 0, 0, 0])?;
        Ok((length as usize & 0xffff).min(PACKET))
    }
}

/// The first word behind the statics, and the first behind the stack.
pub(super) fn stack_ends() -> (*const u32, *const u32) {
    (&raw const _ebss, &raw const _estack)
}
