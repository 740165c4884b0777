//! Chains whose application gives each precommit an extension of another length, up to long ones: what comes back to the
//! application in the next block's proposal is what it gave, with a signature that holds.

use ed25519_dalek::{Signature, VerifyingKey};
use highwater_tests::application::Application;
use highwater_tests::cometbft::{Home, Node};
use highwater_tests::harness::{Ballot, By, Kind};
use highwater_tests::tools;
use highwater_tests::validator::{CHAIN, PATIENCE, Validator};
use nanos_sdk::target::nanos;

use super::main_job::all_signed;

/// None, that of a price or a random number, one of several commands, one that takes a device long.
pub(super) const LENGTHS: [usize; 4] = [0, 9, 2 << 10, 20 << 10];

/// The application by itself: a node that signs with a file needs nobody else.
#[test]
fn a_node_with_its_own_key_extends_its_votes() {
    let folder = tempfile::tempdir().unwrap();
    let mut home = Home::with_file_key(&tools::cometbft().unwrap(), folder.path()).unwrap();
    let application = Application::start(&LENGTHS).unwrap();
    home.run(&application).unwrap();
    let mut node = home.start(std::time::Duration::from_millis(100)).unwrap();
    let (chain, key) = home.validator().unwrap();
    extended(&mut node, &application, 12, &chain, key);
}

#[test]
fn the_simulated_device_extends_the_votes_of_a_real_node_by_up_to_20_kib() {
    for by in [By::Unix, By::Tcp] {
        signed(Validator::simulated_over(by), &LENGTHS, 12);
    }
}

#[test]
fn the_firmware_extends_the_votes_of_a_real_node_by_up_to_2_kib() {
    let mut validator = signed(Validator::firmware(nanos::DEVICE), &LENGTHS[..3], 9);
    highwater_tests::device::Device::note(validator.emulated()).unwrap();
}

/// The device may take longer than a node waits: then the node hangs up, asks again and gets what was made meanwhile.
#[test]
#[ignore = "cargo xtask test --full"]
fn the_firmware_extends_the_votes_of_a_real_node_by_20_kib() {
    signed(Validator::firmware(nanos::DEVICE), &LENGTHS[3..], 3);
}

/// Every signature of vote and extension that leaves the device stands before the auditor.
#[test]
fn the_auditor_reads_the_extensions_of_a_real_node_on_the_cable() {
    let mut validator = signed(Validator::distant("wait"), &LENGTHS, 12);
    let signatures = validator.device().audit().unwrap();
    assert!(signatures >= 4 * 12, "{signatures}");
}

/// Runs the chain until so many heights are extended, with extensions of these lengths in turn.
pub(super) fn signed(mut validator: Validator, lengths: &'static [usize], heights: u64) -> Validator {
    let application = Application::start(lengths).unwrap();
    validator.home.run(&application).unwrap();
    let (mut bridge, mut node) = (validator.bridge(), validator.node());
    let key = validator.setup.public_key().unwrap();
    extended(&mut node, &application, heights, CHAIN, key);
    all_signed(&node, heights);
    assert_eq!(bridge.refusals(), 0, "{}", bridge.output());
    node.stop().unwrap();
    assert_eq!(bridge.stop().unwrap(), Some(0), "{}", bridge.output());
    validator
}

/// Waits for that many heights; the vote of each came back with its extension and a signature that holds.
fn extended(node: &mut Node, application: &Application, heights: u64, chain: &str, key: [u8; 32]) {
    for height in 1..=heights + 1 {
        node.wait_for_height(height, PATIENCE).unwrap();
    }
    let key = VerifyingKey::from_bytes(&key).unwrap();
    let extended = application.extended();
    for height in 1..=heights as i64 {
        let found: Vec<_> = extended.iter().filter(|extended| extended.height == height).collect();
        let [found] = &found[..] else { panic!("{height}: {} extensions", found.len()) };
        assert!(found.content == application.content(height), "the content of {height}");
        let ballot = Ballot {
            round: found.round,
            extension: found.content.clone(),
            ..Ballot::new(Kind::Precommit, height, 7)
        };
        let signature = Signature::from_slice(&found.signature).unwrap();
        key.verify_strict(&ballot.extension_bytes(chain), &signature)
            .unwrap_or_else(|error| panic!("{height}: {error}"));
    }
}
