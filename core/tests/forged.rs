//! Flash in the hands of somebody who knows everything but the seed: pages made by him, tears chosen by him.

use highwater_core::apdu::{ChainState, Command, Status, Version};
use highwater_core::env::{CELL, Cell, Crypto};
use highwater_core::hrs::{Hrs, Step};
use highwater_core::installation;
use highwater_core::layout::{self, Installation, installation_page, record};
use highwater_core::rings::Rings;
use highwater_sim::{Derives, Fault, Keys, SimDevice, Tear, World};

use crate::keyless::Keyless;
use crate::stage::{Ask, CHAIN, PREVOTE, add, at, exchange, small, status};

const PAIRS: u16 = 8;

fn version(device: &mut SimDevice) -> Version {
    Version::parse(&exchange(device, Command::GetVersion).0).unwrap()
}

/// What might stand in front of a check: all that a host is told, and nothing at all.
fn guesses(device: &mut SimDevice) -> Vec<Vec<u8>> {
    let id = version(device).installation;
    let mut padded = [0; 32];
    padded[..16].copy_from_slice(&id);
    let key = exchange(device, Command::GetPublicKey(crate::stage::chain(CHAIN))).0;
    vec![Vec::new(), id.to_vec(), padded.to_vec(), [id, id].concat(), vec![0; 32], key]
}

#[test]
fn a_page_made_with_all_that_a_host_knows_is_dead() {
    for pairs in [true, false] {
        for guess in 0..6 {
            let mut device = small(PAIRS);
            (10..13).for_each(|height| assert!(at(height).sign(&mut device).is_ok()));
            let guess = guesses(&mut device)[guess].clone();
            // The newest record of all, at height 1.
            let serial = 4 + u32::from(PAIRS);
            for copy in 0..2 {
                let page = Rings::equal(PAIRS).record_page(0, serial, copy);
                let mut cell = device.world.medium.pages()[usize::from(page)];
                cell[record::SERIAL].copy_from_slice(&serial.to_le_bytes());
                cell[record::HEIGHT_ROUND].fill(0);
                cell[record::HEIGHT_ROUND.start] = 1;
                let number = if pairs { [PAIRS.to_le_bytes(); 3].concat() } else { Vec::new() };
                let [low, high] = page.to_le_bytes();
                let bound = [&guess, &number[..], &[3, 0, low, high], &cell[..record::CHECK.start]].concat();
                let check = device.world.sha256(&bound);
                cell[record::CHECK].copy_from_slice(&check[..8]);
                device.world.medium.rot(page, cell);
            }
            let mut device = device.restart();
            let (state, mark, ..) = status(&mut device, 0);
            assert!(state == ChainState::Unclear || mark == at(12).hrs(), "{guess:02x?}: {mark}");
            assert!(Ask { block: 2, ..at(11) }.sign(&mut device).is_err(), "{guess:02x?}");
        }
    }
}

#[test]
fn two_devices_of_one_installation_id_and_two_seeds_have_no_check_in_common() {
    let pages = |seed: &[u8]| {
        let mut device = SimDevice::boot(World::repeatable(Keys::new(seed), PAIRS, 7));
        add(&mut device, CHAIN, Hrs::default()).unwrap();
        PREVOTE.sign(&mut device).unwrap();
        (version(&mut device).installation, device.world.medium.pages().to_vec())
    };
    let (one, other) = (pages(b"one"), pages(b"other"));
    assert_eq!(one.0, other.0);
    for index in 0..2 * PAIRS {
        let page = usize::from(Rings::equal(PAIRS).page(0, index));
        let at = record::CHECK.start;
        assert_eq!(one.1[page][..at], other.1[page][..at], "the same content");
        assert_ne!(one.1[page][at..], other.1[page][at..], "page {page}");
    }
}

