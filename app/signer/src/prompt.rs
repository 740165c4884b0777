//! What the owner is asked, as a row of pages that ends with "Approve" and "Reject".

use crate::env::World;
use crate::words;
use highwater_core::apdu::ChainState;
use highwater_core::env::{Crypto, CryptoFailed};
use highwater_core::layout::SLOTS;
use highwater_core::signer::{Ask, Prompt, Signer, View};
use nanos_sdk::Button;
use nanos_ui::{Page, Pager, Pressed, Text};

/// A page of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Sheet {
    /// What it is about.
    Title,
    Chain,
    Path,
    KeyStart,
    KeyEnd,
    /// Another chain with the same key.
    SameKey,
    /// The mark is not known; what follows is only a floor.
    Unclear,
    From,
    To,
    HighestSigned,
    Approve,
    Reject,
}

use Sheet::{
    Approve, Chain, From, HighestSigned, KeyEnd, KeyStart, Path, Reject, SameKey, Title, To, Unclear,
};

/// What a press led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Nothing yet.
    Open,
    /// The owner has decided.
    Decided(bool),
}

/// A prompt on the screen.
#[derive(Debug)]
pub(crate) struct Screen {
    pub(crate) ticket: u32,
    pager: Pager,
}

impl Screen {
    /// The prompt's first page is up.
    pub(crate) fn new(prompt: &Prompt) -> Self {
        Self { ticket: prompt.ticket, pager: Pager::default() }
    }

    /// A press.
    #[inline(never)]
    pub(crate) fn press(
        &mut self,
        button: Button,
        prompt: &Prompt,
        signer: &mut Signer,
        world: &mut World<'_>,
    ) -> Choice {
        let view = signer.view(world, prompt.ask.slot());
        let count = self.count(prompt, &view, signer, world);
        match (self.pager.press(button, count), self.sheet(prompt, &view, signer, world)) {
            (Pressed::Chosen, Some(Approve)) => Choice::Decided(true),
            (Pressed::Chosen, Some(Reject)) => Choice::Decided(false),
            _ => Choice::Open,
        }
    }

    /// The page that is up, as things stand now: the mark of a live chain moves while the owner reads.
    #[inline(never)]
    pub(crate) fn page(&self, prompt: &Prompt, signer: &mut Signer, world: &mut World<'_>) -> Page {
        let view = signer.view(world, prompt.ask.slot());
        let count = self.count(prompt, &view, signer, world);
        let sheet = self.sheet(prompt, &view, signer, world).unwrap_or(Reject);
        let page = fill(sheet, prompt, &view, signer, world);
        Page { before: self.pager.at() > 0, behind: self.pager.at() + 1 < count, ..page }
    }

    fn sheet(
        &self,
        prompt: &Prompt,
        view: &View,
        signer: &mut Signer,
        world: &mut World<'_>,
    ) -> Option<Sheet> {
        let row = row(&prompt.ask, view.state).iter().copied();
        row.filter(|sheet| applies(*sheet, prompt, view, signer, world)).nth(usize::from(self.pager.at()))
    }

    fn count(&self, prompt: &Prompt, view: &View, signer: &mut Signer, world: &mut World<'_>) -> u8 {
        let row = row(&prompt.ask, view.state).iter().copied();
        row.filter(|sheet| applies(*sheet, prompt, view, signer, world)).count() as u8
    }
}

/// The pages of a question. Those of marks are left out where there is none.
fn row(ask: &Ask, state: ChainState) -> &'static [Sheet] {
    match ask {
        Ask::Add { .. } => &[
            Title,
            Chain,
            Path,
            KeyStart,
            KeyEnd,
            SameKey,
            Unclear,
            From,
            HighestSigned,
            To,
            Approve,
            Reject,
        ],
        Ask::SetMark { .. } => &[Title, Chain, Unclear, From, HighestSigned, To, Approve, Reject],
        Ask::Remove { .. } => &[Title, Chain, Unclear, From, HighestSigned, Approve, Reject],
        Ask::ShowKey { .. } => &[Title, Chain, Path, KeyStart, KeyEnd, Approve, Reject],
        // A damaged slot has no name; the highest HRS in its ring is all there is to know it by.
        Ask::Forget { .. } if state == ChainState::Damaged => &[Title, HighestSigned, Approve, Reject],
        Ask::Forget { .. } => &[Title, Chain, Unclear, From, HighestSigned, Approve, Reject],
    }
}

