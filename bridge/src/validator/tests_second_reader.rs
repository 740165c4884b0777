//! What a second reader tried against the host's second line.

use std::fs;

use highwater_core::apdu::{Command, Named};
use highwater_core::canonical::ChainId;
use highwater_core::hrs::Step;
use highwater_sim::SimDevice;

use super::bench::{Bench, CHAIN, apdu, installed, refusal, vote};
use super::*;

const AT_5: Hrs = match Hrs::new(5, 0, Step::Prevote) {
    Some(hrs) => hrs,
    None => Hrs::ZERO,
};

fn file(bench: &Bench, validator: &Validator) -> Memory {
    let pin = Pin { key: validator.public_key(), installation: validator.installation() };
    Memory::load(bench.dir.path(), CHAIN, &pin).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_signed_before_its_reply_was_lost_counts_as_asked_though_a_spare_is_plugged_in() {
    // The first device signs 5/0, its reply is lost, and a spare of the same seed comes in its place. The spare's mark is
    // seeded with what was asked: were 5/0 forgotten, it would be free for another block there.
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    *bench.lost.lock().unwrap() = Some(|device: &mut SimDevice| *device = installed());
    assert!(refusal(validator.sign(vote(5, 1, 100)).await).contains("installation"));
    assert_eq!(bench.asked(), 1, "the spare was asked for nothing");
    assert_eq!((validator.asked(), file(&bench, &validator).asked), (AT_5, AT_5));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_signed_before_its_reply_was_lost_counts_as_asked_though_the_chain_is_removed() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    *bench.lost.lock().unwrap() = Some(|device: &mut SimDevice| {
        let named = Named { chain: ChainId::new(CHAIN.as_bytes()).unwrap(), incarnation: 1 };
        assert!(device.exchange(&apdu(Command::RemoveChain(named))).ends_with(&[0x90, 0]));
    });
    assert!(refusal(validator.sign(vote(5, 1, 100)).await).contains("b001"));
    assert_eq!((validator.asked(), file(&bench, &validator).asked), (AT_5, AT_5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_file_rolled_back_lets_no_second_statement_out() {
    let bench = Bench::new();
    let path = memory_path(bench.dir.path(), CHAIN);
    let validator = bench.validator(|_, _| {}).await;
    assert!(matches!(validator.sign(vote(5, 1, 100)).await, Outcome::Signed { .. }));
    let old = fs::read(&path).unwrap();
    let first = validator.sign(vote(6, 1, 100)).await;
    assert!(matches!(first, Outcome::Signed { .. }));
    // The last job lets go of it; then nothing writes the file any more.
    while Arc::strong_count(&validator.inner) > 1 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(validator);
    fs::write(&path, old).unwrap();
    let validator = bench.validator(|_, _| {}).await;
    assert_eq!(validator.asked(), AT_5, "the file is the old one");
    assert!(refusal(validator.sign(vote(6, 2, 100)).await).contains("b006"));
    assert!(refusal(validator.sign(vote(5, 2, 100)).await).contains("b003"));
    assert_eq!(validator.sign(vote(6, 1, 107)).await, first, "the same statement gets the same signature");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_bridges_of_one_device_give_out_one_statement_between_them() {
    let bench = Bench::new();
    let other = tempfile::tempdir().unwrap();
    let one = bench.validator(|_, _| {}).await;
    let two = bench.validator_in(other.path(), |_, _| {}).await;
    for height in 5..10 {
        let (first, second) = tokio::join!(one.sign(vote(height, 1, 100)), two.sign(vote(height, 2, 100)));
        let signed =
            [&first, &second].into_iter().filter(|out| matches!(out, Outcome::Signed { .. })).count();
        assert_eq!(signed, 1, "{first:?} {second:?}");
        for (bridge, block, outcome) in [(&one, 1, first), (&two, 2, second)] {
            let again = bridge.sign(vote(height, block, 100)).await;
            match outcome {
                Outcome::Signed { .. } => assert_eq!(again, outcome),
                _ => assert!(refusal(again).contains("b006"), "{outcome:?}"),
            }
        }
    }
}