/// The times and blocks of two votes that stand on one page, one after the other, such that a page torn behind the height
/// and round of the newer one passes its check, as far as an attacker can tell who keys it with `guess`.
fn torn_valid(
    world: &mut World,
    guess: &Installation,
    page: u16,
    old: &Cell,
    new: &Cell,
) -> Option<(Cell, Cell)> {
    let place = layout::Place { domain: layout::Domain::Record, slot: 0, page };
    let mut at = |cell: &Cell, seconds: u16| {
        let mut cell = *cell;
        cell[record::BODY.start..record::BODY.start + 2].copy_from_slice(&seconds.to_le_bytes());
        layout::seal(world, guess, place, &mut cell);
        cell
    };
    // A birthday: any old one with any new one.
    let olds: Vec<Cell> = (0..256).map(|seconds| at(old, seconds)).collect();
    let news: Vec<Cell> = (0..256).map(|seconds| at(new, seconds)).collect();
    for old in &olds {
        let torn = lowest(old, &news[0]);
        let mut sealed = torn;
        layout::seal(world, guess, place, &mut sealed);
        if let Some(new) = news.iter().find(|new| new[record::CHECK] == sealed[record::CHECK]) {
            return Some((*old, *new));
        }
    }
    None
}

/// The mix that helps most: the new serial, the lowest height there is in it, and the check of the new one.
fn lowest(old: &Cell, new: &Cell) -> Cell {
    Tear::Fields(Tear::LOWEST).of(old, new)
}

fn seconds(cell: &Cell) -> i64 {
    i64::from(u16::from_le_bytes([cell[record::BODY.start], cell[record::BODY.start + 1]]))
}

/// With checks of 12 bits what would take 2^33 hashes takes a few thousand.
#[test]
fn g2_times_that_a_host_chooses_make_no_half_new_page_valid() {
    let mut found = 0;
    for story in 0..12 {
        let mut device = SimDevice::boot(World::repeatable(Keys::weak(12), 2, story));
        add(&mut device, CHAIN, Hrs::default()).unwrap();
        // What he believes to key the checks: nothing, or all that he is told.
        let mut guess = Installation { id: version(&mut device).installation, ..Installation::default() };
        if story % 2 == 0 {
            guess.secret[..16].copy_from_slice(&guess.id);
        }
        // Heights of which bytes of the one and the other make a lower one than both.
        let ask = |height, seconds| Ask { height, round: 0, seconds, ..PREVOTE };
        let (below, above) = (ask(0x00ff, 0), ask(0x0100, 0));
        // What stands on this page then, but for time and check: read from a device of his own.
        let mut own = SimDevice::boot(World::repeatable(Keys::weak(12), 2, story));
        add(&mut own, CHAIN, Hrs::default()).unwrap();
        let page = Rings::equal(2).record_page(0, 2, 0);
        let stands = |own: &mut SimDevice, ask: Ask| {
            ask.sign(own).unwrap();
            own.world.medium.pages()[usize::from(page)]
        };
        let old = stands(&mut own, below);
        Ask { step: Step::Precommit, ..below }.sign(&mut own).unwrap();
        let new = stands(&mut own, above);
        let Some((old, new)) = torn_valid(&mut own.world, &guess, page, &old, &new) else { continue };
        found += 1;
        let (first, last) = (ask(0x00ff, seconds(&old)), ask(0x0100, seconds(&new)));
        first.sign(&mut device).unwrap();
        let between = Ask { step: Step::Precommit, ..first };
        between.sign(&mut device).unwrap();
        device.world.medium.plan(0, Fault::Cut(Tear::Fields(Tear::LOWEST)));
        assert!(last.sign(&mut device).is_err());
        let mut device = device.restart();
        assert_eq!(status(&mut device, 0).1, between.hrs(), "story {story}");
        assert!(Ask { block: 2, ..first }.sign(&mut device).is_err(), "story {story}");
    }
    assert!(found > 6, "he finds what he believes to be valid: {found}");
}