fn applies(sheet: Sheet, prompt: &Prompt, view: &View, signer: &mut Signer, world: &mut World<'_>) -> bool {
    match sheet {
        Unclear => matches!(view.state, ChainState::Unclear | ChainState::UnclearTombstone),
        From | HighestSigned => !matches!(view.state, ChainState::Free),
        SameKey => shared(&prompt.ask, signer, world).is_some(),
        _ => true,
    }
}

fn fill(sheet: Sheet, prompt: &Prompt, view: &View, signer: &mut Signer, world: &mut World<'_>) -> Page {
    let ask = &prompt.ask;
    match sheet {
        Title => Page::new([Text::new(title(ask, view.state)), slot(ask.slot()), Text::default()]),
        Chain => match ask {
            Ask::Add { chain, .. } => Page::wrapped(chain.as_bytes()),
            _ => Page::wrapped(
                view.entry.as_ref().and_then(|entry| entry.chain()).map_or(&[], |id| id.as_bytes()),
            ),
        },
        Path => {
            let mut index = Text::new(b"0'/");
            index.push_decimal(u64::from(key_index(ask, view)));
            index.push(b"'");
            Page::new([Text::new(b"Key path"), Text::new(b"44'/118'/0'/"), index])
        }
        KeyStart | KeyEnd => key(sheet == KeyEnd, ask, view, world),
        SameKey => {
            let slot_of = shared(ask, signer, world).unwrap_or(0);
            Page::new([Text::new(b"Same key as"), Text::new(b"the chain of"), slot(slot_of)])
        }
        Unclear => {
            Page::new([Text::new(b"Mark unclear"), Text::new(b"what follows is"), Text::new(b"a floor only")])
        }
        From => words::mark(
            if matches!(ask, Ask::Remove { .. } | Ask::Forget { .. }) { b"Mark" } else { b"From" },
            view.mark,
        ),
        To => match ask {
            Ask::Add { mark, .. } => words::mark(b"To mark", *mark),
            Ask::SetMark { to, .. } => words::mark(b"To mark", *to),
            _ => Page::default(),
        },
        HighestSigned => words::mark(b"Highest signed", view.highest_signed),
        Approve => Page::new([Text::new(b"Approve"), Text::new(b"press both"), Text::default()]),
        Reject => Page::new([Text::new(b"Reject"), Text::new(b"press both"), Text::default()]),
    }
}

fn title(ask: &Ask, state: ChainState) -> &'static [u8] {
    match ask {
        Ask::Add { .. } => b"Add chain?",
        Ask::SetMark { .. } => b"Set mark?",
        Ask::Remove { .. } => b"Remove chain?",
        Ask::ShowKey { .. } => b"Public key",
        Ask::Forget { .. } if state == ChainState::Damaged => b"Forget damaged?",
        Ask::Forget { .. } => b"Forget chain?",
    }
}

fn slot(slot: u8) -> Text {
    let mut text = Text::new(b"slot ");
    text.push_decimal(u64::from(slot) + 1);
    text
}

fn key_index(ask: &Ask, view: &View) -> u32 {
    match ask {
        Ask::Add { key_index, .. } => *key_index,
        _ => view.entry.as_ref().map_or(0, highwater_core::chains::Entry::key_index),
    }
}

/// Half of the public key, in hexadecimal.
fn key(end: bool, ask: &Ask, view: &View, world: &mut World<'_>) -> Page {
    let key: Result<[u8; 32], CryptoFailed> = match world.loaded_key(ask.slot()) {
        Ok(key) if !matches!(ask, Ask::Add { .. }) => Ok(key),
        _ => world.public_key(key_index(ask, view)),
    };
    let Ok(key) = key else {
        return Page::new([Text::new(b"Public key"), Text::new(b"cannot be derived"), Text::default()]);
    };
    let half = &key[if end { 16 } else { 0 }..][..16];
    let mut lines = [
        Text::new(if end { b"Public key 2/2" } else { b"Public key 1/2" }),
        Text::default(),
        Text::default(),
    ];
    lines[1].push_hex(&half[..8]);
    lines[2].push_hex(&half[8..]);
    Page::new(lines)
}

/// Another slot whose chain signs with the key that is to be added.
fn shared(ask: &Ask, signer: &mut Signer, world: &mut World<'_>) -> Option<u8> {
    let Ask::Add { slot, key_index, .. } = ask else { return None };
    (0..SLOTS as u8).find(|other| {
        let entry = if other == slot { None } else { signer.view(world, *other).entry };
        entry.is_some_and(|entry| entry.key_index() == *key_index && entry.chain().is_some())
    })
}
