//! What the flash of a slot will endure, and which slot a chain takes.

use crate::device::{Pace, Ring, SlotNumber};

/// How long a ring lasts from now on, and by which pace.
pub fn lasts(ring: Ring, writes: u32, pace: Pace) -> String {
    let years = match ring.years(writes, pace) {
        years if years < 100.0 => format!("{years:.1} years"),
        _ => "more than 100 years".to_owned(),
    };
    match pace {
        Pace::Assumed => format!("{years} at a block every 6 s with two signatures, which is assumed"),
        Pace::Measured(signatures) => {
            format!("{years} at {} signatures a day, as since the daemon's start", grouped(signatures))
        }
    }
}

/// By which figure, where it is a guess.
pub fn erases_assumed(ring: Ring) -> String {
    let erases = grouped(ring.rated_erases.into());
    format!("{erases} erases a page are assumed: nobody has published a figure for this device")
}

/// Millionths as percent, rounded up: wear is never shown as less than it is.
pub(crate) fn percent(ppm: u32) -> String {
    let hundredths = ppm.div_ceil(100);
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

/// The slot of a chain that was added, and how long it lasts there.
pub fn slot_lasts(slot: SlotNumber, ring: Ring, assumed: bool, writes: u32, pace: Pace) -> String {
    let guess = if assumed { format!("; {}", erases_assumed(ring)) } else { String::new() };
    format!("slot {slot}, a ring of {} pairs, lasts {}{guess}", ring.pairs, lasts(ring, writes, pace))
}

/// The chain would take a slot that does not last as long as another one.
pub fn shorter_slot(slot: SlotNumber, ring: Ring, longest: SlotNumber, than: Ring, pace: Pace) -> String {
    format!(
        "slot {slot} is the lowest that is free, and its ring of {} pairs, when new, lasts {}; slot {longest} has {}: the \
         chain that signs most often belongs there, and docs/planned-moves.md says how chains change places",
        ring.pairs,
        lasts(ring, 0, pace),
        than.pairs
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const RING: Ring = Ring { pairs: 73, rated_erases: 500_000 };

    #[test]
    fn numbers_come_in_groups_of_three() {
        assert_eq!(
            [0, 12, 999, 1_000, 28_800, 1_234_567].map(grouped),
            ["0", "12", "999", "1,000", "28,800", "1,234,567"]
        );
    }

    #[test]
    fn wear_is_never_shown_as_less_than_it_is() {
        assert_eq!([0, 1, 100, 101, 10_000].map(percent), ["0.00 %", "0.01 %", "0.01 %", "0.02 %", "1.00 %"]);
    }

    #[test]
    fn it_is_said_by_which_pace_a_ring_lasts() {
        let text = lasts(RING, 0, Pace::Measured(28_800));
        assert_eq!(text, "3.5 years at 28,800 signatures a day, as since the daemon's start");
        assert!(lasts(RING, 0, Pace::Assumed).ends_with("which is assumed"));
        assert!(lasts(RING, 0, Pace::Measured(1)).starts_with("more than 100 years at 1 "));
    }
}
