//! Against an encoder of others (prost, with the published schema): the same bytes, and nothing beyond them.

use highwater_core::canonical::{MAX_MESSAGE, Message, NotCanonical};
use highwater_core::hrs::Step;
use proptest::prelude::*;
use prost::Message as _;
use tendermint_proto::google::protobuf::Timestamp;
use tendermint_proto::v0_38::types::{
    CanonicalBlockId, CanonicalPartSetHeader, CanonicalProposal, CanonicalVote,
};

fn block() -> impl Strategy<Value = CanonicalBlockId> {
    (any::<[u8; 32]>(), 1..=u32::MAX, any::<[u8; 32]>()).prop_map(|(hash, total, parts)| CanonicalBlockId {
        hash: hash.to_vec(),
        part_set_header: Some(CanonicalPartSetHeader { total, hash: parts.to_vec() }),
    })
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    let seconds = prop_oneof![Just(0), 1_600_000_000..2_000_000_000i64, -(1i64 << 41)..(1i64 << 41)];
    (seconds, 0..1_000_000_000i32).prop_map(|(seconds, nanos)| Timestamp { seconds, nanos })
}

fn round() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0), 1..5i64, 0..=i64::from(i32::MAX)]
}

fn vote() -> impl Strategy<Value = CanonicalVote> {
    (1..=2i32, 1..=i64::MAX, round(), prop::option::of(block()), timestamp(), "[A-Za-z0-9._-]{1,50}")
        .prop_map(|(r#type, height, round, block_id, timestamp, chain_id)| CanonicalVote {
            r#type,
            height,
            round,
            block_id,
            timestamp: Some(timestamp),
            chain_id,
        })
}

fn proposal() -> impl Strategy<Value = CanonicalProposal> {
    (1..=i64::MAX, round(), block(), timestamp(), "[A-Za-z0-9._-]{1,50}", any::<u32>()).prop_map(
        |(height, round, block, timestamp, chain_id, pol)| CanonicalProposal {
            r#type: 32,
            height,
            round,
            // -1, or any round below.
            pol_round: i64::from(pol) % (round + 1) - 1,
            block_id: Some(block),
            timestamp: Some(timestamp),
            chain_id,
        },
    )
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vote().prop_map(|vote| vote.encode_length_delimited_to_vec()),
        proposal().prop_map(|proposal| proposal.encode_length_delimited_to_vec()),
    ]
}

