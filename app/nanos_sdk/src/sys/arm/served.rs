//! Commands, events and drawing by calls of the system, and the ends of a stack that r9 leads to.

use super::{Call, Fault, Os, address, address_mut, call};
use crate::sys::{Area, Served};
use crate::target::PACKET;

// As in `arm`.
unsafe extern "C" {
    fn nanos_stack_low() -> *const u32;
    fn nanos_stack_high() -> *const u32;
    fn nanos_draw_text(area: *const Area, text: *const u8, length: u32, font: u32, colour: u32) -> u32;
    fn nanos_text_width(font: u32, text: *const u8, length: u32) -> u32;
}

/// `os_io_init_t`: product, vendor and name are 0, so the system gives its own; no Bluetooth.
const SETTINGS: usize = 36;
/// Where the classes of USB stand in it, and HID among them (`USBD_LEDGER_CLASS_HID`).
const CLASSES: usize = 24;
const HID: u8 = 1;

impl Served for Os {
    fn io_start() -> Result<(), Fault> {
        let mut settings = [0_u8; SETTINGS];
        settings[CLASSES] = HID;
        call(Call::IoInit, &mut [address(settings.as_ptr()), 0, 0])?;
        call(Call::IoStart, &mut [0; 3]).map(drop)
    }

    fn send(way: u8, bytes: &[u8]) -> Result<(), Fault> {
        let parameters = &mut [way.into(), address(bytes.as_ptr()), bytes.len() as u32, 0, 0, 0];
        negative_is_error(call(Call::Send, parameters)?).map(drop)
    }

    fn receive(packet: &mut [u8; PACKET]) -> Result<usize, Fault> {
        const NO_TIMEOUT: u32 = 0;
        const OF_THE_SECURE_ELEMENT_TOO: u32 = 1;
        let buffer = address_mut(packet.as_mut_ptr());
        let parameters = &mut [buffer, PACKET as u32, NO_TIMEOUT, OF_THE_SECURE_ELEMENT_TOO, 0, 0];
        Ok(negative_is_error(call(Call::Receive, parameters)?)?.min(PACKET))
    }

    fn draw_bar(area: &Area, colour: u8) -> Result<(), Fault> {
        let area = Area { colour, ..*area };
        call(Call::DrawBar, &mut [place(&area), 0, 0]).map(drop)
    }

    fn draw_text(area: &Area, font: u8, text: &[u8], colour: u8) -> Result<(), Fault> {
        // Safety: the library reads an area and so many bytes of text.
        let last =
            unsafe { nanos_draw_text(area, text.as_ptr(), text.len() as u32, font.into(), colour.into()) };
        // It gives the font of the last letter, which a text without control characters does not change.
        Fault::check(u32::from(last as u8 ^ font))
    }

    fn text_width(font: u8, text: &[u8]) -> u8 {
        // Safety: the library reads so many bytes of text.
        let width = unsafe { nanos_text_width(font.into(), text.as_ptr(), text.len() as u32) } & 0xffff;
        width.min(u8::MAX.into()) as u8
    }

    fn refresh(area: &Area) -> Result<(), Fault> {
        // As nbgl_refresh() has it: FULL_COLOR_CLEAN_REFRESH, POST_REFRESH_FORCE_POWER_OFF. This screen knows neither.
        const CLEAN: u32 = 2;
        call(Call::Refresh, &mut [place(area), CLEAN, 0, 0, 0]).map(drop)
    }
}

/// What the calls for input and output give is a number with a sign.
fn negative_is_error(result: u32) -> Result<usize, Fault> {
    match usize::try_from(result as i32) {
        Ok(length) => Ok(length),
        Err(_) => Fault::check(result).map(|()| 0),
    }
}

fn place(area: &Area) -> u32 {
    &raw const *area as usize as u32
}

/// The first word behind the statics, and the first behind the stack.
pub(super) fn stack_ends() -> (*const u32, *const u32) {
    // Safety: both compute an address and touch no memory.
    unsafe { (nanos_stack_low(), nanos_stack_high()) }
}
