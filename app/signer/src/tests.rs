//! What only the app itself can see: the keys it holds.

use highwater_core::env::{Crypto, Life, Streaming};
use nanos_sdk::{Bolos, fake};

use super::*;

/// The first life of a slot.
const fn life(slot: u8) -> Life {
    Life { slot, incarnation: 1 }
}

/// An app with a key in each slot and a stream under way.
fn started() -> (Bolos, App) {
    let (mut bolos, mut app) = (fake::boot(), App::new());
    app.boot(&mut bolos);
    in_world(&mut bolos, &mut app, |world| {
        (0..SLOTS as u8).for_each(|slot| world.load_key(life(slot), 7).unwrap());
        world.stream_begin(life(0)).unwrap();
    });
    assert!(app.keys.iter().all(Key::is_loaded));
    assert!(!is_idle(&app.stream));
    (bolos, app)
}

fn in_world(bolos: &mut Bolos, app: &mut App, deed: impl FnOnce(&mut World<'_>)) {
    let Bolos { nvm, crypto, os, .. } = bolos;
    deed(&mut World { nvm, crypto, os, keys: &mut app.keys, stream: &mut app.stream });
}

fn is_idle(stream: &Stream) -> bool {
    format!("{stream:?}").contains("Idle")
}

#[test]
fn a_key_and_a_stream_are_gone_when_the_signer_says_so() {
    let (mut bolos, mut app) = started();
    in_world(&mut bolos, &mut app, |world| {
        world.unload_key(1);
        world.stream_wipe();
        assert!(world.loaded_key(1).is_err());
    });
    assert_eq!(app.keys.each_ref().map(Key::is_loaded), [true, false, true]);
    assert!(is_idle(&app.stream));
    in_world(&mut bolos, &mut app, |world| assert!(world.stream_begin(life(1)).is_err()));
}

#[test]
fn a_key_that_cannot_be_derived_leaves_none_of_the_one_before() {
    let (mut bolos, mut app) = started();
    fake::with(|kernel| kernel.fail(nanos_sdk::target::Call::Derive, 1));
    in_world(&mut bolos, &mut app, |world| {
        assert!(world.load_key(life(2), 8).is_err());
        assert!(world.loaded_key(2).is_err());
    });
}

#[test]
fn a_key_signs_for_its_own_slot_and_life_alone() {
    let (mut bolos, mut app) = started();
    let purpose = |slot, incarnation| env::purpose(Life { slot, incarnation });
    let mut purposes: Vec<_> = (0..SLOTS as u8)
        .flat_map(|slot| [0, 1, 2, 255, 256, u16::MAX].map(|life| purpose(slot, life)))
        .collect();
    let all = purposes.len();
    purposes.sort_unstable();
    purposes.dedup();
    assert_eq!(purposes.len(), all, "no two lives are taken for one");
    in_world(&mut bolos, &mut app, |world| {
        // That of another life is not what it must be, and is unloaded.
        assert!(world.stream_begin(Life { slot: 2, incarnation: 2 }).is_err());
        assert!(world.loaded_key(2).is_err());
        assert!(world.stream_begin(life(1)).is_ok());
    });
}

#[test]
fn a_key_that_is_refused_three_times_is_not_loaded_any_more_and_the_others_are() {
    let (mut bolos, mut app) = started();
    in_world(&mut bolos, &mut app, |world| {
        for _ in 0..3 {
            world.load_key(life(1), 7).unwrap();
            world.refuse_key(1);
            assert!(world.loaded_key(1).is_err());
        }
        assert!(world.load_key(life(1), 7).is_err());
        assert!(world.load_key(life(0), 7).is_ok());
        // No slot has this number.
        world.refuse_key(SLOTS as u8);
        world.unload_key(SLOTS as u8);
        assert!(world.load_key(life(SLOTS as u8), 7).is_err());
    });
}
