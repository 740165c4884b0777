//! A real node whose validator's key is in a store beside the host.

use std::time::Duration;

use highwater_tests::store::{SEED, Store};
use highwater_tests::validator::{PATIENCE, Validator};

use super::main_job::{all_signed, goes_on_after_a_kill, sign_blocks};

fn yubihsm() -> Validator {
    Validator::store(Store::yubihsm(Duration::ZERO).unwrap())
}

#[test]
fn every_block_of_a_real_node_is_signed_by_a_yubihsm() {
    sign_blocks(&yubihsm(), 8);
}

#[test]
fn every_block_of_a_real_node_is_signed_by_a_pkcs11_token() {
    sign_blocks(&Validator::store(Store::softhsm().unwrap()), 8);
}

#[test]
fn a_store_goes_on_with_its_mark_after_the_bridge_was_killed() {
    for validator in [yubihsm(), Validator::store(Store::softhsm().unwrap())] {
        let key = ed25519_dalek::SigningKey::from_bytes(&SEED).verifying_key().to_bytes();
        assert_eq!(validator.setup.public_key().unwrap(), key, "the store's own");
        goes_on_after_a_kill(&validator, |node, bridge| {
            all_signed(node, 3);
            assert!(bridge.output().contains("device.mark_on_host"), "{}", bridge.output());
        });
    }
}

/// An HSM signs in 0.10 to 0.16 s; the fastest chains that need one leave half a second between blocks.
#[test]
fn a_store_that_takes_as_long_as_an_hsm_keeps_pace_with_blocks_of_half_a_second() {
    let validator = Validator::store(Store::yubihsm(Duration::from_millis(130)).unwrap());
    let mut bridge = validator.bridge();
    let mut node = validator.home.start(Duration::from_millis(500)).unwrap();
    node.wait_for_height(12, PATIENCE).unwrap();
    all_signed(&node, 11);
    node.stop().unwrap();
    bridge.stop().unwrap();
    assert_eq!(bridge.refusals(), 0, "{}", bridge.output());
}
