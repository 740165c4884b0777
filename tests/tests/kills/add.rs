//! The emulator dies while it prepares what the owner approved: a chain is added, or it is not; the one beside it signs.

use highwater_core::apdu::{ChainState, Command, PromptState};
use highwater_core::hrs::{Hrs, Step};
use highwater_core::layout::entry_page;
use highwater_core::rings::Rings;
use highwater_sim::Tear;
use highwater_tests::request::prevote;
use highwater_tests::stage::{chain, hrs};
use rand::Rng;

use super::trial::Trial;
use super::wreck::torn;

const ADDED: &str = "added-1";
/// Where it comes to stand.
const SLOT: u8 = 1;
/// Pages of a ring that the app prepares in one turn.
const PAGES_A_TURN: u16 = 4;

/// The pages of an ADD, in the order in which they are written: the ring, the two copies of its first record, and the
/// entry, each copy of two pages.
fn order(rings: Rings, page: usize) -> (u8, usize) {
    let pages = |first: u16, count: u16| usize::from(first)..usize::from(first + count);
    let (ring, entries) = (rings.page(SLOT, 0), [0, 1].map(|copy| entry_page(SLOT, copy)));
    if entries.iter().any(|entry| pages(*entry, 2).contains(&page)) {
        return (2, page);
    }
    assert!(pages(ring, 2 * rings.pairs(SLOT)).contains(&page), "page {page} is no business of this ADD");
    let first = usize::from(rings.record_page(SLOT, 1, 0));
    (u8::from([first, first + 1].contains(&page)), page)
}

/// What was being written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cut {
    /// A page that is prepared.
    Ring,
    /// The second copy of the first record.
    Record,
    /// The first page of this copy of the entry.
    Entry(usize),
}

impl Trial {
    /// Kills it in an ADD that was approved, tears what it was writing, and starts it again.
    pub(super) fn kill_during_add(&mut self, mark: Hrs, cut: Cut) {
        let rings = self.stage.device.rings();
        // By then the last page of the ring is prepared.
        let pages = 2 * rings.pairs(SLOT);
        let all = u32::from(pages.div_ceil(PAGES_A_TURN));
        let (turns, from_the_end) = match cut {
            Cut::Ring => (self.stream.random.random_range(1..all), 0),
            Cut::Record => (all, 4),
            Cut::Entry(copy) => (all, 2 * (2 - copy) - 1),
        };
        let before = self.emulated().emulator().unwrap().nvram().unwrap();
        let ticket = self.stage.raise(Command::AddChain { chain: chain(ADDED), key_index: 1, mark });
        self.stage.device.decide(true).unwrap();
        self.stage.device.pass(turns).unwrap();
        if !matches!(cut, Cut::Ring) {
            // All of it was written; the cut takes the end back.
            assert_eq!(self.stage.outcome(ticket).state, PromptState::Approved);
        }
        let after = self.emulated().pull_the_plug().unwrap();
        // Formatted pages are formatted anew after an ADD that was cut, which changes nothing in them but by a tear.
        let formatted = (0..pages.min(turns as u16 * PAGES_A_TURN)).map(|index| rings.page(SLOT, index));
        let mut written = before.changed_pages(&after);
        written.extend(formatted.map(usize::from));
        written.sort_by_key(|page| order(rings, *page));
        written.dedup();
        if !matches!(cut, Cut::Ring) {
            let entries = [0, 1].map(|copy| entry_page(SLOT, copy)).map(|page| [page, page + 1]);
            let last = [rings.record_page(SLOT, 1, 0), rings.record_page(SLOT, 1, 1)];
            let last: Vec<usize> = last.into_iter().chain(entries.concat()).map(usize::from).collect();
            assert!(written.ends_with(&last), "{written:?}");
        }
        let (nth, tear) = (written.len() - 1 - from_the_end, Tear::any(&mut self.stream.random));
        self.start(&torn(&before, &after, &written, nth, tear));
        self.stands();
        let slot = self.stage.slot(SLOT);
        // The first copy of the entry, whole, is what makes it a chain.
        if matches!(cut, Cut::Entry(1)) {
            assert_eq!((slot.state, slot.mark), (ChainState::Armed, mark), "{cut:?}, {tear:?}");
            self.stage.sign(&prevote(ADDED, mark.height.value() + 1, 0));
            self.stage.drop_chain(ADDED, SLOT);
        } else {
            assert_eq!(slot.state, ChainState::Free, "{cut:?}, {tear:?}");
        }
        self.count(&format!("{cut:?}"));
        let next = self.stream.any();
        self.ask(next);
    }

    /// However often it was cut, the next ADD is whole.
    pub(super) fn add_after_all(&mut self) {
        let mark = hrs(9, 0, Step::None);
        self.stage.add(ADDED, 1, mark);
        self.stage.sign(&prevote(ADDED, 9, 0));
    }
}
