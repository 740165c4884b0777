//! A hostile host at work: each attack as it would be made, and what comes of it.

use std::collections::HashMap;

use highwater_core::apdu::{ChainState, Command, Named, PromptState, Status};
use highwater_core::canonical::Message;
use highwater_core::env::Crypto;
use highwater_core::hrs::{Hrs, Step};
use highwater_core::rings::Rings;
use highwater_core::statement;
use highwater_sim::{Fault, Owner, SimDevice, Tear, World};

use crate::stage::{
    Ask, CHAIN, PREVOTE, add, approved, armed, chain, exchange, hrs, named, outcome, raise, set_mark, status,
};

#[test]
fn signatures_collected_ahead_end_at_the_leap_credit() {
    // Votes for heights to come, to be shown to the network later: each leap as far as it goes.
    let mut device = armed();
    let (mut mark, mut collected) = (0, 0);
    for leap in [100_000, 60_000, 30_000, 10_000, 5_000, 1_000, 100, 10, 1].into_iter().cycle().take(90) {
        if (Ask { height: mark + leap, round: 0, ..PREVOTE }).sign(&mut device).is_ok() {
            (mark, collected) = (mark + leap, collected + 1);
        }
    }
    assert_eq!(mark, 100_000, "with {collected} signatures, however the leaps are cut");
    // An hour of waiting buys an hour of blocks four times over, not more.
    device.tick(36_000);
    let reach = mark + 4 * 3_600;
    assert_eq!((Ask { height: reach + 1, round: 0, ..PREVOTE }).sign(&mut device), Err(Status::Leap));
    assert!((Ask { height: reach, round: 0, ..PREVOTE }).sign(&mut device).is_ok());
}

#[test]
fn a_mark_cannot_be_pushed_away_to_lock_the_validator_out() {
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    for (height, round) in
        [(i64::MAX as u64, 0), (1 << 40, 0), (200_000, 0), (10, i32::MAX as u32), (11, 1_001)]
    {
        let far = Ask { height, round, ..PREVOTE };
        assert_eq!(far.sign(&mut device), Err(Status::Leap), "{height}/{round}");
    }
    // Restarts renew the credit, but a restart needs the PIN and a finger on a real device.
    assert!((Ask { height: 11, round: 0, ..PREVOTE }).sign(&mut device).is_ok(), "the validator goes on");
}

#[test]
fn no_timestamp_gets_a_second_signature_out_of_one_place() {
    for step in [Step::Proposal, Step::Prevote, Step::Precommit] {
        let mut device = armed();
        let ask = Ask { step, ..PREVOTE };
        let first = ask.sign(&mut device).unwrap();
        for restart in [false, true] {
            if restart {
                device = device.restart();
            }
            for seconds in [0, -1, 1, ask.seconds - 1, ask.seconds + 1, (1 << 41) - 1, -(1 << 41)] {
                match (Ask { seconds, ..ask }).sign(&mut device) {
                    Ok(signed) => assert_eq!(signed, first, "{step:?} at {seconds}"),
                    Err(refused) => assert_eq!((refused, step), (Status::Conflict, Step::Proposal)),
                }
            }
        }
    }
}

/// Two different statements at one place with the same first `bytes` of the digest, found by trying.
fn collision(bytes: usize, tries: u32) -> Option<(Ask, Ask)> {
    let mut world = World::new(b"stage", 2);
    let mut seen: HashMap<Vec<u8>, u32> = HashMap::new();
    for total in 1..=tries {
        let ask = Ask { total, ..PREVOTE };
        let bytes_of_ask = ask.bytes();
        let digest = statement::digest(&mut world, &Message::parse(&bytes_of_ask).unwrap());
        if let Some(other) = seen.insert(digest.0[..bytes].to_vec(), total) {
            return Some((Ask { total: other, ..PREVOTE }, ask));
        }
    }
    None
}

#[test]
fn a_shortened_digest_is_collided_within_seconds_and_ours_is_28_bytes() {
    let (one, other) = collision(3, 40_000).expect("24 bits fall to a few thousand tries");
    assert_ne!(one.bytes(), other.bytes());
    // With a digest of 24 bits the device would take the second for a repeat of the first: two statements, one place.
    // Ours tells them apart.
    let mut world = World::new(b"stage", 2);
    let digests = [one, other].map(|ask| {
        let bytes = ask.bytes();
        statement::digest(&mut world, &Message::parse(&bytes).unwrap()).0
    });
    assert_eq!(digests[0][..3], digests[1][..3]);
    assert_ne!(digests[0], digests[1]);
    assert_eq!(digests[0].len(), 28);
    let mut device = armed();
    one.sign(&mut device).unwrap();
    assert_eq!(other.sign(&mut device), Err(Status::Conflict));
    // All 28 bytes carry the hash, not zeros behind a short one.
    let whole = world.sha256(b"");
    assert!(digests[0][8..].iter().any(|byte| *byte != 0) && whole.len() > 28);
    assert_eq!(collision(8, 40_000), None);
}

#[test]
fn prompts_without_end_are_paused_and_signing_never_waits() {
    let mut device = armed();
    let command = Command::AddChain { chain: chain("stage-2"), key_index: 1, mark: Hrs::default() };
    let mut shown = 0;
    for second in 0..3_600 {
        if exchange(&mut device, command).1 == Status::Ok {
            shown += 1;
        }
        let vote = Ask { height: 100 + second, ..PREVOTE };
        assert!(vote.sign(&mut device).is_ok(), "second {second}");
        device.tick(10);
    }
    // One minute on the screen, then 1, 2, 4, 8, 16 and 32 minutes of rest: seven prompts fit an hour at most.
    assert!((2..=7).contains(&shown), "{shown} prompts in an hour");
}

