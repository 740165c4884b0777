use std::sync::atomic::Ordering;

use highwater_core::canonical::Timestamp;
use highwater_core::hrs::Step;
use highwater_sim::Extend;

use super::bench::{Bench, CHAIN, OTHER, foreign, precommit, refusal, vote};
use super::*;

/// What `length` bytes of content look like.
fn content(length: u32) -> Vec<u8> {
    (0..length).map(|at| (at / 7) as u8).collect()
}

/// Both signatures, which must verify.
fn both(validator: &Validator, request: &SignRequest, outcome: &Outcome) -> [[u8; 64]; 2] {
    let Outcome::Signed { signature, timestamp, extension: Some(extension) } = outcome else {
        panic!("not signed with its extension: {outcome:?}");
    };
    let key = validator.inner.verifying.unwrap();
    let verify = |bytes: &[u8], signature: &[u8; 64]| {
        key.verify_strict(bytes, &ed25519_dalek::Signature::from_bytes(signature)).unwrap();
    };
    assert_eq!(*timestamp, Timestamp { seconds: 100, nanos: 0 });
    verify(&request.sign_bytes, signature);
    let content = request.extension.as_ref().unwrap();
    let (height, round) = (request.hrs.height.value(), request.hrs.round.value());
    verify(&Extend { chain: CHAIN, height, round, content }.bytes(), extension);
    [*signature, *extension]
}

