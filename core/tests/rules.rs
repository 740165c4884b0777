//! The rules of the journal one by one, each by the flash that shows it.

use highwater_core::apdu::{ChainState, Status};
use highwater_core::hrs::Step;
use highwater_core::layout::entry_page;
use highwater_core::rings::Rings;
use highwater_sim::{Fault, SimDevice, Tear, World};

use crate::stage::{Ask, approved, at, hrs, set_mark, small, status};

const DEAD: [u8; 64] = [0xa5; 64];
const BLANK: [u8; 64] = [0; 64];

/// The pages of the pair of a serial.
fn pair(device: &SimDevice, pairs: u16, serial: u32) -> [[u8; 64]; 2] {
    [0, 1].map(|copy| {
        device.world.medium.pages()[usize::from(Rings::equal(pairs).record_page(0, serial, copy))]
    })
}

#[test]
fn rule_1_a_cut_between_the_copies_leaves_a_valid_one_whatever_it_tears() {
    // What boot finds: with copy 1 read back before copy 2 begins, never two dead pages.
    for pairs in [2, 3, 8] {
        for nth in 0..2 {
            for tear in [Tear::Old, Tear::Blank, Tear::Garbage(3), Tear::Mixed(4), Tear::Prefix(30)] {
                let mut device = small(pairs);
                at(10).sign(&mut device).unwrap();
                let before = device.world.medium.pages().to_vec();
                device.world.medium.plan(nth, Fault::Cut(tear));
                assert!(at(11).sign(&mut device).is_err());
                let changed = before.iter().zip(device.world.medium.pages()).filter(|(a, b)| a != b).count();
                assert!(changed <= 1 + nth as usize, "{pairs}, {nth}, {tear:?}");
                let mut device = device.restart();
                assert_eq!(status(&mut device, 0).0, ChainState::Armed, "{pairs}, {nth}, {tear:?}");
            }
        }
    }
}

#[test]
fn rule_1_copy_2_is_not_begun_while_copy_1_does_not_stand() {
    // A lying first write, then a cut: had copy 2 been begun, it would be the page that is torn.
    let mut device = small(8);
    at(10).sign(&mut device).unwrap();
    let untouched = pair(&device, 8, 3);
    device.world.medium.plan(0, Fault::Lies);
    device.world.medium.plan(1, Fault::Cut(Tear::Garbage(1)));
    assert!(at(11).sign(&mut device).is_err());
    assert_eq!(pair(&device, 8, 3), untouched, "the cut came at the next pair");
}

#[test]
fn rule_2_boot_restores_the_missing_copy_before_anything_is_asked() {
    for copy in 0..2 {
        let mut device = small(4);
        at(10).sign(&mut device).unwrap();
        let whole = pair(&device, 4, 2);
        device.world.medium.rot(Rings::equal(4).record_page(0, 2, copy), DEAD);
        let device = device.restart();
        assert_eq!(pair(&device, 4, 2), whole, "copy {copy}");
    }
}

#[test]
fn rule_2_boot_makes_the_entries_equal_before_anything_is_asked() {
    for copy in 0..2 {
        for half in 0..2 {
            let mut device = small(4);
            let whole = device.world.medium.pages().to_vec();
            device.world.medium.rot(entry_page(0, copy) + half, DEAD);
            assert!(device.restart().world.medium.pages() == whole, "copy {copy}, half {half}");
        }
    }
}

#[test]
fn rule_2_what_cannot_be_restored_is_a_fault_and_nothing_is_released() {
    let mut device = small(4);
    at(10).sign(&mut device).unwrap();
    device.world.medium.rot(Rings::equal(4).record_page(0, 2, 0), DEAD);
    device.world.medium.power_on();
    (0..60).for_each(|nth| device.world.medium.plan(nth, Fault::Fails(Tear::Old)));
    device.reboot();
    assert_eq!(at(10).sign(&mut device), Err(Status::StorageFault), "not even the repeat");
    device.world.medium.calm();
    assert_eq!(at(10).sign(&mut device), Err(Status::StorageFault), "read again by the turns that follow");
    assert!(at(10).sign(&mut device).is_ok());
}

#[test]
fn rule_3_the_newest_pair_is_never_written_however_many_writes_fail() {
    for pairs in [2, 3, 5, 8] {
        let mut device = small(pairs);
        at(10).sign(&mut device).unwrap();
        let newest = pair(&device, pairs, 2);
        (0..40).for_each(|nth| device.world.medium.plan(nth, Fault::Fails(Tear::Garbage(nth.into()))));
        assert_eq!(at(11).sign(&mut device), Err(Status::StorageFault), "{pairs}");
        assert_eq!(pair(&device, pairs, 2), newest, "{pairs}");
    }
}

