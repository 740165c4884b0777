//! A line of text, and numbers written by hand: `core::fmt` must not be in the firmware.

/// Characters of a line. Between the arrows of a page 17 of them fit; the rest is cut by the screen's edge.
pub const LINE: usize = 24;

/// A line of ASCII. What does not fit is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Text {
    bytes: [u8; LINE],
    length: u8,
}

impl Text {
    /// A line that says `bytes`.
    pub fn new(bytes: &[u8]) -> Self {
        let mut text = Self::default();
        text.push(bytes);
        text
    }

    /// The line so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Appends.
    pub fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if let Some(room) = self.bytes.get_mut(usize::from(self.length)) {
                *room = byte;
                self.length += 1;
            }
        }
    }

    /// Appends a number in decimal.
    ///
    /// Digit by digit from the highest bit on, each step doubling what stands there: the chip has no division, and the
    /// routine that stands for it is larger than this.
    #[inline(never)]
    pub fn push_decimal(&mut self, number: u64) {
        let mut digits = [0u8; 20];
        for bit in (0..u64::BITS).rev() {
            let mut carry = (number >> bit) as u8 & 1;
            for digit in digits.iter_mut().rev() {
                let double = 2 * *digit + carry;
                carry = u8::from(double > 9);
                *digit = double - 10 * carry;
            }
        }
        let mut started = false;
        for (place, digit) in digits.iter().enumerate() {
            started |= *digit != 0 || place == digits.len() - 1;
            if started {
                self.push(&[b'0' + digit]);
            }
        }
    }

    /// Appends bytes in lower-case hexadecimal.
    pub fn push_hex(&mut self, bytes: &[u8]) {
        for byte in bytes {
            for digit in [byte >> 4, byte & 15] {
                self.push(&[if digit < 10 { b'0' + digit } else { b'a' - 10 + digit }]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_whole() {
        for number in [0, 7, 10, 1_234_567, u64::MAX] {
            let mut text = Text::default();
            text.push_decimal(number);
            assert_eq!(text.as_bytes(), number.to_string().as_bytes());
        }
        let mut text = Text::default();
        text.push_hex(&[0x00, 0x9a, 0xff]);
        assert_eq!(text.as_bytes(), b"009aff");
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let mut text = Text::new(b"0123456789abcd");
        text.push(b"0123456789xy");
        assert_eq!(text.as_bytes(), b"0123456789abcd0123456789");
    }
}
