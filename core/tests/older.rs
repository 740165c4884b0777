//! What is older, though valid where it stands, is never taken for the newest.
//!
//! Pages that fall back to what stood there before are beyond the fault model: a check cannot tell them. But whatever
//! else stands on the flash does, and then the chain is unclear, never lower.

use highwater_core::apdu::{ChainState, Command, Named, Status};
use highwater_core::env::Cell;
use highwater_core::hrs::{Hrs, Step};
use highwater_core::rings::Rings;
use highwater_sim::{Fault, SimDevice, Tear};

use crate::auditor::{Auditor, Op, boot};
use crate::stage::{Ask, CHAIN, add, approved, at, chain, hrs, set_mark, small, status};

const DEAD: Cell = [0xa5; 64];

fn mark(height: u64) -> Hrs {
    hrs(height, 0, Step::None)
}

fn remove(device: &mut SimDevice) {
    let named = Named { chain: chain(CHAIN), incarnation: status(device, 0).2 };
    approved(device, Command::RemoveChain(named)).unwrap();
}

/// Both copies of the record with this serial fall back to what stood there in `image`.
fn fall_back(device: &mut SimDevice, pairs: u16, serial: u32, image: &[Cell]) {
    for copy in 0..2 {
        let page = Rings::equal(pairs).record_page(0, serial, copy);
        device.world.medium.rot(page, image[usize::from(page)]);
    }
}

/// The device wakes unclear, writes nothing and signs nothing.
fn wakes_unclear(device: SimDevice) {
    let pages = device.world.medium.pages().to_vec();
    let mut device = device.restart();
    assert_eq!(status(&mut device, 0).0, ChainState::Unclear);
    for height in 1..30 {
        assert_eq!(Ask { block: 2, ..at(height) }.sign(&mut device), Err(Status::Unclear), "{height}");
    }
    assert!(device.world.medium.pages() == pages, "rule 5: an unclear slot is not written");
}

#[test]
fn rule_2_of_two_valid_entries_the_higher_generation_stands_whatever_was_approved() {
    // Power vanishes after copy 1 of the entry, before anything of copy 2. Copy 1 is the commit: the owner approved, and
    // is not asked again. With the older entry a lowering would wake unclear, by a power cut alone.
    let ops = [Op::SetMark(11), Op::Remove, Op::Add(60), Op::Remove, Op::Forget, Op::Add(70)];
    for done in 0..ops.len() {
        let (before, op) = (&ops[..done], ops[done]);
        let mut device = small(4);
        at(10).sign(&mut device).unwrap();
        set_mark(&mut device, mark(50)).unwrap();
        before.iter().for_each(|op| Auditor::default().watch(&mut device, *op));
        let image = device.world.medium.pages().to_vec();
        let mut whole = boot(&image, 4);
        let old = status(&mut whole, 0);
        Auditor::default().watch(&mut whole, op);
        let (new, writes) = (status(&mut whole, 0), whole.world.medium.writes());
        assert_ne!(new, old, "{op:?}");
        for tear in [Tear::Old, Tear::Garbage(1)] {
            let mut device = boot(&image, 4);
            device.world.medium.plan(writes - 2, Fault::Cut(tear));
            Auditor::default().watch(&mut device, op);
            assert!(!device.world.medium.is_powered());
            assert_eq!(status(&mut device.restart(), 0), new, "{op:?}, {tear:?}");
        }
    }
}

#[test]
fn rule_4_a_filler_at_its_own_place_is_never_the_mark() {
    // A page of the newest pair rots under a removed chain. When the chain is added again, at 20, that page is filled in
    // its own place, under the new incarnation. Then all that the new life wrote falls back.
    let mut device = small(3);
    at(10).sign(&mut device).unwrap();
    remove(&mut device);
    device.world.medium.rot(Rings::equal(3).record_page(0, 2, 0), DEAD);
    let image = device.world.medium.pages().to_vec();
    add(&mut device, CHAIN, mark(20)).unwrap();
    at(21).sign(&mut device).unwrap();
    (3..5).for_each(|serial| fall_back(&mut device, 3, serial, &image));
    // The filler says 20. Taken for the mark, it would let 21 be signed a second time.
    wakes_unclear(device);
}

#[test]
fn rule_4_a_record_of_another_life_is_never_repaired_as_the_mark() {
    // The new life's only record falls back, and a page further on is dead. Nothing may be filled or restored in the
    // name of the old life: what stands on the flash is the owner's evidence.
    let mut device = small(4);
    at(10).sign(&mut device).unwrap();
    remove(&mut device);
    let image = device.world.medium.pages().to_vec();
    add(&mut device, CHAIN, mark(20)).unwrap();
    fall_back(&mut device, 4, 3, &image);
    device.world.medium.rot(Rings::equal(4).record_page(0, 4, 0), DEAD);
    wakes_unclear(device);
}

#[test]
fn rule_5_a_new_life_fills_the_pair_of_the_highest_serial_too() {
    // Both copies of the newest record are dead; a filler still names its serial. A new mark's record comes right after
    // it, so on a small ring this pair lies ahead: left dead, it would make what the owner set unclear at the next boot.
    for pairs in [2, 3] {
        let mut device = small(pairs);
        at(10).sign(&mut device).unwrap();
        device.world.medium.rot(Rings::equal(pairs).record_page(0, 3, 0), DEAD);
        let mut device = device.restart();
        (0..2).for_each(|copy| device.world.medium.rot(Rings::equal(pairs).record_page(0, 2, copy), DEAD));
        let mut device = device.restart();
        assert_eq!(status(&mut device, 0).0, ChainState::Unclear, "{pairs}");
        set_mark(&mut device, mark(20)).unwrap();
        let mut device = device.restart();
        assert_eq!(status(&mut device, 0).0, ChainState::Armed, "{pairs}");
        assert_eq!(status(&mut device, 0).1, mark(20), "{pairs}");
        assert!(at(21).sign(&mut device).is_ok(), "{pairs}");
    }
}

#[test]
fn rule_8_an_older_record_on_the_newest_pair_is_not_the_mark() {
    // While the device runs, both copies fall back by one turn of the ring: marks both, of this life, two heights down.
    for pairs in [2, 3, 4] {
        let mut device = small(pairs);
        let serial = 2 + u32::from(pairs);
        at(10).sign(&mut device).unwrap();
        let image = device.world.medium.pages().to_vec();
        (11..=10 + u64::from(pairs)).for_each(|height| assert!(at(height).sign(&mut device).is_ok()));
        fall_back(&mut device, pairs, serial, &image);
        assert_eq!(Ask { block: 2, ..at(11) }.sign(&mut device), Err(Status::Unclear), "{pairs}");
        assert_eq!(status(&mut device, 0).0, ChainState::Unclear, "{pairs}");
    }
}
