//! What the owner is asked, as a row of pages that ends with "Approve" and "Reject".

use crate::env::World;
use crate::words;
use highwater_core::apdu::ChainState;
use highwater_core::chains::Entry;
use highwater_core::env::Crypto;
use highwater_core::hrs::Hrs;
use highwater_core::key_index::KeyIndex;
use highwater_core::signer::{Ask, Prompt, Signer, View, What};
use nanos_sdk::Button;
use nanos_ui::{Page, Pager, Pressed};

/// A page of a prompt. Their order is the same for every question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Sheet {
    /// What it is about.
    Title,
    Chain,
    Path,
    KeyStart,
    KeyEnd,
    AddressStart,
    AddressEnd,
    /// Another chain with the same key.
    SameKey,
    /// The mark is not known; what follows is only a floor.
    Unclear,
    From,
    HighestSigned,
    /// The mark wanted lies below what was signed: the owner passes this page or does not approve.
    BelowSigned,
    To,
    /// What the owner gives up by approving.
    Cost,
    Approve,
    Reject,
}

use Sheet::{
    AddressEnd, AddressStart, Approve, BelowSigned, Chain, Cost, From, HighestSigned, KeyEnd, KeyStart, Path,
    Reject, SameKey, Title, To, Unclear,
};

const SHEETS: [Sheet; 16] = [
    Title,
    Chain,
    Path,
    KeyStart,
    KeyEnd,
    AddressStart,
    AddressEnd,
    SameKey,
    Unclear,
    From,
    HighestSigned,
    BelowSigned,
    To,
    Cost,
    Approve,
    Reject,
];

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
    /// Of a page that three lines do not hold, what part is up.
    part: u8,
    /// What the screen says, a [`Sheet`] as a number: with the enum itself, no prompt at all would not be all zeros, as
    /// every static of the app begins. A press is about that, whatever the chain has become since.
    up: u8,
}

impl Screen {
    /// The prompt's first page is up.
    pub(crate) fn new(prompt: &Prompt) -> Self {
        Self { ticket: prompt.ticket, pager: Pager::default(), part: 0, up: Title as u8 }
    }

    /// A press on this page.
    #[inline(never)]
    pub(crate) fn press(
        &mut self,
        button: Button,
        page: &Page,
        prompt: &Prompt,
        signer: &mut Signer,
        world: &mut World<'_>,
    ) -> Choice {
        match button {
            Button::Right if page.goes_on() => self.part += 1,
            Button::Left if self.part > 0 => self.part -= 1,
            _ => {
                let view = signer.view(world, prompt.ask.slot);
                let (_, count) = self.up(prompt, &view, signer, world);
                match self.pager.press(button, count) {
                    Pressed::Chosen if self.up >= Approve as u8 => {
                        return Choice::Decided(self.up == Approve as u8);
                    }
                    Pressed::Turned => self.part = if button == Button::Left { Page::LAST_PART } else { 0 },
                    _ => {}
                }
            }
        }
        Choice::Open
    }

    /// Writes the page that is up, as things stand now: the mark of a live chain moves while the owner reads.
    #[inline(never)]
    pub(crate) fn write(
        &mut self,
        page: &mut Page,
        prompt: &Prompt,
        signer: &mut Signer,
        world: &mut World<'_>,
    ) {
        let view = signer.view(world, prompt.ask.slot);
        let (sheet, count) = self.up(prompt, &view, signer, world);
        self.up = sheet as u8;
        fill(page, sheet, prompt, &view, signer, world);
        self.part = page.keep_part(self.part);
        page.set_arrows(self.pager.at() > 0 || self.part > 0, self.pager.at() + 1 < count || page.goes_on());
    }

    /// The sheet that is up, and how many there are. Behind the last, should there be fewer now, nothing can be approved.
    #[inline(never)]
    fn up(&self, prompt: &Prompt, view: &View, signer: &mut Signer, world: &mut World<'_>) -> (Sheet, u8) {
        let (mut up, mut count) = (Reject, 0);
        for sheet in SHEETS {
            if applies(sheet, &prompt.ask, view, signer, world) {
                if count == self.pager.at() {
                    up = sheet;
                }
                count += 1;
            }
        }
        (up, count)
    }
}

/// Whether a question has this page. Those of marks are left out where there is none.
fn applies(sheet: Sheet, ask: &Ask, view: &View, signer: &Signer, world: &mut World<'_>) -> bool {
    let what = ask.what;
    match sheet {
        Title | Approve | Reject => true,
        Cost => !cost(what).is_empty(),
        AddressStart | AddressEnd => matches!(what, What::Import | What::ForgetKey),
        KeyStart | KeyEnd => {
            matches!(what, What::Add | What::ShowKey | What::Import | What::ForgetKey)
        }
        _ if what.is_of_key() => false,
        // A damaged slot has no name; the highest HRS in its ring is all there is to know it by.
        Chain => view.state != ChainState::Damaged,
        Path => matches!(what, What::Add | What::ShowKey),
        SameKey => shared(ask, signer, world).is_some(),
        _ if what == What::ShowKey => false,
        Unclear => {
            matches!(view.state, ChainState::Unclear | ChainState::UnclearTombstone | ChainState::Fault)
        }
        From => !matches!(view.state, ChainState::Free | ChainState::Damaged),
        HighestSigned => view.state != ChainState::Free,
        BelowSigned => matches!(what, What::Add | What::SetMark) && view.is_below_signed(&ask.mark),
        To => matches!(what, What::Add | What::SetMark),
    }
}

