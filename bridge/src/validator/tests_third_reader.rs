//! What a third reader tried: nodes that lag, hang up or ask in a loop, and a device that hiccups.

use std::sync::atomic::Ordering;

use highwater_core::hrs::Step;

use super::bench::{Bench, CHAIN, ballot, in_round, link, precommit, refusal, two_nodes, vote};
use super::*;

/// The cable is out or in, and the owner thread knows it.
async fn plugged(bench: &Bench, validator: &Validator, there: bool) {
    bench.absent.store(!there, Ordering::SeqCst);
    while validator.inner.device.seen().session.is_some() != there {
        validator.inner.device.look().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_below_the_owned_height_takes_nothing_from_its_owner_though_the_device_hiccups() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    let (a, b) = two_nodes(&validator);
    assert!(matches!(a.sign(vote(10, 1, 100)).await, Outcome::Signed { .. }));
    let other = ballot(CHAIN, 10, Step::Precommit, 2, 100);
    assert!(refusal(b.sign(other.clone()).await).contains("A signs this height"));
    bench.absent.store(true, Ordering::SeqCst);
    assert_eq!(b.sign(vote(9, 1, 100)).await, Outcome::Silent);
    bench.absent.store(false, Ordering::SeqCst);
    assert!(refusal(b.sign(other).await).contains("A signs this height"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_below_the_owned_height_takes_the_lock_out_of_the_state_file_never() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    let (a, b) = (validator.for_node("A"), validator.for_node("B"));
    let locked = a.sign(ballot(CHAIN, 10, Step::Precommit, 1, 100)).await;
    assert!(matches!(locked, Outcome::Signed { .. }));
    *bench.delay.lock().unwrap() = Duration::from_millis(300);
    assert!(refusal(b.sign(vote(9, 1, 100)).await).contains("b003"));
    // The bridge is killed: what the file says now is all that is left.
    let left = tempfile::tempdir().unwrap();
    let path = memory_path(left.path(), CHAIN);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::copy(memory_path(bench.dir.path(), CHAIN), path).unwrap();
    let validator = bench.validator_in(left.path(), |_, _| {}).await;
    let (_, b) = two_nodes(&validator);
    let other = in_round(CHAIN, Hrs::new(10, 1, Step::Prevote).unwrap(), 2, 100);
    assert!(refusal(b.sign(other).await).contains("A signs this height"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_precommit_that_never_was_on_a_cable_locks_nobody_out() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    let (a, b) = two_nodes(&validator);
    assert!(matches!(a.sign(vote(9, 1, 100)).await, Outcome::Signed { .. }));
    let (before, sent) = (validator.asked(), bench.asked());
    plugged(&bench, &validator, false).await;
    assert_eq!(a.sign(ballot(CHAIN, 10, Step::Precommit, 1, 100)).await, Outcome::Silent);
    assert_eq!((bench.asked(), validator.asked()), (sent, before), "it was never sent");
    link(&a, false);
    tokio::time::sleep(Duration::from_millis(5_100)).await;
    plugged(&bench, &validator, true).await;
    let standby = b.sign(vote(10, 2, 100)).await;
    assert!(matches!(standby, Outcome::Signed { .. }), "{standby:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_adopting_raised_meanwhile_is_not_lowered_by_a_refusal() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    assert!(matches!(validator.sign(vote(5, 1, 100)).await, Outcome::Signed { .. }));
    *bench.delay.lock().unwrap() = Duration::from_millis(500);
    let raised = Hrs::new(7, 0, Step::Prevote).unwrap();
    let adopting = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        validator.adopt(validator.installation(), raised);
    };
    // Refused: another block at the mark.
    let (outcome, ()) = tokio::join!(validator.sign(vote(5, 2, 100)), adopting);
    assert!(refusal(outcome).contains("b006"));
    assert_eq!(validator.asked(), raised);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absence_is_over_when_the_device_was_back_and_no_request_missed_it() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    plugged(&bench, &validator, false).await;
    assert_eq!(validator.sign(vote(5, 1, 100)).await, Outcome::Silent);
    plugged(&bench, &validator, true).await;
    validator.inner.state().backdate(PATIENCE + Duration::from_secs(1));
    // One hiccup, long after: tried again, and no error.
    *bench.lost.lock().unwrap() = Some(|_| {});
    let outcome = validator.sign(vote(6, 1, 100)).await;
    assert!(matches!(outcome, Outcome::Signed { .. }), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_waits_meets_a_spare_with_silence_until_it_is_adopted() {
    for content in [None, Some(9)] {
        let bench = Bench::new();
        let mut right = [0; 16];
        let validator = bench
            .validator(|chain, pin| {
                chain.on_absent = OnAbsent::Wait;
                right = std::mem::replace(&mut pin.installation, [9; 16]);
            })
            .await;
        let request = match content {
            None => vote(5, 1, 100),
            Some(length) => precommit(5, &vec![7; length]),
        };
        assert_eq!(validator.sign(request.clone()).await, Outcome::Silent);
        assert_eq!(bench.asked(), 0, "the spare was asked for nothing");
        validator.adopt(right, Hrs::default());
        assert!(matches!(validator.sign(request).await, Outcome::Signed { .. }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_asks_and_hangs_up_keeps_no_more_than_a_few_requests_here() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    *bench.delay.lock().unwrap() = Duration::from_secs(2);
    let hangs_up = |node: Validator, height| async move {
        let asked = tokio::time::timeout(Duration::from_millis(10), node.sign(vote(height, 1, 100)));
        asked.await.ok()
    };
    let (bad, good) = (validator.for_node("bad"), validator.for_node("good"));
    let mut turned_away = 0;
    for height in 1..100 {
        if let Some(outcome) = hangs_up(bad.clone(), height).await {
            assert_eq!(outcome, Outcome::Silent);
            turned_away += 1;
        }
    }
    assert!(turned_away > 80, "{turned_away} of 99");
    // Another node is served, and so is this one when the device is free again.
    *bench.delay.lock().unwrap() = Duration::ZERO;
    assert!(matches!(good.sign(vote(200, 1, 100)).await, Outcome::Signed { .. }));
    assert!(matches!(bad.sign(vote(201, 1, 100)).await, Outcome::Signed { .. }));
}
