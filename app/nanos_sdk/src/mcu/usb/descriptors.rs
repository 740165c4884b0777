//! What the device tells the host about itself: constants in flash, as bytes.

use super::{IN, OUT, REPORT};
use crate::target::{USB_PRODUCT, USB_RELEASE, USB_VENDOR};

/// Kinds of descriptor (USB 2.0, table 9-5; HID 1.11, section 7.1).
pub(crate) const DEVICE_KIND: u8 = 1;
pub(crate) const CONFIGURATION_KIND: u8 = 2;
pub(crate) const STRING_KIND: u8 = 3;
const INTERFACE_KIND: u8 = 4;
const ENDPOINT_KIND: u8 = 5;
pub(crate) const HID_KIND: u8 = 0x21;
pub(crate) const REPORT_KIND: u8 = 0x22;

/// The one configuration's number.
pub(crate) const CONFIGURATION_VALUE: u8 = 1;

const MANUFACTURER: u8 = 1;
const PRODUCT: u8 = 2;
const SERIAL: u8 = 3;

const VENDOR_LOW: u8 = USB_VENDOR.to_le_bytes()[0];
const VENDOR_HIGH: u8 = USB_VENDOR.to_le_bytes()[1];
const PRODUCT_LOW: u8 = USB_PRODUCT.to_le_bytes()[0];
const PRODUCT_HIGH: u8 = USB_PRODUCT.to_le_bytes()[1];
const RELEASE_LOW: u8 = USB_RELEASE.to_le_bytes()[0];
const RELEASE_HIGH: u8 = USB_RELEASE.to_le_bytes()[1];

/// USB 2.00; class and protocol stand in the interface.
#[rustfmt::skip]
pub(crate) const DEVICE: [u8; 18] = [
    18, DEVICE_KIND, 0x00, 0x02, 0, 0, 0, REPORT as u8,
    VENDOR_LOW, VENDOR_HIGH, PRODUCT_LOW, PRODUCT_HIGH, RELEASE_LOW, RELEASE_HIGH,
    MANUFACTURER, PRODUCT, SERIAL, 1,
];

/// Configuration, interface, HID, two endpoints. Says "self powered, 100 mA", as Ledger's apps do.
#[rustfmt::skip]
pub(crate) const CONFIGURATION: [u8; 41] = [
    9, CONFIGURATION_KIND, 41, 0, 1, CONFIGURATION_VALUE, PRODUCT, 0xc0, 50,
    9, INTERFACE_KIND, 0, 0, 2, 3, 0, 0, PRODUCT,
    9, HID_KIND, 0x11, 0x01, 0, 1, REPORT_KIND, REPORT_MAP.len() as u8, 0,
    7, ENDPOINT_KIND, IN, 3, REPORT as u8, 0, 1,
    7, ENDPOINT_KIND, OUT, 3, REPORT as u8, 0, 1,
];

/// Where the HID descriptor stands in the configuration.
pub(crate) const HID: core::ops::Range<usize> = 18..27;

/// Reports of 64 bytes both ways, on the usage page by which hosts tell a Ledger from a keyboard.
#[rustfmt::skip]
pub(crate) const REPORT_MAP: [u8; 34] = [
    0x06, 0xa0, 0xff,       // usage page 0xffa0
    0x09, 0x01,             // usage 1
    0xa1, 0x01,             // collection: application
    0x09, 0x03,             //   usage 3: to the host
    0x15, 0x00,             //   from 0
    0x26, 0xff, 0x00,       //   to 255
    0x75, 0x08,             //   8 bits
    0x95, REPORT as u8,     //   64 of them
    0x81, 0x08,             //   input: data, array, absolute, wraps
    0x09, 0x04,             //   usage 4: from the host
    0x15, 0x00,
    0x26, 0xff, 0x00,
    0x75, 0x08,
    0x95, REPORT as u8,
    0x91, 0x08,             //   output
    0xc0,                   // end
];

/// English (United States), the one language.
pub(crate) const LANGUAGES: [u8; 4] = [4, STRING_KIND, 0x09, 0x04];
const MANUFACTURER_TEXT: [u8; 14] = utf16("Ledger");
const PRODUCT_TEXT: [u8; 14] = utf16("Nano S");
const SERIAL_TEXT: [u8; 10] = utf16("0001");

/// The string of an index, in whatever language was asked for.
pub(crate) fn string(index: u8) -> Option<&'static [u8]> {
    Some(match index {
        0 => &LANGUAGES,
        MANUFACTURER => &MANUFACTURER_TEXT,
        PRODUCT => &PRODUCT_TEXT,
        SERIAL => &SERIAL_TEXT,
        _ => return None,
    })
}

