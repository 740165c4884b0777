//! The key of a life: which one is in RAM, and what is done with one that came out wrong.

use highwater_core::apdu::{ChainState, Command, PromptState, Status};
use highwater_core::env::Crypto;
use highwater_core::hrs::{Hrs, Step};
use highwater_sim::{SimDevice, World};

use crate::stage::{
    CHAIN, PREVOTE, add, approved, armed, at, chain, exchange, hrs, named, outcome, raise, set_mark, status,
};

const HIGHER: highwater_sim::Ask = highwater_sim::Ask { height: PREVOTE.height + 1, ..PREVOTE };

/// A device whose owner has approved the chain, and nothing of it was done yet. The derivation of its key comes out wrong
/// as the owner sees it, or afterwards.
fn approved_only(spoilt: Option<u16>) -> (SimDevice, u32) {
    let mut device = SimDevice::boot(World::new(b"stage", 8));
    let add = Command::AddChain { chain: chain(CHAIN), key_index: 0, mark: Hrs::default() };
    device.paced = true;
    device.world.keys.spoilt = spoilt;
    let ticket = raise(&mut device, add);
    device.decide(ticket, true);
    device.paced = false;
    (device, ticket)
}

#[test]
fn a_public_key_that_comes_out_wrong_signs_nothing_until_it_comes_out_right() {
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    // At a start the first derivation is for the installation.
    device.world.keys.spoilt = Some(1);
    device.reboot();
    assert_eq!(exchange(&mut device, Command::GetPublicKey(chain(CHAIN))).1, Status::StorageFault);
    device.world.keys.spoilt = Some(0);
    // The first request has it read again, wrongly; so does the second, and the third is signed.
    (0..2).for_each(|_| assert_eq!(HIGHER.sign(&mut device), Err(Status::StorageFault)));
    assert!(HIGHER.sign(&mut device).is_ok());
}

#[test]
fn an_add_whose_key_comes_out_in_two_ways_is_not_done() {
    for spoilt in 0..2 {
        let (mut device, ticket) = approved_only(Some(spoilt));
        device.finish_work();
        let outcome = outcome(&mut device, ticket);
        let failed = (PromptState::Failed, Status::StorageFault.word());
        assert_eq!((outcome.state, outcome.status), failed, "{spoilt}");
        assert_eq!(PREVOTE.sign(&mut device), Err(Status::UnknownChain));
        add(&mut device, CHAIN, Hrs::default()).unwrap();
        assert!(PREVOTE.sign(&mut device).is_ok());
    }
}

#[test]
fn an_add_whose_key_comes_out_in_two_ways_leaves_its_slot_free() {
    for spoilt in 0..2 {
        let (mut device, _) = approved_only(Some(spoilt));
        device.finish_work();
        assert_eq!(status(&mut device, 0).0, ChainState::Free, "{spoilt}: its pages hold");
        let outcome = add(&mut device, CHAIN, Hrs::default()).unwrap();
        assert_eq!(status(&mut device, 0).0, ChainState::Armed, "{spoilt}: {outcome:?}");
    }
}

#[test]
fn an_add_derives_its_key_twice_and_never_twice_in_one_turn() {
    let mut device = SimDevice::boot(World::new(b"stage", 8));
    let before = device.world.keys.derivations();
    let ticket =
        raise(&mut device, Command::AddChain { chain: chain(CHAIN), key_index: 0, mark: Hrs::default() });
    // What the owner sees is the first.
    let mut most = device.world.keys.derivations() - before;
    device.decide(ticket, true);
    while device.signer().0.is_working() {
        let before = device.world.keys.derivations();
        device.step();
        most = most.max(device.world.keys.derivations() - before);
    }
    assert_eq!((most, device.world.keys.derivations() - before), (1, 2));
}

#[test]
fn a_key_that_was_unloaded_is_loaded_once_before_the_next_signature() {
    let mut device = armed();
    let first = PREVOTE.sign(&mut device).unwrap();
    let before = device.world.keys.derivations();
    device.world.unload_key(0);
    assert_eq!(HIGHER.sign(&mut device), Err(Status::StorageFault), "no turn derives and answers");
    assert!(HIGHER.sign(&mut device).is_ok());
    assert_eq!(device.world.keys.derivations() - before, 1);
    assert!(PREVOTE.sign(&mut device).is_err());
    assert_ne!(HIGHER.sign(&mut device), Ok(first));
    assert_eq!(device.world.keys.derivations() - before, 1);
}

#[test]
fn every_life_has_its_own_key_and_a_vote_derives_none() {
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    // A lowering begins a life, and so does a chain that comes back with the key of another index.
    set_mark(&mut device, hrs(50, 0, Step::None)).unwrap();
    set_mark(&mut device, hrs(PREVOTE.height + 1, 0, Step::None)).unwrap();
    let before = device.world.keys.derivations();
    HIGHER.sign(&mut device).unwrap();
    assert_eq!(device.world.keys.derivations(), before);
    let old = exchange(&mut device, Command::GetPublicKey(chain(CHAIN))).0;
    let named = named(&mut device);
    approved(&mut device, Command::RemoveChain(named)).unwrap();
    let mark = hrs(60, 0, Step::None);
    approved(&mut device, Command::AddChain { chain: chain(CHAIN), key_index: 9, mark }).unwrap();
    assert_ne!(exchange(&mut device, Command::GetPublicKey(chain(CHAIN))).0, old);
    at(61).sign(&mut device).unwrap();
}
