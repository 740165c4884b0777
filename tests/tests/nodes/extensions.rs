//! Vote extensions: where one is due its signature comes with the precommit's, or the precommit is refused: a reply
//! without it would stop the node for good.

use std::time::Duration;

use highwater_tests::harness::{Answer, Ask, Ballot, Kind, Node, Timing, Version};
use highwater_tests::process::wait_for;

use super::rig::{By, PATIENCE, Rig, prevote, refusal, signed};
use super::slow::Slow;

fn precommit(height: i64, extension: Vec<u8>, extensions_enabled: bool) -> Ballot {
    Ballot { extension, extensions_enabled, ..Ballot::new(Kind::Precommit, height, 7) }
}

/// Some bytes, none of them like its neighbours.
fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 / 7) as u8).collect()
}

fn extension_signature(answer: Answer) -> Vec<u8> {
    match answer {
        Answer::Vote { extension_signature, .. } => extension_signature,
        other => panic!("not a vote: {other:?}"),
    }
}

/// One height with this extension, as a node walks through it.
fn height(node: &Node, key: &[u8; 32], height: i64, extension: Vec<u8>) {
    node.sign(&Ballot::new(Kind::Proposal, height, 7), key).unwrap();
    node.sign(&Ballot::new(Kind::Prevote, height, 7), key).unwrap();
    node.sign(&precommit(height, extension, true), key).unwrap();
}

#[test]
fn nodes_of_0_38_and_1_0_get_both_signatures_over_every_kind_of_link() {
    for version in [Version::V038, Version::V1] {
        for by in By::ALL {
            let rig = Rig::new();
            let (node, bridge) = rig.linked(version, by, Timing::default());
            for (at, length) in [0, 9, 2 << 10, 20 << 10].into_iter().enumerate() {
                height(&node, &rig.key, at as i64 + 1, content(length));
            }
            assert_eq!(node.links(), 1, "{version:?} {by:?}\n{}", bridge.output());
        }
    }
}

#[test]
fn the_longest_a_node_sends_is_signed_and_the_reply_stays_short() {
    for by in [By::Unix, By::Noise] {
        let rig = Rig::new();
        let (node, bridge) = rig.linked(Version::V038, by, Timing::default());
        height(&node, &rig.key, 5, content(1 << 20));
        height(&node, &rig.key, 6, content(9));
        assert!(bridge.output().contains("\"extension\":1048576"), "{}", bridge.output());
    }
}

#[test]
fn over_tcp_a_message_above_a_mebibyte_costs_its_link_and_is_said() {
    let rig = Rig::new();
    let (node, mut bridge) = rig.linked(Version::V038, By::Tcp, Timing { tries: 2, ..Timing::default() });
    assert!(node.ask(&Ask::Sign(precommit(5, content(1 << 20), true))).is_err());
    // It went no further: the mark is where it was.
    node.sign(&prevote(5), &rig.key).unwrap();
    assert!(bridge.output().contains("the longest allowed is 1048576 over tcp://"), "{}", bridge.output());
    bridge.stop().unwrap();
}

/// A node that is less patient than an extension is long asks again, on a new link, until it is there.
#[test]
fn an_extension_that_outlasts_its_node_is_handed_out_when_the_node_asks_again() {
    let slow = Slow::start(Duration::from_millis(5));
    let rig = Rig::on(slow.device());
    let hasty = Timing { deadline: Duration::from_millis(300), tries: 200, ..Timing::default() };
    let (node, mut bridge) = rig.linked(Version::V038, By::Unix, hasty);
    wait_for("a vote", PATIENCE, || Ok(node.sign(&prevote(5), &rig.key).ok())).unwrap();
    let links = node.links();
    slow.asked();
    node.sign(&precommit(5, content(20 << 10), true), &rig.key).unwrap();
    assert!(node.links() > links, "its 165 commands take longer than the node waits");
    assert_eq!(slow.asked(), 1 + 2 * 82, "one stream served all tries:\n{}", bridge.output());
    // What follows is not held up.
    node.sign(&prevote(6), &rig.key).unwrap();
    let fits = bridge.output();
    let fits = fits.split("\"extension_fits\":").nth(1).and_then(|rest| rest.split(['}', ',']).next());
    let fits: u32 = fits.expect("it was measured").parse().unwrap();
    assert!((251..=62_750).contains(&fits), "250 chunks of 5 ms, if it is not busy: {fits}");
    bridge.stop().unwrap();
}

#[test]
fn a_device_that_lies_about_an_extension_gets_its_precommit_refused_and_nothing_out() {
    let slow = Slow::start(Duration::ZERO);
    let rig = Rig::on(slow.device());
    let (node, _bridge) = rig.linked(Version::V1, By::Unix, Timing::default());
    node.sign(&prevote(5), &rig.key).unwrap();
    for (height, length) in [(5, 9), (6, 2 << 10)] {
        slow.lies(true);
        let words = refusal(&node, &Ask::Sign(precommit(height, content(length), true)));
        assert!(words.contains("does not verify"), "{words}");
        slow.lies(false);
        node.sign(&precommit(height, content(length), true), &rig.key).unwrap();
    }
    assert_eq!(node.links(), 1);
}

#[test]
fn a_node_that_restarts_asks_with_another_content_and_gets_its_signature_too() {
    let rig = Rig::new();
    let (node, _bridge) = rig.linked(Version::V1, By::Unix, Timing::default());
    node.sign(&prevote(1), &rig.key).unwrap();
    for length in [2_000, 2_001, 0, 9, 2_000] {
        node.sign(&precommit(1, content(length), true), &rig.key).unwrap();
    }
}

/// A node of 0.38.0 to 0.38.10 wants it on every chain, and stops for good without it.
#[test]
fn where_it_is_not_told_whether_one_is_due_an_empty_one_is_signed() {
    let rig = Rig::new();
    for version in [Version::V034, Version::V038] {
        let (node, bridge) = rig.linked(version, By::Unix, Timing::default());
        let height = version as i64 + 1;
        let signature = extension_signature(signed(&node, &precommit(height, vec![], false)));
        assert_eq!(signature.len(), 64, "{version:?}");
        assert!(!bridge.output().contains("vote_extensions"), "no advice about it: {}", bridge.output());
    }
}

#[test]
fn a_precommit_whose_extension_is_longer_than_any_is_refused_and_moves_nothing() {
    let rig = Rig::new();
    let (node, bridge) = rig.linked(Version::V038, By::Unix, Timing::default());
    let words = refusal(&node, &Ask::Sign(precommit(3, content((1 << 20) + 1), true)));
    assert!(words.contains("1048577 bytes is longer than any may be"), "{words}");
    node.sign(&prevote(3), &rig.key).unwrap();
    assert_eq!(node.links(), 1, "{}", bridge.output());
}

/// TestSignerVoteExtension, TestVoteExtensionsAreNotSignedIfSignExtensionIsFalse.
#[test]
fn a_node_of_1_0_says_when_it_needs_none_and_gets_none() {
    let rig = Rig::new();
    let (node, _bridge) = rig.linked(Version::V1, By::Unix, Timing::default());
    let none = |ballot| assert!(extension_signature(signed(&node, &ballot)).is_empty(), "{ballot:?}");
    none(precommit(1, b"not to be signed".to_vec(), false));
    none(prevote(2));
    none(Ballot { block: None, ..precommit(2, vec![], true) });
    assert_eq!(extension_signature(signed(&node, &precommit(3, vec![], true))).len(), 64);
}
