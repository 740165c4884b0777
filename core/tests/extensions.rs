//! Vote extensions against an encoder of others: the same bytes, and nothing beyond them.

use highwater_core::canonical::{
    ChainId, Extension, Frame, MAX_AROUND, MAX_CHAIN_ID, MAX_EXTENSION, Message,
};
use highwater_core::hrs::{Height, Round};
use proptest::prelude::*;
use prost::Message as _;
use tendermint_proto::v0_38::types::CanonicalVoteExtension;

fn extension() -> impl Strategy<Value = CanonicalVoteExtension> {
    // Lengths on both sides of where a length prefix grows: the content's, and the whole's.
    let content = prop_oneof![
        Just(Vec::new()),
        prop::collection::vec(any::<u8>(), 1..140),
        prop::collection::vec(any::<u8>(), 16_300..16_400),
    ];
    let round = prop_oneof![Just(0), 0..=i64::from(i32::MAX)];
    (content, 1..=i64::MAX, round, "[A-Za-z0-9._-]{1,50}").prop_map(|(extension, height, round, chain_id)| {
        CanonicalVoteExtension { extension, height, round, chain_id }
    })
}

/// What is accepted encodes to the very bytes, and is no vote.
fn canonical(bytes: &[u8]) -> bool {
    Extension::parse(bytes).is_ok_and(|extension| {
        let mut again = Vec::new();
        extension.encode_with(|part| again.extend_from_slice(part));
        assert_eq!(again, bytes);
        assert!(Message::parse(bytes).is_err());
        true
    })
}

#[test]
fn the_longest_tail_fills_its_room_and_a_head_needs_less() {
    let chain = ChainId::new(&[b'c'; MAX_CHAIN_ID]).unwrap();
    let (height, round) = (Height::new(i64::MAX as u64).unwrap(), Round::new(i32::MAX as u32).unwrap());
    let frame = Frame { length: MAX_EXTENSION, height, round, chain };
    let mut room = [0; MAX_AROUND];
    assert_eq!(frame.tail(&mut room).len(), MAX_AROUND);
    assert_eq!(frame.head(&mut room).len(), 3 + 1 + 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn extensions_of_another_encoder_are_accepted_field_by_field(extension in extension()) {
        let bytes = extension.encode_length_delimited_to_vec();
        let parsed = Extension::parse(&bytes).unwrap();
        prop_assert_eq!(parsed.content, &extension.extension);
        prop_assert_eq!(parsed.height.value() as i64, extension.height);
        prop_assert_eq!(i64::from(parsed.round.value()), extension.round);
        prop_assert_eq!(parsed.chain.as_str(), &extension.chain_id);
        prop_assert!(canonical(&bytes));
    }

    #[test]
    fn a_mutated_extension_is_refused_or_canonical_itself(
        extension in extension(), at in any::<prop::sample::Index>(), value in any::<u8>(), how in 0..4,
    ) {
        let mut bytes = extension.encode_length_delimited_to_vec();
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
    fn any_bytes_are_refused_or_canonical_as_an_extension(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        canonical(&bytes);
    }
}
