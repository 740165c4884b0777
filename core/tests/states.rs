//! What the app asks the signer between two commands, and what it shows for it.

use highwater_core::apdu::{ChainState, Command, Status, Version};
use highwater_core::hrs::{Hrs, Step};
use highwater_core::installation::Standing;
use highwater_core::layout::entry_page;
use highwater_core::rings::Rings;
use highwater_core::signer::{APP_VERSION, Signer};
use highwater_sim::{Fault, SimDevice, Tear, World};

use crate::stage::{Ask, CHAIN, PREVOTE, add, approved, armed, chain, exchange, hrs, named, status};

fn version(device: &mut SimDevice) -> Version {
    Version::parse(&exchange(device, Command::GetVersion).0).unwrap()
}

#[test]
fn the_app_may_quit_only_while_no_chain_is_at_work() {
    let mut device = SimDevice::boot(World::new(b"stage", 4));
    assert!(device.signer().0.is_idle(), "new");
    add(&mut device, CHAIN, Hrs::default()).unwrap();
    assert!(!device.signer().0.is_idle(), "armed");
    (0..2).for_each(|copy| device.world.medium.rot(Rings::equal(4).record_page(0, 1, copy), [0xa5; 64]));
    device.reboot();
    assert_eq!(status(&mut device, 0).0, ChainState::Unclear);
    assert!(!device.signer().0.is_idle(), "unclear");
    let life = named(&mut device);
    approved(&mut device, Command::RemoveChain(life)).unwrap();
    assert_eq!(status(&mut device, 0).0, ChainState::UnclearTombstone);
    assert!(device.signer().0.is_idle(), "removed");
}

#[test]
fn what_the_start_found_is_said() {
    assert_eq!(Signer::new().standing(), Standing::Fault, "not started");
    let mut device = armed();
    assert_eq!((device.signer().0.standing(), version(&mut device).standing), (Standing::Sound, 0));
    let pages = device.world.medium.pages().to_vec();
    let wake = |seed: &[u8], spoil: &dyn Fn(&mut World)| {
        let mut world = World::new(seed, 8);
        world.medium.restore(&pages);
        spoil(&mut world);
        let mut device = SimDevice::boot(world);
        (device.signer().0.standing(), version(&mut device).standing)
    };
    assert_eq!(wake(b"passphrase", &|_| ()), (Standing::OtherSeed, 1));
    let lost = |world: &mut World| (0..2).for_each(|page| world.medium.rot(page, [0; 64]));
    assert_eq!(wake(b"stage", &lost), (Standing::Damaged, 2));
    let failing = |world: &mut World| {
        world.medium.rot(1, [0; 64]);
        world.medium.plan(0, Fault::Fails(Tear::Old));
    };
    assert_eq!(wake(b"stage", &failing), (Standing::Fault, 3));
}

#[test]
fn chains_that_share_a_key_are_named() {
    let mut device = armed();
    let with = |index| Command::AddChain { chain: chain("stage-2"), key_index: index, mark: Hrs::default() };
    approved(&mut device, with(0)).unwrap();
    let sharing = |device: &mut SimDevice, slot, index| {
        let (signer, world) = device.signer();
        signer.sharing(world, slot, index)
    };
    assert_eq!(sharing(&mut device, 0, 0), Some(1));
    assert_eq!(sharing(&mut device, 1, 0), Some(0));
    assert_eq!(sharing(&mut device, 2, 0), Some(0));
    assert_eq!(sharing(&mut device, 2, 1), None, "no chain has this key");
    // A removed chain's votes may still be about; a forgotten one is nobody's.
    let life = named(&mut device);
    approved(&mut device, Command::RemoveChain(life)).unwrap();
    assert_eq!(sharing(&mut device, 1, 0), Some(0));
    approved(&mut device, Command::ForgetChain(life)).unwrap();
    assert_eq!(sharing(&mut device, 1, 0), None);
}

#[test]
fn the_version_is_that_of_this_crate() {
    let [major, minor, patch] = APP_VERSION;
    assert_eq!(format!("{major}.{minor}.{patch}"), env!("CARGO_PKG_VERSION"));
    assert_eq!(version(&mut armed()).app, APP_VERSION);
}

#[test]
fn a_mark_is_shown_as_height_round_and_step() {
    let shown =
        [Step::None, Step::Proposal, Step::Prevote, Step::Precommit].map(|s| hrs(10, 5, s).to_string());
    assert_eq!(shown, ["10/5/none", "10/5/proposal", "10/5/prevote", "10/5/precommit"]);
}

