//! What is asked of a system that drives USB and the screen itself.

use super::Fault;
use crate::target::PACKET;

/// A place on the screen (`nbgl_area_t`, which is packed).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, packed)]
pub(crate) struct Area {
    pub(crate) x: i16,
    pub(crate) y: i16,
    pub(crate) width: u16,
    pub(crate) height: u16,
    /// What a rectangle is filled with.
    pub(crate) colour: u8,
    /// 0: one bit a pixel.
    pub(crate) bits: u8,
}

impl Area {
    pub(crate) fn new(x: u8, y: u8, width: u8, height: u8) -> Self {
        Self { x: x.into(), y: y.into(), width: width.into(), height: height.into(), colour: 0, bits: 0 }
    }
}

/// Commands, events, drawing.
pub(crate) trait Served {
    /// Starts USB, as HID alone.
    fn io_start() -> Result<(), Fault>;
    /// Sends the whole answer to a command by the way by which that came.
    fn send(way: u8, bytes: &[u8]) -> Result<(), Fault>;
    /// Waits for the next event. Gives its length, which is 0 for one that the system has dealt with.
    fn receive(packet: &mut [u8; PACKET]) -> Result<usize, Fault>;
    /// Fills a rectangle.
    fn draw_bar(area: &Area, colour: u8) -> Result<(), Fault>;
    /// Writes one line in a font of the system, beginning at the left end of `area`. It neither wraps nor cuts.
    fn draw_text(area: &Area, font: u8, text: &[u8], colour: u8) -> Result<(), Fault>;
    /// The width of a line in pixels; what is wider than the screen is 255.
    fn text_width(font: u8, text: &[u8]) -> u8;
    /// Shows what was drawn.
    fn refresh(area: &Area) -> Result<(), Fault>;
}
