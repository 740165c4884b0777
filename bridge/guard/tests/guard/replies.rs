//! What is given out, and what is given out again.

use std::sync::Arc;

use highwater_core::apdu::Status;
use highwater_core::hrs::{Hrs, Step};
use highwater_guard::{Ed25519, Id, Input, Outcome, Refusal};
use highwater_sim::sign_bytes;

use super::rig::*;

fn signature(outcome: &Outcome) -> [u8; 64] {
    match outcome {
        Outcome::Signed { release, .. } => release.signature(),
        other => panic!("not signed but {other:?}"),
    }
}

fn seconds(outcome: &Outcome) -> i64 {
    match outcome {
        Outcome::Signed { release, .. } => release.timestamp().seconds,
        other => panic!("not signed but {other:?}"),
    }
}

const AT_5: Hrs = match Hrs::new(5, 0, Step::Prevote) {
    Some(hrs) => hrs,
    None => Hrs::ZERO,
};

#[test]
fn the_same_bytes_get_the_same_reply_without_the_device() {
    let mut rig = Rig::new();
    let first = rig.sign(at(AT_5, 1, 100));
    rig.cable = Cable::Out;
    let again = rig.sign(at(AT_5, 1, 100));
    assert_eq!((signature(&again), seconds(&again)), (signature(&first), 100));
    assert!(matches!(again, Outcome::Signed { again: true, .. }));
    // A vote that says the same at another time: the kept signature, with the time it is over.
    let retimed = rig.sign(at(AT_5, 1, 101));
    assert_eq!((signature(&retimed), seconds(&retimed)), (signature(&first), 100));
    assert_eq!(rig.signs, 1);
}

#[test]
fn a_retimed_vote_that_only_the_device_remembers_is_verified_over_its_own_time() {
    let mut rig = Rig::new();
    let first = rig.sign(at(AT_5, 1, 100));
    rig.restart();
    let again = rig.sign(at(AT_5, 1, 107));
    assert_eq!((signature(&again), seconds(&again)), (signature(&first), 100));
    assert_eq!(rig.signs, 2);
}

#[test]
fn a_proposal_at_another_time_is_another_proposal() {
    let mut rig = Rig::new();
    let place = hrs(5, 0, Step::Proposal);
    assert!(is_signed(&rig.sign(at(place, 1, 100))));
    let refused = Refusal::Device { status: Status::Conflict, mark: Some(place) };
    assert_eq!(refusal(rig.sign(at(place, 1, 101))), refused);
}

#[test]
fn a_signature_that_does_not_verify_is_neither_released_nor_kept() {
    let mut rig = Rig::new();
    rig.cable = Cable::Spoils;
    assert_eq!(refusal(rig.sign(prevote(5, 0, 1))), Refusal::WrongSignature);
    assert_eq!((rig.signs, rig.distrusted), (2, 2), "asked twice, the second time on a fresh cable");
    rig.cable = Cable::Sound;
    assert!(is_signed(&rig.sign(prevote(5, 0, 1))));
    let mut wrong_key = Rig::with(|settings| settings.key = Arc::new(Ed25519::new(&[3; 32])));
    assert_eq!(refusal(wrong_key.sign(prevote(6, 0, 1))), Refusal::WrongSignature);
}

#[test]
fn what_was_released_is_not_contradicted_whatever_the_device_would_sign() {
    let mut rig = Rig::new();
    rig.sign_and_forget(prevote(5, 0, 1));
    assert_eq!(refusal(rig.sign(prevote(5, 0, 2))), Refusal::ConflictWithReleased);
    assert_eq!(refusal(rig.sign(prevote(4, 0, 1))), Refusal::BelowReleased(AT_5));
    assert_eq!(rig.signs, 1);
}

#[test]
fn what_is_no_vote_of_the_chain_or_beyond_its_end_costs_no_command() {
    let mut rig = Rig::with(|settings| settings.stop_height = Some(5));
    let mut request = prevote(5, 0, 1);
    request.sign_bytes = sign_bytes(AT_5, None, [1, 1], 1, Default::default(), "beta-1");
    assert_eq!(refusal(rig.sign(request.clone())), Refusal::OtherChain);
    request.sign_bytes.push(0);
    assert_eq!(refusal(rig.sign(request)), Refusal::NotCanonical);
    assert_eq!(refusal(rig.sign(prevote(6, 0, 1))), Refusal::BeyondStop(5));
    assert_eq!(rig.signs, 0);
    assert!(is_signed(&rig.sign(prevote(5, 0, 1))));
}

#[test]
fn a_late_result_is_kept_for_the_same_question() {
    let mut rig = Rig::new();
    rig.cable = Cable::Slow;
    let first = rig.submit("A", prevote(5, 0, 1));
    rig.tell(Input::HungUp(first));
    // While the first is at work, the same question waits behind it; another is withdrawn unsent.
    let withdrawn = rig.submit("A", prevote(6, 0, 1));
    rig.tell(Input::HungUp(withdrawn));
    assert!(matches!(rig.outcome(withdrawn), Some(Outcome::Silent(_))));
    let again = rig.submit("A", prevote(5, 0, 1));
    rig.deliver();
    assert!(is_signed(&rig.outcome(again).unwrap()));
    assert_eq!(rig.signs, 1);
}

#[test]
fn a_reply_to_another_request_than_the_one_at_the_device_is_dropped() {
    let mut rig = Rig::new();
    rig.cable = Cable::Slow;
    let id = rig.submit("A", prevote(5, 0, 1));
    let reply = Input::Reply { id: Id(id.0 + 7), status: Some(Status::Leap), data: &[] };
    rig.tell(reply);
    assert_eq!(rig.outcome(id), None);
    rig.deliver();
    assert!(is_signed(&rig.outcome(id).unwrap()));
}

#[test]
fn the_late_refusal_of_an_earlier_command_withdraws_no_claim() {
    let mut rig = Rig::new();
    assert!(is_signed(&rig.sign(prevote(5, 0, 1))));
    rig.cable = Cable::Slow;
    let id = rig.submit("A", prevote(7, 0, 1));
    // The mark in the refusal is below what is asked for, so it was said of something else.
    for status in [Status::Conflict, Status::StepRegression] {
        assert_eq!(rig.outcome(id), None);
        rig.tell(Input::Reply { id, status: Some(status), data: &AT_5.to_bytes() });
        rig.deliver_nothing();
        rig.run();
    }
    assert_eq!((refusal(rig.outcome(id).unwrap()), rig.distrusted), (Refusal::WrongSignature, 2));
    assert_eq!(rig.floor(), hrs(7, 0, Step::Prevote), "it is signed");
}
