//! What the chain itself shows of the key, wherever a node is known.

use std::fs;
use std::net::TcpListener;

use highwater_core::hrs::Step;
use highwater_moving::Source;

use super::files::{Written, at};
use super::node::{FIRST, Node};
use super::old::{leave, migrate, put, state_name, written};
use super::refusals::nothing_changed;
use crate::desk::{CHAIN, Desk};

/// The configuration names this node.
fn configured(desk: &Desk, rpc: &str) {
    let text = fs::read_to_string(&desk.config).unwrap();
    let text = text.replacen("[[chain]]\n", &format!("[[chain]]\nrpc = {rpc:?}\n"), 1);
    fs::write(&desk.config, text).unwrap();
}

/// The old signer's files, whose state is of this height.
fn left_at(desk: &Desk, height: u64) -> Vec<String> {
    let args = leave(desk, Source::CometBft);
    let older = Written { place: at(height, 0, Step::Precommit), ..written() };
    put(desk, &state_name(Source::CometBft), &older.by(Source::CometBft));
    args
}

/// A copy of the state was restored, and the signer has gone on since: its last signatures are in blocks of some minutes ago,
/// or long ago, right above the copy.
#[test]
fn trap_a_state_older_than_what_the_chain_has_of_the_key_is_refused_before_anybody_is_asked() {
    for (height, signed) in [(FIRST - 12, FIRST - 7), (9, 11), (9, FIRST - 40)] {
        let desk = Desk::new("moving");
        let args = left_at(&desk, height);
        let node = Node::start(CHAIN, 1);
        node.signed_at(signed);
        let rpc = ["--to", "key.backup", "--rpc", &node.rpc()];
        let said = desk.says(&migrate("cometbft", &args, &rpc));
        assert!(said.contains("is older than what the key signed"), "{said}");
        assert!(said.contains(&format!("block {signed}")) && said.contains("--from nothing"), "{said}");
        assert!(said.ends_with("exit 69\n"), "{said}");
        nothing_changed(&desk, &said);
        // The same of the node that the configuration names.
        configured(&desk, &node.rpc());
        let said = desk.says(&migrate("cometbft", &args, &["--to", "key.backup"]));
        assert!(said.contains("is older than what the key signed"), "{said}");
        nothing_changed(&desk, &said);
    }
}

/// What the state covers is no other signer: it was stopped a moment ago, and its last signatures are in the newest blocks.
#[test]
fn signatures_up_to_the_mark_are_the_old_signers_own() {
    let desk = Desk::new("moving");
    let node = Node::start(CHAIN, 1);
    let signed = node.signs_once();
    let args = left_at(&desk, signed);
    configured(&desk, &node.rpc());
    let said = desk.must(&migrate("cometbft", &args, &["--to", "key.backup"]));
    assert!(said.contains(&format!("mark     {signed}/0/precommit")), "{said}");
    assert!(!said.contains("does not know this key"), "{said}");
}

/// The key file that lies beside the right one.
#[test]
fn a_key_that_the_chain_does_not_know_is_told_before_the_owner_is_asked() {
    let desk = Desk::new("moving");
    let args = left_at(&desk, FIRST);
    let node = Node::start(CHAIN, 0);
    configured(&desk, &node.rpc());
    let said = desk.must(&migrate("cometbft", &args, &["--no-backup"]));
    let (before, _) = said.split_once("Look at the device").unwrap();
    assert!(before.contains("does not know this key"), "{said}");
}

#[test]
fn a_node_that_does_not_answer_stops_a_move_that_names_it_and_is_told_of_one_that_does_not() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::CometBft);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let rpc = format!("http://{free}");
    let said = desk.says(&migrate("cometbft", &args, &["--to", "key.backup", "--rpc", &rpc]));
    assert!(said.contains("does not answer") && said.ends_with("exit 69\n"), "{said}");
    nothing_changed(&desk, &said);
    configured(&desk, &rpc);
    let said = desk.must(&migrate("cometbft", &args, &["--to", "key.backup"]));
    assert!(said.contains("was not looked at"), "{said}");
}

/// A node that was synced by a snapshot: what a signer signed that stopped long ago is in no block of it.
#[test]
fn a_node_that_keeps_no_blocks_above_the_mark_is_said_not_to_have_been_asked() {
    let desk = Desk::new("moving");
    let args = left_at(&desk, 9);
    let node = Node::start(CHAIN, 1);
    node.signed_at(11);
    node.keeps_from(FIRST - 200);
    let said = desk.says(&migrate("cometbft", &args, &["--to", "key.backup", "--rpc", &node.rpc()]));
    let gap = "The blocks 9 to 108, right above the mark, were not looked at";
    assert!(said.contains(gap) && said.ends_with("exit 69\n"), "{said}");
    nothing_changed(&desk, &said);
    // One that the configuration names was not named for this.
    configured(&desk, &node.rpc());
    let said = desk.must(&migrate("cometbft", &args, &["--to", "key.backup"]));
    assert!(said.contains(gap), "{said}");
}
