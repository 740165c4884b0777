//! What a node gets that keeps to the protocol.

use highwater::node::Outcome;
use highwater::privval::proto::{
    BlockId, Empty, PartSetHeader, Proposal, SignProposalRequest, SignVoteRequest, Sum, Timestamp, Vote,
};
use highwater_core::canonical;

use crate::harness::{
    AT, CHAIN, Scripted, Stage, ask, key_request, ping, refusal, signed, signed_vote, vote, vote_request,
};
use crate::log::Log;

fn block() -> Option<BlockId> {
    let part_set_header = Some(PartSetHeader { total: 1, hash: vec![2; 32] });
    Some(BlockId { hash: vec![1; 32], part_set_header })
}

#[tokio::test]
async fn a_key_a_vote_and_a_ping_are_answered_in_order() {
    let service = Scripted::default().then(signed());
    let stage = Stage::new(&service);
    let mut link = stage.accept().await;
    let Sum::PubKeyResponse(key) = ask(&mut link, key_request(CHAIN)).await else {
        panic!("not a key");
    };
    assert_eq!(key.pub_key.unwrap().ed25519.unwrap(), [7; 32]);
    assert_eq!((key.pub_key_bytes, key.pub_key_type.as_str()), (vec![7; 32], "ed25519"));
    let vote = signed_vote(ask(&mut link, vote_request(CHAIN, 5)).await);
    let timestamp = Some(Timestamp { seconds: AT.seconds, nanos: 5 });
    let Sum::SignVoteRequest(asked) = vote_request(CHAIN, 5) else { panic!("no vote") };
    assert_eq!(vote, Vote { timestamp, signature: vec![9; 64], ..asked.vote.unwrap() });
    ping(&mut link).await;
    let asked = service.asked.lock().unwrap().pop().unwrap();
    assert_eq!((asked.chain.as_str(), asked.hrs.to_string().as_str()), (CHAIN, "5/0/prevote"));
    stage.finish().await;
    assert_eq!(*service.links.lock().unwrap(), [true, false]);
}

#[tokio::test]
async fn a_proposal_is_answered_as_one() {
    let service = Scripted::default().then(signed()).then(Outcome::Refused("no".into()));
    let stage = Stage::new(&service);
    let mut link = stage.accept().await;
    for refused in [false, true] {
        let proposal = Proposal {
            height: 5,
            pol_round: -1,
            block_id: block(),
            timestamp: Some(Timestamp { seconds: AT.seconds, nanos: 5 }),
            ..Default::default()
        };
        let request = SignProposalRequest { proposal: Some(proposal), chain_id: CHAIN.into() };
        let Sum::SignedProposalResponse(reply) = ask(&mut link, Sum::SignProposalRequest(request)).await
        else {
            panic!("not the reply to a proposal");
        };
        assert_eq!(reply.error.map(|error| error.description), refused.then(|| "no".to_owned()));
        assert_eq!(reply.proposal.map(|proposal| proposal.signature), (!refused).then(|| vec![9; 64]));
    }
    assert_eq!(service.asked.lock().unwrap()[0].hrs.to_string(), "5/0/proposal");
    stage.finish().await;
}

#[tokio::test]
async fn a_retimed_vote_carries_the_time_that_was_signed() {
    let timestamp = canonical::Timestamp { seconds: AT.seconds - 3, nanos: 0 };
    let service =
        Scripted::default().then(Outcome::Signed { signature: [9; 64], timestamp, extension: None });
    let stage = Stage::new(&service);
    let mut link = stage.accept().await;
    let vote = signed_vote(ask(&mut link, vote_request(CHAIN, 5)).await);
    assert_eq!(vote.timestamp, Some(Timestamp { seconds: AT.seconds - 3, nanos: 0 }));
    stage.finish().await;
}

