//! The strict parser against prost: it takes exactly what prost reads, writes again to the same bytes, and the rules allow.

use highwater_core::canonical::{ChainId, Extension, MAX_MESSAGE, Message, SECONDS};
use highwater_core::hrs::Step;
use prost::Message as _;
use tendermint_proto::google::protobuf::Timestamp;
use tendermint_proto::v0_38::types::{
    CanonicalBlockId, CanonicalProposal, CanonicalVote, CanonicalVoteExtension,
};

/// Both parsers agree on `data`, as a message and as an extension.
pub fn run(data: &[u8]) {
    let ours = Message::parse(data).ok();
    assert_eq!(ours.is_some(), allowed(data), "{data:02x?}");
    if let Some(message) = ours {
        let mut again = [0; MAX_MESSAGE];
        let len = message.encode(&mut again);
        assert_eq!(&again[..len], data);
        agrees(&message, data);
    }
    let ours = Extension::parse(data).ok();
    assert_eq!(ours.is_some(), extension_allowed(data), "{data:02x?}");
}

/// Field by field, what was read is what prost reads.
fn agrees(message: &Message<'_>, data: &[u8]) {
    let hrs = message.hrs;
    let (kind, height, round, chain) = if hrs.step == Step::Proposal {
        let theirs = CanonicalProposal::decode_length_delimited(data).expect("prost reads it");
        assert_eq!(message.pol_round.map_or(-1, |round| i64::from(round.value())), theirs.pol_round);
        (theirs.r#type, theirs.height, theirs.round, theirs.chain_id)
    } else {
        let theirs = CanonicalVote::decode_length_delimited(data).expect("prost reads it");
        assert_eq!(message.block.is_some(), theirs.block_id.is_some());
        (theirs.r#type, theirs.height, theirs.round, theirs.chain_id)
    };
    let step = [(1, Step::Prevote), (2, Step::Precommit), (32, Step::Proposal)];
    assert!(step.contains(&(kind, hrs.step)));
    assert_eq!((hrs.height.value() as i64, i64::from(hrs.round.value())), (height, round));
    assert_eq!(message.chain.as_str(), chain);
}

fn allowed(data: &[u8]) -> bool {
    let Ok(vote) = CanonicalVote::decode_length_delimited(data) else {
        return proposal_allowed(data);
    };
    let sound = [1, 2].contains(&vote.r#type)
        && place(vote.height, vote.round, &vote.chain_id)
        && vote.block_id.as_ref().is_none_or(block)
        && vote.timestamp.as_ref().is_some_and(time);
    sound && vote.encode_length_delimited_to_vec() == data || proposal_allowed(data)
}

fn proposal_allowed(data: &[u8]) -> bool {
    let Ok(proposal) = CanonicalProposal::decode_length_delimited(data) else {
        return false;
    };
    proposal.r#type == 32
        && place(proposal.height, proposal.round, &proposal.chain_id)
        && (-1..proposal.round).contains(&proposal.pol_round)
        && proposal.block_id.as_ref().is_some_and(block)
        && proposal.timestamp.as_ref().is_some_and(time)
        && proposal.encode_length_delimited_to_vec() == data
}

fn extension_allowed(data: &[u8]) -> bool {
    CanonicalVoteExtension::decode_length_delimited(data).is_ok_and(|extension| {
        place(extension.height, extension.round, &extension.chain_id)
            && extension.encode_length_delimited_to_vec() == data
    })
}

fn place(height: i64, round: i64, chain: &str) -> bool {
    height > 0 && (0..1 << 31).contains(&round) && ChainId::new(chain.as_bytes()).is_some()
}

fn block(block: &CanonicalBlockId) -> bool {
    let parts = |header: &tendermint_proto::v0_38::types::CanonicalPartSetHeader| {
        header.total > 0 && header.hash.len() == 32
    };
    block.hash.len() == 32 && block.part_set_header.as_ref().is_some_and(parts)
}

fn time(time: &Timestamp) -> bool {
    SECONDS.contains(&time.seconds) && (0..1_000_000_000).contains(&time.nanos)
}
