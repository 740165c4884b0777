//! The normal form of a slot: what makes an endless life a finite number of states.
//!
//! Serials, incarnations and generations grow for ever, but the signer only compares them, adds one to the highest,
//! and takes a serial modulo N. So a state is the same state when all serials are moved by one multiple of N, when a
//! gap of more than 2N between two serials is narrowed by multiples of N (an append reaches fewer than N further, and
//! none starts below another serial), and when incarnations and generations are replaced by their ranks. (Tried, not only argued: `explore` fails if a state and
//! its normal form ever answer differently, because each step is judged by the model, which knows no such numbers.)
//!
//! What can no longer be read is dropped. A record of a life that is over (below every valid entry; every record, while
//! no valid entry is armed, because the next ADD takes a higher incarnation than all of them) keeps its kind, its serial
//! and whether its incarnation is the highest; its HRS can still raise the floor an owner is shown, and the owner's
//! choices above it are tried anyway.
//!
//! The content of a page that fails its check is one representative: `decode` looks no further than the check. Blank
//! stays apart from it where blank is looked for, in the table and until the installation is recorded twice.

use std::collections::{BTreeMap, BTreeSet};

use highwater_core::chains::State;
use highwater_core::env::{CELL, Cell, Crypto, Flash};
use highwater_core::journal::Kind;
use highwater_core::layout::{
    self, Domain, Installation, KEYS, Place, entry_page, installation_page, key_place,
};
use highwater_core::layout::{chain_entry, installation_record, record};

const DEAD: u8 = 0xa5;
const ENTRY: usize = 2 * CELL;

/// Brings the pages of a slot into normal form; gives the highest serial there was.
pub(super) fn normalise<E: Flash + Crypto>(env: &mut E, slot: u8, pages: &mut [Cell]) -> u32 {
    let rings = env.rings();
    let (installation, copies) = &installation(env, pages);
    let entries = [0, 1].map(|copy| entry(env, installation, slot, copy, pages));
    let ring = rings.page(slot, 0)..rings.page(slot + 1, 0);
    let mut records = Vec::new();
    for page in ring {
        let cell = &mut pages[usize::from(page)];
        if layout::is_sealed(env, installation, place(Domain::Record, slot, page), cell) {
            // A formatted page has serial and incarnation 0, whatever happens.
            if record::kind(cell[record::HEAD]) != Kind::Formatted as u8 {
                records.push(page);
            }
        } else if *cell != [0; CELL] || *copies == 2 {
            *cell = [DEAD; CELL];
        }
    }
    let cells = records.iter().map(|page| &pages[usize::from(*page)]);
    let serials: BTreeSet<u32> = cells.clone().map(record::serial).collect();
    let serials = narrowed(&serials, u32::from(rings.pairs(slot)));

    let mut lives: BTreeSet<u16> = cells.map(record::incarnation).collect();
    let mut generations = BTreeSet::new();
    for bytes in entries.iter().flatten() {
        lives.insert(chain_entry::incarnation(bytes));
        generations.insert(generation(bytes));
    }
    let armed = entries.iter().flatten().any(|bytes| bytes[chain_entry::STATE] == State::Armed as u8);
    let entered = entries.iter().flatten().map(chain_entry::incarnation);
    let over = if armed { entered.min() } else { lives.last().copied() }.unwrap_or(0);
    lives.retain(|life| *life >= over);
    let rank = |wanted: u16| {
        if wanted < over { 1 } else { 1 + lives.iter().filter(|life| **life <= wanted).count() as u16 }
    };
    for page in records {
        let cell = &mut pages[usize::from(page)];
        let life = record::incarnation(cell);
        if life < over || !armed {
            cell[record::HEAD] &= !record::STEP;
            cell[record::HEIGHT_ROUND].fill(0);
            cell[record::BODY].fill(0);
        }
        let (new_life, new_serial) = (rank(life), serials[&record::serial(cell)]);
        cell[record::INCARNATION].copy_from_slice(&new_life.to_le_bytes());
        cell[record::SERIAL].copy_from_slice(&new_serial.to_le_bytes());
        layout::seal(env, installation, place(Domain::Record, slot, page), cell);
    }
    for (copy, bytes) in (0..).zip(entries) {
        let Some(mut bytes) = bytes else { continue };
        let old = generation(&bytes);
        let new = generations.iter().filter(|other| **other <= old).count() as u32;
        let new_life = rank(chain_entry::incarnation(&bytes));
        bytes[chain_entry::INCARNATION].copy_from_slice(&new_life.to_le_bytes());
        bytes[chain_entry::GENERATION].copy_from_slice(&new.to_le_bytes());
        layout::seal(env, installation, place(Domain::Entry, slot, entry_page(slot, copy)), &mut bytes);
        put(pages, slot, copy, &bytes);
    }
    serials.keys().next_back().copied().unwrap_or(0)
}