#[tokio::test]
async fn a_decided_refusal_is_a_reply_and_the_link_lives_on() {
    let refused = Outcome::Refused("height 5 is below the mark".into());
    let stage = Stage::new(&Scripted::default().then(refused.clone()).then(refused).then(signed()));
    let mut link = stage.accept().await;
    for _ in 0..2 {
        let words = refusal(ask(&mut link, vote_request(CHAIN, 5)).await);
        assert_eq!(words, "height 5 is below the mark");
    }
    ping(&mut link).await;
    signed_vote(ask(&mut link, vote_request(CHAIN, 6)).await);
    stage.finish().await;
}

#[tokio::test]
async fn a_wrong_chain_is_refused_in_words_for_key_and_vote() {
    let (log, _guard) = Log::listen();
    let stage = Stage::new(&Scripted::default());
    let mut link = stage.accept().await;
    let long = "x".repeat(100_000);
    for other in ["other-1", "", long.as_str()] {
        let Sum::PubKeyResponse(key) = ask(&mut link, key_request(other)).await else {
            panic!("not a key");
        };
        let words = key.error.unwrap().description;
        assert!(key.pub_key.is_none() && key.pub_key_bytes.is_empty());
        assert!(
            words.contains(&other[..other.len().min(64)]) && words.contains(CHAIN) && words.len() < 300,
            "{words}"
        );
    }
    assert!(refusal(ask(&mut link, vote_request("other-1", 5)).await).contains("other-1"));
    let warnings = log.warnings();
    assert_eq!(warnings.len(), 4, "{warnings:?}");
    assert!(warnings.iter().all(|line| line.contains("check the node's genesis")));
    ping(&mut link).await;
    stage.finish().await;
}

#[tokio::test]
async fn malformed_votes_and_raw_signing_are_refused_in_words() {
    let (log, _guard) = Log::listen();
    let service = Scripted::default();
    let stage = Stage::new(&service);
    let mut link = stage.accept().await;
    assert!(refusal(ask(&mut link, vote_request(CHAIN, 0)).await).contains("height"));
    assert!(refusal(ask(&mut link, vote_request(CHAIN, -4)).await).contains("vote at -4/0"));
    let empty = Sum::SignVoteRequest(SignVoteRequest::default());
    assert!(refusal(ask(&mut link, empty).await).contains("carries none"));
    let Sum::SignBytesResponse(raw) = ask(&mut link, Sum::SignBytesRequest(Empty {})).await else {
        panic!("not the reply to raw signing");
    };
    assert!(raw.error.unwrap().description.contains("refused"));
    assert_eq!(log.warnings().len(), 4, "each is said once");
    ping(&mut link).await;
    assert!(service.asked.lock().unwrap().is_empty(), "the signer never sees them");
    stage.finish().await;
}

#[tokio::test]
async fn an_extension_goes_to_the_signer_with_its_precommit_and_both_signatures_come_back() {
    let both = Outcome::Signed { signature: [9; 64], timestamp: AT, extension: Some([8; 64]) };
    let service = Scripted::default().then(both).then(signed());
    let stage = Stage::new(&service);
    let mut link = stage.accept().await;
    let precommit =
        |extension| Vote { r#type: 2, height: 5, block_id: block(), extension, ..Default::default() };
    // As long as a node may send: the link takes it, and its reply stays short.
    let reply = signed_vote(ask(&mut link, vote(CHAIN, precommit(vec![3; 1 << 20]))).await);
    assert_eq!((reply.signature, reply.extension_signature), (vec![9; 64], vec![8; 64]));
    assert!(reply.extension.is_empty());
    let extension = service.asked.lock().unwrap().pop().unwrap().extension;
    assert_eq!(extension, Some(vec![3; 1 << 20]));
    // An empty one may mean that the chain has none; its node may want the signature all the same.
    let reply = signed_vote(ask(&mut link, vote(CHAIN, precommit(vec![]))).await);
    assert!(reply.extension_signature.is_empty());
    assert_eq!(service.asked.lock().unwrap().pop().unwrap().extension, Some(vec![]));
    stage.finish().await;
}
