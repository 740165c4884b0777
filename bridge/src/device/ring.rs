//! The ring of a slot: what its flash has endured, and how long it will.

use highwater_core::apdu::ChainStatus;
use serde::{Deserialize, Serialize};

/// A year as the tables of docs/journal.md count it.
const SECONDS_A_YEAR: f64 = 365.25 * 86_400.0;

/// How long the ring is, and what a page of it is rated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Ring {
    /// Pairs of pages. Each signature is written on both pages of the next one.
    pub pairs: u16,
    /// Erases that a page is rated for.
    pub rated_erases: u32,
}

/// How often a chain signs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// It is not known: a block every 6 s, with two signatures.
    Assumed,
    /// Signatures a day, as they were delivered since the daemon started.
    Measured(u64),
}

impl Pace {
    pub(crate) fn of(signatures_a_day: Option<u64>) -> Self {
        signatures_a_day.map_or(Self::Assumed, Self::Measured)
    }
}

impl Ring {
    pub(super) fn of(status: &ChainStatus<'_>) -> Self {
        Self { pairs: status.pairs, rated_erases: status.rated_erases }
    }

    /// Signatures that the ring is rated for.
    fn endures(self) -> u64 {
        u64::from(self.pairs) * u64::from(self.rated_erases)
    }

    /// Erases of the page that is worn most after so many writes, in millionths of its rated life, rounded up. A ring
    /// that endures nothing is worn out.
    pub(super) fn wear_ppm(self, writes: u32) -> u32 {
        match self.endures() {
            0 => u32::MAX,
            endures => (u64::from(writes) * 1_000_000).div_ceil(endures).try_into().unwrap_or(u32::MAX),
        }
    }

    /// Years until the ring is at its rated life, after so many writes.
    pub(crate) fn years(self, writes: u32, pace: Pace) -> f64 {
        let a_day = match pace {
            Pace::Assumed => 2.0 * 86_400.0 / 6.0,
            Pace::Measured(signatures) => signatures as f64,
        };
        let left = self.endures().saturating_sub(writes.into());
        left as f64 / a_day * 86_400.0 / SECONDS_A_YEAR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Ring = Ring { pairs: 211, rated_erases: 500_000 };
    const SHORT: Ring = Ring { pairs: 73, ..LONG };

    fn rounded(years: f64) -> String {
        format!("{years:.1}")
    }

    #[test]
    fn the_years_are_those_of_the_table_in_the_documents() {
        let years = |ring: Ring, pace| rounded(ring.years(0, pace));
        assert_eq!([years(LONG, Pace::Assumed), years(SHORT, Pace::Assumed)], ["10.0", "3.5"]);
        let nanos = Ring { pairs: 256, ..LONG };
        assert_eq!(years(nanos, Pace::Assumed), "12.2");
        // A block every 3 s, and three signatures.
        assert_eq!(years(nanos, Pace::Measured(86_400)), "4.1");
    }

    #[test]
    fn what_was_written_is_gone_and_wear_says_how_much() {
        let half = 211 * 500_000 / 2;
        assert_eq!(rounded(LONG.years(half, Pace::Assumed)), "5.0");
        assert_eq!(
            [0, 1, half, 2 * half, 4 * half].map(|writes| LONG.wear_ppm(writes)),
            [0, 1, 500_000, 1_000_000, 2_000_000]
        );
        assert_eq!(rounded(LONG.years(4 * half, Pace::Assumed)), "0.0");
    }

    #[test]
    fn a_ring_that_endures_nothing_is_worn_out() {
        for ring in [Ring { pairs: 0, ..LONG }, Ring { rated_erases: 0, ..LONG }] {
            assert_eq!((ring.wear_ppm(0), ring.years(0, Pace::Assumed)), (u32::MAX, 0.0));
        }
    }
}
