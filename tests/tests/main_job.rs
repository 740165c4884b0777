//! A validator whose every block is signed by the device.

use crate::stage::{CHAIN, PATIENCE, Stage};

#[test]
fn every_block_of_a_real_node_is_signed_by_the_device() {
    let stage = Stage::simulated();
    let mut bridge = stage.bridge();
    let mut node = stage.node();
    node.wait_for_height(8, PATIENCE).unwrap();
    for height in 1..=8 {
        let block = node.block(height).unwrap();
        assert!(block.signed && block.round == 0, "{block:?}");
    }
    let signatures = bridge.signatures();
    for height in 1..=8 {
        let steps: Vec<&str> =
            signatures.iter().filter(|s| s.height == height).map(|s| s.step.as_str()).collect();
        assert_eq!(steps, ["proposal", "prevote", "precommit"], "height {height}");
    }
    assert_eq!(bridge.refusals(), 0);
    let shown = stage.setup.run(&["mark", "show", CHAIN]).unwrap();
    assert!(String::from_utf8_lossy(&shown.stdout).contains(CHAIN), "asked of the running daemon");
    node.stop().unwrap();
    assert_eq!(bridge.stop().unwrap(), Some(0), "{}", bridge.output());
}

#[test]
fn the_chain_goes_on_after_the_bridge_is_killed_and_started_again() {
    let stage = Stage::simulated();
    let mut bridge = stage.bridge();
    let mut node = stage.node();
    node.wait_for_height(3, PATIENCE).unwrap();
    // Killed, not stopped: whatever it was doing is lost, but not the mark.
    bridge.kill();
    let mut bridge = stage.bridge();
    let height = node.height().unwrap().unwrap();
    node.wait_for_height(height + 3, PATIENCE).unwrap();
    assert_eq!(bridge.refusals(), 0, "{}", bridge.output());
    node.stop().unwrap();
    bridge.stop().unwrap();
}

#[test]
fn a_node_that_forgot_what_it_signed_is_refused_by_the_device() {
    let stage = Stage::simulated();
    let mut bridge = stage.bridge();
    let mut node = stage.node();
    node.wait_for_height(3, PATIENCE).unwrap();
    node.stop().unwrap();
    // The operator's classic mistake: the node's data is reset, and it starts again at height 1.
    stage.home.reset().unwrap();
    let mut node = stage.node();
    let refused = highwater_tests::process::wait_for("a refusal", PATIENCE, || {
        Ok(Some(bridge.refusals()).filter(|refused| *refused > 0))
    });
    assert!(refused.is_ok(), "{}", bridge.output());
    assert_eq!(node.height().unwrap(), None, "no block without a signature");
    assert!(bridge.signatures().iter().filter(|s| s.height == 1 && s.step == "proposal").count() <= 1);
    node.stop().unwrap();
    bridge.stop().unwrap();
}
