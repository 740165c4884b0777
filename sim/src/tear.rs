//! What a power cut makes of the page that is being written.

use highwater_core::env::{CELL, Cell};
use highwater_core::layout::record;
use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};

// The bits of `Fields`: what of a record is new.
const HEAD: u8 = 1;
const INCARNATION: u8 = 1 << 1;
const SERIAL: u8 = 1 << 2;
const TIME: u8 = 1 << 3;
const DIGEST: u8 = 1 << 4;
const CHECK: u8 = 1 << 5;
const LOWEST: u8 = 1 << 6;
const NEW_PLACE: u8 = 1 << 7;

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
    /// The mix of somebody who knows what a record says, and not the secret of its check: each field old or new as he
    /// likes, by the bits of this number. Each byte of height and round is the lower one of both for [`Self::LOWEST`].
    Fields(u8),
    /// Anything at all, chosen by this seed.
    Garbage(u64),
}

impl Tear {
    /// The [`Self::Fields`] that help a host most: the newest serial, at a height below what was signed, and the check of
    /// the new record, which is as good a guess as any.
    pub const LOWEST: u8 = SERIAL | LOWEST | CHECK;

    /// Any of them, as chance has it; subsets of bits and garbage more often than the rest.
    pub fn any(random: &mut impl Rng) -> Self {
        match random.random_range(0..10) {
            0 => Self::Old,
            1 => Self::New,
            2 => Self::Blank,
            3 => Self::Prefix(random.random_range(0..CELL as u8)),
            4 | 5 => Self::Garbage(random.random()),
            6 => Self::Fields(random.random()),
            _ => Self::Mixed(random.random()),
        }
    }

    /// One of each kind.
    pub fn kinds(random: &mut impl Rng) -> [Self; 7] {
        let bytes = random.random_range(1..CELL as u8);
        let (mixed, garbage) = (random.random(), random.random());
        let fields = Self::Fields(Self::LOWEST);
        [
            Self::Old,
            Self::New,
            Self::Blank,
            Self::Prefix(bytes),
            Self::Mixed(mixed),
            fields,
            Self::Garbage(garbage),
        ]
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
            Self::Fields(chosen) => {
                let parts = [
                    (HEAD, record::HEAD..record::HEAD + 1),
                    (INCARNATION, record::INCARNATION),
                    (SERIAL, record::SERIAL),
                    (NEW_PLACE, record::HEIGHT_ROUND),
                    (TIME, record::BODY.start..record::BODY.start + 9),
                    (DIGEST, record::BODY.start + 9..record::BODY.end),
                    (CHECK, record::CHECK),
                ];
                for (_, part) in parts.into_iter().filter(|(bit, _)| chosen & bit != 0) {
                    cell[part.clone()].copy_from_slice(&new[part]);
                }
                if chosen & LOWEST != 0 {
                    record::HEIGHT_ROUND.for_each(|at| cell[at] = old[at].min(new[at]));
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
    fn fields_are_old_or_new_and_the_lowest_place_is_below_both() {
        let (mut old, mut new) = ([1; CELL], [2; CELL]);
        (old[record::HEIGHT_ROUND.start], new[record::HEIGHT_ROUND.start + 1]) = (0xff, 0x01);
        (old[record::HEIGHT_ROUND.start + 1], new[record::HEIGHT_ROUND.start]) = (0, 0);
        for chosen in 0..=u8::MAX {
            let cell = Tear::Fields(chosen).of(&old, &new);
            assert!((0..CELL).all(|at| [old[at], new[at]].contains(&cell[at])), "{chosen:08b}");
            assert_eq!(record::serial(&cell) == record::serial(&new), chosen & SERIAL != 0);
        }
        let lowest = Tear::Fields(Tear::LOWEST).of(&old, &new);
        assert_eq!(lowest[record::HEIGHT_ROUND][..2], [0, 0]);
        assert_eq!(
            (&lowest[record::CHECK], record::serial(&lowest)),
            (&new[record::CHECK], record::serial(&new))
        );
        assert_eq!(Tear::Fields(!LOWEST).of(&old, &new), new);
    }

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
