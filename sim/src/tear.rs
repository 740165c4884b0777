//! What a power cut makes of the page that is being written.

use highwater_core::env::{CELL, Cell};
use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};

/// What a page holds when power vanished while it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tear {
    /// The write had not begun.
    Old,
    /// The write was complete; only the return was lost.
    New,
    /// Zeros, as after an installation: the content that must be no better than garbage.
    Blank,
    /// The first bytes are new, the rest old.
    Prefix(u8),
    /// Any subset of the bits that were to change, chosen by this seed.
    Mixed(u64),
    /// Anything at all, chosen by this seed.
    Garbage(u64),
}

impl Tear {
    /// Any of them, as chance has it; subsets of bits and garbage more often than the rest.
    pub fn any(random: &mut impl Rng) -> Self {
        match random.random_range(0..9) {
            0 => Self::Old,
            1 => Self::New,
            2 => Self::Blank,
            3 => Self::Prefix(random.random_range(0..CELL as u8)),
            4 | 5 => Self::Garbage(random.random()),
            _ => Self::Mixed(random.random()),
        }
    }

    /// One of each kind.
    pub fn kinds(random: &mut impl Rng) -> [Self; 6] {
        let bytes = random.random_range(1..CELL as u8);
        let (mixed, garbage) = (random.random(), random.random());
        [Self::Old, Self::New, Self::Blank, Self::Prefix(bytes), Self::Mixed(mixed), Self::Garbage(garbage)]
    }

    /// The page, if `new` was being written over `old`.
    #[must_use]
    pub fn of(self, old: &Cell, new: &Cell) -> Cell {
        let mut cell = *old;
        match self {
            Self::Old => {}
            Self::New => cell = *new,
            Self::Blank => cell = [0; CELL],
            Self::Prefix(bytes) => {
                let bytes = usize::from(bytes).min(CELL);
                cell[..bytes].copy_from_slice(&new[..bytes]);
            }
            Self::Mixed(seed) => {
                let mut random = StdRng::seed_from_u64(seed);
                for (byte, new) in cell.iter_mut().zip(new) {
                    *byte ^= (*byte ^ new) & random.random::<u8>();
                }
            }
            Self::Garbage(seed) => StdRng::seed_from_u64(seed).fill_bytes(&mut cell),
        }
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixed_tear_changes_no_bit_that_was_not_to_change() {
        let (old, new) = ([0b1010_0101; CELL], [0b1100_0011; CELL]);
        let mut seen = [0u8; 2];
        for seed in 0..50 {
            for byte in Tear::Mixed(seed).of(&old, &new) {
                assert_eq!((byte ^ old[0]) & !(old[0] ^ new[0]), 0);
                seen[0] |= byte ^ old[0];
                seen[1] |= byte ^ new[0];
            }
        }
        assert_eq!(seen, [old[0] ^ new[0]; 2], "each bit that changes was seen old and new");
    }
}
