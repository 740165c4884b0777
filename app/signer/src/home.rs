//! What the screen shows while nothing is asked: one chain, where it stands, how it is.

use crate::env::World;
use crate::words;
use highwater_core::apdu::ChainState;
use highwater_core::installation::Standing;
use highwater_core::layout::SLOTS;
use highwater_core::signer::Signer;
use nanos_sdk::Button;
use nanos_ui::page::COLUMNS;
use nanos_ui::{Page, Text};

/// Which chain is shown.
#[derive(Debug, Default)]
pub(crate) struct Home {
    slot: u8,
}

impl Home {
    /// The buttons go round the slots.
    pub(crate) fn press(&mut self, button: Button) {
        let last = SLOTS as u8 - 1;
        self.slot = match button {
            Button::Left if self.slot == 0 => last,
            Button::Left => self.slot - 1,
            Button::Right if self.slot == last => 0,
            Button::Right => self.slot + 1,
            Button::Both => self.slot,
        };
    }

    /// The page of the chain in this slot, or what is wrong with the whole.
    #[inline(never)]
    pub(crate) fn page(&self, signer: &mut Signer, world: &mut World<'_>) -> Page {
        let wrong: &[u8] = match signer.standing() {
            Standing::Sound => return self.chain(signer, world),
            Standing::OtherSeed => b"other seed",
            Standing::Damaged => b"storage damaged",
            Standing::Fault => b"storage fault",
        };
        Page::new([Text::new(b"Highwater"), Text::new(wrong), Text::new(b"signs nothing")])
    }

    fn chain(&self, signer: &mut Signer, world: &mut World<'_>) -> Page {
        let view = signer.view(world, self.slot);
        let state: &[u8] = match view.state {
            ChainState::Free => b"no chain",
            ChainState::Armed => words::step(view.mark.step),
            ChainState::Unclear => b"unclear: set mark",
            ChainState::Tombstone | ChainState::UnclearTombstone => b"removed",
            ChainState::Damaged => b"damaged: forget",
            ChainState::Fault => b"storage fault",
        };
        let mut lines = [Text::new(b"Highwater slot "), Text::default(), Text::new(state)];
        lines[0].push_decimal(u64::from(self.slot) + 1);
        if let Some(chain) = view.entry.as_ref().and_then(|entry| entry.chain()) {
            let id = chain.as_bytes();
            lines[0] = Text::new(&id[..id.len().min(COLUMNS)]);
            lines[1] = words::height_round(view.mark);
        }
        Page { before: true, behind: true, ..Page::new(lines) }
    }
}