/// What is accepted encodes to the very bytes.
fn canonical(bytes: &[u8]) -> bool {
    Message::parse(bytes).is_ok_and(|message| {
        let mut again = [0; MAX_MESSAGE];
        let len = message.encode(&mut again);
        assert_eq!(&again[..len], bytes);
        true
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn votes_of_another_encoder_are_accepted_field_by_field(vote in vote()) {
        let bytes = vote.encode_length_delimited_to_vec();
        let parsed = Message::parse(&bytes).unwrap();
        let hrs = parsed.hrs;
        prop_assert_eq!(hrs.height.value() as i64, vote.height);
        prop_assert_eq!(i64::from(hrs.round.value()), vote.round);
        prop_assert_eq!(hrs.step, if vote.r#type == 1 { Step::Prevote } else { Step::Precommit });
        prop_assert_eq!(parsed.chain.as_str(), &vote.chain_id);
        let at = vote.timestamp.unwrap();
        prop_assert_eq!((parsed.timestamp.seconds, parsed.timestamp.nanos as i32), (at.seconds, at.nanos));
        prop_assert_eq!(parsed.block.map(|b| (b.hash.to_vec(), b.total)),
            vote.block_id.map(|b| (b.hash, b.part_set_header.unwrap().total)));
        prop_assert!(canonical(&bytes));
    }

    #[test]
    fn proposals_of_another_encoder_are_accepted(proposal in proposal()) {
        let bytes = proposal.encode_length_delimited_to_vec();
        let parsed = Message::parse(&bytes).unwrap();
        prop_assert_eq!(parsed.hrs.step, Step::Proposal);
        prop_assert_eq!(parsed.pol_round.map_or(-1, |r| i64::from(r.value())), proposal.pol_round);
        prop_assert!(canonical(&bytes));
    }

    #[test]
    fn a_mutated_message_is_refused_or_canonical_itself(
        bytes in message(), at in any::<prop::sample::Index>(), value in any::<u8>(), how in 0..4,
    ) {
        let mut bytes = bytes;
        let at = at.index(bytes.len());
        match how {
            0 => bytes[at] = value,
            1 => bytes[at] ^= 1 << (value % 8),
            2 => bytes.insert(at, value),
            _ => { bytes.remove(at); }
        }
        canonical(&bytes);
    }

    #[test]
    fn any_bytes_are_refused_or_canonical(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        canonical(&bytes);
    }

    #[test]
    fn a_field_twice_or_out_of_order_is_refused(vote in vote()) {
        let body = vote.encode_to_vec();
        let delimited = |body: &[u8]| {
            let mut bytes = Vec::new();
            prost::encoding::encode_varint(body.len() as u64, &mut bytes);
            bytes.extend_from_slice(body);
            bytes
        };
        // The height field is nine bytes behind the type's two.
        let twice = [&body[..11], &body[2..11], &body[11..]].concat();
        prop_assert!(Message::parse(&delimited(&twice)).is_err());
        let swapped = [&body[2..11], &body[..2], &body[11..]].concat();
        prop_assert!(Message::parse(&delimited(&swapped)).is_err());
        let unknown = [&body[..], &[0x40, 1]].concat();
        prop_assert!(Message::parse(&delimited(&unknown)).is_err());
        let long_type = [&[0x08, 0x80 | body[1], 0x00], &body[2..]].concat();
        let long_type = delimited(&long_type);
        prop_assert_eq!(Message::parse(&long_type), Err(NotCanonical::Varint));
    }

    #[test]
    fn what_breaks_a_rule_is_refused_for_it(vote in vote(), proposal in proposal()) {
        let reason = |vote: CanonicalVote| Message::parse(&vote.encode_length_delimited_to_vec()).map(|_| ()).unwrap_err();
        let proposed = |p: CanonicalProposal| Message::parse(&p.encode_length_delimited_to_vec()).map(|_| ()).unwrap_err();
        prop_assert_eq!(reason(CanonicalVote { height: 0, ..vote.clone() }), NotCanonical::Height);
        prop_assert_eq!(reason(CanonicalVote { height: -vote.height, ..vote.clone() }), NotCanonical::Height);
        prop_assert_eq!(reason(CanonicalVote { round: -1, ..vote.clone() }), NotCanonical::Round);
        prop_assert_eq!(reason(CanonicalVote { round: 1 << 31, ..vote.clone() }), NotCanonical::Round);
        prop_assert_eq!(reason(CanonicalVote { r#type: 3, ..vote.clone() }), NotCanonical::Type);
        prop_assert_eq!(reason(CanonicalVote { timestamp: None, ..vote.clone() }), NotCanonical::Timestamp);
        prop_assert_eq!(reason(CanonicalVote { chain_id: String::new(), ..vote.clone() }), NotCanonical::ChainId);
        prop_assert_eq!(reason(CanonicalVote { chain_id: "a b".into(), ..vote.clone() }), NotCanonical::ChainId);
        prop_assert_eq!(reason(CanonicalVote { chain_id: "x".repeat(51), ..vote.clone() }), NotCanonical::ChainId);
        prop_assert_eq!(proposed(CanonicalProposal { block_id: None, ..proposal.clone() }), NotCanonical::BlockId);
        prop_assert_eq!(proposed(CanonicalProposal { pol_round: -2, ..proposal.clone() }), NotCanonical::PolRound);
        let at_round = CanonicalProposal { pol_round: proposal.round, ..proposal.clone() };
        prop_assert_eq!(proposed(at_round), NotCanonical::PolRound);
        let mut half = proposal.clone();
        half.block_id.as_mut().unwrap().hash.pop();
        prop_assert_eq!(proposed(half), NotCanonical::BlockId);
        let mut empty = vote.clone();
        empty.block_id = Some(CanonicalBlockId::default());
        prop_assert_eq!(reason(empty), NotCanonical::BlockId);
    }
}
