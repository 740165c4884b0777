//! The same statement again: the same signature, without a write.

use highwater_core::apdu::Status;
use highwater_hosted::keys::{signature, slip10};
use highwater_tests::device::SEED;
use highwater_tests::on_every_device;
use highwater_tests::request::{Request, precommit, prevote, proposal};
use highwater_tests::stage::{CHAIN, Stage};

on_every_device! {
    the_same_bytes_get_the_same_signature_without_a_write,
    a_signature_is_the_one_that_is_documented_byte_for_byte,
    a_retimed_vote_gets_the_first_signature_and_its_timestamp,
    a_retimed_proposal_is_a_conflict,
    nil_is_repeated_as_well,
}

fn the_same_bytes_get_the_same_signature_without_a_write(stage: &mut Stage) {
    let height = stage.fresh_height();
    for request in [proposal(CHAIN, height, 0), prevote(CHAIN, height, 0), precommit(CHAIN, height, 0)] {
        let first = stage.sign(&request);
        let (slot, writes) = (stage.slot(0), stage.counters().page_writes);
        assert_eq!(stage.sign(&request), first);
        assert_eq!(stage.sign(&request), first);
        assert_eq!((stage.slot(0), stage.counters().page_writes), (slot, writes));
        assert_eq!(first.timestamp, request.timestamp);
    }
}

fn a_signature_is_the_one_that_is_documented_byte_for_byte(stage: &mut Stage) {
    let (key, height) = (slip10(&SEED, 0), stage.fresh_height());
    let nil = Request { block: 0, ..prevote(CHAIN, height + 1, 7) };
    for request in [proposal(CHAIN, height, 0), prevote(CHAIN, height, 0), precommit(CHAIN, height, 0), nil] {
        assert_eq!(stage.sign(&request).signature, signature(&key, &request.bytes()), "{request:?}");
    }
}

fn a_retimed_vote_gets_the_first_signature_and_its_timestamp(stage: &mut Stage) {
    let height = stage.fresh_height();
    for request in [prevote(CHAIN, height, 0), precommit(CHAIN, height, 0)] {
        let first = stage.sign(&request);
        let writes = stage.counters().page_writes;
        let retimed = stage.sign(&request.later());
        assert_eq!((retimed, retimed.timestamp), (first, request.timestamp));
        assert_eq!(stage.counters().page_writes, writes);
    }
}

fn a_retimed_proposal_is_a_conflict(stage: &mut Stage) {
    let request = proposal(CHAIN, stage.fresh_height(), 0);
    let first = stage.sign(&request);
    assert_eq!(stage.refused(&request.later()), (Status::Conflict, Some(request.hrs())));
    assert_eq!(stage.sign(&request), first, "the refusal spoils no repeat");
}

fn nil_is_repeated_as_well(stage: &mut Stage) {
    let nil = Request { block: 0, ..prevote(CHAIN, stage.fresh_height(), 0) };
    let first = stage.sign(&nil);
    assert_eq!(stage.sign(&nil.later()), first);
}
