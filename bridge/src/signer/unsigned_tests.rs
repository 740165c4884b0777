use highwater_core::hrs::Step;

use super::*;

fn second(seconds: u64) -> Moment {
    Moment::after(Duration::from_secs(seconds))
}

fn hrs() -> Hrs {
    Hrs::new(5, 0, Step::Prevote).unwrap()
}

fn asks(requests: &mut Requests, node: &str, why: &Why, at: u64) {
    requests.unsigned(&node.into(), hrs(), why.clone(), second(at));
}

fn refused() -> Why {
    Why::Refused { refusal: Refusal::ConflictWithReleased, words: "no".to_owned() }
}

fn away() -> Why {
    Why::Undecided(Cause::NoReply(NoReply::Away))
}

/// Signed at this second.
fn signed(at: u64) -> Requests {
    Requests { signed: Some(second(at)), ..Requests::default() }
}

fn many(requests: u64) -> Option<Unsigned> {
    Some(Unsigned::Many { requests, last: Last::Refused("5/0/prevote: no".to_owned()) })
}

#[test]
fn three_of_one_node_are_many_and_one_each_of_many_nodes_are_not() {
    let mut requests = signed(100);
    for node in ["a", "b", "c", "d"] {
        asks(&mut requests, node, &refused(), 106);
    }
    assert_eq!(requests.verdict(second(106)), None);
    asks(&mut requests, "b", &refused(), 107);
    assert_eq!(requests.verdict(second(107)), None);
    asks(&mut requests, "b", &refused(), 108);
    assert_eq!(requests.verdict(second(108)), many(3));
}

#[test]
fn right_after_a_signature_the_chain_signs_and_a_while_later_what_was_refused_counts() {
    let mut requests = signed(100);
    for _ in 0..3 {
        asks(&mut requests, "b", &refused(), 101);
    }
    assert_eq!(requests.verdict(second(104)), None);
    assert_eq!(requests.verdict(second(105)), many(3));
}

#[test]
fn two_are_enough_where_nothing_was_signed_for_long_and_one_never_is() {
    let mut requests = signed(100);
    asks(&mut requests, "a", &refused(), 500);
    assert_eq!(requests.verdict(second(900)), None);
    asks(&mut requests, "a", &refused(), 510);
    assert_eq!(requests.verdict(second(510)), many(2));
    let mut requests = signed(100);
    asks(&mut requests, "a", &refused(), 100);
    asks(&mut requests, "a", &refused(), 129);
    assert_eq!(requests.verdict(second(900)), None, "they came right after the last signature");
}

#[test]
fn a_cause_that_is_over_is_not_told_and_one_that_comes_back_is() {
    let mut requests = signed(100);
    asks(&mut requests, "a", &away(), 110);
    assert_eq!(
        requests.verdict(second(110)),
        Some(Unsigned::Undecided(hrs(), Cause::NoReply(NoReply::Away)))
    );
    requests.device_is_here();
    assert_eq!(requests.verdict(second(110)), None);
    // It says who it is, and fails each request.
    for at in [115, 120] {
        asks(&mut requests, "a", &away(), at);
        requests.device_is_here();
    }
    assert_eq!(requests.verdict(second(121)), Some(Unsigned::Many { requests: 3, last: Last::Over }));
    assert_eq!(requests.verdict(second(130)), None, "nobody asked again");
    asks(&mut requests, "a", &away(), 131);
    let last = Last::Undecided(hrs(), Cause::NoReply(NoReply::Away));
    assert_eq!(requests.verdict(second(131)), Some(Unsigned::Many { requests: 4, last }));
}

#[test]
fn a_look_disproves_no_word_of_the_device_and_no_disk() {
    let mut requests = signed(100);
    let word = Cause::Status(Some(Status::StorageFault));
    for cause in [word, Cause::NotStored] {
        asks(&mut requests, "a", &Why::Undecided(cause), 110);
        requests.device_is_here();
        assert_eq!(requests.verdict(second(110)), Some(Unsigned::Undecided(hrs(), cause)));
        requests.rows.clear();
    }
    // Its PIN was entered since.
    asks(&mut requests, "a", &Why::Undecided(Cause::Status(Some(Status::OtherSeed))), 110);
    requests.device_is_here();
    assert_eq!(requests.verdict(second(110)), None);
    asks(&mut requests, "a", &Why::Undecided(Cause::NotStored), 110);
    requests.disk_writes();
    assert_eq!(requests.verdict(second(110)), None);
}

#[test]
fn an_impatient_node_hides_no_cause_and_a_standby_s_refusal_neither() {
    let mut requests = signed(100);
    asks(&mut requests, "b", &away(), 110);
    asks(&mut requests, "b", &Why::Undecided(Cause::HungUp), 111);
    asks(&mut requests, "a", &refused(), 112);
    let undecided = Some(Unsigned::Undecided(hrs(), Cause::NoReply(NoReply::Away)));
    assert_eq!(requests.verdict(second(112)), undecided);
    asks(&mut requests, "b", &Why::Undecided(Cause::HungUp), 113);
    assert!(matches!(requests.verdict(second(113)), Some(Unsigned::Many { requests: 3, .. })));
}

#[test]
fn a_wrong_signature_outlives_what_is_changed_until_another_device_serves_the_chain() {
    let mut requests = signed(100);
    let wrong = Why::Refused { refusal: Refusal::WrongSignature, words: "wrong".to_owned() };
    asks(&mut requests, "a", &wrong, 101);
    asks(&mut requests, "b", &refused(), 101);
    requests.rules_changed();
    assert_eq!(requests.verdict(second(101)), Some(Unsigned::Wrong("wrong".to_owned())));
    assert_eq!(requests.rows.len(), 1);
    requests.device_changed();
    assert_eq!(requests.verdict(second(101)), None);
}