#[test]
fn g2_rings_read_as_of_other_lengths_are_not_believed() {
    let equal = [(8, 4), (4, 8), (8, 7)].map(|(written, read)| ([written; 3], [read; 3]));
    // Another ring than the chain's own is enough, though no page of the chain lies elsewhere then.
    let others = [([8, 2, 2], [8, 2, 3]), ([8, 2, 3], [8, 3, 2]), ([2, 3, 5], [5, 3, 2])];
    for (written, read) in equal.into_iter().chain(others) {
        for signed in 1..9 {
            let mut device = small(written);
            (1..=signed).for_each(|height| assert!(at(height).sign(&mut device).is_ok()));
            let mut pages = device.world.medium.pages().to_vec();
            pages.resize(Rings::new(read).pages().into(), [0; CELL]);
            let mut world = World::new(b"stage", read);
            world.medium.restore(&pages);
            let mut device = SimDevice::boot(world);
            assert_eq!(version(&mut device).standing, 2, "damaged");
            for height in 1..=signed + 1 {
                let refused = Ask { block: 2, ..at(height) }.sign(&mut device);
                assert_eq!(
                    refused,
                    Err(Status::StorageDamaged),
                    "{written:?} as {read:?}, {height} of {signed}"
                );
            }
            assert!(
                device.world.medium.pages() == pages,
                "nothing is written over what another app can read"
            );
        }
    }
}

#[test]
fn a_secret_that_cannot_be_derived_or_comes_out_wrong_is_a_fault_until_the_next_start() {
    let mut device = small(PAIRS);
    let signed = PREVOTE.sign(&mut device).unwrap();
    let pages = device.world.medium.pages().to_vec();
    for derives in (0..=u8::MAX).step_by(3).map(Derives::Wrong).chain([Derives::Not]) {
        device.world.derives = vec![derives];
        device = device.restart();
        assert_eq!(version(&mut device).standing, 3, "{derives:?}");
        assert_eq!(PREVOTE.sign(&mut device), Err(Status::StorageFault), "undecided: {derives:?}");
        assert!(device.world.medium.pages() == pages, "nothing is written: {derives:?}");
    }
    device = device.restart();
    assert_eq!(PREVOTE.sign(&mut device), Ok(signed));
    assert_eq!(status(&mut device, 0).0, ChainState::Armed);
}

#[test]
fn a_first_start_whose_fingerprint_comes_out_in_two_ways_installs_nothing() {
    for spoilt in 0..2 {
        let mut world = World::new(b"stage", PAIRS);
        world.keys.spoilt = Some(spoilt);
        let mut device = SimDevice::boot(world);
        assert_eq!(version(&mut device).standing, 3, "{spoilt}");
        assert!(device.world.medium.pages().iter().all(layout::is_blank), "{spoilt}");
        let mut device = device.restart();
        assert_eq!(version(&mut device).standing, 0, "{spoilt}");
        add(&mut device, CHAIN, Hrs::default()).unwrap();
    }
}

#[test]
fn a_first_start_with_a_wrong_secret_installs_nothing() {
    for derives in [
        [Derives::Well, Derives::Wrong(9)],
        [Derives::Wrong(9), Derives::Well],
        [Derives::Well, Derives::Not],
    ] {
        let mut world = World::new(b"stage", PAIRS);
        world.derives = derives.to_vec();
        let mut device = SimDevice::boot(world);
        assert_eq!(version(&mut device).standing, 3, "{derives:?}");
        assert!(device.world.medium.pages().iter().all(layout::is_blank), "{derives:?}");
        let mut device = device.restart();
        add(&mut device, CHAIN, Hrs::default()).unwrap();
        assert!(PREVOTE.sign(&mut device).is_ok());
    }
}

#[test]
fn what_the_secret_is_made_of_is_pinned() {
    // Any hash would be one call too many.
    let mut heard = Keyless::default();
    let id: [u8; 16] = std::array::from_fn(|at| at as u8);
    assert_eq!(installation::secret(&mut heard, &id), Ok([7; 32]));
    assert_eq!(heard.asked, [&b"\x03Highwater check1"[..], &id].concat(), "03: the domain of checks");
}

#[test]
fn a_wrong_secret_is_told_from_another_seed() {
    let device = small(PAIRS);
    let mut world = World::new(b"another", PAIRS);
    world.medium.restore(device.world.medium.pages());
    world.derives = vec![Derives::Wrong(0)];
    assert_eq!(version(&mut SimDevice::boot(world)).standing, 1);
}

#[test]
fn a_start_restores_either_copy_of_the_installation_record() {
    for copy in 0..2 {
        let mut device = small(PAIRS);
        let pages = device.world.medium.pages().to_vec();
        device.world.medium.rot(installation_page(copy), [0xa5; CELL]);
        assert!(device.restart().world.medium.pages() == pages);
    }
}
