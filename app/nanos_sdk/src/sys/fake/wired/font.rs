//! How wide the letters of the MCU's fonts are, as its own tables say (bagl_font.h; the emulator draws by the same).

/// Pixels of a letter, the gap behind it included.
pub(super) fn width(font: u16, letter: u8) -> usize {
    let widths: &[u8; 95] = match font & 0x3fff {
        8 => {
            b"33676a93446634358677868788335656a877866884586b997986686b877555767776776774574a777756577a7765656"
        }
        9 => {
            b"36a9db3449935459999b99999449997eaaab98cc4798ecc9ca97c9e9895559798a8a96894584e99aa67597c8776969a"
        }
        10 => {
            b"33476982336634346666866666336665a777866883476a897976787a666444656675765673463a77774547696654646"
        }
        _ => panic!("font {font} is not among those for this device"),
    };
    let digit = char::from(widths[usize::from(letter - b' ')]);
    digit.to_digit(16).expect("a digit for each letter") as usize
}

/// Rows above the line that letters stand on, and below it.
pub(super) fn rows(font: u16) -> (usize, usize) {
    if font & 0x3fff == 9 { (13, 5) } else { (9, 3) }
}
