//! Constants of the device. Another device is another file beside `nanos`, chosen here.

mod nanos;

pub use nanos::*;

/// Pairs of pages in the journal's ring of each chain: 256, or what `HIGHWATER_PAIRS` said when this was built.
///
/// Half of it is for a device that has not 100 KiB of flash left for the app. An installed app keeps its own number.
pub const PAIRS: u16 = match option_env!("HIGHWATER_PAIRS") {
    Some(text) => decimal(text),
    None => 256,
};
const _: () = assert!(PAIRS >= 2 && PAIRS <= 512, "HIGHWATER_PAIRS must be between 2 and 512");

/// Pages the app may use: two of the installation record, twelve of the chain table, three rings.
pub const PAGES: u16 = 2 + 12 + 3 * 2 * PAIRS;

/// Pages declared to the system. The last is never written: the emulator refuses a write that ends where the area does.
pub const DECLARED_PAGES: u16 = PAGES + 1;

const fn decimal(text: &str) -> u16 {
    let digits = text.as_bytes();
    assert!(
        !digits.is_empty() && digits.len() <= 4,
        "HIGHWATER_PAIRS must be a number of at most four digits"
    );
    let mut value = 0;
    let mut at = 0;
    while at < digits.len() {
        assert!(digits[at].is_ascii_digit(), "HIGHWATER_PAIRS must be a decimal number");
        value = value * 10 + (digits[at] - b'0') as u16;
        at += 1;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_is_the_map_of_the_journal_and_one_page_more() {
        assert_eq!(PAGES, 14 + 6 * PAIRS);
        assert_eq!(DECLARED_PAGES, PAGES + 1);
    }

    #[test]
    fn numbers_of_pairs_are_read_as_decimal() {
        assert_eq!([decimal("2"), decimal("128"), decimal("0512")], [2, 128, 512]);
    }

    #[test]
    #[should_panic(expected = "decimal number")]
    fn anything_but_digits_is_refused() {
        decimal("12x");
    }
}
