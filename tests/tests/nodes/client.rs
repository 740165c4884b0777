//! What CometBFT's own tests ask of a signer (`privval/*_test.go`), asked of the bridge over every kind of link and in
//! the forms of every version. There a signature is not looked at; here each is verified.

use std::thread::sleep;
use std::time::Duration;

use highwater_tests::harness::{Answer, Ask, Ballot, Kind, Timing, Version};

use super::rig::{By, Rig, prevote, refusal};

/// The deadlines of those tests, with room for a busy machine.
fn quick() -> Timing {
    Timing { deadline: Duration::from_millis(1_500), ping: Duration::from_millis(500), ..Timing::default() }
}

/// TestSignerGetPubKey, TestSignerPing, TestSignerProposal, TestSignerVote, TestSignerSignBytes.
#[test]
fn key_ping_proposal_and_votes_in_every_version_over_every_link() {
    for by in By::ALL {
        let rig = Rig::new();
        for (height, version) in (1..).zip(Version::ALL) {
            let (node, mut bridge) = rig.linked(version, by, Timing::default());
            assert_eq!(node.once(&Ask::Ping).unwrap(), Answer::Pong);
            let proposal = Ballot { round: 2, pol_round: 1, ..Ballot::new(Kind::Proposal, height, 7) };
            node.sign(&proposal, &rig.key).unwrap();
            node.sign(&Ballot { round: 2, block: None, ..prevote(height) }, &rig.key).unwrap();
            let precommit = Ballot { round: 2, ..Ballot::new(Kind::Precommit, height, 7) };
            node.sign(&precommit, &rig.key).unwrap();
            let words = refusal(&node, &Ask::Raw(vec![1, 2, 3]));
            assert!(words.contains("raw signing is refused"), "{words}");
            assert_eq!(node.links(), 1, "{version:?} {by:?}");
            assert_eq!(bridge.stop().unwrap(), Some(0), "{}", bridge.output());
        }
    }
}

/// TestSignerVoteResetDeadline, TestSignerVoteKeepAlive.
#[test]
fn a_link_outlives_its_deadlines_while_something_comes_through_it() {
    for by in By::ALL {
        let rig = Rig::new();
        let (node, _bridge) = rig.linked(Version::V038, by, quick());
        node.sign(&prevote(1), &rig.key).unwrap();
        for height in 2..4 {
            sleep(Duration::from_millis(1_000));
            node.sign(&prevote(height), &rig.key).unwrap();
        }
        sleep(Duration::from_millis(4_500));
        node.sign(&prevote(4), &rig.key).unwrap();
        assert_eq!(node.links(), 1, "{by:?}");
    }
}

/// TestSignerSignProposalErrors, TestSignerSignVoteErrors; and TestSignVote, TestSignProposal, TestDifferByTimestamp
/// of the file signer.
#[test]
fn a_refusal_is_an_error_reply_every_time_and_what_was_signed_comes_again() {
    for by in By::ALL {
        let rig = Rig::new();
        let (node, _bridge) = rig.linked(Version::V038, by, Timing::default());
        let vote = Ballot { round: 1, ..prevote(10) };
        let (signature, time) = node.sign(&vote, &rig.key).unwrap();
        assert_eq!(node.sign(&vote, &rig.key).unwrap(), (signature.clone(), time), "the same again");
        let later = Ballot { time: (time.0, time.1 + 1_000_000), ..vote.clone() };
        assert_eq!(node.sign(&later, &rig.key).unwrap(), (signature, time), "the time that was signed");
        let refused = [
            Ballot { round: 0, ..vote.clone() },
            Ballot { height: 9, ..vote.clone() },
            Ballot { height: 8, round: 5, ..vote.clone() },
            Ballot { block: Some([8; 32]), ..vote.clone() },
            Ballot { block: None, ..vote.clone() },
            Ballot { kind: Kind::Proposal, ..vote.clone() },
            Ballot { height: 0, ..vote.clone() },
        ];
        for ballot in refused {
            for _ in 0..2 {
                let words = refusal(&node, &Ask::Sign(ballot.clone()));
                assert!(words.contains(&format!("{}/{}", ballot.height, ballot.round)), "{words}");
            }
        }
        node.sign(&Ballot { round: 2, ..vote }, &rig.key).unwrap();
        assert_eq!(node.links(), 1, "{by:?}: no refusal costs the link");
    }
}