/// A string descriptor: length, kind, UTF-16 little endian.
const fn utf16<const N: usize>(text: &str) -> [u8; N] {
    let text = text.as_bytes();
    assert!(N == 2 + 2 * text.len());
    let mut out = [0; N];
    out[0] = N as u8;
    out[1] = STRING_KIND;
    let mut at = 0;
    while at < text.len() {
        assert!(text[at].is_ascii());
        out[2 + 2 * at] = text[at];
        at += 1;
    }
    out
}

// Every answer is shorter than a packet. So a data stage is exactly one packet, and never needs an empty one behind it.
const _: () = assert!(CONFIGURATION.len() < REPORT && REPORT_MAP.len() < REPORT && DEVICE.len() < REPORT);
const _: () = assert!(CONFIGURATION.len() == CONFIGURATION[2] as usize);
const _: () = assert!(
    CONFIGURATION[HID.start] as usize == HID.end - HID.start && CONFIGURATION[HID.start + 1] == HID_KIND
);

#[cfg(test)]
mod tests {
    use super::*;

    /// Cuts a row of descriptors by their lengths; panics if they do not come out even.
    fn walk(mut bytes: &[u8]) -> Vec<&[u8]> {
        let mut found = Vec::new();
        while let [length, ..] = *bytes {
            assert!(length >= 2);
            let (descriptor, rest) = bytes.split_at(usize::from(length));
            found.push(descriptor);
            bytes = rest;
        }
        found
    }

    #[test]
    fn a_host_walks_the_configuration_and_finds_what_it_announces() {
        let found = walk(&CONFIGURATION);
        let kinds: Vec<u8> = found.iter().map(|descriptor| descriptor[1]).collect();
        assert_eq!(kinds, [CONFIGURATION_KIND, INTERFACE_KIND, HID_KIND, ENDPOINT_KIND, ENDPOINT_KIND]);
        let [configuration, interface, hid, to_host, from_host] = found[..] else { unreachable!() };
        assert_eq!(configuration[4], 1, "interfaces");
        assert_eq!(&interface[4..8], [2, 3, 0, 0], "endpoints, class HID, no boot protocol");
        assert_eq!(hid, &CONFIGURATION[HID]);
        assert_eq!(usize::from(u16::from_le_bytes([hid[7], hid[8]])), REPORT_MAP.len());
        for (endpoint, address) in [(to_host, 0x82), (from_host, 0x02)] {
            assert_eq!(endpoint, [7, 5, address, 3, 64, 0, 1], "interrupt, 64 bytes, every frame");
        }
    }

    #[test]
    fn the_device_is_the_one_hosts_look_for() {
        assert_eq!(walk(&DEVICE).len(), 1);
        assert_eq!(&DEVICE[8..14], [0x97, 0x2c, 0x01, 0x10, 0x01, 0x02]);
        for index in &DEVICE[14..17] {
            assert!(string(*index).is_some());
        }
    }

    #[test]
    fn the_report_map_is_even_and_says_64_bytes_both_ways() {
        let (mut at, mut depth, mut count, mut sizes) = (0, 0, 0, Vec::new());
        while at < REPORT_MAP.len() {
            let length = [0, 1, 2, 4][usize::from(REPORT_MAP[at] & 3)];
            match REPORT_MAP[at] & 0xfc {
                0xa0 => depth += 1,
                0xc0 => depth -= 1,
                0x94 => count = REPORT_MAP[at + 1],
                tag @ (0x80 | 0x90) => sizes.push((tag, count)),
                _ => {}
            }
            at += 1 + length;
        }
        assert_eq!((at, depth), (REPORT_MAP.len(), 0));
        assert_eq!(sizes, [(0x80, 64), (0x90, 64)]);
    }

    #[test]
    fn strings_are_utf_16_behind_their_length() {
        let text = |index| {
            let bytes = string(index).unwrap();
            assert_eq!((usize::from(bytes[0]), bytes[1]), (bytes.len(), STRING_KIND));
            let units: Vec<u16> =
                bytes[2..].chunks(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
            String::from_utf16(&units).unwrap()
        };
        assert_eq!([text(1), text(2), text(3)], ["Ledger", "Nano S", "0001"]);
        assert_eq!(string(0), Some(&[4, 3, 9, 4][..]));
        assert_eq!((string(4), string(0xee)), (None, None));
    }
}
