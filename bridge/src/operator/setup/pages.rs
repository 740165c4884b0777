//! The pages of the device's screen that ask for a chain, to be read beside it. A Ledger does not tell what it shows, so they
//! are made here, of the same facts; tests hold them against the pages of the app and those of the firmware.

use highwater_core::hrs::Hrs;
use highwater_core::key_index::KeyIndex;

use crate::advice;
use crate::device::{KeyNumber, Session, SlotNumber, SlotState};

/// Characters between the edges of a page.
const WIDTH: usize = 21;
/// Characters of a chain id that surely fit one line.
const LINE: usize = 17;
/// Pages beside each other on 80 columns.
const ROW: usize = 3;
/// Up to here a height has commas: with more digits they do not fit the screen.
const GROUPED: u64 = 1_000_000_000_000_000;

/// The lines of a page.
pub(crate) type Page = Vec<String>;

/// The question for a chain, page by page. Where its key is not known before the device tells it, the lines of the key are
/// dots.
pub(crate) fn of_add(
    session: &Session,
    id: &str,
    key_index: u32,
    mark: Hrs,
    key: Option<[u8; 32]>,
) -> Vec<Page> {
    let tombstone = session.tombstone(id);
    let slot = tombstone.map_or_else(|| session.free(), |slot| Some(slot.slot)).unwrap_or_default();
    let page = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Page>();
    let numbered = |title: &str, slot: u8| page(&[title, &format!("slot {}", SlotNumber::of(slot))]);
    let mut pages = vec![numbered("Add chain?", slot), split(id), path(key_index)];
    let digits = key.map(hex::encode);
    for (title, from) in [("Public key 1/2", 0), ("Public key 2/2", 32)] {
        let line =
            |at: usize| digits.as_ref().map_or_else(|| ".".repeat(16), |key| key[at..at + 16].to_owned());
        pages.push(page(&[title, &line(from), &line(from + 16)]));
    }
    let shares = session.slots.iter().find(|other| {
        let named = !matches!(other.state, SlotState::Free | SlotState::Damaged);
        named && other.slot != slot && other.key_index == key_index
    });
    pages.extend(shares.map(|other| numbered("Same key as", other.slot)));
    let mut before = Hrs::ZERO;
    if let Some(tombstone) = tombstone {
        before = tombstone.mark.0;
        let unclear = tombstone.state.is_unclear();
        if unclear {
            pages.push(page(&["Mark unclear"]));
        }
        let [now, highest] =
            if unclear { ["Mark at least", "Signed at least"] } else { ["Mark now", "Highest signed"] };
        pages.push(place(now, before));
        pages.push(place(highest, tombstone.highest_signed.0));
        if mark < tombstone.highest_signed.0 {
            pages.push(page(&["BELOW SIGNED:", "may sign again", "what it signed"]));
        }
    }
    let title = match mark.cmp(&before) {
        std::cmp::Ordering::Less => "Lower mark to",
        std::cmp::Ordering::Equal => "Set mark to",
        std::cmp::Ordering::Greater => "Raise mark to",
    };
    pages.push(place(title, mark));
    pages.push(page(&["Approve", "press both"]));
    pages.push(page(&["Reject", "press both"]));
    pages
}

/// A chain id; the device breaks a long one where its screen ends.
fn split(id: &str) -> Page {
    let letters: Vec<char> = id.chars().collect();
    letters.chunks(LINE).map(|part| part.iter().collect()).collect()
}

fn path(key_index: u32) -> Page {
    match KeyIndex::new(key_index) {
        Ok(KeyIndex::Imported(key)) => {
            vec!["Imported key".to_owned(), format!("number {}", KeyNumber::of(key))]
        }
        _ => vec!["Key path".to_owned(), "44'/118'/0'/".to_owned(), format!("0'/{key_index}'")],
    }
}

