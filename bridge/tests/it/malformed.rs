//! Every rule that a vote or proposal can break, one at a time, and what is tolerated on purpose.

use highwater::privval::proto::{
    BlockId, Envelope, PartSetHeader, Proposal, SignProposalRequest, SignVoteRequest, Sum, Timestamp, Vote,
};
use highwater::privval::{Request, SignRequest, Why};

const CHAIN: &str = "shape-1";

fn block() -> Option<BlockId> {
    let part_set_header = Some(PartSetHeader { total: 1, hash: vec![2; 32] });
    Some(BlockId { hash: vec![1; 32], part_set_header })
}

fn at() -> Option<Timestamp> {
    Some(Timestamp { seconds: 1_700_000_000, nanos: 0 })
}

/// A precommit for a block.
fn vote() -> Vote {
    Vote { r#type: 2, height: 7, round: 3, block_id: block(), timestamp: at(), ..Default::default() }
}

fn proposal() -> Proposal {
    Proposal {
        r#type: 32,
        height: 7,
        round: 3,
        pol_round: -1,
        block_id: block(),
        timestamp: at(),
        ..Default::default()
    }
}

fn read_vote(vote: Vote, chain: &str, skip_extension_signing: bool) -> Result<SignRequest, Why> {
    let request = SignVoteRequest { vote: Some(vote), chain_id: chain.into(), skip_extension_signing };
    read(Sum::SignVoteRequest(request))
}

fn read_proposal(proposal: Proposal) -> Result<SignRequest, Why> {
    let request = SignProposalRequest { proposal: Some(proposal), chain_id: CHAIN.into() };
    read(Sum::SignProposalRequest(request))
}

fn read(sum: Sum) -> Result<SignRequest, Why> {
    match Request::read(Envelope { sum: Some(sum) }) {
        Some(Request::Sign(request, _)) => Ok(request),
        Some(Request::Malformed(malformed)) => {
            let words = malformed.to_string();
            let place = format!("{}/{}", malformed.height, malformed.round);
            assert!(words.contains(&place) && words.contains("check"), "place and cure are named: {words}");
            Err(malformed.why)
        }
        other => panic!("not a request to sign: {other:?}"),
    }
}

#[test]
fn each_broken_rule_of_a_vote_has_its_own_words() {
    let header = |total, hash| Some(PartSetHeader { total, hash });
    let named = |hash, part_set_header| Some(BlockId { hash, part_set_header });
    let moment = |seconds, nanos| Some(Timestamp { seconds, nanos });
    let broken: [(Vote, Why); 20] = [
        (Vote { r#type: 0, ..vote() }, Why::VoteType(0)),
        (Vote { r#type: 5, ..vote() }, Why::VoteType(5)),
        (Vote { r#type: 32, ..vote() }, Why::VoteType(32)),
        (Vote { r#type: -1, ..vote() }, Why::VoteType(-1)),
        (Vote { height: 0, ..vote() }, Why::Height),
        (Vote { height: i64::MIN, ..vote() }, Why::Height),
        (Vote { round: -1, ..vote() }, Why::Round),
        (Vote { block_id: named(vec![1; 5], header(1, vec![2; 32])), ..vote() }, Why::BlockId),
        (Vote { block_id: named(vec![1; 33], header(1, vec![2; 32])), ..vote() }, Why::BlockId),
        (Vote { block_id: named(vec![1; 32], header(1, vec![2; 31])), ..vote() }, Why::BlockId),
        (Vote { block_id: named(vec![1; 32], header(0, vec![2; 32])), ..vote() }, Why::BlockId),
        (Vote { block_id: named(vec![1; 32], None), ..vote() }, Why::BlockId),
        (Vote { block_id: named(vec![], header(1, vec![2; 32])), ..vote() }, Why::BlockId),
        (Vote { block_id: named(vec![], header(1, vec![])), ..vote() }, Why::BlockId),
        (Vote { timestamp: None, ..vote() }, Why::Timestamp),
        (Vote { timestamp: moment(0, -1), ..vote() }, Why::Timestamp),
        (Vote { timestamp: moment(0, 1_000_000_000), ..vote() }, Why::Timestamp),
        (Vote { timestamp: moment(i64::MAX, 0), ..vote() }, Why::Timestamp),
        (Vote { r#type: 1, extension: vec![1], ..vote() }, Why::Extension),
        (Vote { block_id: None, extension: vec![1], ..vote() }, Why::Extension),
    ];
    for (vote, why) in broken {
        assert_eq!(read_vote(vote.clone(), CHAIN, false), Err(why), "{vote:?}");
    }
    let long = |length| Vote { extension: vec![5; length], ..vote() };
    assert_eq!(read_vote(long((1 << 20) + 1), CHAIN, false), Err(Why::LongExtension((1 << 20) + 1)));
    assert!(read_vote(long(1 << 20), CHAIN, false).is_ok());
    let raw = Vote { non_rp_extension: vec![1], ..vote() };
    assert_eq!(read_vote(raw, CHAIN, false), Err(Why::RawExtension));
    for chain in ["", "with space", "\u{e4}", &"x".repeat(51)] {
        assert_eq!(read_vote(vote(), chain, false), Err(Why::ChainId), "{chain}");
    }
    assert_eq!(read(Sum::SignVoteRequest(SignVoteRequest::default())), Err(Why::Missing));
}

#[test]
fn each_broken_rule_of_a_proposal_has_its_own_words() {
    let broken = [
        (Proposal { height: -1, ..proposal() }, Why::Height),
        (Proposal { round: i32::MIN, ..proposal() }, Why::Round),
        (Proposal { pol_round: -2, ..proposal() }, Why::PolRound(-2)),
        (Proposal { pol_round: 3, ..proposal() }, Why::PolRound(3)),
        (Proposal { block_id: None, ..proposal() }, Why::NilProposal),
        (Proposal { block_id: Some(BlockId::default()), ..proposal() }, Why::NilProposal),
        (Proposal { timestamp: None, ..proposal() }, Why::Timestamp),
    ];
    for (proposal, why) in broken {
        assert_eq!(read_proposal(proposal.clone()), Err(why), "{proposal:?}");
    }
    assert_eq!(read(Sum::SignProposalRequest(SignProposalRequest::default())), Err(Why::Missing));
}

#[test]
fn a_proposal_is_one_whatever_its_type_field_says() {
    let expected = read_proposal(proposal()).unwrap();
    assert_eq!(read_proposal(Proposal { r#type: 1, ..proposal() }), Ok(expected));
    assert!(read_proposal(Proposal { pol_round: 0, ..proposal() }).is_ok());
}

#[test]
fn nil_is_nil_in_both_forms_a_node_may_write() {
    let empty = BlockId { hash: vec![], part_set_header: Some(PartSetHeader::default()) };
    let forms = [None, Some(BlockId::default()), Some(empty)];
    let bytes =
        forms.map(|block_id| read_vote(Vote { block_id, ..vote() }, CHAIN, false).unwrap().sign_bytes);
    assert!(bytes[0] == bytes[1] && bytes[1] == bytes[2]);
}

#[test]
fn an_extension_is_to_be_signed_on_a_precommit_for_a_block_unless_the_node_needs_none() {
    let extension = |vote, skip| read_vote(vote, CHAIN, skip).unwrap().extension;
    let extended = || Vote { extension: vec![5], ..vote() };
    assert_eq!(extension(vote(), false), Some(vec![]));
    assert_eq!(extension(extended(), false), Some(vec![5]));
    assert_eq!(extension(extended(), true), None);
    assert_eq!(extension(Vote { r#type: 1, ..vote() }, false), None);
    assert_eq!(extension(Vote { block_id: None, ..vote() }, false), None);
}
