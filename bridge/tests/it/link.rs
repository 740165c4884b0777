//! What happens on a link, and after it broke.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use highwater::node::Outcome;
use highwater::privval::proto::{Empty, Envelope, SignVoteRequest, Sum};
use highwater_core::canonical::Timestamp;
use tokio::io::AsyncWriteExt;

use crate::harness::{CHAIN, Scripted, Stage, ask, key_request, ping, vote_request, within};

const AT: Timestamp = Timestamp { seconds: 1_700_000_000, nanos: 5 };

fn signed() -> Outcome {
    Outcome::Signed { signature: [9; 64], timestamp: AT }
}

/// The error text of a vote's reply.
fn refusal(reply: Envelope) -> String {
    match reply.sum {
        Some(Sum::SignedVoteResponse(reply)) => reply.error.expect("an error").description,
        other => panic!("not the reply to a vote: {other:?}"),
    }
}

#[tokio::test]
async fn a_key_a_vote_and_a_ping_are_answered_in_order() {
    let service = Scripted::default().then(signed());
    let stage = Stage::new(&service);
    let mut link = stage.accept().await;
    let Some(Sum::PubKeyResponse(key)) = ask(&mut link, key_request(CHAIN)).await.sum else {
        panic!("not a key");
    };
    assert_eq!(key.pub_key.unwrap().ed25519.unwrap(), [7; 32]);
    assert_eq!((key.pub_key_bytes, key.pub_key_type.as_str()), (vec![7; 32], "ed25519"));
    let Some(Sum::SignedVoteResponse(vote)) = ask(&mut link, vote_request(CHAIN, 5)).await.sum else {
        panic!("not a vote");
    };
    let vote = vote.vote.unwrap();
    assert_eq!(vote.signature, [9; 64]);
    assert_eq!(vote.timestamp.map(|t| (t.seconds, t.nanos)), Some((AT.seconds, 5)));
    ping(&mut link).await;
    let asked = service.asked.lock().unwrap().pop().unwrap();
    assert_eq!((asked.chain.as_str(), asked.hrs.to_string().as_str()), (CHAIN, "5/0/prevote"));
    stage.finish().await;
}

#[tokio::test]
async fn a_decided_refusal_is_a_reply_and_the_link_lives_on() {
    let service = Scripted::default().then(Outcome::Refused("height 5 is below the mark".into()));
    let stage = Stage::new(&service);
    let mut link = stage.accept().await;
    let words = refusal(ask(&mut link, vote_request(CHAIN, 5)).await);
    assert_eq!(words, "height 5 is below the mark");
    ping(&mut link).await;
    stage.finish().await;
}

#[tokio::test]
async fn a_wrong_chain_is_refused_in_words_for_key_and_vote() {
    let stage = Stage::new(&Scripted::default());
    let mut link = stage.accept().await;
    let Some(Sum::PubKeyResponse(key)) = ask(&mut link, key_request("other-1")).await.sum else {
        panic!("not a key");
    };
    assert!(key.pub_key.is_none() && key.error.unwrap().description.contains("other-1"));
    assert!(refusal(ask(&mut link, vote_request("other-1", 5)).await).contains("other-1"));
    ping(&mut link).await;
    stage.finish().await;
}

#[tokio::test]
async fn malformed_votes_and_raw_signing_are_refused_in_words() {
    let stage = Stage::new(&Scripted::default());
    let mut link = stage.accept().await;
    assert!(refusal(ask(&mut link, vote_request(CHAIN, 0)).await).contains("height"));
    assert!(refusal(ask(&mut link, vote_request(CHAIN, -4)).await).contains("height"));
    assert!(
        refusal(ask(&mut link, Sum::SignVoteRequest(SignVoteRequest::default())).await).contains("no vote")
    );
    let Some(Sum::SignBytesResponse(raw)) = ask(&mut link, Sum::SignBytesRequest(Empty {})).await.sum else {
        panic!("not the reply to raw signing");
    };
    assert!(raw.error.unwrap().description.contains("refused"));
    ping(&mut link).await;
    stage.finish().await;
}

#[tokio::test]
async fn silence_is_no_reply_and_the_same_request_on_the_next_link_gets_the_late_result() {
    let service = Scripted::default().then(Outcome::Silent).then(signed());
    let stage = Stage::new(&service);
    let mut link = stage.accept().await;
    link.send(Envelope { sum: Some(vote_request(CHAIN, 5)) }).await.unwrap();
    let nothing = tokio::time::timeout(Duration::from_millis(300), link.next()).await;
    assert!(nothing.is_err(), "a reply where silence belongs: {nothing:?}");
    drop(link);
    let mut link = stage.accept().await;
    let reply = ask(&mut link, vote_request(CHAIN, 5)).await;
    assert!(matches!(reply.sum, Some(Sum::SignedVoteResponse(vote)) if vote.error.is_none()));
    stage.finish().await;
}

#[tokio::test]
async fn a_node_that_cuts_the_link_while_the_device_works_is_dialled_again() {
    let service = Scripted::default().after(Duration::from_secs(3_600), signed()).then(signed());
    let stage = Stage::new(&service);
    let mut link = stage.accept().await;
    link.send(Envelope { sum: Some(vote_request(CHAIN, 5)) }).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(link);
    let mut link = stage.accept().await;
    let reply = ask(&mut link, vote_request(CHAIN, 5)).await;
    assert!(matches!(reply.sum, Some(Sum::SignedVoteResponse(vote)) if vote.error.is_none()));
    stage.finish().await;
}

#[tokio::test]
async fn garbage_costs_the_link_and_nothing_else() {
    let garbage: [&[u8]; 6] = [
        &[0xff; 64],                        // no length
        &[0xff, 0xff, 0xff, 0xff, 0x0f, 1], // a giant length
        &[5, 0xff, 0xff, 0xff, 0xff, 0xff], // no protobuf
        &[0],                               // an empty message
        &[2, 0x42, 0],                      // a reply where a request belongs
        &[2, 0x3a, 0, 2, 0x3a, 0, 9, 1],    // pings, then an unfinished message
    ];
    let stage = Stage::new(&Scripted::default());
    for bytes in garbage {
        let mut link = stage.accept().await;
        link.get_mut().write_all(bytes).await.unwrap();
        link.get_mut().shutdown().await.unwrap();
        // Whatever it still answers, it closes, and dials again.
        while let Some(Ok(_)) = within(link.next()).await {}
    }
    let mut link = stage.accept().await;
    ping(&mut link).await;
    stage.finish().await;
}

#[tokio::test]
async fn a_second_request_before_the_first_answer_ends_the_link() {
    let service = Scripted::default().after(Duration::from_secs(3_600), signed());
    let stage = Stage::new(&service);
    let mut link = stage.accept().await;
    link.send(Envelope { sum: Some(vote_request(CHAIN, 5)) }).await.unwrap();
    link.send(Envelope { sum: Some(Sum::PingRequest(Empty {})) }).await.unwrap();
    assert!(within(link.next()).await.is_none());
    let mut link = stage.accept().await;
    ping(&mut link).await;
    stage.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_falls_silent_is_given_up_and_dialled_again() {
    let stage = Stage::new(&Scripted::default());
    let mut link = stage.accept().await;
    ping(&mut link).await;
    assert!(within(link.next()).await.is_none());
    let mut link = stage.accept().await;
    ping(&mut link).await;
    stage.finish().await;
}
