//! Alerts about what nodes ask for, and what their chain has of it.

use std::time::Duration;

use highwater::privval::proto::{SignVoteRequest, Sum};

use super::Watch;
use crate::desk::{Daemon, Desk, prevote};
use crate::emulator::Fault;
use crate::harness::{refusal, signed_vote};
use crate::moving::{FIRST, Node};
use crate::on_chain;

const TROUBLE: usize = 8;

async fn watched(desk: &Desk) -> Option<(Watch, Daemon)> {
    let mut watch = Watch::new(desk)?;
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    watch.sees_well().await;
    Some((watch, daemon))
}

fn precommit(height: i64) -> Sum {
    let Sum::SignVoteRequest(SignVoteRequest { vote: Some(mut vote), chain_id, .. }) = prevote(height, 1)
    else {
        panic!("a vote");
    };
    vote.r#type = 2;
    Sum::SignVoteRequest(SignVoteRequest { vote: Some(vote), chain_id, skip_extension_signing: true })
}

#[tokio::test(flavor = "multi_thread")]
async fn another_vote_is_asked_for_again_and_again() {
    let desk = Desk::pinned("on-call");
    let Some((mut watch, mut daemon)) = watched(&desk).await else { return };
    for block in [2, 3] {
        refusal(daemon.insists(&prevote(5, block)).await);
    }
    watch.sees(TROUBLE).await;
    // Whoever asked is found and stopped: only the right node asks from then on.
    signed_vote(daemon.insists(&prevote(6, 1)).await);
    watch.sees_cured().await;
    watch.raised("HighwaterSecondSigner");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_behind_the_mark() {
    let desk = Desk::pinned("on-call");
    let Some((mut watch, mut daemon)) = watched(&desk).await else { return };
    for height in [2, 3, 4] {
        refusal(daemon.insists(&prevote(height, 1)).await);
    }
    watch.sees(TROUBLE).await;
    // It caught up.
    signed_vote(daemon.insists(&prevote(6, 1)).await);
    watch.sees_cured().await;
    watch.raised("HighwaterRefused");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_get_no_answer() {
    let desk = Desk::pinned("on-call");
    let Some((mut watch, mut daemon)) = watched(&desk).await else { return };
    desk.emulator.fault(Fault::Locked);
    for _ in 0..6 {
        daemon.asks_and_leaves(prevote(6, 1)).await;
    }
    watch.sees(TROUBLE).await;
    desk.emulator.fault(Fault::None);
    signed_vote(daemon.insists(&prevote(6, 1)).await);
    watch.sees_cured().await;
    watch.raised("HighwaterSilences");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_takes_seconds() {
    let desk = Desk::pinned("on-call");
    let Some((mut watch, mut daemon)) = watched(&desk).await else { return };
    desk.emulator.fault(Fault::Slow(Duration::from_millis(2_600)));
    for height in [6, 7, 8] {
        signed_vote(daemon.insists(&prevote(height, 1)).await);
        watch.sees(5).await;
    }
    desk.emulator.fault(Fault::None);
    signed_vote(daemon.insists(&prevote(9, 1)).await);
    watch.sees_cured().await;
    watch.raised("HighwaterSlow");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_asks() {
    let desk = Desk::pinned("on-call");
    let Some((mut watch, mut daemon)) = watched(&desk).await else { return };
    watch.sees(TROUBLE).await;
    signed_vote(daemon.insists(&prevote(6, 1)).await);
    watch.sees_cured().await;
    watch.raised("HighwaterNoSignature");
}

#[tokio::test(flavor = "multi_thread")]
async fn heights_without_a_precommit_of_ours() {
    let desk = Desk::pinned("on-call");
    let Some((mut watch, mut daemon)) = watched(&desk).await else { return };
    signed_vote(daemon.insists(&precommit(5)).await);
    watch.until_well().await;
    watch.sees(1).await;
    signed_vote(daemon.insists(&precommit(9)).await);
    watch.until("highwater_heights_missed_total{chain=\"alpha-1\"} 3").await;
    watch.sees(TROUBLE).await;
    signed_vote(daemon.insists(&precommit(10)).await);
    watch.sees_cured().await;
    watch.raised("HighwaterBlocksMissed");
}

/// Above all that the chain commits while a test lasts: whoever signed there, it was approved here.
const FAR: u64 = 100_000;

/// A chain whose node tells what it has, as `flag`: 2 our signature, 1 none, 0 no validator of ours, 9 nothing.
async fn told(flag: u64) -> Option<(Desk, Node, Watch, Daemon)> {
    told_from(flag, FAR).await
}

/// The same, of a chain whose mark begins so far above its height.
async fn told_from(flag: u64, above: u64) -> Option<(Desk, Node, Watch, Daemon)> {
    super::promtool()?;
    let (desk, address) = on_chain::desk_above(above);
    let node = Node::knowing(&address, crate::desk::CHAIN, flag);
    on_chain::asks(&desk, &node.rpc());
    let watch = Watch::new(&desk)?;
    let daemon = desk.daemon().await;
    Some((desk, node, watch, daemon))
}

/// The fate of the last blocks, once so many have it.
async fn blocks(watch: &Watch, fate: &str, enough: impl Fn(f64) -> bool) {
    watch.until_value(&format!("highwater_last_blocks{{chain=\"alpha-1\",ours=\"{fate}\"}}"), enough).await;
}

/// The chain has our signatures, then what `trouble` does, then again, until it has forgotten.
async fn of_fate(flag: u64, fate: &str, alert: &str) -> Option<Watch> {
    let (_desk, node, mut watch, _daemon) = told(2).await?;
    blocks(&watch, "present", |count| count > 4.0).await;
    watch.sees(5).await;
    node.signs(flag);
    blocks(&watch, fate, |count| count > 6.0).await;
    watch.sees(TROUBLE).await;
    node.signs(2);
    blocks(&watch, fate, |count| count < 4.0).await;
    watch.sees_cured().await;
    assert!(alert.starts_with("Highwater"));
    Some(watch)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_is_jailed() {
    let Some(watch) = of_fate(0, "not_in_set", "HighwaterNotInSet").await else { return };
    watch.raised("HighwaterNotInSet");
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_that_no_node_asked_for() {
    let Some(watch) = of_fate(1, "unasked", "HighwaterBlocksUnasked").await else { return };
    watch.raised("HighwaterBlocksUnasked");
}

#[tokio::test(flavor = "multi_thread")]
async fn votes_that_come_too_late() {
    let Some((_desk, node, mut watch, mut daemon)) = told_from(2, 80).await else { return };
    blocks(&watch, "present", |count| count > 4.0).await;
    watch.sees(5).await;
    // Signed here before the block is committed, and its commit does not have it.
    node.signs(1);
    let first = FIRST as i64 + 80;
    for height in first..first + 8 {
        signed_vote(daemon.insists(&prevote(height, 1)).await);
        signed_vote(daemon.insists(&precommit(height)).await);
    }
    // What the chain commits later was approved here.
    signed_vote(daemon.insists(&prevote((FIRST + FAR) as i64, 1)).await);
    blocks(&watch, "late", |count| count > 5.0).await;
    watch.sees(TROUBLE).await;
    node.signs(2);
    blocks(&watch, "late", |count| count < 4.0).await;
    watch.sees_cured().await;
    watch.raised("HighwaterBlocksLate");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_signer_signs_for_the_chain() {
    // Its mark is where the chain is.
    let Some((desk, node, mut watch, mut daemon)) = told_from(1, 0).await else { return };
    let elsewhere = "highwater_blocks_signed_elsewhere{chain=\"alpha-1\"}";
    signed_vote(daemon.insists(&prevote(FIRST as i64 + 2, 1)).await);
    blocks(&watch, "unasked", |count| count > 0.0).await;
    watch.sees(5).await;
    node.signs(2);
    watch.until_value(elsewhere, |count| count > 2.0).await;
    watch.sees(TROUBLE).await;
    let status = desk.says(&["status"]);
    assert!(
        status.contains("DOUBLE-SIGN RISK on alpha-1") && status.contains("SIGNED ELSEWHERE"),
        "{status}"
    );
    assert!(status.contains("SIGNING: 1 chain; WARNING: DOUBLE-SIGN RISK"), "nothing is stopped: {status}");
    let doctor = desk.says(&["doctor"]);
    assert!(doctor.contains("ERROR") && doctor.contains("chain.signed_elsewhere"), "{doctor}");
    assert!(daemon.log().contains("block.signed_elsewhere"), "{}", daemon.log());
    // It signs here all the same.
    signed_vote(daemon.insists(&prevote(node.tip() as i64 + 1, 1)).await);
    watch.until_value(elsewhere, |count| count > 2.0).await;
    // The other one is stopped, and the owner approves a mark above all that it signed.
    node.signs(1);
    let mark = format!("{}/0/precommit", node.tip() + 20);
    desk.must(&["mark", "set", crate::desk::CHAIN, "--last-signed", &mark]);
    watch.until_value(elsewhere, |count| count == 0.0).await;
    watch.sees_cured().await;
    watch.raised("HighwaterBlocksSignedElsewhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_at_rpc_that_is_behind() {
    let Some((_desk, node, mut watch, _daemon)) = told(2).await else { return };
    watch.until("highwater_rpc_up{chain=\"alpha-1\"} 1").await;
    watch.sees(5).await;
    node.signs(9);
    watch.until("highwater_rpc_up{chain=\"alpha-1\"} 0").await;
    watch.sees(TROUBLE).await;
    node.signs(2);
    watch.until("highwater_rpc_up{chain=\"alpha-1\"} 1").await;
    watch.sees_cured().await;
    watch.raised("HighwaterRpcDown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_slow_for_its_chain() {
    let Some((desk, _node, mut watch, mut daemon)) = told(2).await else { return };
    let ratio = "highwater_signing_ratio{chain=\"alpha-1\"}";
    let mut height = (FIRST + FAR) as i64;
    let mut block = async |daemon: &mut Daemon| {
        height += 1;
        signed_vote(daemon.insists(&prevote(height, 1)).await);
        signed_vote(daemon.insists(&precommit(height)).await);
    };
    block(&mut daemon).await;
    watch.until_value(ratio, |ratio| ratio < 0.5).await;
    watch.sees(5).await;
    desk.emulator.fault(Fault::Slow(Duration::from_millis(150)));
    for _ in 0..4 {
        block(&mut daemon).await;
    }
    watch.until_value(ratio, |ratio| ratio > 0.5).await;
    watch.sees(15).await;
    // Fewer chains on the device, or another one.
    desk.emulator.fault(Fault::None);
    for _ in 0..20 {
        block(&mut daemon).await;
    }
    watch.until_value(ratio, |ratio| ratio < 0.5).await;
    watch.sees_cured().await;
    watch.raised("HighwaterSlowForChain");
}