#[test]
fn rule_4_records_of_an_older_life_are_never_newest() {
    // The old life stood at 50; its records remain on the ring below and above the new one.
    let mut device = small(8);
    at(10).sign(&mut device).unwrap();
    set_mark(&mut device, hrs(50, 0, Step::None)).unwrap();
    set_mark(&mut device, hrs(11, 0, Step::None)).unwrap();
    let mut device = device.restart();
    assert_eq!(status(&mut device, 0).1, hrs(11, 0, Step::None));
    // Serials go on over lives: the new life's record does not stand where the old one's did.
    assert!(pair(&device, 8, 3) != pair(&device, 8, 4));
}

#[test]
fn rule_5_a_dead_page_is_filled_at_boot_so_that_dead_pages_never_add_up() {
    for pairs in [2, 3, 8] {
        let mut device = small(pairs);
        at(10).sign(&mut device).unwrap();
        device.world.medium.plan(0, Fault::Cut(Tear::Garbage(1)));
        assert!(at(11).sign(&mut device).is_err());
        // A whole day later the torn page's twin rots, and nothing else is wrong.
        let mut device = device.restart();
        device.world.medium.rot(Rings::equal(pairs).record_page(0, 3, 1), DEAD);
        let mut device = device.restart();
        assert_eq!(status(&mut device, 0).0, ChainState::Armed, "{pairs}");
        assert_eq!(status(&mut device, 0).1, at(10).hrs(), "{pairs}");
    }
}

#[test]
fn rule_5_every_page_of_a_ring_is_filled_or_restored_wherever_the_newest_record_stands() {
    for pairs in [2, 3, 8] {
        for signed in 0..u64::from(pairs) {
            let mut device = small(pairs);
            for height in 1..=signed {
                at(height).sign(&mut device).unwrap();
            }
            let newest = pair(&device, pairs, 1 + signed as u32);
            for index in 0..2 * pairs {
                device.world.medium.rot(Rings::equal(pairs).page(0, index), DEAD);
                device = device.restart();
                let page = usize::from(Rings::equal(pairs).page(0, index));
                assert_ne!(device.world.medium.pages()[page], DEAD, "{index} of {pairs} pairs, {signed}");
                assert_eq!(pair(&device, pairs, 1 + signed as u32), newest);
            }
        }
    }
}

#[test]
fn rule_6_a_dead_pair_anywhere_is_unclear() {
    // Blank is no better than garbage: what was never written there, a cut may have left.
    for (ahead, copies) in (1..8).flat_map(|ahead| {
        [[DEAD, DEAD], [BLANK, BLANK], [DEAD, BLANK], [BLANK, DEAD]].map(|copies| (ahead, copies))
    }) {
        let mut device = small(8);
        at(10).sign(&mut device).unwrap();
        for (copy, content) in (0..2).zip(copies) {
            device.world.medium.rot(Rings::equal(8).record_page(0, 2 + ahead, copy), content);
        }
        let mut device = device.restart();
        assert_eq!(status(&mut device, 0).0, ChainState::Unclear, "{ahead} ahead");
        assert_eq!(at(11).sign(&mut device), Err(Status::Unclear));
    }
    // One copy of a pair is no pair, nor are neighbours of two pairs.
    for (first, second) in [((3, 0), (4, 0)), ((3, 1), (4, 0)), ((3, 1), (4, 1))] {
        let mut device = small(8);
        at(10).sign(&mut device).unwrap();
        for (serial, copy) in [first, second] {
            device.world.medium.rot(Rings::equal(8).record_page(0, serial, copy), DEAD);
        }
        assert!(at(11).sign(&mut device.restart()).is_ok());
    }
}

#[test]
fn rule_6_a_filler_that_names_a_later_record_makes_unclear() {
    // Beyond the fault model: both copies of the newest record fall back to what stood there before, which is valid.
    let mut device = small(2);
    (10..13).for_each(|height| assert!(at(height).sign(&mut device).is_ok()));
    let older = pair(&device, 2, 4);
    (13..15).for_each(|height| assert!(at(height).sign(&mut device).is_ok()));
    // A page of the other pair was dead and was filled: it names the newest.
    device.world.medium.rot(Rings::equal(2).record_page(0, 5, 0), DEAD);
    let mut device = device.restart();
    assert_eq!(status(&mut device, 0).1, at(14).hrs());
    for copy in 0..2 {
        device.world.medium.rot(Rings::equal(2).record_page(0, 6, copy), older[usize::from(copy)]);
    }
    let mut device = device.restart();
    assert_eq!(status(&mut device, 0).0, ChainState::Unclear);
}