fn place(title: &str, hrs: Hrs) -> Page {
    let round = format!("r{} {}", hrs.round.value(), advice::step(hrs.step));
    vec![title.to_owned(), grouped(hrs.height.value()), round]
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    if number >= GROUPED {
        return digits;
    }
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The pages in frames, three beside each other.
pub(crate) fn drawn(pages: &[Page]) -> String {
    let edge = "-".repeat(WIDTH);
    let mut lines = Vec::new();
    for row in pages.chunks(ROW) {
        let all = |part: &dyn Fn(&Page) -> String| {
            let parts: Vec<_> = row.iter().map(part).collect();
            format!("  {}", parts.join("  "))
        };
        let height = row.iter().map(Vec::len).max().unwrap_or_default();
        lines.push(all(&|_| format!(".{edge}.")));
        for number in 0..height {
            lines.push(all(&|page| format!("|{:^WIDTH$}|", page.get(number).map_or("", |line| line))));
        }
        lines.push(all(&|_| format!("'{edge}'")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use highwater_core::hrs::Step;

    use super::*;
    use crate::device::Slot;
    use crate::hrs_text::HrsText;

    fn slot(chain: &str, state: SlotState, key_index: u32) -> Slot {
        let mark = HrsText(Hrs::new(10, 0, Step::Prevote).unwrap());
        Slot { key_index, ..Slot::played(chain, state, mark) }
    }

    /// The pages of a screen's golden text: its lines, without what is drawn around them.
    fn golden(name: &str) -> Vec<Page> {
        let path = format!("{}/../app/signer/tests/screens/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let lines = |page: &str| {
            let inside = page.lines().filter_map(|line| line.strip_prefix('|')?.split('|').next());
            let words = inside.map(|line| line.trim_matches(['<', '>', ' ']).to_owned());
            words.filter(|line| !line.is_empty()).collect()
        };
        text.split("\n\n").filter(|page| page.contains('|')).map(lines).collect()
    }

    fn key_of(pages: &[Page]) -> [u8; 32] {
        let digits = format!("{}{}{}{}", pages[3][1], pages[3][2], pages[4][1], pages[4][2]);
        hex::decode(digits).unwrap().try_into().unwrap()
    }

    #[test]
    fn the_pages_are_those_of_the_app() {
        let imported = KeyNumber::of(0).index();
        for (name, slots, index) in [
            ("add", vec![], 7),
            ("add-imported", vec![], imported),
            ("add-removed", vec![slot("stage-1", SlotState::Removed, 7)], 7),
        ] {
            let golden = golden(name);
            let mark = mark_of(&golden).expect("the page of the mark");
            let pages = of_add(&Session::played(slots), "stage-1", index, mark, Some(key_of(&golden)));
            assert_eq!(pages, golden, "{name}");
        }
    }

    /// The mark of the page before the last two.
    fn mark_of(pages: &[Page]) -> Option<Hrs> {
        let [.., page, _, _] = pages else { return None };
        let (round, step) = page[2].strip_prefix('r')?.split_once(' ')?;
        format!("{}/{round}/{step}", page[1].replace(',', "")).parse::<HrsText>().ok().map(|HrsText(hrs)| hrs)
    }

    #[test]
    fn a_chain_with_the_key_of_another_is_shown_as_such_and_a_key_that_is_not_known_is_dots() {
        let other = slot("other-1", SlotState::Armed, 7);
        let mark = Hrs::new(20_000_001, 0, Step::None).unwrap();
        let pages = of_add(&Session::played(vec![other]), "cosmoshub-4", 7, mark, None);
        let words: Vec<_> = pages.iter().map(|page| page.join("|")).collect();
        let dots = ".".repeat(16);
        assert_eq!(
            words,
            [
                "Add chain?|slot 2",
                "cosmoshub-4",
                "Key path|44'/118'/0'/|0'/7'",
                &format!("Public key 1/2|{dots}|{dots}"),
                &format!("Public key 2/2|{dots}|{dots}"),
                "Same key as|slot 1",
                "Raise mark to|20,000,001|r0 none",
                "Approve|press both",
                "Reject|press both",
            ]
        );
        let drawn = drawn(&pages);
        assert!(drawn.lines().all(|line| line.chars().count() <= 80), "{drawn}");
        assert_eq!(grouped(GROUPED), "1000000000000000");
    }
}
