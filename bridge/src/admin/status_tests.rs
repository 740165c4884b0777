use std::sync::atomic::Ordering;
use std::time::Duration;

use highwater_core::hrs::Step;

use super::*;
use crate::admin::Counters;
use crate::node::Outcome;
use crate::node::Service as _;
use crate::signer::rig::{CHAIN, NODE, OTHER_NODE, Rig, is_signed, node, vote};

/// The first line of `status`.
async fn verdict_of(signer: &Signer) -> String {
    report(signer).await.verdict
}

/// A signature that was just given out does not count as fresh any more.
async fn later() {
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(5)).await;
    tokio::time::resume();
}

async fn refused(node: &crate::signer::NodeSigner, block: u8) {
    let outcome = node.sign(vote(5, Step::Prevote, block)).await;
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
}

#[tokio::test]
async fn a_chain_whose_every_request_is_refused_does_not_sign_and_one_lone_refusal_says_nothing() {
    let signer = Rig::new().signer(&[NODE], Counters::new()).await;
    let node = node(&signer, NODE);
    assert!(is_signed(&node.sign(vote(5, Step::Prevote, 1)).await));
    refused(&node, 2).await;
    later().await;
    assert_eq!(verdict_of(&signer).await, "SIGNING: 1 chain");
    refused(&node, 3).await;
    refused(&node, 4).await;
    let text = verdict_of(&signer).await;
    assert!(
        text.starts_with("NOT SIGNING: alpha-1: no signature since 3 requests, last refusal: "),
        "{text}"
    );
    assert!(text.contains("another statement was released") && text.contains("no second node"), "{text}");
    assert!(is_signed(&node.sign(vote(6, Step::Prevote, 1)).await));
    assert_eq!(verdict_of(&signer).await, "SIGNING: 1 chain");
}

#[tokio::test]
async fn a_standby_whose_requests_are_refused_turns_nothing_while_the_chain_is_signed() {
    let signer = Rig::new().signer(&[NODE, OTHER_NODE], Counters::new()).await;
    let (owner, standby) = (node(&signer, NODE), node(&signer, OTHER_NODE));
    for height in 5..9 {
        assert!(is_signed(&owner.sign(vote(height, Step::Prevote, 1)).await));
        let outcome = standby.sign(vote(height, Step::Prevote, 2)).await;
        assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
        later().await;
        assert_eq!(verdict_of(&signer).await, "SIGNING: 1 chain");
    }
    // The node that has the height lives and asks for nothing: nothing is signed.
    for block in 3..5 {
        let _ = standby.sign(vote(8, Step::Precommit, block)).await;
    }
    let text = verdict_of(&signer).await;
    assert!(text.contains("no signature since 3 requests") && text.contains("chain release"), "{text}");
}

#[tokio::test]
async fn a_cause_that_a_later_look_disproves_is_none_any_more() {
    let rig = Rig::new();
    let signer = rig.signer(&[NODE], Counters::new()).await;
    let node = node(&signer, NODE);
    rig.absent.store(true, Ordering::SeqCst);
    assert_eq!(node.sign(vote(5, Step::Prevote, 1)).await, Outcome::Silent);
    assert!(verdict_of(&signer).await.starts_with("NOT SIGNING: "));
    rig.absent.store(false, Ordering::SeqCst);
    while signer.device().seen().session.is_none() {
        signer.device().look().await;
    }
    assert_eq!(verdict_of(&signer).await, "SIGNING: 1 chain", "nothing was asked since");
}

#[tokio::test]
async fn a_device_that_is_there_and_fails_each_request_is_told_until_one_is_signed() {
    let rig = Rig::new();
    let signer = rig.signer(&[NODE], Counters::new()).await;
    let node = node(&signer, NODE);
    *rig.word.lock().unwrap() = Some(0xb011);
    assert_eq!(node.sign(vote(5, Step::Prevote, 1)).await, Outcome::Silent);
    signer.device().look().await;
    let text = verdict_of(&signer).await;
    assert!(text.contains("5/0/prevote has no signature: the device said b011"), "{text}");
    for _ in 0..2 {
        let _ = node.sign(vote(5, Step::Prevote, 1)).await;
    }
    signer.device().look().await;
    let text = verdict_of(&signer).await;
    assert!(
        text.contains("no signature since 3 requests, last cause: 5/0/prevote: the device said"),
        "{text}"
    );
    *rig.word.lock().unwrap() = None;
    assert!(is_signed(&node.sign(vote(5, Step::Prevote, 1)).await));
    assert_eq!(verdict_of(&signer).await, "SIGNING: 1 chain");
}

#[tokio::test]
async fn a_chain_beyond_its_stop_height_does_not_sign_in_words_of_its_own() {
    let rig = Rig::new();
    let signer = rig.signer_until(&[NODE], Counters::new(), Some(5)).await;
    let node = node(&signer, NODE);
    assert!(is_signed(&node.sign(vote(5, Step::Prevote, 1)).await));
    assert_eq!(verdict_of(&signer).await, "SIGNING: 1 chain");
    let outcome = node.sign(vote(6, Step::Prevote, 1)).await;
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    let text = verdict_of(&signer).await;
    assert!(text.contains("alpha-1 is above its stop_height 5"), "{text}");
    assert!(text.contains("change or remove it in the config"), "{text}");
}

#[tokio::test]
async fn what_the_owner_or_the_operator_changed_since_is_no_cause_any_more() {
    let rig = Rig::new();
    let signer = rig.signer(&[NODE, OTHER_NODE], Counters::new()).await;
    let (owner, standby) = (node(&signer, NODE), node(&signer, OTHER_NODE));
    assert!(is_signed(&owner.sign(vote(5, Step::Prevote, 1)).await));
    later().await;
    for block in 2..5 {
        let _ = standby.sign(vote(5, Step::Precommit, block)).await;
    }
    assert!(verdict_of(&signer).await.contains("chain release"));
    signer.say(CHAIN, crate::signer::Word::ReleaseOwner).await.unwrap();
    assert_eq!(verdict_of(&signer).await, "SIGNING: 1 chain");
    for block in 2..5 {
        refused(&owner, block).await;
    }
    assert!(verdict_of(&signer).await.contains("another statement"));
    rig.owner_sets(highwater_core::hrs::Hrs::new(1_000, 0, Step::None).unwrap());
    signer.device().look().await;
    assert_eq!(verdict_of(&signer).await, "SIGNING: 1 chain");
}
