//! Silence and slowness, of the node and of the device.

use std::time::Duration;

use futures_util::StreamExt;
use highwater::node::Outcome;
use highwater::privval::proto::{Empty, Sum};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};

use crate::harness::{
    CHAIN, Scripted, Stage, ask, closed, ping, send, signed, signed_vote, vote_request, within,
};
use crate::log::Log;

#[tokio::test]
async fn silence_is_no_reply_and_the_same_request_on_the_next_link_gets_the_late_result() {
    let service = Scripted::default().then(Outcome::Silent).then(signed());
    let stage = Stage::new(&service);
    let mut link = stage.accept().await;
    send(&mut link, vote_request(CHAIN, 5)).await;
    let nothing = timeout(Duration::from_millis(300), link.next()).await;
    assert!(nothing.is_err(), "a reply, or a cut by us, where silence belongs: {nothing:?}");
    drop(link);
    let mut link = stage.accept().await;
    signed_vote(ask(&mut link, vote_request(CHAIN, 5)).await);
    stage.finish().await;
    let asked = service.asked.lock().unwrap();
    assert_eq!(asked[0], asked[1]);
}

#[tokio::test]
async fn after_silence_nothing_is_sent_that_could_be_taken_for_the_missing_reply() {
    let stage = Stage::new(&Scripted::default().then(Outcome::Silent));
    let mut link = stage.accept().await;
    send(&mut link, vote_request(CHAIN, 5)).await;
    send(&mut link, Sum::PingRequest(Empty {})).await;
    closed(&mut link).await;
    ping(&mut stage.accept().await).await;
    stage.finish().await;
}

#[tokio::test(start_paused = true)]
async fn silence_again_and_again_never_slows_the_dialling() {
    let mut service = Scripted::default();
    for _ in 0..8 {
        service = service.then(Outcome::Silent);
    }
    let stage = Stage::new(&service);
    let mut slowest = Duration::ZERO;
    for height in 1..=8 {
        let begin = Instant::now();
        let mut link = stage.accept().await;
        slowest = slowest.max(begin.elapsed());
        send(&mut link, vote_request(CHAIN, height)).await;
        // A node's patience.
        assert!(timeout(Duration::from_secs(5), link.next()).await.is_err());
    }
    // With growing waits the last alone would take 640 ms at least.
    assert!(slowest < Duration::from_millis(500), "{slowest:?}");
    stage.finish().await;
}

#[tokio::test]
async fn a_node_that_cuts_the_link_while_the_device_works_is_dialled_again() {
    let service = Scripted::default().after(Duration::from_secs(3_600), signed()).then(signed());
    let stage = Stage::new(&service);
    let mut link = stage.accept().await;
    send(&mut link, vote_request(CHAIN, 5)).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(link);
    let mut link = stage.accept().await;
    assert_eq!(*service.abandoned.lock().unwrap(), 1, "the wait is over, so what is queued can be dropped");
    signed_vote(ask(&mut link, vote_request(CHAIN, 5)).await);
    stage.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_device_is_waited_for_as_long_as_the_node_waits() {
    let stage = Stage::new(&Scripted::default().after(Duration::from_millis(4_900), signed()));
    let mut link = stage.accept().await;
    signed_vote(ask(&mut link, vote_request(CHAIN, 5)).await);
    ping(&mut link).await;
    stage.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_pings_keeps_its_link() {
    let service = Scripted::default();
    let stage = Stage::new(&service);
    let mut link = stage.accept().await;
    for _ in 0..20 {
        ping(&mut link).await;
        tokio::time::sleep(Duration::from_millis(3_335)).await;
    }
    assert_eq!(*service.links.lock().unwrap(), [true]);
    stage.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_falls_silent_is_given_up_said_and_dialled_again() {
    let (log, _guard) = Log::listen();
    let stage = Stage::new(&Scripted::default());
    let mut link = stage.accept().await;
    ping(&mut link).await;
    let begin = Instant::now();
    closed(&mut link).await;
    assert!(begin.elapsed() >= Duration::from_secs(10), "{:?}", begin.elapsed());
    ping(&mut stage.accept().await).await;
    let warnings = log.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("nothing came for 12 s") && warnings[0].contains("check that"),
        "{warnings:?}"
    );
    stage.finish().await;
}

#[tokio::test(start_paused = true)]
async fn the_time_that_a_device_took_is_no_silence_of_the_node() {
    let service = Scripted::default().after(Duration::from_secs(15), signed());
    let stage = Stage::new(&service);
    let mut link = stage.accept().await;
    signed_vote(ask(&mut link, vote_request(CHAIN, 5)).await);
    tokio::time::sleep(Duration::from_secs(11)).await;
    ping(&mut link).await;
    let begin = Instant::now();
    closed(&mut link).await;
    let quiet = begin.elapsed().as_millis();
    assert!((12_000..12_100).contains(&quiet), "{quiet} ms from the last request to the end");
    assert_eq!(*service.links.lock().unwrap(), [true, false], "one link for all of it");
    stage.finish().await;
}

#[tokio::test(start_paused = true)]
async fn half_a_message_does_not_hold_the_link_for_ever() {
    let stage = Stage::new(&Scripted::default());
    let mut link = stage.accept().await;
    link.get_mut().write_all(&[100, 0x3a]).await.unwrap();
    closed(&mut link).await;
    ping(&mut stage.accept().await).await;
    stage.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_never_cuts_an_unanswered_link_is_cut() {
    let stage = Stage::new(&Scripted::default().then(Outcome::Silent));
    let mut link = stage.accept().await;
    send(&mut link, vote_request(CHAIN, 5)).await;
    closed(&mut link).await;
    ping(&mut stage.accept().await).await;
    stage.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_under_way_is_answered_before_the_bridge_stops() {
    let stage = Stage::new(&Scripted::default().after(Duration::from_secs(4), signed()));
    let mut link = stage.accept().await;
    send(&mut link, vote_request(CHAIN, 5)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.stop.cancel();
    signed_vote(within(link.next()).await.unwrap().unwrap().sum.unwrap());
    closed(&mut link).await;
    stage.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_does_not_keep_the_bridge_from_stopping() {
    let service = Scripted::default().after(Duration::from_secs(3_600), signed());
    let stage = Stage::new(&service);
    let mut link = stage.accept().await;
    send(&mut link, vote_request(CHAIN, 5)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begin = Instant::now();
    stage.finish().await;
    assert!(begin.elapsed() <= Duration::from_secs(6), "{:?}", begin.elapsed());
    assert_eq!(*service.abandoned.lock().unwrap(), 1);
}
