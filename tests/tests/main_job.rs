//! A validator whose every block is signed by the device.

use highwater_tests::bridge::Bridge;
use highwater_tests::cometbft::Node;
use highwater_tests::device::Device as _;
use highwater_tests::harness::By;
use highwater_tests::process::wait_for;
use highwater_tests::validator::{CHAIN, PATIENCE, Validator};
use nanos_sdk::target::{DEVICES, Device as Hardware, nanos, nanosplus};

#[test]
fn every_block_of_a_real_node_is_signed_by_the_simulated_device() {
    let validator = Validator::simulated();
    sign_blocks(&validator, 8);
}

#[test]
fn every_block_of_a_real_node_is_signed_over_tcp() {
    sign_blocks(&Validator::simulated_over(By::Tcp), 8);
}

#[test]
fn every_block_of_a_real_node_is_signed_by_the_firmware() {
    signed_by_the_firmware(nanos::DEVICE);
}

#[test]
fn every_block_of_a_real_node_is_signed_by_the_firmware_of_a_nanosplus() {
    signed_by_the_firmware(nanosplus::DEVICE);
}

fn signed_by_the_firmware(hardware: Hardware) {
    let mut validator = Validator::firmware(hardware);
    let released = sign_blocks(&validator, 5);
    // One APDU a signature. The bridge stopped after its last reply, so the log is complete.
    let log = validator.emulated().emulator().unwrap().log();
    let asked = log.lines().filter(|line| line.contains("apdu: > e006")).count();
    assert_eq!(asked, released, "{log}");
    validator.emulated().note().unwrap();
}

/// Without the extension's signature the node would stop at its first precommit.
#[test]
fn a_chain_with_vote_extensions_grows_on_every_device() {
    let firmware = DEVICES.map(Validator::firmware);
    for mut validator in [Validator::simulated()].into_iter().chain(firmware) {
        validator.home.enable_extensions().unwrap();
        let released = sign_blocks(&validator, 5);
        if let Some(emulated) = validator.emulated_if_any() {
            let log = emulated.emulator().unwrap().log();
            let extended = log.lines().filter(|line| line.contains("apdu: > e007")).count();
            assert!(extended >= 5 && released >= 15, "{extended} of {released}");
            emulated.note().unwrap();
        }
    }
}

#[test]
fn the_chain_goes_on_after_the_bridge_is_killed_and_started_again() {
    goes_on_after_a_kill(&Validator::simulated(), |_, _| {});
}

#[test]
fn a_node_that_forgot_what_it_signed_is_refused_by_the_device() {
    let validator = Validator::simulated();
    let mut bridge = validator.bridge();
    let mut node = validator.node();
    node.wait_for_height(3, PATIENCE).unwrap();
    node.stop().unwrap();
    // The operator's classic mistake: the node's data is reset, and it starts again at height 1.
    validator.home.reset().unwrap();
    let mut node = validator.node();
    let refused =
        wait_for("a refusal", PATIENCE, || Ok(Some(bridge.refusals()).filter(|refused| *refused > 0)));
    assert!(refused.is_ok(), "{}", bridge.output());
    assert_eq!(node.height().unwrap(), None, "no block without a signature");
    assert!(bridge.signatures().iter().filter(|s| s.height == 1 && s.step == "proposal").count() <= 1);
    node.stop().unwrap();
    bridge.stop().unwrap();
}

/// Runs the chain until so many blocks stand, each signed in its first round; gives how many signatures were released.
pub(super) fn sign_blocks(validator: &Validator, blocks: u64) -> usize {
    let mut bridge = validator.bridge();
    let mut node = validator.node();
    for height in 1..=blocks {
        node.wait_for_height(height, PATIENCE).unwrap();
    }
    all_signed(&node, blocks);
    let shown = validator.setup.run(&["mark", "show", CHAIN]).unwrap();
    assert!(String::from_utf8_lossy(&shown.stdout).contains(CHAIN), "asked of the running daemon");
    node.stop().unwrap();
    // The log is complete when the bridge has ended: its lines are written by a thread of their own.
    assert_eq!(bridge.stop().unwrap(), Some(0), "{}", bridge.output());
    assert_eq!(bridge.refusals(), 0, "{}", bridge.output());
    let signatures = bridge.signatures();
    for height in 1..=blocks {
        let steps: Vec<&str> =
            signatures.iter().filter(|s| s.height == height).map(|s| s.step.as_str()).collect();
        assert_eq!(steps, ["proposal", "prevote", "precommit"], "height {height}");
    }
    signatures.len()
}

/// Kills the bridge of a chain that runs, starts the next one, and looks after three more blocks.
pub(super) fn goes_on_after_a_kill(validator: &Validator, look: impl Fn(&Node, &Bridge)) {
    let mut bridge = validator.bridge();
    let mut node = validator.node();
    node.wait_for_height(3, PATIENCE).unwrap();
    // Killed, not stopped: whatever it was doing is lost, but not the mark.
    bridge.kill();
    let mut bridge = validator.bridge();
    let height = node.height().unwrap().unwrap();
    node.wait_for_height(height + 3, PATIENCE).unwrap();
    assert_eq!(bridge.refusals(), 0, "{}", bridge.output());
    look(&node, &bridge);
    node.stop().unwrap();
    bridge.stop().unwrap();
}

pub(super) fn all_signed(node: &Node, blocks: u64) {
    for height in 1..=blocks {
        let block = node.block(height).unwrap();
        assert!(block.signed && block.round == 0, "{block:?}");
    }
}
