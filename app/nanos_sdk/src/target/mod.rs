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

/// Pairs of pages in the journal's ring of each slot: those of the device, or what `HIGHWATER_PAIRS` said when this was
/// built; one number for all three, or three with commas between them.
///
/// Fewer are for a device that has not enough flash left for the app. An installed app keeps its own numbers.
pub const PAIRS: [u16; 3] = match option_env!("HIGHWATER_PAIRS") {
    Some(text) => lengths(text),
    None => THIS.pairs,
};
const _: () = assert!(
    PAIRS[0] >= 2 && PAIRS[1] >= 2 && PAIRS[2] >= 2 && PAIRS[0] <= 512 && PAIRS[1] <= 512 && PAIRS[2] <= 512,
    "HIGHWATER_PAIRS must be between 2 and 512"
);

/// Pages the app may use.
pub const PAGES: u16 = Device::pages(PAIRS);
const _: () = assert!(THIS.has_room(PAGES), "rings of HIGHWATER_PAIRS leave no room for the code");

/// Pages declared to the system. The last is never written: the emulator refuses a write that ends where the area does.
pub const DECLARED_PAGES: u16 = PAGES + 1;

const fn lengths(text: &str) -> [u16; 3] {
    let digits = text.as_bytes();
    let (mut values, mut which, mut at, mut long) = ([0; 3], 0, 0, 0);
    while at < digits.len() {
        if digits[at] == b',' {
            assert!(long > 0 && which < 2, "HIGHWATER_PAIRS must be one number, or three with commas");
            (which, long) = (which + 1, 0);
        } else {
            assert!(digits[at].is_ascii_digit(), "HIGHWATER_PAIRS must be decimal numbers");
            assert!(long < 4, "a number of HIGHWATER_PAIRS has at most four digits");
            values[which] = values[which] * 10 + (digits[at] - b'0') as u16;
            long += 1;
        }
        at += 1;
    }
    assert!(long > 0 && which != 1, "HIGHWATER_PAIRS must be one number, or three with commas");
    if which == 0 { [values[0]; 3] } else { values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_is_the_map_of_the_journal_and_one_page_more() {
        assert_eq!(PAGES, 26 + 2 * PAIRS.iter().sum::<u16>());
        assert_eq!(DECLARED_PAGES, PAGES + 1);
        assert_eq!(THIS.nvm(PAGES), usize::from(DECLARED_PAGES) * PAGE);
    }

    #[test]
    fn the_rings_of_every_device_leave_room_for_its_code() {
        for device in DEVICES {
            assert!(device.has_room(Device::pages(device.pairs)), "{}", device.title);
            let most = device.flash.length as usize / device.page;
            assert!(!device.has_room(most as u16 - 1), "{}", device.title);
            assert!(device.page >= CELL && device.page % CELL == 0);
            // The first chain that is added takes the first slot.
            assert!(device.pairs.is_sorted_by(|one, next| one >= next), "{}", device.title);
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
    fn pairs_are_read_as_one_decimal_number_or_three() {
        assert_eq!(["2", "128", "0512"].map(lengths), [[2; 3], [128; 3], [512; 3]]);
        assert_eq!(lengths("206,71,71"), [206, 71, 71]);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "12x", "1,2", ",1,2", "1,,2", "1,2,", "1,2,3,4", "12345", "-1", " 2"] {
            assert!(std::panic::catch_unwind(|| lengths(text)).is_err(), "{text}");
        }
    }
}
