//! Vote extensions: with their precommit or not at all.

use std::time::Duration;

use highwater_core::apdu::Status;
use highwater_core::hrs::Step;
use highwater_guard::{Cause, Ed25519, Input, Outcome, Refusal, SignRequest, Stream, Verify};
use highwater_sim::{Extend, SimDevice};

use super::rig::*;

const SECOND: Duration = Duration::from_secs(1);

fn content(length: u32) -> Vec<u8> {
    (0..length).map(|at| (at / 7) as u8).collect()
}

/// Both signatures, which must verify.
fn both(rig: &Rig, request: &SignRequest, outcome: &Outcome) -> [[u8; 64]; 2] {
    let Outcome::Signed { release, extension: Some(extension), .. } = outcome else {
        panic!("not signed with its extension: {outcome:?}");
    };
    let key = &rig.settings.key;
    assert!(key.verifies(&request.sign_bytes, &release.signature()));
    let content = request.extension.as_ref().unwrap();
    let (height, round) = (request.hrs.height.value(), request.hrs.round.value());
    let bytes = Extend { chain: CHAIN, height, round, content }.bytes();
    assert!(key.verifies(&bytes, &extension.signature()));
    [release.signature(), extension.signature()]
}

#[test]
fn precommit_and_extension_are_signed_as_one_whatever_its_length() {
    let mut rig = Rig::new();
    for (height, length) in [(1, 0), (2, 9), (3, 2 << 10), (4, 20 << 10), (5, 251), (6, 502), (7, 1 << 18)] {
        let request = with_extension(height, &content(length));
        let outcome = rig.sign(request.clone());
        both(&rig, &request, &outcome);
    }
    assert_eq!(rig.signs, 7);
}

#[test]
fn the_same_is_given_again_and_another_content_costs_its_own_signature_only() {
    let mut rig = Rig::new();
    let request = with_extension(5, &content(2_000));
    let first = rig.sign(request.clone());
    let (signs, extends) = (rig.signs, rig.extends);
    let again = rig.sign(request.clone());
    assert_eq!(both(&rig, &request, &again), both(&rig, &request, &first));
    assert_eq!((rig.signs, rig.extends), (signs, extends), "without the device");
    // A node that restarted asks its application anew.
    let other = with_extension(5, &content(9));
    let second = rig.sign(other.clone());
    assert_eq!(both(&rig, &other, &second)[0], both(&rig, &request, &first)[0]);
    assert_ne!(both(&rig, &other, &second)[1], both(&rig, &request, &first)[1]);
    assert_eq!((rig.signs, rig.extends), (1, extends + 1));
    // So does a bridge that restarted, by the device's memory. A streamed extension is signed anew each time.
    rig.restart();
    let anew = rig.sign(request.clone());
    assert_eq!(both(&rig, &request, &anew)[0], both(&rig, &request, &first)[0]);
}

#[test]
fn a_wrong_signature_of_an_extension_keeps_its_precommit_back() {
    for (length, commands) in [(9, 1), (2_000, 17)] {
        let mut rig = Rig::new();
        assert!(is_signed(&rig.sign(precommit(5, 0, 1))));
        rig.cable = Cable::Spoils;
        let request = with_extension(5, &content(length));
        assert_eq!(refusal(rig.sign(request.clone())), Refusal::WrongExtension);
        assert_eq!(rig.extends, 2 * commands, "asked twice, the second time on a fresh cable");
        assert_eq!(rig.distrusted, 2);
        rig.cable = Cable::Sound;
        let outcome = rig.sign(request.clone());
        both(&rig, &request, &outcome);
        assert_eq!(rig.signs, 1, "the precommit was good");
    }
}

#[test]
fn an_extension_is_not_begun_before_its_precommit_may_leave() {
    let mut rig = Rig::of_two_nodes();
    rig.disk = Disk::Hangs;
    let request = with_extension(5, &content(9));
    let id = rig.submit("A", request.clone());
    assert_eq!((rig.outcome(id), rig.signs, rig.extends), (None, 1, 0));
    rig.disk = Disk::Stores;
    rig.write();
    rig.run();
    let outcome = rig.outcome(id).unwrap();
    both(&rig, &request, &outcome);
}

#[test]
fn an_extension_that_outlasts_its_node_is_there_when_it_asks_again() {
    let mut rig = Rig::new();
    let request = with_extension(5, &content(5_000));
    rig.cable = Cable::Slow;
    let mut id = rig.submit("A", request.clone());
    for step in 0..41 {
        rig.deliver();
        if step % 10 == 9 {
            rig.tell(Input::HungUp(id));
            id = rig.submit("A", request.clone());
        }
    }
    rig.deliver();
    let outcome = rig.outcome(id).unwrap();
    both(&rig, &request, &outcome);
    assert_eq!((rig.signs, rig.extends), (1, 41), "one stream served all tries");
}

