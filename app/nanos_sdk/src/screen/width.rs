//! How wide letters are. The MCU draws what it is told and cuts the rest, so whoever writes has to know.

/// Pixels of the letters of [`super::Font::Regular`] from the blank to the tilde, the gap behind each included: one
/// digit a letter, `:` for ten (bagl_font.h of the SDK).
const REGULAR: &[u8; 95] =
    b"33476982336634346666866666336665:777866883476:897976787:666444656675765673463:77774547696654646";

/// Two letters a byte.
static WIDTHS: [u8; 48] = packed();

const fn packed() -> [u8; 48] {
    let mut out = [0; 48];
    let mut at = 0;
    while at < REGULAR.len() {
        out[at / 2] |= (REGULAR[at] - b'0') << (4 * (at % 2));
        at += 1;
    }
    out
}

/// Pixels of a letter of [`super::Font::Regular`]. What is no letter is taken for the widest.
pub fn regular(letter: u8) -> u8 {
    let at = letter.wrapping_sub(b' ');
    match WIDTHS.get(usize::from(at / 2)) {
        Some(two) => two >> (4 * (at % 2)) & 15,
        None => 10,
    }
}
