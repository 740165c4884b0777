//! Where the ring of each slot lies.

use crate::layout::{RINGS, SLOTS};

/// The pairs of pages in the ring of each slot. The rings lie one behind the other, behind the chain table.
///
/// They may differ in length: a slot whose chain signs more often needs a longer ring to last as long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rings([u16; SLOTS]);

/// The most pairs of a ring: the page number is a u16, and no device has that many pages.
const MOST: u16 = 1024;

impl Rings {
    /// Rings of so many pairs. No two of them have a page in common, or one with what lies before them, and none ends behind
    /// [`Rings::pages`]. This is checked where they are made; those of a device are a constant, so its build checks it.
    ///
    /// # Panics
    /// If a ring has fewer than 2 pairs or more than 1024.
    pub const fn new(pairs: [u16; SLOTS]) -> Self {
        let rings = Self(pairs);
        let (mut slot, mut free) = (0, RINGS);
        while slot < SLOTS {
            assert!(pairs[slot] >= 2 && pairs[slot] <= MOST, "a ring has 2 to 1024 pairs");
            assert!(rings.page(slot as u8, 0) == free, "a ring begins where the one before it ends");
            free = rings.page(slot as u8, 2 * pairs[slot] - 1) + 1;
            slot += 1;
        }
        assert!(free == rings.pages(), "the last ring ends with the map");
        rings
    }

    /// Rings that are all as long.
    pub const fn equal(pairs: u16) -> Self {
        Self::new([pairs; SLOTS])
    }

    /// The pairs of the ring of `slot`.
    #[inline(always)]
    pub const fn pairs(self, slot: u8) -> u16 {
        let [first, second, third] = self.0;
        match slot {
            // Where all are as long the compiler need not ask which one is meant.
            _ if first == second && second == third => first,
            0 => first,
            1 => second,
            _ => third,
        }
    }

    /// The `index`th page of the ring of `slot`. Nothing else says where a ring lies.
    #[inline(always)]
    pub const fn page(self, slot: u8, index: u16) -> u16 {
        let (mut page, mut before) = (RINGS + index, 0);
        while before < slot {
            page += 2 * self.pairs(before);
            before += 1;
        }
        page
    }

    /// The page of a copy of the record with `serial` in `slot`.
    #[inline(always)]
    pub const fn record_page(self, slot: u8, serial: u32, copy: u16) -> u16 {
        self.page(slot, 2 * (serial % self.pairs(slot) as u32) as u16 + copy)
    }

    /// Pages in use: those of the installation, of the chain table, of all rings.
    #[inline(always)]
    pub const fn pages(self) -> u16 {
        self.page(SLOTS as u8, 0)
    }

    /// As every check binds them.
    #[inline(always)]
    pub(crate) fn to_bytes(self) -> [u8; 2 * SLOTS] {
        let mut bytes = [0; 2 * SLOTS];
        let (halves, _) = bytes.as_chunks_mut();
        for (half, pairs) in halves.iter_mut().zip(self.0) {
            *half = pairs.to_le_bytes();
        }
        bytes
    }
}

impl From<u16> for Rings {
    fn from(pairs: u16) -> Self {
        Self::equal(pairs)
    }
}

impl From<[u16; SLOTS]> for Rings {
    fn from(pairs: [u16; SLOTS]) -> Self {
        Self::new(pairs)
    }
}

// At compile time, of lengths that differ in every order; of a device's own where they are set.
const _: () = {
    Rings::new([2, 3, 5]);
    Rings::new([5, 2, 3]);
    Rings::new([3, 5, 2]);
    Rings::new([MOST; SLOTS]);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_is_pinned() {
        let equal = Rings::equal(256);
        assert_eq!((equal.pages(), Rings::equal(128).pages()), (1562, 794));
        assert_eq!(equal.record_page(0, 0, 0), 26);
        assert_eq!(equal.record_page(0, 256 + 3, 1), 26 + 7);
        assert_eq!(equal.record_page(2, 255, 1), 1561);
        let uneven = Rings::new([2, 3, 5]);
        assert_eq!([0, 1, 2].map(|slot| uneven.pairs(slot)), [2, 3, 5]);
        assert_eq!([0, 1, 2].map(|slot| uneven.page(slot, 0)), [26, 30, 36]);
        assert_eq!(uneven.record_page(1, 7, 1), 30 + 2 + 1);
        assert_eq!((uneven.record_page(2, 4, 1), uneven.pages()), (45, 46));
    }

    /// What the assertions of [`Rings::new`] say, page by page.
    #[test]
    fn no_page_belongs_to_two_slots_or_to_the_table() {
        for pairs in [[2, 2, 2], [2, 3, 5], [5, 3, 2], [3, 2, 7], [206, 71, 71], [256, 256, 256]] {
            let rings = Rings::new(pairs);
            let mut owners = [0; 1562];
            owners[..usize::from(RINGS)].fill(1);
            for slot in 0..SLOTS as u8 {
                let pairs = u32::from(rings.pairs(slot));
                for (serial, copy) in (0..pairs).flat_map(|serial| [(serial, 0), (serial, 1)]) {
                    owners[usize::from(rings.record_page(slot, serial, copy))] += 1;
                    let round = rings.record_page(slot, serial + 5 * pairs, copy);
                    assert_eq!(round, rings.record_page(slot, serial, copy));
                }
            }
            let (pages, behind) = owners.split_at(rings.pages().into());
            assert!(pages.iter().all(|owners| *owners == 1), "{pairs:?}: {pages:?}");
            assert!(behind.iter().all(|owners| *owners == 0), "{pairs:?}");
        }
    }

    #[test]
    #[should_panic(expected = "2 to 1024 pairs")]
    fn a_ring_of_one_pair_is_none() {
        Rings::new([256, 1, 256]);
    }
}
