//! Whether the chain has our signatures, as an operator sees it: by way of a node that is played.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use highwater::privval::proto::{SignVoteRequest, Sum};
use highwater_moving::PublicKey;
use serde_json::Value;

use crate::desk::{CHAIN, Daemon, Desk, prevote};
use crate::harness::signed_vote;
use crate::moving::{FIRST, Node};

/// Longer than anything here takes, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(60);

/// A chain approved at the height of the node, and the address of its validator.
pub(crate) fn desk() -> (Desk, String) {
    desk_above(0)
}

/// The same, approved so far above it.
pub(crate) fn desk_above(above: u64) -> (Desk, String) {
    let desk = Desk::new("on chain");
    let next = (FIRST + above).to_string();
    desk.must(&["chain", "add", CHAIN, "--key-index", "0", "--next-height", &next]);
    let told = json(&desk, &["chain", "list", "--json"]);
    let key = hex::decode(told["chains"][0]["key"].as_str().unwrap()).unwrap();
    let address = hex::encode_upper(PublicKey::new(key.try_into().unwrap()).address());
    (desk, address)
}

fn json(desk: &Desk, args: &[&str]) -> Value {
    let done = desk.command(args).output().unwrap();
    serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:?}"))
}

/// The node at this address is asked from now on.
pub(crate) fn asks(desk: &Desk, rpc: &str) {
    let text = fs::read_to_string(&desk.config).unwrap();
    let (before, _) = text.split_once("rpc = ").unwrap_or((&text, ""));
    fs::write(&desk.config, format!("{before}\nrpc = \"{rpc}\"\n")).unwrap();
}

/// What the doctor finds beside the node that does not run here.
fn found(desk: &Desk) -> Vec<(String, String)> {
    let told = json(desk, &["doctor", "--json"]);
    assert_eq!(told["sound"], true, "none of it keeps it from signing: {told}");
    let findings = told["findings"].as_array().unwrap().iter();
    let findings = findings.map(|one| (one["finding"].to_string(), one["text"].to_string()));
    findings.filter(|(word, _)| word != "\"node\"").collect()
}

#[test]
fn a_node_that_cannot_be_used_or_does_not_know_the_validator_is_found() {
    let (desk, address) = desk();
    assert_eq!(found(&desk), [], "none is asked");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    asks(&desk, &format!("http://{free}"));
    let [(word, text)] = &found(&desk)[..] else { panic!("one finding") };
    assert!(word == "\"rpc\"" && text.contains("does not answer"), "{text}");
    let node = Node::knowing(&address, "other-1", 2);
    asks(&desk, &node.rpc());
    let [(word, text)] = &found(&desk)[..] else { panic!("one finding") };
    assert!(word == "\"rpc\"" && text.contains("other-1"), "{text}");
    let node = Node::knowing(&address, CHAIN, 0);
    asks(&desk, &node.rpc());
    let [(word, text)] = &found(&desk)[..] else { panic!("one finding") };
    assert!(word == "\"rpc.not_in_set\"" && text.contains(&address) && text.contains("unjail"), "{text}");
    for flag in [1, 2, 3] {
        node.signs(flag);
        assert_eq!(found(&desk), [], "{flag}");
    }
}

/// Until the chain's `on_chain` of `status` is as wanted.
async fn until(desk: &Desk, daemon: &mut Daemon, wanted: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let told = json(desk, &["status", "--json"]);
        if wanted(&told["chains"][0]["on_chain"]) {
            return told;
        }
        assert!(began.elapsed() < PATIENCE, "{told:#}\n{}", daemon.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_tells_which_blocks_lack_its_signature_and_signs_whatever_its_node_says() {
    let (desk, address) = desk();
    let node = Node::knowing(&address, CHAIN, 1);
    asks(&desk, &node.rpc());
    let mut daemon = desk.daemon().await;
    // Nobody asks.
    let told = until(&desk, &mut daemon, |found| number(&found["unasked"]) >= 5).await;
    let verdict = told["verdict"].as_str().unwrap();
    assert!(
        told["healthy"] == true && verdict.contains("WARNING") && verdict.contains("no node asked"),
        "{verdict}"
    );
    assert!(daemon.log().contains("block.missed"), "{}", daemon.log());
    assert!(daemon.log().contains("nobody asked here"), "{}", daemon.log());
    // A block that the chain commits later is signed now, and its commit will not have it.
    let height = told["chains"][0]["on_chain"]["height"].as_str().unwrap().parse::<i64>().unwrap() + 20;
    let Sum::SignVoteRequest(SignVoteRequest { vote: Some(mut vote), chain_id, .. }) = prevote(height, 1)
    else {
        panic!("a vote");
    };
    signed_vote(daemon.insists(&prevote(height, 1)).await);
    vote.r#type = 2;
    let precommit = SignVoteRequest { vote: Some(vote), chain_id, skip_extension_signing: true };
    signed_vote(daemon.insists(&Sum::SignVoteRequest(precommit)).await);
    let told = until(&desk, &mut daemon, |found| number(&found["late"]) == 1).await;
    let chain = &told["chains"][0];
    assert!((0.19..0.21).contains(&chain["on_chain"]["block_seconds"].as_f64().unwrap()), "{told:#}");
    assert!(chain["signing_seconds"].as_f64().unwrap() > 0.0, "{told:#}");
    assert!(chain["on_chain"]["signing_ratio"].as_f64().unwrap() > 0.0, "{told:#}");
    assert!(chain["device_seconds"]["precommit"].as_f64().unwrap() > 0.0, "{told:#}");
    assert_eq!(chain["device_seconds"]["proposal"], Value::Null);
    let text = desk.says(&["status"]);
    assert!(text.contains("late: 1; nobody asked") && text.contains("for both votes"), "{text}");
    // And then the chain has them, below the place that was signed last.
    signed_vote(daemon.insists(&prevote(height + 10_000, 1)).await);
    node.signs(2);
    until(&desk, &mut daemon, |found| number(&found["present"]) >= 3).await;
}
