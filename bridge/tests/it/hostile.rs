//! Peers that break the protocol, and nodes that come and go.

use std::time::Duration;

use futures_util::StreamExt;
use highwater::privval::proto::{Empty, Sum};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};

use crate::harness::{
    CHAIN, Link, Scripted, Stage, ask, closed, ping, send, signed, signed_vote, vote_request, within,
};
use crate::log::Log;

async fn write(link: &mut Link, bytes: &[u8]) {
    link.get_mut().write_all(bytes).await.unwrap();
}

#[tokio::test]
async fn garbage_costs_the_link_and_one_line_with_cause_and_cure() {
    let garbage: [(&[u8], &str); 6] = [
        (&[0xff; 64], "not a number"),
        (&[0xff, 0xff, 0xff, 0xff, 0x0f, 1], "announced"),
        (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], "announced"),
        (&[5, 0xff, 0xff, 0xff, 0xff, 0xff], "does not parse"),
        (&[0], "no request"),
        (&[2, 0x42, 0], "no request"),
    ];
    let (log, _guard) = Log::listen();
    let service = Scripted::default();
    let stage = Stage::new(&service);
    for (bytes, cause) in garbage {
        let mut link = stage.accept().await;
        ping(&mut link).await;
        write(&mut link, bytes).await;
        closed(&mut link).await;
        // By now it dials again, so the line is written.
        ping(&mut stage.accept().await).await;
        let warnings = log.warnings();
        assert_eq!(warnings.len(), 1, "{bytes:02x?}: {warnings:?}");
        assert!(warnings[0].contains(cause) && warnings[0].contains("check that"), "{warnings:?}");
        assert!(warnings[0].contains(CHAIN) && warnings[0].contains("privval.sock"), "{warnings:?}");
    }
    stage.finish().await;
    let links = service.links.lock().unwrap();
    assert!(links.chunks(2).all(|pair| pair == [true, false]), "{links:?}");
}

#[tokio::test]
async fn the_same_garbage_again_and_again_is_said_once_and_dialled_ever_more_slowly() {
    let (log, _guard) = Log::listen();
    let stage = Stage::new(&Scripted::default());
    let begin = Instant::now();
    for _ in 0..7 {
        let mut link = stage.accept().await;
        write(&mut link, &[0xff; 64]).await;
        closed(&mut link).await;
    }
    // 0, 20, 40, 80, 160, 320 ms, each at least half.
    assert!(begin.elapsed() > Duration::from_millis(310), "{:?}", begin.elapsed());
    assert_eq!(log.warnings().len(), 1);
    stage.finish().await;
}

#[tokio::test]
async fn a_node_that_asks_and_hangs_up_at_once_is_dialled_ever_more_slowly() {
    let mut service = Scripted::default();
    for _ in 0..7 {
        service = service.after(Duration::from_secs(3_600), signed());
    }
    let stage = Stage::new(&service);
    let begin = Instant::now();
    for height in 1..=7 {
        let mut link = stage.accept().await;
        send(&mut link, vote_request(CHAIN, height)).await;
        // It is read before the link ends.
        tokio::time::sleep(Duration::from_millis(5)).await;
        drop(link);
    }
    // At once after the first, which may be a restart; then 0, 20, 40, 80, 160 ms, each at least half.
    assert!(begin.elapsed() > Duration::from_millis(150), "{:?}", begin.elapsed());
    stage.finish().await;
}

#[tokio::test]
async fn the_same_question_refused_in_a_loop_is_one_line_a_second() {
    let (log, _guard) = Log::listen();
    let stage = Stage::new(&Scripted::default());
    let mut link = stage.accept().await;
    let begin = Instant::now();
    for _ in 0..200 {
        ask(&mut link, vote_request("other-1", 5)).await;
    }
    let most = 1 + begin.elapsed().as_secs() as usize;
    let warnings = log.warnings();
    assert!((1..=most).contains(&warnings.len()), "{warnings:?}");
    stage.finish().await;
}

#[tokio::test]
async fn a_link_closed_within_a_message_is_said_and_dialled_again() {
    let (log, _guard) = Log::listen();
    let stage = Stage::new(&Scripted::default());
    let mut link = stage.accept().await;
    // A ping, then the first byte of another: the first is answered.
    write(&mut link, &[2, 0x3a, 0]).await;
    assert!(within(link.next()).await.unwrap().is_ok());
    write(&mut link, &[2]).await;
    drop(link);
    ping(&mut stage.accept().await).await;
    let warnings = log.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("within a message, after 1 bytes"), "{warnings:?}");
    stage.finish().await;
}

#[tokio::test]
async fn a_second_request_before_the_first_answer_ends_the_link() {
    let service = Scripted::default().after(Duration::from_secs(3_600), signed());
    let stage = Stage::new(&service);
    let mut link = stage.accept().await;
    send(&mut link, vote_request(CHAIN, 5)).await;
    send(&mut link, Sum::PingRequest(Empty {})).await;
    closed(&mut link).await;
    ping(&mut stage.accept().await).await;
    assert_eq!(*service.abandoned.lock().unwrap(), 1);
    stage.finish().await;
}

#[tokio::test]
async fn a_message_sent_byte_by_byte_is_a_message() {
    let stage = Stage::new(&Scripted::default());
    let mut link = stage.accept().await;
    for byte in [2, 0x3a, 0] {
        write(&mut link, &[byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(within(link.next()).await.unwrap().unwrap().sum, Some(Sum::PingResponse(Empty {})));
    stage.finish().await;
}

#[tokio::test]
async fn after_a_cut_in_service_the_bridge_is_back_within_a_tenth_of_a_second() {
    let stage = Stage::new(&Scripted::default());
    // The median of several, since this machine may be busy.
    let mut waits = Vec::new();
    for _ in 0..5 {
        let mut link = stage.accept().await;
        ping(&mut link).await;
        // Long enough to have been in service.
        tokio::time::sleep(Duration::from_millis(1_050)).await;
        drop(link);
        let begin = Instant::now();
        let _link = stage.accept().await;
        waits.push(begin.elapsed());
    }
    waits.sort();
    assert!(waits[2] < Duration::from_millis(100), "{waits:?}");
    stage.finish().await;
}

#[tokio::test]
async fn a_node_that_starts_late_or_restarts_finds_the_bridge_within_its_three_seconds() {
    let (log, _guard) = Log::listen();
    let mut stage = Stage::without_node(&Scripted::default().then(signed()));
    // Long enough for the longest wait between two tries.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    stage.listen();
    let mut link = timeout(Duration::from_secs(3), stage.accept()).await.expect("within the node's patience");
    ping(&mut link).await;
    // The node dies and leaves its socket file; a new one removes it first.
    stage.stop_listening();
    drop(link);
    tokio::time::sleep(Duration::from_millis(300)).await;
    stage.remove_socket();
    stage.listen();
    let mut link = timeout(Duration::from_secs(3), stage.accept()).await.expect("within the node's patience");
    signed_vote(ask(&mut link, vote_request(CHAIN, 5)).await);
    let warnings = log.warnings();
    assert_eq!(warnings.len(), 2, "one line per cause, not per try: {warnings:?}");
    assert!(warnings[0].contains("no node has made this socket yet: start it"), "{warnings:?}");
    assert!(warnings[1].contains("nobody listens: remove the file"), "{warnings:?}");
    stage.finish().await;
}
