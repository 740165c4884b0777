//! How deep the stack went, and whether it went too deep.
//!
//! Statics end where the stack may at most reach down to, and nothing on this chip faults when it goes further. The boot
//! code sets a guard word there and a pattern above it.

use crate::sys::{Sys, System};

/// The guard word.
pub(crate) const CANARY: u32 = 0x5afe_57ac;
/// What unused stack holds.
pub(crate) const PAINT: u32 = 0xc0de_d00d;
const WORD: usize = 4;

/// Whether the guard word under the stack still stands. If not, statics may hold anything.
pub fn intact() -> bool {
    Sys::stack_word(0) == Some(CANARY)
}

/// Bytes of stack in use at its deepest since the app was started.
pub fn high_water() -> u16 {
    let mut index = 1;
    while Sys::stack_word(index) == Some(PAINT) {
        index += 1;
    }
    let clean = index;
    while Sys::stack_word(index).is_some() {
        index += 1;
    }
    ((index - clean) * WORD) as u16
}

/// Zeroes what the functions that have returned left below the stack pointer; some of them worked with secrets.
pub fn scrub() {
    Sys::scrub();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake;

    #[test]
    fn depth_is_counted_from_the_first_word_that_changed() {
        let _bolos = fake::boot();
        assert!(intact());
        fake::with(|kernel| kernel.stack = vec![CANARY, PAINT, PAINT, 7, PAINT, 9]);
        assert_eq!(high_water(), 3 * 4);
        assert!(intact());
    }

    #[test]
    fn an_overflow_shows_by_the_guard_word() {
        let _bolos = fake::boot();
        fake::with(|kernel| kernel.stack[0] ^= 1);
        assert!(!intact());
    }
}