fn fill(
    page: &mut Page,
    sheet: Sheet,
    prompt: &Prompt,
    view: &View,
    signer: &mut Signer,
    world: &mut World<'_>,
) {
    let ask = &prompt.ask;
    match sheet {
        Title => numbered(page, title(ask, view.state), u64::from(ask.slot) + 1),
        Chain => page.push(match ask.what {
            What::Add => ask.chain.as_bytes(),
            _ => view.entry.as_ref().and_then(|entry| entry.chain()).map_or(&[], |id| id.as_bytes()),
        }),
        Path => path(page, key_index(ask, view)),
        KeyStart | KeyEnd | AddressStart | AddressEnd => key(page, sheet, signer, world),
        SameKey => {
            let slot = shared(ask, signer, world).unwrap_or(0);
            numbered(page, b"Same key as\nslot ", u64::from(slot) + 1);
        }
        Unclear => page.push(b"Mark unclear"),
        From | HighestSigned | To => mark(page, sheet, ask, view),
        BelowSigned => page.push(b"BELOW SIGNED:\nmay sign again\nwhat it signed"),
        Cost => page.push(cost(ask.what)),
        Approve => page.push(b"Approve\npress both"),
        Reject => page.push(b"Reject\npress both"),
    }
}

fn numbered(page: &mut Page, text: &[u8], number: u64) {
    page.push(text);
    page.push_decimal(number);
}

fn title(ask: &Ask, state: ChainState) -> &'static [u8] {
    match ask.what {
        What::Add => b"Add chain?\nslot ",
        What::SetMark => b"Set mark?\nslot ",
        What::Remove => b"Remove chain?\nslot ",
        What::ShowKey => b"Public key\nslot ",
        What::Forget if state == ChainState::Damaged => b"Forget what is\ndamaged in slot ",
        What::Forget => b"Forget chain?\nslot ",
        What::Import => b"Import key?\nnumber ",
        What::ForgetKey => b"Forget key?\nnumber ",
        What::ForgetLostKey => b"Forget what is\ndamaged, key ",
    }
}

/// What the owner gives up, where the title does not say it; else nothing.
#[inline(never)]
fn cost(what: What) -> &'static [u8] {
    match what {
        What::Remove => b"Signing stops,\nthe mark stays",
        What::Forget => b"Its mark is lost\nfor good",
        What::ForgetKey | What::ForgetLostKey => b"Without a backup\nthe key is lost",
        _ => b"",
    }
}

/// A mark under what it is: of now, of what was signed, or wanted, with the direction from that of now.
#[inline(never)]
fn mark(page: &mut Page, sheet: Sheet, ask: &Ask, view: &View) {
    use core::cmp::Ordering::{Equal, Greater, Less};
    let (title, hrs): (&[u8], &Hrs) = match sheet {
        To => {
            let title: &[u8] = match ask.mark.cmp(&view.mark) {
                Less => b"Lower mark to",
                Equal => b"Set mark to",
                Greater => b"Raise mark to",
            };
            (title, &ask.mark)
        }
        HighestSigned if view.is_floor() => (b"Signed at least", &view.highest_signed),
        HighestSigned => (b"Highest signed", &view.highest_signed),
        _ if view.is_floor() => (b"Mark at least", &view.mark),
        _ => (b"Mark now", &view.mark),
    };
    words::mark(page, title, hrs);
}

fn key_index(ask: &Ask, view: &View) -> u32 {
    match ask.what {
        What::Add => ask.key_index,
        _ => view.entry.as_ref().map_or(0, Entry::key_index),
    }
}

/// Where the key comes from.
fn path(page: &mut Page, key_index: u32) {
    if let Some(key) = KeyIndex::imported(key_index) {
        return numbered(page, b"Imported key\nnumber ", u64::from(key) + 1);
    }
    numbered(page, b"Key path\n44'/118'/0'/\n0'/", u64::from(key_index));
    page.push(b"'");
}

/// Half of the public key, or of the address that is made of it. A turn of its own derives it.
fn key(page: &mut Page, sheet: Sheet, signer: &Signer, world: &mut World<'_>) {
    let key = match signer.shown_key(world) {
        None => return page.push(b"Working"),
        Some(Err(_)) => return page.push(b"Public key fails"),
        Some(Ok(key)) => key,
    };
    match sheet {
        KeyStart => hexadecimal(page, b"Public key 1/2\n", &key[..16]),
        KeyEnd => hexadecimal(page, b"Public key 2/2\n", &key[16..]),
        AddressStart => hexadecimal(page, b"Address 1/2\n", &world.sha256(&key)[..ADDRESS / 2]),
        _ => hexadecimal(page, b"Address 2/2\n", &world.sha256(&key)[ADDRESS / 2..ADDRESS]),
    }
}

/// Bytes of the address of a validator: so many of the SHA-256 of its public key.
const ADDRESS: usize = 20;

/// Half of a key or an address, on two lines.
#[inline(never)]
fn hexadecimal(page: &mut Page, title: &[u8], bytes: &[u8]) {
    page.push(title);
    let (one, two) = bytes.split_at(bytes.len() / 2);
    page.push_hex(one);
    page.push(b"\n");
    page.push_hex(two);
}

/// Another slot whose chain signs with the key that is to be added.
fn shared(ask: &Ask, signer: &Signer, world: &mut World<'_>) -> Option<u8> {
    if ask.what == What::Add { signer.sharing(world, ask.slot, ask.key_index) } else { None }
}
