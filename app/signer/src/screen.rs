//! What is shown when: a prompt, else home, and after a while nothing (the display burns in).

use crate::env::World;
use crate::home::Home;
use crate::prompt::{self, Choice};
use highwater_core::signer::{Prompt, Signer};
use nanos_sdk::Button;
use nanos_ui::Page;

/// Ticks without a button after which home goes dark: 30 s.
const PATIENCE: u16 = 300;
/// Ticks between two looks at what is to be shown: a second.
const PERIOD: u8 = 10;

/// The screen's state.
#[derive(Debug)]
pub(crate) struct Screen {
    page: Page,
    home: Home,
    prompt: Option<prompt::Screen>,
    /// Ticks since the last button, or since the last prompt went.
    idle: u16,
    /// The system was kept from locking since the last button. Once is enough: else a host that asks again and again would
    /// keep a device open that nobody is at.
    woken: bool,
    /// Ticks until the page is looked at again.
    rest: u8,
}

impl Screen {
    pub(crate) const fn new() -> Self {
        Self { page: Page::BLANK, home: Home::new(), prompt: None, idle: 0, woken: false, rest: 0 }
    }

    /// The first page.
    pub(crate) fn start(&mut self, signer: &mut Signer, world: &mut World<'_>) {
        self.home.write(&mut self.page, signer, world);
    }

    /// What is to be seen now.
    pub(crate) fn picture(&self) -> &Page {
        &self.page
    }

    /// A tenth of a second has gone by.
    pub(crate) fn tick(&mut self) {
        self.idle = self.idle.saturating_add(1);
        if self.is_dark() {
            self.home.rest();
        }
        self.rest = self.rest.saturating_sub(1);
    }

    /// A press. The one that wakes the screen does no more than that. True: the owner wants the app to end.
    #[inline(never)]
    pub(crate) fn press(&mut self, button: Button, signer: &mut Signer, world: &mut World<'_>) -> bool {
        let was_dark = self.is_dark();
        (self.idle, self.woken, self.rest) = (0, false, 0);
        match (signer.prompt(), &mut self.prompt) {
            // Only a prompt of which a page was shown can be decided.
            (Some(prompt), Some(shown)) if shown.ticket == prompt.ticket => {
                signer.prompt_touched();
                if let Choice::Decided(approved) = shown.press(button, &self.page, &prompt, signer, world) {
                    signer.decide(world, prompt.ticket, approved);
                }
            }
            // Nor is a press on what has just gone one on what comes.
            (Some(_), _) | (None, Some(_)) => {}
            (None, None) => {
                signer.home_touched();
                return !was_dark && self.home.press(button, signer);
            }
        }
        false
    }

    /// Whether a button was pressed since the page was looked at, or a second has gone by.
    pub(crate) fn is_due(&self) -> bool {
        self.rest == 0
    }

    /// Looks at what is to be shown. True if it is something else than before: draw it.
    #[inline(never)]
    pub(crate) fn update(&mut self, signer: &mut Signer, world: &mut World<'_>) -> bool {
        let prompt = signer.prompt();
        let changed = self.take(prompt.as_ref(), world);
        if !changed && !self.is_due() {
            return false;
        }
        self.rest = PERIOD;
        let mut page = Page::BLANK;
        self.render(&mut page, prompt.as_ref(), signer, world);
        let other = page != self.page;
        self.page = page;
        other
    }

    /// Whether another prompt stands than was shown, or none any more.
    fn take(&mut self, prompt: Option<&Prompt>, world: &World<'_>) -> bool {
        let shown = self.prompt.as_ref().map(|shown| shown.ticket);
        if shown == prompt.map(|prompt| prompt.ticket) {
            return false;
        }
        if prompt.is_some() && !core::mem::replace(&mut self.woken, true) {
            world.os.wake();
        }
        self.prompt = prompt.map(prompt::Screen::new);
        self.idle = 0;
        true
    }

    #[inline(never)]
    fn render(
        &mut self,
        page: &mut Page,
        prompt: Option<&Prompt>,
        signer: &mut Signer,
        world: &mut World<'_>,
    ) {
        let dark = self.is_dark();
        match (prompt, &mut self.prompt) {
            (Some(prompt), Some(shown)) => shown.write(page, prompt, signer, world),
            _ if signer.is_working() => page.push(b"Working"),
            _ if dark => {}
            _ => self.home.write(page, signer, world),
        }
    }

    fn is_dark(&self) -> bool {
        self.idle >= PATIENCE
    }
}
