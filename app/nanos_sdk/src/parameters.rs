//! Install parameters: what the system is told of the app when it is installed, and holds it to. Each is a tag, a length
//! and its bytes.

use crate::target::{Level, THIS};

const NAME: u8 = 1;
const VERSION: u8 = 2;
const ICON: u8 = 3;
const PATH: u8 = 4;
/// The curves on which keys may be derived: Ed25519 alone.
const ED25519: u8 = 4;

/// The newest API level, as text.
pub const LEVEL: &str = level(THIS.levels);

const fn level(levels: &[Level]) -> &str {
    match levels {
        [.., Level { text, .. }] => text,
        [] => "",
    }
}

/// How long they are.
pub const fn length(name: &str, version: &str, path: &[u32]) -> usize {
    2 + name.len() + 2 + version.len() + 2 + THIS.icon.len() / 2 + 2 + 2 + 4 * path.len()
}

/// The parameters of an app with this name and version, whose keys lie below `path`.
pub const fn bytes<const LENGTH: usize>(name: &str, version: &str, path: &[u32]) -> [u8; LENGTH] {
    let mut out = [0; LENGTH];
    let at = text(&mut out, 0, NAME, name.as_bytes());
    let mut at = text(&mut out, at, VERSION, version.as_bytes());
    let icon = THIS.icon.as_bytes();
    head(&mut out, at, ICON, icon.len() / 2);
    at += 2;
    let mut digit = 0;
    while digit < icon.len() {
        out[at] = hexadecimal(icon[digit]) << 4 | hexadecimal(icon[digit + 1]);
        (at, digit) = (at + 1, digit + 2);
    }
    head(&mut out, at, PATH, 2 + 4 * path.len());
    (out[at + 2], out[at + 3]) = (ED25519, path.len() as u8);
    at += 4;
    let mut element = 0;
    while element < path.len() {
        let number = path[element].to_be_bytes();
        (out[at], out[at + 1], out[at + 2], out[at + 3]) = (number[0], number[1], number[2], number[3]);
        (at, element) = (at + 4, element + 1);
    }
    assert!(at == LENGTH, "the length is that of the parameters");
    out
}

const fn head(out: &mut [u8], at: usize, tag: u8, length: usize) {
    assert!(length < 0x80, "a length of one byte");
    (out[at], out[at + 1]) = (tag, length as u8);
}

const fn text(out: &mut [u8], at: usize, tag: u8, text: &[u8]) -> usize {
    head(out, at, tag, text.len());
    let mut byte = 0;
    while byte < text.len() {
        out[at + 2 + byte] = text[byte];
        byte += 1;
    }
    at + 2 + text.len()
}

const fn hexadecimal(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => panic!("an icon is written in hexadecimal"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardened;

    #[test]
    fn each_parameter_stands_behind_its_tag_and_length() {
        const PATH: [u32; 2] = [hardened(44), hardened(7)];
        const LENGTH: usize = length("Tide", "1.0", &PATH);
        let bytes: [u8; LENGTH] = bytes("Tide", "1.0", &PATH);
        assert_eq!(&bytes[..11], b"\x01\x04Tide\x02\x031.0");
        let icon = &bytes[11..LENGTH - 12];
        assert_eq!((icon[0], usize::from(icon[1])), (3, THIS.icon.len() / 2));
        assert_eq!(bytes[LENGTH - 12..], [4, 10, 4, 2, 0x80, 0, 0, 44, 0x80, 0, 0, 7]);
    }
}
