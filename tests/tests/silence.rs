//! A chain of one whose device is slow, or gone for a while. To an error its node never comes back, so the bridge is
//! silent instead, and the node asks again.

use std::thread::sleep;
use std::time::Duration;

use highwater_tests::bridge::Bridge;
use highwater_tests::cometbft::Node;
use highwater_tests::validator::{CHAIN, PATIENCE, Validator};

/// A node waits 5 s for an answer.
#[test]
fn a_signature_that_takes_4_s_comes_in_time() {
    assert_eq!(slow(Duration::from_secs(4), 3), 0, "the node had no reason to ask twice");
}

#[test]
fn a_signature_that_takes_6_s_goes_out_when_the_node_asks_again() {
    assert!(slow(Duration::from_secs(6), 3) >= 3, "the node asked at least twice each time");
}

#[test]
fn a_signature_that_takes_12_s_goes_out_when_the_node_asks_for_the_third_time() {
    assert!(slow(Duration::from_secs(12), 2) >= 4, "the node asked at least three times each time");
}

#[test]
fn a_chain_goes_on_after_its_device_was_gone_for_2_s() {
    gone("wait", Duration::from_secs(2));
}

#[test]
fn a_chain_goes_on_after_its_device_was_gone_for_15_s() {
    gone("wait", Duration::from_secs(15));
}

#[test]
fn before_20_s_a_chain_that_wants_errors_goes_on_as_well() {
    gone("error", Duration::from_secs(15));
}

#[test]
#[ignore = "cargo xtask test --full"]
fn a_chain_goes_on_after_its_device_was_gone_for_60_s() {
    gone("wait", Duration::from_secs(60));
}

/// Why a chain of one wants silence.
#[test]
fn after_20_s_an_error_halts_a_chain_of_one_until_its_node_starts_again() {
    let mut validator = Validator::distant("error");
    let (mut bridge, mut node) = begun(&validator);
    validator.device().unplug();
    let refused = highwater_tests::process::wait_for("an error", PATIENCE, || {
        Ok(Some(bridge.refusals()).filter(|refused| *refused > 0))
    });
    refused.unwrap_or_else(|error| panic!("{error}\n{}", bridge.output()));
    validator.device().plug().unwrap();
    let halted = node.height().unwrap().unwrap();
    sleep(Duration::from_secs(8));
    assert_eq!(node.height().unwrap(), Some(halted), "{}", bridge.output());
    node.stop().unwrap();
    let mut node = validator.node();
    node.wait_for_height(halted + 3, PATIENCE).unwrap();
    ended(&mut validator, &mut bridge, &mut node);
}

/// So many signatures are so late; gives how often the node hung up.
fn slow(by: Duration, signatures: usize) -> usize {
    let mut validator = Validator::distant("wait");
    let (mut bridge, mut node) = begun(&validator);
    let (before, links) = (node.height().unwrap().unwrap(), bridge.links());
    validator.device().delay(signatures, by);
    node.wait_for_height(before + 4, PATIENCE).unwrap();
    assert_eq!(validator.device().to_be_late(), 0, "each of them was late");
    assert_eq!(bridge.refusals(), 0, "{}", bridge.output());
    let hung_up = bridge.links() - links;
    ended(&mut validator, &mut bridge, &mut node);
    hung_up
}

/// The cable is out for so long; no block stands without a signature, and then they go on.
fn gone(policy: &str, time: Duration) {
    let mut validator = Validator::distant(policy);
    let (mut bridge, mut node) = begun(&validator);
    validator.device().unplug();
    // What was on its way arrives.
    sleep(Duration::from_millis(500));
    let before = node.height().unwrap().unwrap();
    sleep(time - Duration::from_millis(500));
    assert_eq!(node.height().unwrap(), Some(before), "no block without a signature");
    validator.device().plug().unwrap();
    node.wait_for_height(before + 3, PATIENCE).unwrap();
    assert_eq!(bridge.refusals(), 0, "{}", bridge.output());
    ended(&mut validator, &mut bridge, &mut node);
}

/// A chain whose first blocks stand.
fn begun(validator: &Validator) -> (Bridge, Node) {
    let (bridge, mut node) = (validator.bridge(), validator.node());
    node.wait_for_height(2, PATIENCE).unwrap();
    (bridge, node)
}

/// Every block is signed, and the auditor at the device objects to nothing.
fn ended(validator: &mut Validator, bridge: &mut Bridge, node: &mut Node) {
    let height = node.height().unwrap().unwrap();
    for height in 1..=height {
        let block = node.block(height).unwrap();
        assert!(block.signed, "{block:?}");
    }
    assert!(validator.device().audit().unwrap() >= 3 * height);
    assert!(validator.device().highest(CHAIN).is_some_and(|place| place.height.unsigned_abs() >= height));
    node.stop().unwrap();
    assert_eq!(bridge.stop().unwrap(), Some(0), "{}", bridge.output());
}
