//! Vote extensions, which this version does not sign: what is due and cannot be given is refused before the mark moves,
//! since a reply without it would stop the node for good.

use highwater_tests::harness::{Answer, Ask, Ballot, Kind, Timing, Version};

use super::rig::{By, Rig, prevote, refusal, signed};

fn precommit(height: i64, extension: Vec<u8>, extensions_enabled: bool) -> Ballot {
    Ballot { extension, extensions_enabled, ..Ballot::new(Kind::Precommit, height, 7) }
}

fn has_no_extension_signature(answer: Answer) {
    assert!(matches!(answer, Answer::Vote { extension_signature, .. } if extension_signature.is_empty()));
}

#[test]
fn content_is_refused_up_to_the_longest_a_node_sends_and_the_link_lives() {
    for by in [By::Unix, By::Noise] {
        let rig = Rig::new();
        let (node, _bridge) = rig.linked(Version::V038, by, Timing::default());
        for length in [1, 9, 1_024, 100_000, 1 << 20] {
            let words = refusal(&node, &Ask::Sign(precommit(5, vec![3; length], true)));
            assert!(words.contains("5/0/precommit") && words.contains("extension"), "{words}");
        }
        // None of it moved the mark.
        node.sign(&prevote(5), &rig.key).unwrap();
        assert_eq!(node.links(), 1, "{by:?}");
    }
}

#[test]
fn over_tcp_a_message_above_a_mebibyte_costs_its_link_and_is_said() {
    let rig = Rig::new();
    let (node, mut bridge) = rig.linked(Version::V038, By::Tcp, Timing { tries: 2, ..Timing::default() });
    let words = refusal(&node, &Ask::Sign(precommit(5, vec![3; 1_000_000], true)));
    assert!(words.contains("extension"), "{words}");
    assert_eq!(node.links(), 1);
    assert!(node.ask(&Ask::Sign(precommit(5, vec![3; 1 << 20], true))).is_err());
    node.sign(&prevote(5), &rig.key).unwrap();
    assert!(bridge.output().contains("the longest allowed is 1048576 over tcp://"), "{}", bridge.output());
    bridge.stop().unwrap();
}

#[test]
fn before_1_0_an_empty_extension_may_be_none_so_the_vote_is_signed() {
    let rig = Rig::new();
    let (node, _bridge) = rig.linked(Version::V038, By::Unix, Timing::default());
    has_no_extension_signature(signed(&node, &precommit(1, vec![], true)));
}

/// TestSignerVoteExtension, TestVoteExtensionsAreNotSignedIfSignExtensionIsFalse.
#[test]
fn a_node_of_1_0_says_when_it_needs_none_and_is_refused_when_it_needs_one() {
    let rig = Rig::new();
    let (node, _bridge) = rig.linked(Version::V1, By::Unix, Timing::default());
    has_no_extension_signature(signed(&node, &precommit(1, b"not to be signed".to_vec(), false)));
    has_no_extension_signature(signed(&node, &prevote(2)));
    let words = refusal(&node, &Ask::Sign(precommit(2, vec![], true)));
    assert!(words.contains("enabled vote extensions"), "{words}");
    // The mark is where it was.
    has_no_extension_signature(signed(&node, &precommit(2, vec![], false)));
}
