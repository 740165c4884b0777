//! Several nodes, restarts, and what the state file says meanwhile.

use std::sync::atomic::Ordering;

use highwater_core::hrs::Step;

use super::bench::{Bench, CHAIN, link, refusal, two_nodes, vote};
use super::*;

fn load(bench: &Bench, validator: &Validator) -> Memory {
    let pin = Pin { key: validator.public_key(), installation: validator.installation() };
    Memory::load(bench.dir.path(), CHAIN, &pin).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_node_gets_the_same_statement_or_an_error_until_the_next_height() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    let (a, b) = two_nodes(&validator);
    let first = a.sign(vote(5, 1, 100)).await;
    assert_eq!(b.sign(vote(5, 1, 103)).await, first, "the kept signature, with its own time");
    let text = refusal(b.sign(vote(5, 2, 103)).await);
    assert!(text.contains("A signs this height") && text.contains("5/0/prevote"), "{text}");
    assert_eq!(bench.asked(), 1, "the device was not bothered");
    assert!(matches!(b.sign(vote(6, 1, 104)).await, Outcome::Signed { .. }));
    assert!(refusal(a.sign(vote(6, 2, 104)).await).contains("B signs this height"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_height_it_is_survives_a_restart_of_the_bridge() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    assert!(matches!(validator.for_node("A").sign(vote(5, 1, 100)).await, Outcome::Signed { .. }));
    drop(validator);
    let validator = bench.validator(|_, _| {}).await;
    assert!(refusal(validator.for_node("B").sign(vote(5, 2, 100)).await).contains("A signs this height"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_been_signed_makes_its_node_the_owner() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    let (a, b) = (validator.for_node("A"), validator.for_node("B"));
    link(&a, true);
    bench.absent.store(true, Ordering::SeqCst);
    assert_eq!(a.sign(vote(5, 1, 100)).await, Outcome::Silent);
    bench.absent.store(false, Ordering::SeqCst);
    assert!(refusal(b.sign(vote(5, 2, 100)).await).contains("A signs this height"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_is_durable_before_the_reply() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    for height in 5..9 {
        assert!(matches!(validator.sign(vote(height, 1, 100)).await, Outcome::Signed { .. }));
        assert_eq!(load(&bench, &validator).asked, Hrs::new(height, 0, Step::Prevote).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rule_refused_does_not_count_as_asked() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    assert!(matches!(validator.sign(vote(5, 1, 100)).await, Outcome::Signed { .. }));
    assert!(refusal(validator.sign(vote(900_000, 1, 100)).await).contains("b008"), "a leap");
    assert_eq!(validator.asked(), Hrs::new(5, 0, Step::Prevote).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_owner_said_was_signed_outlasts_a_refusal_under_way() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    assert!(matches!(validator.sign(vote(5, 1, 100)).await, Outcome::Signed { .. }));
    let said = Hrs::new(9, 0, Step::Precommit).unwrap();
    *bench.delay.lock().unwrap() = Duration::from_millis(500);
    let asked = bench.asked();
    let raised = async {
        while bench.asked() == asked {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        validator.raise(said).await;
    };
    let (outcome, ()) = tokio::join!(validator.sign(vote(900_000, 1, 100)), raised);
    assert!(refusal(outcome).contains("b008"), "a leap");
    assert_eq!(validator.asked(), said);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_that_fell_is_seen_after_a_restart_of_the_bridge_and_stays_seen() {
    let bench = Bench::new();
    let before = bench.device.lock().unwrap().world.medium.pages().to_vec();
    let validator = bench.validator(|_, _| {}).await;
    assert!(matches!(validator.sign(vote(5, 1, 100)).await, Outcome::Signed { .. }));
    drop(validator);
    bench.device.lock().unwrap().world.medium.restore(&before);
    let restarted =
        std::mem::replace(&mut *bench.device.lock().unwrap(), highwater_sim::SimDevice::in_memory(b"x"));
    *bench.device.lock().unwrap() = restarted.restart();
    let validator = bench.validator(|_, _| {}).await;
    assert!(refusal(validator.sign(vote(5, 2, 100)).await).contains("fell"));
    drop(validator);
    let validator = bench.validator(|_, _| {}).await;
    assert!(refusal(validator.sign(vote(6, 2, 100)).await).contains("fell"), "a restart does not forget it");
}
