//! Links that come and go.

use std::thread::sleep;
use std::time::Duration;

use highwater_tests::harness::{Address, Answer, Ask, Node, Timing, Version};
use highwater_tests::process::wait_for;

use super::proxy::Proxy;
use super::rig::{By, CHAIN, PATIENCE, Rig, prevote};

/// The id in the specification of libp2p.
const STRANGER: &str = "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq";

/// TestRetryConnToRemoteSigner, and a node that loses its signer between two votes.
#[test]
fn after_a_cut_or_the_death_of_the_bridge_the_node_is_served_within_its_retries() {
    for by in By::ALL {
        let rig = Rig::new();
        let (node, mut bridge) = rig.linked(Version::V038, by, Timing::default());
        node.sign(&prevote(1), &rig.key).unwrap();
        node.cut();
        node.sign(&prevote(2), &rig.key).unwrap();
        bridge.kill();
        let mut bridge = rig.bridge(&[node.address().unwrap()]);
        // What was asked before the death, and what comes next.
        node.sign(&prevote(2), &rig.key).unwrap();
        node.sign(&prevote(3), &rig.key).unwrap();
        assert_eq!(node.links(), 3, "{by:?}");
        assert_eq!(bridge.stop().unwrap(), Some(0), "{}", bridge.output());
    }
}

#[test]
fn a_node_that_starts_after_the_bridge_or_again_gets_its_key_at_the_first_try() {
    for by in By::ALL {
        let rig = Rig::new();
        let place = rig.place(by);
        let node = rig.node(Version::V038, &place, Timing::default());
        let mut bridge = rig.bridge(&[node.address().unwrap()]);
        wait_for("the bridge", PATIENCE, || Ok(node.wait_for_key().ok())).unwrap();
        drop(node);
        for _ in 0..3 {
            // Longer than the longest wait between two dials.
            sleep(Duration::from_millis(1_500));
            let again = rig.node(Version::V038, &place, Timing::default());
            assert_eq!(again.once(&Ask::PublicKey).unwrap(), Answer::PublicKey(rig.key), "{by:?}");
        }
        assert_eq!(bridge.stop().unwrap(), Some(0), "{}", bridge.output());
    }
}

#[test]
fn noise_is_pinned_at_both_ends() {
    let rig = Rig::new();
    let place = rig.place(By::Noise);
    let first = rig.node(Version::V038, &place, Timing::default());
    let address = first.address().unwrap();
    drop(first);
    // Another node at the same address: it is told nothing.
    let other = Node::start(Version::V038, &place, CHAIN, Timing::default(), [6; 32]).unwrap();
    let mut bridge = rig.bridge(std::slice::from_ref(&address));
    wait_for("the warning", PATIENCE, || {
        let _ = other.once(&Ask::PublicKey);
        Ok(bridge.output().contains("not the node of the config").then_some(()))
    })
    .unwrap();
    assert_eq!(other.links(), 0);
    drop(other);
    // The right node, which expects another signer.
    let Address::Noise(port, _) = place else { panic!("not noise: {place:?}") };
    let stranger = Address::Noise(port, STRANGER.to_owned());
    let strict = rig.node(Version::V038, &stranger, Timing::default());
    wait_for("the other warning", PATIENCE, || {
        let _ = strict.once(&Ask::PublicKey);
        Ok(bridge.output().contains("highwater node-id").then_some(()))
    })
    .unwrap();
    assert_eq!(strict.links(), 0);
    drop(strict);
    let right = rig.node(Version::V038, &place, Timing::default());
    assert_eq!(right.once(&Ask::PublicKey).unwrap(), Answer::PublicKey(rig.key));
    assert_eq!(bridge.stop().unwrap(), Some(0), "{}", bridge.output());
}

#[test]
fn through_a_network_that_chops_and_then_falls_silent_the_chain_goes_on() {
    for by in [By::Tcp, By::Noise] {
        let rig = Rig::new();
        let node = rig.node(Version::V038, &rig.place(by), Timing::default());
        let address = node.address().unwrap();
        let (before, host) = address.rsplit_once(['/', '@']).unwrap();
        let proxy = Proxy::to(host.parse().unwrap());
        let through = format!("{before}{}{}", &address[before.len()..=before.len()], proxy.address);
        let mut bridge = rig.bridge(&[through]);
        wait_for("the key", PATIENCE, || Ok(node.wait_for_key().ok())).unwrap();
        for height in 1..5 {
            node.sign(&prevote(height), &rig.key).unwrap();
        }
        assert_eq!(node.links(), 1, "{by:?}");
        // The link is half-open now. The node finds out after 5 s, the bridge after 12.
        proxy.partition(true);
        let _ = node.once(&Ask::PublicKey);
        proxy.partition(false);
        node.sign(&prevote(5), &rig.key).unwrap();
        assert!(bridge.output().contains("nothing came for 12 s"), "{by:?}:\n{}", bridge.output());
        assert_eq!(bridge.stop().unwrap(), Some(0), "{}", bridge.output());
    }
}

#[test]
fn sigterm_ends_with_the_last_place_in_the_log_and_code_0() {
    let rig = Rig::new();
    let (node, mut bridge) = rig.linked(Version::V038, By::Unix, Timing::default());
    node.sign(&prevote(7), &rig.key).unwrap();
    assert_eq!(bridge.stop().unwrap(), Some(0));
    let output = bridge.output();
    let last = output.lines().last().unwrap_or_default();
    assert!(last.contains("stopped") && last.contains("7/0/prevote"), "{output}");
}