#[test]
fn rule_6_an_interrupted_approval_never_wakes_with_the_older_record() {
    // A tear and a rotten page took the newest record. The owner sets the mark, and power vanishes before it stands:
    // the dead pair is filled by then, so only the higher incarnation tells.
    for pairs in [2, 3] {
        for nth in 0..10 {
            let mut device = small(pairs);
            at(10).sign(&mut device).unwrap();
            at(11).sign(&mut device).unwrap();
            for copy in 0..2 {
                device.world.medium.rot(Rings::equal(pairs).record_page(0, 3, copy), DEAD);
            }
            let mut device = device.restart();
            assert_eq!(status(&mut device, 0).0, ChainState::Unclear);
            device.world.medium.plan(nth, Fault::Cut(Tear::New));
            let _ = set_mark(&mut device, hrs(20, 0, Step::None));
            let mut device = device.restart();
            let (state, mark, ..) = status(&mut device, 0);
            assert!(
                state == ChainState::Unclear || mark == hrs(20, 0, Step::None),
                "{pairs} pairs, write {nth}: {state:?} {mark}"
            );
        }
    }
}

#[test]
fn rule_7_after_a_failed_append_the_ring_is_scanned_again() {
    let mut device = small(8);
    at(10).sign(&mut device).unwrap();
    // Copy 1 stands on four pairs, copy 2 on none.
    (0..8).for_each(|nth| device.world.medium.plan(2 * nth + 1, Fault::Lies));
    assert_eq!(at(11).sign(&mut device), Err(Status::StorageFault));
    device.world.medium.calm();
    assert_eq!(Ask { block: 2, ..at(11) }.sign(&mut device), Err(Status::Conflict));
    assert_eq!(status(&mut device, 0).1, at(11).hrs());
}

#[test]
fn rule_8_one_bad_copy_is_restored_before_the_repeat_leaves() {
    for copy in 0..2 {
        let mut device = small(4);
        at(10).sign(&mut device).unwrap();
        let whole = pair(&device, 4, 2);
        device.world.medium.rot(Rings::equal(4).record_page(0, 2, copy), DEAD);
        at(10).sign(&mut device).unwrap();
        assert_eq!(pair(&device, 4, 2), whole, "copy {copy}");
        assert_eq!(device.world.early, None);
    }
}

#[test]
fn rule_8_two_bad_copies_are_noticed_while_the_device_runs() {
    let mut device = small(4);
    at(10).sign(&mut device).unwrap();
    (0..2).for_each(|copy| device.world.medium.rot(Rings::equal(4).record_page(0, 2, copy), DEAD));
    assert_eq!(at(11).sign(&mut device), Err(Status::Unclear));
    let pages = device.world.medium.pages().to_vec();
    let mut device = device.restart();
    assert!(device.world.medium.pages() == pages, "rule 5: an unclear slot is not written");
    assert_eq!(at(11).sign(&mut device), Err(Status::Unclear));
}

#[test]
fn ram_holds_what_a_boot_would_make_of_the_flash() {
    // The search through every state merges a running device with one that was started anew.
    let slots = |device: &mut SimDevice| {
        let shown = format!("{:?}", device.signer().0);
        let slots =
            shown.split("slots: Slots(").nth(1).unwrap().split("prompts: ").next().unwrap().to_owned();
        slots.split(", ").filter(|field| !field.contains("spent")).collect::<Vec<_>>().join(", ")
    };
    let mut device = small(3);
    for height in 10..20 {
        at(height).sign(&mut device).unwrap();
        if height == 14 {
            set_mark(&mut device, hrs(30, 0, Step::None)).unwrap();
            set_mark(&mut device, hrs(15, 0, Step::None)).unwrap();
        }
        let running = slots(&mut device);
        device.reboot();
        assert_eq!(slots(&mut device), running, "{height}");
    }
    assert!(slots(&mut device).contains("serial"));
}

#[test]
fn a_ring_page_of_another_slot_or_place_is_never_taken() {
    let mut device = small(4);
    approved(
        &mut device,
        highwater_core::apdu::Command::AddChain {
            chain: crate::stage::chain("stage-2"),
            key_index: 1,
            mark: hrs(900, 0, Step::None),
        },
    )
    .unwrap();
    at(10).sign(&mut device).unwrap();
    let pages = device.world.medium.pages().to_vec();
    // The other slot's record, and this slot's own one pair further on: valid where they stood, nowhere else.
    for from in [Rings::equal(4).page(1, 2), Rings::equal(4).record_page(0, 2, 0)] {
        for copy in 0..2 {
            device.world.medium.rot(Rings::equal(4).record_page(0, 3, copy), pages[usize::from(from)]);
        }
        let mut device = SimDevice::boot({
            let mut world = World::new(b"stage", 4);
            world.medium.restore(device.world.medium.pages());
            world
        });
        assert_eq!(status(&mut device, 0).0, ChainState::Unclear, "two dead pages, no record");
    }
}
