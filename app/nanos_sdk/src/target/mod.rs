//! Constants of the devices: a file for each. The device of this build is chosen here; a host plays the Nano S unless it
//! is told otherwise.

mod device;
pub mod nanos;
pub mod nanosplus;

pub use device::{Device, Erases, Level, Memory};

#[cfg(not(device = "nanosplus"))]
use nanos as chosen;
#[cfg(device = "nanosplus")]
use nanosplus as chosen;

pub use chosen::Call;
pub(crate) use chosen::PACKET;
#[cfg(target_os = "none")]
pub(crate) use chosen::{TRAMPOLINE, UX_TASK};
#[cfg(not(device = "nanosplus"))]
pub(crate) use nanos::{USB_PRODUCT, USB_RELEASE, USB_VENDOR};

/// Every device there is.
pub const DEVICES: [Device; 2] = [nanos::DEVICE, nanosplus::DEVICE];

/// The device of this build.
pub const THIS: Device = chosen::DEVICE;

/// Bytes of one flash page.
pub const PAGE: usize = THIS.page;
/// Bytes of a page that are used. A write that is cut short spoils a whole page, so no two cells share one.
pub const CELL: usize = 64;
/// Width of the screen in pixels.
pub const SCREEN_WIDTH: u8 = THIS.screen.0;
/// Height of the screen in pixels.
pub const SCREEN_HEIGHT: u8 = THIS.screen.1;

/// What tells a function of the library from a system call: no system call has this bit.
pub(crate) const LIBRARY: u32 = 1 << 31;

#[cfg(target_os = "none")]
impl Call {
    /// The index of a function of the library.
    pub(crate) const fn index(self) -> u32 {
        self as u32 & !LIBRARY
    }
}

/// Pairs of pages in the journal's ring of each chain: those of the device, or what `HIGHWATER_PAIRS` said when this was
/// built.
///
/// Fewer are for a device that has not enough flash left for the app. An installed app keeps its own number.
pub const PAIRS: u16 = match option_env!("HIGHWATER_PAIRS") {
    Some(text) => decimal(text),
    None => THIS.pairs,
};
const _: () = assert!(PAIRS >= 2 && PAIRS <= 512, "HIGHWATER_PAIRS must be between 2 and 512");

/// Pages the app may use.
pub const PAGES: u16 = Device::pages(PAIRS);

/// Pages declared to the system. The last is never written: the emulator refuses a write that ends where the area does.
pub const DECLARED_PAGES: u16 = PAGES + 1;

const fn decimal(text: &str) -> u16 {
    let digits = text.as_bytes();
    assert!(
        !digits.is_empty() && digits.len() <= 4,
        "HIGHWATER_PAIRS must be a number of at most four digits"
    );
    let mut value = 0;
    let mut at = 0;
    while at < digits.len() {
        assert!(digits[at].is_ascii_digit(), "HIGHWATER_PAIRS must be a decimal number");
        value = value * 10 + (digits[at] - b'0') as u16;
        at += 1;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_is_the_map_of_the_journal_and_one_page_more() {
        assert_eq!(PAGES, 14 + 6 * PAIRS);
        assert_eq!(DECLARED_PAGES, PAGES + 1);
    }

    #[test]
    fn the_rings_of_every_device_leave_room_for_its_code() {
        for device in DEVICES {
            let nvm = (usize::from(Device::pages(device.pairs)) + 1) * device.page;
            let code = device.flash.length as usize - nvm;
            assert!(code >= 32 * 1024, "{}: {code} bytes are left", device.title);
            assert!(device.page >= CELL && device.page % CELL == 0);
        }
    }

    #[test]
    fn no_two_devices_are_taken_for_each_other() {
        let [one, other] = DEVICES;
        assert_ne!((one.name, one.number, one.id), (other.name, other.number, other.id));
        assert!(one.name != other.name && one.number != other.number && one.id != other.id);
    }

    #[test]
    fn levels_ascend() {
        for device in DEVICES {
            assert!(device.levels.is_sorted_by(|one, next| one.number < next.number), "{}", device.title);
        }
    }

    #[test]
    fn numbers_of_pairs_are_read_as_decimal() {
        assert_eq!([decimal("2"), decimal("128"), decimal("0512")], [2, 128, 512]);
    }

    #[test]
    #[should_panic(expected = "decimal number")]
    fn anything_but_digits_is_refused() {
        decimal("12x");
    }
}
