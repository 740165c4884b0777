//! The serial of a slot's newest record, as RAM keeps it.

/// A serial, twice. It is all that RAM knows of the mark: with a lower one an older record would be taken for the newest, and
/// the newest be written over. A bit that falls over, or a store that does not happen, makes the two disagree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Serial {
    value: u32,
    /// The same, turned: zero where the other is, as every static of the app begins.
    twin: u32,
}

impl Serial {
    pub(super) const NONE: Self = Self { value: 0, twin: 0 };

    #[inline(never)]
    fn set(&mut self, serial: u32) {
        self.value = serial;
        // Two stores, never one of eight bytes.
        core::hint::black_box(&mut *self);
        self.twin = turned(serial);
    }

    /// Sets it and looks: a call that did not happen is seen as well.
    #[inline(always)]
    pub(super) fn keep(&mut self, serial: u32) -> bool {
        self.set(serial);
        self.get() == Some(serial)
    }

    /// The serial; none if it is not what was set.
    #[inline(never)]
    pub(super) fn get(&self) -> Option<u32> {
        (turned(self.value) == self.twin).then_some(self.value)
    }
}

const fn turned(serial: u32) -> u32 {
    serial.rotate_left(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_of_which_a_bit_fell_over_is_none() {
        for serial in [0, 1, 2, 1279, u32::MAX, 0x8000_0001, 0x0001_0001] {
            let mut kept = Serial::NONE;
            assert!(kept.keep(serial));
            assert_eq!(kept.get(), Some(serial));
            for bit in 0..32 {
                assert_eq!(Serial { value: kept.value ^ 1 << bit, ..kept }.get(), None, "{serial} {bit}");
                assert_eq!(Serial { twin: kept.twin ^ 1 << bit, ..kept }.get(), None, "{serial} {bit}");
            }
        }
    }

    #[test]
    fn a_serial_of_which_one_store_did_not_happen_is_none() {
        let mut kept = Serial::NONE;
        for serial in 1..3000 {
            let before = kept;
            kept.set(serial);
            assert_eq!(Serial { twin: before.twin, ..kept }.get(), None, "{serial}");
            assert_eq!(Serial { value: before.value, ..kept }.get(), None, "{serial}");
        }
    }
}
