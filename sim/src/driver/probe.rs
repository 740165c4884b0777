//! Whether a chain's mark is what it is said to be; and that asking costs no page.

use highwater_core::apdu::ChainState;
use highwater_core::env::Cell;
use highwater_core::hrs::Step;
use highwater_core::layout::entry_page;

use super::{Driver, Seen, Violation};
use crate::model::{Model, Op, Standing};

impl Driver {
    /// The mark of an armed chain is what it is said to be: the other statement is refused, the same one repeated, and
    /// neither writes, but for what is due (`mends`).
    pub fn probe(&mut self, lane: usize) -> Result<(), Violation> {
        let [Model { standing: Standing::Armed, mark, said, .. }] = self.lanes[lane].possible[..] else {
            return Ok(());
        };
        if mark.step == Step::None || mark.height.value() == 0 {
            return Ok(());
        }
        // A slot that another operation left at fault is read first.
        self.device.finish_work();
        let (block, seconds) = said.unwrap_or((1, 1));
        for (block, seconds) in [(block % 2 + 1, seconds), (block, seconds + 1), (block, seconds)] {
            let op = Op::Sign { at: mark, block, seconds };
            let seen = self.lanes[lane].seen;
            let medium = &self.device.world.medium;
            let (pages, erases) = (medium.pages().to_vec(), medium.erases().to_vec());
            self.run(lane, op, None)?;
            let written = self.written_since(&erases);
            if !written.is_empty() && !self.stuck && !self.mends(seen, &pages, &written) {
                return Err(Violation::NeedlessWrite(op));
            }
        }
        Ok(())
    }

    /// The pages that were written since, each as often as it was.
    fn written_since(&self, erases: &[u32]) -> Vec<u16> {
        let now = self.device.world.medium.erases();
        let times = erases.iter().zip(now).map(|(before, now)| (now - before) as usize);
        (0..).zip(times).flat_map(|(page, times)| std::iter::repeat_n(page, times)).collect()
    }

    /// Whether what was written is a copy of a chain's entry that had rotted, and no more. `seen` and `pages` are from before.
    ///
    /// A slot stays at fault while its chain's key is lost, and is read once more when the chain is asked for (rule 7); that
    /// begins with its entry, of which it makes both copies equal (rule 2). Nothing else of such a slot is written, and this
    /// not a second time.
    fn mends(&self, seen: Option<Seen>, pages: &[Cell], written: &[u16]) -> bool {
        let Some(Seen { slot, state: ChainState::Fault, .. }) = seen else { return false };
        let now = self.device.world.medium.pages();
        let changed = |page: &u16| pages[usize::from(*page)] != now[usize::from(*page)];
        let copies = [0, 1].map(|copy| [0, 1].map(|half| entry_page(slot, copy) + half));
        let one_copy = copies.iter().any(|copy| written == copy && copy.iter().any(changed));
        self.rotted && one_copy && self.stands_twice(slot)
    }
}