#[test]
fn an_extension_that_nobody_wants_any_more_is_dropped() {
    for next in [with_extension(5, &content(9)), prevote(6, 0, 1)] {
        let mut rig = Rig::new();
        rig.cable = Cable::Slow;
        let id = rig.submit("A", with_extension(5, &content(20_000)));
        rig.deliver();
        rig.deliver();
        rig.tell(Input::HungUp(id));
        let next = rig.submit("A", next);
        rig.deliver();
        assert_eq!(rig.outcome(id), Some(Outcome::Silent(Cause::HungUp)));
        rig.deliver();
        assert!(is_signed(&rig.outcome(next).unwrap()));
    }
}

#[test]
fn the_end_does_not_wait_for_an_extension_that_nobody_waits_for() {
    let mut rig = Rig::new();
    rig.cable = Cable::Slow;
    let id = rig.submit("A", with_extension(5, &content(200_000)));
    rig.deliver();
    rig.tell(Input::HungUp(id));
    rig.deliver();
    assert_eq!(rig.outcome(id), None, "it goes on");
    rig.tell(Input::Drain);
    rig.deliver();
    assert_eq!(rig.outcome(id), Some(Outcome::Silent(Cause::HungUp)));
    assert_eq!(rig.guard.next(rig.now), None);
}

#[test]
fn a_device_that_restarts_within_a_stream_is_given_it_from_the_beginning() {
    let mut rig = Rig::new();
    rig.cable = Cable::Slow;
    let request = with_extension(5, &content(5_000));
    let id = rig.submit("A", request.clone());
    (0..10).for_each(|_| rig.deliver());
    let device = rig.replug(SimDevice::in_memory(b"none")).restart();
    rig.replug(device);
    let mut more = 0;
    while rig.outcome(id).is_none() {
        rig.deliver();
        more += 1;
    }
    assert!(more > 41, "{more}");
    let outcome = rig.outcome(id).unwrap();
    both(&rig, &request, &outcome);
}

#[test]
fn a_stream_that_gives_way_begins_anew() {
    let mut rig = Rig::new();
    rig.cable = Cable::Slow;
    let request = with_extension(5, &content(5_000));
    let id = rig.submit("A", request.clone());
    assert_eq!(rig.guard.stream(), Stream::Idle);
    rig.deliver();
    assert_eq!(rig.guard.stream(), Stream::Opens);
    rig.deliver();
    assert_eq!(rig.guard.stream(), Stream::Holds);
    rig.guard.give_way();
    assert_eq!(rig.guard.stream(), Stream::Opens);
    while rig.outcome(id).is_none() {
        rig.deliver();
    }
    let outcome = rig.outcome(id).unwrap();
    both(&rig, &request, &outcome);
}

#[test]
fn a_longer_extension_than_any_is_refused_before_the_mark_moves() {
    let mut rig = Rig::new();
    let refused = refusal(rig.sign(with_extension(5, &content((1 << 20) + 1))));
    assert_eq!(refused, Refusal::LongExtension((1 << 20) + 1));
    assert_eq!((rig.signs, rig.mark()), (0, hrs(0, 0, Step::None)));
}

/// Known from what kind of device it is: a YubiHSM2 signs 1,900 bytes, head and tail of the extension among them.
#[test]
fn an_extension_longer_than_the_device_signs_is_refused_before_the_mark_moves_and_the_longest_is_signed() {
    let mut rig = Rig::new();
    rig.longest = 1_900;
    rig.look();
    let fits = (1..1_900).rev().find(|length| {
        let refused = rig.sign(with_extension(5, &content(*length)));
        if is_signed(&refused) {
            return true;
        }
        assert_eq!(refusal(refused), Refusal::LongForDevice { length: *length as usize, longest: 1_900 });
        assert_eq!((rig.signs, rig.mark()), (0, hrs(0, 0, Step::None)));
        false
    });
    // Height, chain and lengths take the rest.
    assert!(fits.is_some_and(|fits| (1_850..1_890).contains(&fits)), "{fits:?}");
    assert_eq!(rig.mark().height.value(), 5);
}

#[test]
fn an_extension_of_a_precommit_that_is_passed_is_refused_with_the_device_s_word() {
    let mut rig = Rig::new();
    assert!(is_signed(&rig.sign(with_extension(5, b"one"))));
    assert!(is_signed(&rig.sign(prevote(6, 0, 1))));
    let refused = refusal(rig.sign(with_extension(5, b"two")));
    assert_eq!(refused, Refusal::DeviceExtension(Status::NoPrecommit));
}

#[test]
fn a_device_that_leaves_within_an_extension_is_silence_until_it_is_back() {
    let mut rig = Rig::new();
    rig.cable = Cable::Slow;
    let request = with_extension(5, &content(5_000));
    let id = rig.submit("A", request.clone());
    rig.deliver();
    rig.deliver();
    rig.cable = Cable::Out;
    rig.deliver();
    rig.look();
    rig.pass(5 * SECOND);
    assert!(matches!(rig.outcome(id), Some(Outcome::Silent(_))));
    rig.cable = Cable::Sound;
    rig.look();
    let outcome = rig.sign(request.clone());
    both(&rig, &request, &outcome);
    assert_eq!(rig.signs, 1);
}

#[test]
fn nothing_verifies_with_bytes_that_are_no_key() {
    assert!(!Ed25519::new(&[2; 32]).verifies(b"", &[0; 64]));
}
