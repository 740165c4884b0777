//! Intel HEX, as the loaders of Ledger read it: 16 bytes a record, 32-bit addresses, the entry in the last record but
//! one.

use std::fmt::Write;

/// Writes `image`, which lies at `base`, with `entry` as start address.
///
/// # Panics
/// If the image does not end within the 32-bit address space; the gate has compared it with the flash of the device.
pub(crate) fn write(base: u64, image: &[u8], entry: u64) -> String {
    let base = u32::try_from(base).expect("flash has 32-bit addresses");
    let entry = u32::try_from(entry).expect("flash has 32-bit addresses");
    let mut text = String::new();
    let mut upper = None;
    for (index, bytes) in image.chunks(16).enumerate() {
        let address = base + (index * 16) as u32;
        // Bases are multiples of 16, so no record crosses a border of 64 KiB.
        if upper != Some(address >> 16) {
            upper = Some(address >> 16);
            record(&mut text, 0, EXTENDED_LINEAR_ADDRESS, &((address >> 16) as u16).to_be_bytes());
        }
        record(&mut text, address as u16, DATA, bytes);
    }
    record(&mut text, 0, START_LINEAR_ADDRESS, &entry.to_be_bytes());
    record(&mut text, 0, END_OF_FILE, &[]);
    text
}

const DATA: u8 = 0x00;
const END_OF_FILE: u8 = 0x01;
const EXTENDED_LINEAR_ADDRESS: u8 = 0x04;
const START_LINEAR_ADDRESS: u8 = 0x05;

fn record(text: &mut String, address: u16, kind: u8, data: &[u8]) {
    let [high, low] = address.to_be_bytes();
    let mut bytes = vec![data.len() as u8, high, low, kind];
    bytes.extend_from_slice(data);
    let sum = bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    bytes.push(sum.wrapping_neg());
    writeln!(text, ":{}", hex::encode_upper(bytes)).expect("writing to a string");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_byte_for_byte_those_of_objcopy() {
        // From `arm-none-eabi-objcopy -O ihex` of the same bytes.
        let text =
            write(0xc0d0_0000, &[0x62, 0xb6, 0x00, 0xf0, 0x0b, 0xf8, 0xfe, 0xe7, 0x01, 0xdf], 0xc0d0_0001);
        let expected = ":02000004C0D06A\n:0A00000062B600F00BF8FEE701DF26\n:04000005C0D0000166\n:00000001FF\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn an_image_over_64_kib_gets_a_new_upper_address_and_keeps_every_byte() {
        let image: Vec<u8> = (0..0x1_8100u32).map(|index| (index % 251) as u8).collect();
        assert_eq!(read_back(&write(0xc0d0_0000, &image, 0xc0d0_0001)), (0xc0d0_0000, image));
    }

    /// A small independent reader: first address and the bytes from there, which must follow each other.
    fn read_back(text: &str) -> (u32, Vec<u8>) {
        let (mut upper, mut base, mut image) = (0u32, None, Vec::new());
        for line in text.lines() {
            let bytes = hex::decode(line.strip_prefix(':').unwrap()).unwrap();
            assert_eq!(bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)), 0, "checksum of {line}");
            let data = &bytes[4..bytes.len() - 1];
            assert_eq!(data.len(), usize::from(bytes[0]));
            match bytes[3] {
                DATA => {
                    let address = upper << 16 | u32::from(u16::from_be_bytes([bytes[1], bytes[2]]));
                    let base = *base.get_or_insert(address);
                    assert_eq!(address, base + image.len() as u32, "a gap before {line}");
                    image.extend_from_slice(data);
                }
                EXTENDED_LINEAR_ADDRESS => upper = u32::from(u16::from_be_bytes([data[0], data[1]])),
                _ => {}
            }
        }
        (base.unwrap(), image)
    }
}