#[test]
fn what_stands_at_the_mark_is_told_apart() {
    let kind = |device: &mut SimDevice| {
        let (data, _) = exchange(device, Command::GetStatus { slot: 0 });
        highwater_core::apdu::ChainStatus::parse(&data).unwrap().kind
    };
    let mut device = armed();
    assert_eq!(kind(&mut device), 3, "set by the owner");
    PREVOTE.sign(&mut device).unwrap();
    assert_eq!(kind(&mut device), 1, "a block");
    Ask { height: 11, block: 0, ..PREVOTE }.sign(&mut device).unwrap();
    assert_eq!(kind(&mut device), 2, "nil");
}

#[test]
fn an_entry_that_cannot_be_made_equal_is_a_fault_but_a_slot_never_used_stays_free() {
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    for (slot, state, repeat) in
        [(0, ChainState::Fault, Err(Status::StorageFault)), (2, ChainState::Free, Ok(()))]
    {
        let mut world = World::new(b"stage", 8);
        world.medium.restore(device.world.medium.pages());
        world.medium.rot(entry_page(slot, 0), [0xa5; 64]);
        (0..60).for_each(|nth| world.medium.plan(nth, Fault::Fails(Tear::Old)));
        let mut device = SimDevice::boot(world);
        assert!(!device.signer().0.is_idle(), "slot {slot}");
        assert_eq!(PREVOTE.sign(&mut device).map(|_| ()), repeat, "slot {slot}");
        assert_eq!(status(&mut device, slot).0, state, "slot {slot}");
    }
}

#[test]
fn a_chain_half_forgotten_on_failing_flash_is_neither_added_nor_signed_for_until_it_is_gone() {
    let mut device = armed();
    let life = named(&mut device);
    approved(&mut device, Command::RemoveChain(life)).unwrap();
    // Copy 1 of the entry is free, copy 2 is still the tombstone, and the start cannot change it.
    device.world.medium.plan(2, Fault::Cut(Tear::Old));
    let _ = approved(&mut device, Command::ForgetChain(life));
    device.world.medium.power_on();
    device.world.medium.plan(0, Fault::Lies);
    device.reboot();
    assert_eq!(status(&mut device, 0).0, ChainState::Fault);
    let pages = device.world.medium.pages().to_vec();
    assert_eq!(add(&mut device, CHAIN, Hrs::default()), Err(Status::ChainKnown));
    assert_eq!(add(&mut device, "another", Hrs::default()), Err(Status::StorageDamaged));
    assert!(device.world.medium.pages() == pages);
    // A request for the chain has the slot read anew, as a start does, and the second copy goes.
    assert_eq!(PREVOTE.sign(&mut device), Err(Status::StorageFault));
    assert_eq!(PREVOTE.sign(&mut device), Err(Status::UnknownChain));
    assert_eq!(status(&mut device, 0).0, ChainState::Free);
    add(&mut device, CHAIN, Hrs::default()).unwrap();
}

#[test]
fn a_slot_is_free_only_if_no_page_of_its_ring_remembers_a_vote() {
    for kept in 0..16 {
        let mut device = armed();
        for height in 10..20 {
            Ask { height, ..PREVOTE }.sign(&mut device).unwrap();
        }
        (0..2).for_each(|copy| {
            (0..2).for_each(|half| device.world.medium.rot(entry_page(0, copy) + half, [0; 64]))
        });
        for index in (0..16).filter(|index| *index != kept) {
            device.world.medium.rot(Rings::equal(8).page(0, index), [0; 64]);
        }
        assert_eq!(status(&mut device.restart(), 0).0, ChainState::Damaged, "{kept}");
    }
}

#[test]
fn an_entry_that_dies_behind_a_fault_is_damaged() {
    // Flash fails while a vote is written, and when it works again both copies of the entry have rotted.
    let mut device = armed();
    (0..60).for_each(|nth| device.world.medium.plan(nth, Fault::Fails(Tear::Old)));
    assert_eq!(PREVOTE.sign(&mut device), Err(Status::StorageFault));
    device.world.medium.calm();
    // No copy that passes its check names the chain any more: nothing is signed, and the next start says why.
    (0..2).for_each(|copy| device.world.medium.rot(entry_page(0, copy) + 1, [0xa5; 64]));
    assert_eq!(PREVOTE.sign(&mut device), Err(Status::UnknownChain));
    device.reboot();
    assert_eq!(status(&mut device, 0).0, ChainState::Damaged);
    assert_eq!(PREVOTE.sign(&mut device), Err(Status::StorageDamaged));
}