#[tokio::test(flavor = "multi_thread")]
async fn precommit_and_extension_are_signed_as_one_whatever_its_length() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    for (height, length) in [(1, 0), (2, 9), (3, 2 << 10), (4, 20 << 10), (5, 251), (6, 502), (7, 1 << 20)] {
        let request = precommit(height, &content(length));
        both(&validator, &request, &validator.sign(request.clone()).await);
    }
    assert_eq!(bench.asked(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_is_given_again_and_another_content_costs_its_own_signature_only() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    let request = precommit(5, &content(2_000));
    let first = validator.sign(request.clone()).await;
    let extended = bench.extended();
    assert_eq!(validator.sign(request.clone()).await, first);
    assert_eq!((bench.asked(), bench.extended()), (1, extended), "without the device");
    // A node that restarted asks its application anew.
    let other = precommit(5, &content(9));
    let second = both(&validator, &other, &validator.sign(other.clone()).await);
    assert_eq!(second[0], both(&validator, &request, &first)[0]);
    assert_ne!(second[1], both(&validator, &request, &first)[1]);
    assert_eq!((bench.asked(), bench.extended()), (1, extended + 1));
    // So does a bridge that restarted, by the device's memory.
    let anew = bench.validator(|_, _| {}).await;
    assert_eq!(anew.sign(request).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_signature_of_an_extension_keeps_its_precommit_back() {
    for length in [9, 2_000] {
        let bench = Bench::new();
        let validator = bench.validator(|_, _| {}).await;
        bench.spoilt_extension.store(true, Ordering::SeqCst);
        let request = precommit(5, &content(length));
        // Bounded, so that one that is asked for without end fails the test and does not hang it.
        let outcome = tokio::time::timeout(Duration::from_secs(30), validator.sign(request.clone())).await;
        let text = refusal(outcome.expect("it ends"));
        assert!(text.contains("vote extension") && text.contains("does not verify"), "{text}");
        let once = if length == 9 { 1 } else { 1 + 2 * 8 };
        assert_eq!(bench.extended(), 2 * once, "asked twice, the second time on a fresh link");
        bench.spoilt_extension.store(false, Ordering::SeqCst);
        both(&validator, &request, &validator.sign(request.clone()).await);
        assert_eq!(bench.asked(), 1, "the precommit was good");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_that_outlasts_its_node_is_there_when_it_asks_again() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    *bench.extension_delay.lock().unwrap() = Duration::from_millis(20);
    let request = precommit(5, &content(5_000));
    let ask = || tokio::time::timeout(Duration::from_millis(300), validator.sign(request.clone()));
    let mut tries = 1;
    // 41 commands of 20 ms and more.
    let outcome = loop {
        match ask().await {
            Ok(outcome) => break outcome,
            Err(_) => tries += 1,
        }
        assert!(tries < 100);
    };
    both(&validator, &request, &outcome);
    assert!(tries > 1);
    assert_eq!((bench.asked(), bench.extended()), (1, 41), "one stream served all tries");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_that_nobody_wants_any_more_is_dropped() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    *bench.extension_delay.lock().unwrap() = Duration::from_millis(20);
    let long = precommit(5, &content(20_000));
    assert!(tokio::time::timeout(Duration::from_millis(200), validator.sign(long)).await.is_err());
    // The same place with another content: a node that restarted.
    let other = precommit(5, &content(9));
    both(&validator, &other, &validator.sign(other.clone()).await);
    assert!(bench.extended() < 100, "{}", bench.extended());
    // And the next height.
    let long = precommit(6, &content(20_000));
    assert!(tokio::time::timeout(Duration::from_millis(200), validator.sign(long)).await.is_err());
    assert!(matches!(validator.sign(vote(7, 1, 100)).await, Outcome::Signed { .. }));
    assert!(bench.extended() < 200, "{}", bench.extended());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_chains_votes_pass_between_the_chunks_and_their_extensions_wait() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    let other = bench.of(OTHER, validator.inner.device.clone(), |_, _| {}).await;
    *bench.extension_delay.lock().unwrap() = Duration::from_millis(20);
    let long = precommit(5, &content(10_000));
    let begun = Instant::now();
    let (ask, of_long) = (validator.clone(), long.clone());
    let signing = tokio::spawn(async move { (ask.sign(of_long).await, begun.elapsed()) });
    tokio::time::sleep(Duration::from_millis(100)).await;
    for height in 1..=10 {
        let outcome = other.sign(foreign(height, Step::Prevote)).await;
        assert!(matches!(outcome, Outcome::Signed { .. }), "{outcome:?}");
    }
    let votes = begun.elapsed();
    // A stream of its own must wait, or it would break this one, and that one it.
    let extension = Some(content(1_000));
    let second = other.sign(SignRequest { extension, ..foreign(11, Step::Precommit) }).await;
    assert!(matches!(second, Outcome::Signed { extension: Some(_), .. }), "{second:?}");
    let (outcome, whole) = signing.await.unwrap();
    both(&validator, &long, &outcome);
    assert!(votes < whole && whole < begun.elapsed(), "{votes:?} {whole:?}");
    assert_eq!(bench.extended(), 1 + 2 * 40 + 1 + 2 * 4, "neither broke the other");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_does_not_wait_for_an_extension_that_nobody_waits_for() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    *bench.extension_delay.lock().unwrap() = Duration::from_millis(20);
    let long = precommit(5, &content(200_000));
    assert!(tokio::time::timeout(Duration::from_millis(200), validator.sign(long)).await.is_err());
    validator.inner.device.finish();
    let ended = async {
        let probe = highwater_core::apdu::Command::GetVersion;
        while validator.inner.device.exchange(bench::apdu(probe)).await != Err(crate::device::Fault::Ending) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), ended).await.expect("the thread ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_restarts_within_a_stream_is_given_it_from_the_beginning() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    *bench.extension_delay.lock().unwrap() = Duration::from_millis(10);
    let request = precommit(5, &content(5_000));
    let restart = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let mut device = bench.device.lock().unwrap();
        let old = std::mem::replace(&mut *device, highwater_sim::SimDevice::in_memory(b"none"));
        *device = old.restart();
    };
    let (outcome, ()) = tokio::join!(validator.sign(request.clone()), restart);
    both(&validator, &request, &outcome);
    assert!(bench.extended() > 41, "{}", bench.extended());
}

/// It would sign the precommit alone, which stops a node of CometBFT 0.38.0 to 0.38.10 for good.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_of_an_app_that_signs_no_extensions_until_a_newer_one_is_there() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    let before = bench.mark();
    bench.old.store(true, Ordering::SeqCst);
    validator.inner.device.look().await;
    let seen = validator.inner.device.seen();
    let fault = crate::device::Fault::NoExtensions(highwater_core::signer::APP_VERSION);
    assert_eq!((seen.session, seen.fault), (None, Some(fault.clone())));
    let text = advice::fault(&fault);
    assert!(
        text.contains(" does not sign vote extensions") && text.ends_with("install the newest app"),
        "{text}"
    );
    for request in [vote(5, 1, 100), precommit(6, b"")] {
        let outcome = tokio::time::timeout(Duration::from_secs(10), validator.sign(request)).await;
        assert_eq!(outcome, Ok(Outcome::Silent));
    }
    assert_eq!((bench.asked(), bench.extended(), bench.mark()), (0, 0, before), "nothing moved");
    bench.old.store(false, Ordering::SeqCst);
    let found = async {
        while validator.inner.device.seen().session.is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), found).await.expect("it is opened again");
    let request = precommit(6, b"");
    both(&validator, &request, &validator.sign(request.clone()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_of_a_precommit_that_is_passed_is_refused_with_the_device_s_word() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    validator.sign(precommit(5, b"one")).await;
    validator.sign(vote(6, 1, 100)).await;
    let text = refusal(validator.sign(precommit(5, b"two")).await);
    assert!(text.contains("b009") && text.contains("5/0/precommit"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_leaves_within_an_extension_is_silence_until_it_is_back() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    *bench.extension_delay.lock().unwrap() = Duration::from_millis(10);
    let request = precommit(5, &content(5_000));
    let leaves = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        bench.absent.store(true, Ordering::SeqCst);
    };
    let (outcome, ()) = tokio::join!(validator.sign(request.clone()), leaves);
    assert_eq!(outcome, Outcome::Silent);
    bench.absent.store(false, Ordering::SeqCst);
    both(&validator, &request, &validator.sign(request.clone()).await);
    assert_eq!(bench.asked(), 1);
}