#[test]
fn a_late_press_meets_what_stands_now_not_what_was_shown() {
    // The host raises a prompt, then moves the mark on before the owner has read to the end.
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    let named = named(&mut device);
    let late = raise(&mut device, Command::SetMark { named, to: hrs(12, 0, Step::None) });
    Ask { height: 12, round: 3, ..PREVOTE }.sign(&mut device).unwrap();
    device.decide(late, true);
    device.finish_work();
    assert_eq!(outcome(&mut device, late).state, PromptState::Moved);
    assert_eq!(status(&mut device, 0).1, hrs(12, 3, Step::Prevote));
}

#[test]
fn a_slot_that_was_used_again_keeps_no_old_name_and_no_old_life() {
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    let old = named(&mut device);
    approved(&mut device, Command::RemoveChain(old)).unwrap();
    approved(&mut device, Command::ForgetChain(old)).unwrap();
    add(&mut device, "stage-9", Hrs::default()).unwrap();
    // The old name, the old life, and the new name with the old life: nothing moves.
    assert_eq!(PREVOTE.sign(&mut device), Err(Status::UnknownChain));
    for command in [Command::RemoveChain(old), Command::SetMark { named: old, to: hrs(1, 0, Step::None) }] {
        assert_eq!(exchange(&mut device, command).1, Status::UnknownChain);
    }
    let stale = Named { chain: chain("stage-9"), incarnation: old.incarnation };
    assert_eq!(exchange(&mut device, Command::RemoveChain(stale)).1, Status::WrongIncarnation);
    let device = &mut device.restart();
    assert_eq!(status(device, 0).1, Hrs::default(), "nothing of the old chain's ring shines through");
    // The old chain comes back as a new one, in another slot, where its owner says.
    assert_eq!(add(device, CHAIN, hrs(10, 5, Step::Prevote)).unwrap().mark, hrs(10, 5, Step::Prevote));
    assert_eq!(PREVOTE.sign(device), Err(Status::NoStatement));
}

#[test]
fn a_chain_added_elsewhere_while_its_prompt_stands_is_not_added_twice() {
    let mut device = armed();
    let command = Command::AddChain { chain: chain("stage-2"), key_index: 1, mark: Hrs::default() };
    let first = raise(&mut device, command);
    assert_eq!(exchange(&mut device, command).1, Status::PromptUp, "one prompt at a time");
    device.decide(first, true);
    device.finish_work();
    device.decide(first, true);
    assert_eq!(exchange(&mut device, command).1, Status::ChainKnown);
    let states = [0, 1, 2].map(|slot| status(&mut device, slot).0);
    assert_eq!(states, [ChainState::Armed, ChainState::Armed, ChainState::Free]);
}

#[test]
fn a_failed_append_then_another_statement_is_a_conflict_on_every_ring() {
    for pairs in [2, 3, 5, 8] {
        let mut device = SimDevice::boot(World::new(b"stage", pairs));
        add(&mut device, CHAIN, Hrs::default()).unwrap();
        PREVOTE.sign(&mut device).unwrap();
        (0..8).for_each(|nth| device.world.medium.plan(2 * nth + 1, Fault::Fails(Tear::Old)));
        let next = Ask { height: 11, ..PREVOTE };
        assert_eq!(next.sign(&mut device), Err(Status::StorageFault), "{pairs}");
        device.world.medium.calm();
        assert_eq!(Ask { block: 2, ..next }.sign(&mut device), Err(Status::Conflict), "{pairs}");
        assert!(next.sign(&mut device).is_ok(), "{pairs}");
    }
}

#[test]
fn an_old_page_that_rots_after_a_lowering_brings_no_old_mark_back() {
    for (pairs, pages) in [(2, 4), (8, 16)] {
        for page in 0..pages {
            let mut device = SimDevice::boot(World::new(b"stage", pairs));
            add(&mut device, CHAIN, Hrs::default()).unwrap();
            PREVOTE.sign(&mut device).unwrap();
            set_mark(&mut device, hrs(50, 0, Step::None)).unwrap();
            set_mark(&mut device, hrs(11, 0, Step::None)).unwrap();
            let late = Ask { height: 12, ..PREVOTE }.sign(&mut device).unwrap();
            device.world.medium.rot(Rings::equal(pairs).page(0, page), [0xa5; 64]);
            let mut device = device.restart();
            assert_eq!(
                Ask { height: 12, ..PREVOTE }.sign(&mut device),
                Ok(late),
                "{pairs} pairs, page {page}"
            );
        }
    }
}

#[test]
fn nobody_at_the_device_means_nothing_changes_whatever_is_asked() {
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    device.owner = Owner::Away;
    let named = named(&mut device);
    let pages = device.world.medium.pages().to_vec();
    for command in [
        Command::RemoveChain(named),
        Command::SetMark { named, to: hrs(11, 0, Step::None) },
        Command::ShowKey(chain(CHAIN)),
        Command::ForgetSlot(0),
    ] {
        let _ = exchange(&mut device, command);
        device.tick(36_000);
    }
    assert!(device.world.medium.pages() == pages);
}
