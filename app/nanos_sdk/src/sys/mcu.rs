//! What is asked of a system whose MCU drives USB and the screen.

use super::Fault;
use crate::target::PACKET;

/// Packets to and from the MCU.
pub(crate) trait Mcu {
    /// Sends a packet to the MCU. (It may come in several parts, its header first; ours do not.)
    fn send(bytes: &[u8]) -> Result<(), Fault>;
    /// Whether the event in hand has got its status already (the OS may have drawn instead of us).
    fn status_sent() -> Result<bool, Fault>;
    /// Waits for the next event. Gives its length.
    fn receive(packet: &mut [u8; PACKET]) -> Result<usize, Fault>;
}
