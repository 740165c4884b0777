use std::sync::atomic::Ordering;

use highwater_core::canonical::Timestamp;
use highwater_sim::SimDevice;

use super::bench::{Bench, refusal, vote};
use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_get_the_same_reply_without_the_device() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    let first = validator.sign(vote(5, 1, 100)).await;
    assert!(matches!(first, Outcome::Signed { timestamp: Timestamp { seconds: 100, .. }, .. }));
    bench.absent.store(true, Ordering::SeqCst);
    assert_eq!(validator.sign(vote(5, 1, 100)).await, first);
    // A vote that says the same at another time: the kept signature, with the time it is over.
    assert_eq!(validator.sign(vote(5, 1, 101)).await, first);
    assert_eq!(bench.asked(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retimed_vote_that_only_the_device_remembers_is_verified_over_its_own_time() {
    let bench = Bench::new();
    let first = bench.validator(|_, _| {}).await.sign(vote(5, 1, 100)).await;
    assert_eq!(bench.validator(|_, _| {}).await.sign(vote(5, 1, 107)).await, first);
    assert_eq!(bench.asked(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_device_is_told_with_its_word_and_the_mark() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    validator.sign(vote(5, 1, 100)).await;
    let text = refusal(validator.sign(vote(5, 2, 100)).await);
    assert!(text.contains("b006") && text.contains("mark 5/0/prevote"), "{text}");
    assert!(refusal(validator.sign(vote(4, 1, 100)).await).contains("b003"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_does_not_verify_is_neither_released_nor_kept() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    bench.spoilt.store(true, Ordering::SeqCst);
    assert!(refusal(validator.sign(vote(5, 1, 100)).await).contains("does not verify"));
    bench.spoilt.store(false, Ordering::SeqCst);
    assert!(matches!(validator.sign(vote(5, 1, 100)).await, Outcome::Signed { .. }));
    // The spoilt one was asked for twice, the second time on a fresh link.
    assert_eq!(bench.asked(), 3);
    let wrong_key = Bench::new().validator(|_, pin| pin.key = [3; 32]).await;
    assert!(refusal(wrong_key.sign(vote(6, 1, 100)).await).contains("pinned key"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_installation_is_asked_for_nothing() {
    let bench = Bench::new();
    let validator = bench.validator(|_, pin| pin.installation = [9; 16]).await;
    assert!(refusal(validator.sign(vote(5, 1, 100)).await).contains("installation"));
    assert_eq!(bench.asked(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_stop_height_nothing_is_signed() {
    let bench = Bench::new();
    let validator = bench.validator(|chain, _| chain.stop_height = Some(5)).await;
    assert!(matches!(validator.sign(vote(5, 1, 100)).await, Outcome::Signed { .. }));
    assert!(refusal(validator.sign(vote(6, 1, 100)).await).contains("stop_height"));
}

#[tokio::test(flavor = "multi_thread")]
async fn locked_is_silence_and_not_an_error() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    bench.locked.store(true, Ordering::SeqCst);
    assert_eq!(validator.sign(vote(5, 1, 100)).await, Outcome::Silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_comes_back_answers_the_waiting_request() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    bench.absent.store(true, Ordering::SeqCst);
    let back = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        bench.absent.store(false, Ordering::SeqCst);
    };
    let (outcome, ()) = tokio::join!(validator.sign(vote(5, 1, 100)), back);
    assert!(matches!(outcome, Outcome::Signed { .. }), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_absence_ends_in_errors_unless_the_chain_waits() {
    let bench = Bench::new();
    for (on_absent, patient) in [(OnAbsent::Error, false), (OnAbsent::Wait, true)] {
        bench.absent.store(false, Ordering::SeqCst);
        let validator = bench.validator(|chain, _| chain.on_absent = on_absent).await;
        bench.absent.store(true, Ordering::SeqCst);
        // Bounded, so that a fault of the owner thread fails the test and does not hang it.
        let silent = tokio::time::timeout(Duration::from_secs(60), validator.sign(vote(5, 1, 100))).await;
        assert_eq!(silent, Ok(Outcome::Silent));
        {
            let mut state = validator.inner.state();
            state.absent.as_mut().unwrap().since -= PATIENCE;
        }
        let outcome = validator.sign(vote(5, 1, 100)).await;
        assert_eq!(outcome == Outcome::Silent, patient, "{on_absent:?}: {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_result_is_kept_for_the_same_question() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    *bench.delay.lock().unwrap() = Duration::from_millis(400);
    let gone = tokio::time::timeout(Duration::from_millis(100), validator.sign(vote(5, 1, 100))).await;
    assert!(gone.is_err());
    // While the first is at work, the same question waits behind it; another is withdrawn unsent.
    let withdrawn = tokio::time::timeout(Duration::from_millis(50), validator.sign(vote(6, 1, 100))).await;
    assert!(withdrawn.is_err());
    assert!(matches!(validator.sign(vote(5, 1, 100)).await, Outcome::Signed { .. }));
    assert_eq!(bench.asked(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_that_fell_stops_the_chain() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    let before = bench.device.lock().unwrap().world.medium.pages().to_vec();
    assert!(matches!(validator.sign(vote(5, 1, 100)).await, Outcome::Signed { .. }));
    {
        let mut device = bench.device.lock().unwrap();
        let mut old = std::mem::replace(&mut *device, SimDevice::in_memory(b"none"));
        old.world.medium.restore(&before);
        *device = old.restart();
    }
    assert!(refusal(validator.sign(vote(5, 2, 100)).await).contains("fell"));
    assert!(refusal(validator.sign(vote(6, 1, 100)).await).contains("fell"));
}