/// The places of the vault: generations by their ranks, dead copies by their representative.
pub(super) fn normalise_keys<E: Flash + Crypto>(env: &mut E, pages: &mut [Cell]) {
    let (installation, _) = &installation(env, pages);
    for place_of in (0..KEYS as u32).map(key_place) {
        let entries = [0, 1].map(|copy| entry(env, installation, place_of, copy, pages));
        let generations: BTreeSet<u32> = entries.iter().flatten().map(generation).collect();
        for (copy, bytes) in (0..).zip(entries) {
            let Some(mut bytes) = bytes else { continue };
            let old = generation(&bytes);
            let new = generations.iter().filter(|other| **other <= old).count() as u32;
            bytes[chain_entry::GENERATION].copy_from_slice(&new.to_le_bytes());
            let page = entry_page(place_of, copy);
            layout::seal(env, installation, place(Domain::Entry, place_of, page), &mut bytes);
            put(pages, place_of, copy, &bytes);
        }
    }
}

fn generation(entry: &[u8; ENTRY]) -> u32 {
    entry[chain_entry::GENERATION].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// The same order and the same places in the ring, from 1 on and without wide gaps.
fn narrowed(serials: &BTreeSet<u32>, pairs: u32) -> BTreeMap<u32, u32> {
    let mut narrowed = BTreeMap::new();
    let mut last = None;
    for serial in serials {
        let new = match last {
            None => (serial + pairs - 1) % pairs + 1,
            Some((old, new)) => {
                let gap: u32 = serial - old;
                let wide = gap.saturating_sub(2 * pairs).div_ceil(pairs) * pairs;
                new + gap - wide
            }
        };
        narrowed.insert(*serial, new);
        last = Some((serial, new));
    }
    narrowed
}

/// The installation, if a copy of its record is valid; nothing else is without.
fn installation<E: Flash + Crypto>(env: &mut E, pages: &mut [Cell]) -> (Installation, u8) {
    let none = Installation::default();
    let (mut found, mut copies) = (none, 0);
    for copy in 0..2 {
        let page = installation_page(copy);
        let cell = &mut pages[usize::from(page)];
        if layout::is_sealed(env, &none, place(Domain::Installation, 0, page), cell) {
            found.id.copy_from_slice(&cell[installation_record::ID]);
            copies += 1;
        } else if *cell != [0; CELL] {
            *cell = [DEAD; CELL];
        }
    }
    if copies > 0 {
        found.secret = highwater_core::installation::secret(env, &found.id).unwrap_or_default();
    }
    (found, copies)
}

/// The valid bytes of a copy of the entry; a dead copy is replaced by its representative.
fn entry<E: Flash + Crypto>(
    env: &mut E,
    installation: &Installation,
    slot: u8,
    copy: u16,
    pages: &mut [Cell],
) -> Option<[u8; ENTRY]> {
    let page = entry_page(slot, copy);
    let mut bytes = [0; ENTRY];
    bytes[..CELL].copy_from_slice(&pages[usize::from(page)]);
    bytes[CELL..].copy_from_slice(&pages[usize::from(page) + 1]);
    if layout::is_sealed(env, installation, place(Domain::Entry, slot, page), &bytes) {
        return Some(bytes);
    }
    if bytes != [0; ENTRY] {
        put(pages, slot, copy, &[DEAD; ENTRY]);
    }
    None
}

fn place(domain: Domain, slot: u8, page: u16) -> Place {
    Place { domain, slot, page }
}

fn put(pages: &mut [Cell], slot: u8, copy: u16, bytes: &[u8; ENTRY]) {
    let page = usize::from(entry_page(slot, copy));
    pages[page].copy_from_slice(&bytes[..CELL]);
    pages[page + 1].copy_from_slice(&bytes[CELL..]);
}
