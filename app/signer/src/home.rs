//! What the screen shows while nothing is asked: each chain, where it stands, how it is; the version; the way out.

use crate::env::World;
use crate::words;
use highwater_core::apdu::ChainState;
use highwater_core::hrs::Hrs;
use highwater_core::installation::Standing;
use highwater_core::layout::SLOTS;
use highwater_core::signer::Signer;
use nanos_sdk::Button;
use nanos_ui::Page;

/// Pages, in a ring: one for each slot, then these.
const VERSION: u8 = SLOTS as u8;
const QUIT: u8 = VERSION + 1;

/// Which page is up.
#[derive(Debug)]
pub(crate) struct Home {
    page: u8,
    /// Both buttons were pressed on "Quit" while a chain is armed: once more, and the app ends.
    warned: bool,
}

impl Home {
    pub(crate) const fn new() -> Self {
        Self { page: 0, warned: false }
    }

    /// A press. True: the app is to end.
    pub(crate) fn press(&mut self, button: Button, signer: &Signer) -> bool {
        let quit = self.page == QUIT && button == Button::Both;
        if quit && (self.warned || signer.is_idle()) {
            return true;
        }
        self.warned = quit;
        self.page = match button {
            Button::Left if self.page == 0 => QUIT,
            Button::Left => self.page - 1,
            Button::Right if self.page == QUIT => 0,
            Button::Right => self.page + 1,
            Button::Both => self.page,
        };
        false
    }

    /// Nobody was there for a while: what was begun is taken back.
    pub(crate) fn rest(&mut self) {
        self.warned = false;
    }

    /// Writes the page that is up, or what is wrong with the whole.
    #[inline(never)]
    pub(crate) fn write(&self, page: &mut Page, signer: &mut Signer, world: &mut World<'_>) {
        page.set_arrows(true, true);
        page.push(match (self.page, self.warned, signer.standing()) {
            (VERSION, ..) => concat!("Highwater\nversion ", env!("CARGO_PKG_VERSION")).as_bytes(),
            (QUIT, true, _) => b"Signing stops!\nQuit? press both",
            (QUIT, ..) => b"Quit\npress both",
            (_, _, Standing::Sound) => return self.chain(page, signer, world),
            (_, _, standing) => return wrong(page, standing),
        });
    }

    fn chain(&self, page: &mut Page, signer: &mut Signer, world: &mut World<'_>) {
        let view = signer.view(world, self.page);
        match view.entry.as_ref().and_then(|entry| entry.chain()) {
            Some(chain) => {
                page.push_cut(chain.as_bytes());
                page.push(b"\n");
                page.push_grouped(view.mark.height.value());
            }
            None => {
                page.push(b"Highwater slot ");
                page.push_decimal(u64::from(self.page) + 1);
            }
        }
        page.push(b"\n");
        page.push(match view.state {
            ChainState::Free => b"no chain",
            ChainState::Armed if view.highest_signed == Hrs::ZERO => b"nothing signed",
            ChainState::Armed => return words::within_height(page, &view.mark),
            ChainState::Unclear => b"unclear: set mark",
            ChainState::Tombstone | ChainState::UnclearTombstone => b"removed",
            ChainState::Damaged => b"damaged: forget",
            ChainState::Fault => b"storage fault",
        });
    }
}

/// What keeps the whole from signing.
fn wrong(page: &mut Page, standing: Standing) {
    page.push(match standing {
        Standing::OtherSeed => b"Other seed",
        Standing::Damaged => b"Storage damaged",
        Standing::Fault | Standing::Sound => b"Storage fault",
    });
    page.push(b":\nnothing is signed");
}
