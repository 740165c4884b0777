//! The same messages by `tendermint-proto`, which others wrote from the same definitions.

use bytes::BytesMut;
use highwater::privval::{Codec, Kind, Request, public_key_reply, signed_reply};
use highwater_core::canonical::{self, Timestamp};
use proptest::prelude::{Strategy, any, proptest};
use prost::Message;
use tendermint_proto::google::protobuf::Timestamp as TheirTimestamp;
use tendermint_proto::v0_38::privval::message::Sum;
use tendermint_proto::v0_38::privval::{Message as Theirs, SignProposalRequest, SignVoteRequest};
use tendermint_proto::v0_38::types::{
    BlockId, CanonicalBlockId, CanonicalPartSetHeader, CanonicalProposal, CanonicalVote, PartSetHeader,
    Proposal, Vote,
};
use tokio_util::codec::{Decoder, Encoder};

const CHAIN: &str = "oracle-1";

/// A vote as a node sends it, with everything that the signer may meet and some that it must refuse.
fn votes() -> impl Strategy<Value = Vote> {
    let block = (any::<bool>(), any::<[u8; 32]>(), 1u32.., any::<[u8; 32]>());
    let place = (0i32..=3, -2i64..=i64::MAX, -2i32..=i32::MAX);
    (place, block, -70_000_000_000i64..70_000_000_000, -1i32..=1_000_000_000).prop_map(
        |((r#type, height, round), (nil, hash, total, parts), seconds, nanos)| Vote {
            r#type,
            height,
            round,
            block_id: Some(if nil { nil_block() } else { block_id(&hash, total, &parts) }),
            timestamp: Some(TheirTimestamp { seconds, nanos }),
            validator_address: vec![6; 20],
            validator_index: 4,
            ..Default::default()
        },
    )
}

fn nil_block() -> BlockId {
    BlockId { hash: vec![], part_set_header: Some(PartSetHeader::default()) }
}

fn block_id(hash: &[u8], total: u32, parts: &[u8]) -> BlockId {
    BlockId { hash: hash.to_vec(), part_set_header: Some(PartSetHeader { total, hash: parts.to_vec() }) }
}

fn canonical_block(block: &Option<BlockId>) -> Option<CanonicalBlockId> {
    let block = block.as_ref().filter(|block| !block.hash.is_empty())?;
    let parts = block.part_set_header.as_ref().expect("always there");
    let part_set_header = Some(CanonicalPartSetHeader { total: parts.total, hash: parts.hash.clone() });
    Some(CanonicalBlockId { hash: block.hash.clone(), part_set_header })
}

/// What the bridge makes of their bytes.
fn read(sum: Sum) -> Request {
    let mut wire = BytesMut::from(&Theirs { sum: Some(sum) }.encode_length_delimited_to_vec()[..]);
    let envelope = Codec.decode(&mut wire).unwrap().expect("a whole message");
    assert!(wire.is_empty());
    Request::read(envelope).expect("a request")
}

fn sign_bytes(request: Request) -> Option<Vec<u8>> {
    match request {
        Request::Sign(request) => {
            let message = canonical::Message::parse(&request.sign_bytes).expect("the device parses it");
            assert_eq!((message.hrs, message.chain.as_str()), (request.hrs, CHAIN));
            Some(request.sign_bytes)
        }
        _ => None,
    }
}

proptest! {
    #[test]
    fn a_vote_is_signed_over_their_canonical_bytes_or_refused(vote in votes()) {
        let canonical = CanonicalVote {
            r#type: vote.r#type,
            height: vote.height,
            round: i64::from(vote.round),
            block_id: canonical_block(&vote.block_id),
            timestamp: vote.timestamp,
            chain_id: CHAIN.into(),
        };
        let nanos = vote.timestamp.unwrap().nanos;
        let valid = matches!(vote.r#type, 1 | 2) && vote.height > 0 && vote.round >= 0 && (0..1_000_000_000).contains(&nanos);
        let request = SignVoteRequest { vote: Some(vote), chain_id: CHAIN.into() };
        let expected = valid.then(|| canonical.encode_length_delimited_to_vec());
        assert_eq!(sign_bytes(read(Sum::SignVoteRequest(request))), expected);
    }

    #[test]
    fn a_proposal_is_signed_over_their_canonical_bytes_or_refused(vote in votes(), pol_round in -3i32..6) {
        let proposal = Proposal {
            r#type: 32,
            height: vote.height,
            round: vote.round % 8,
            pol_round,
            block_id: vote.block_id,
            timestamp: vote.timestamp,
            signature: vec![],
        };
        let canonical = CanonicalProposal {
            r#type: 32,
            height: proposal.height,
            round: i64::from(proposal.round),
            pol_round: i64::from(pol_round),
            block_id: canonical_block(&proposal.block_id),
            timestamp: proposal.timestamp,
            chain_id: CHAIN.into(),
        };
        let nanos = proposal.timestamp.unwrap().nanos;
        let valid = proposal.height > 0
            && proposal.round >= 0
            && (pol_round == -1 || (0..proposal.round).contains(&pol_round))
            && canonical.block_id.is_some()
            && (0..1_000_000_000).contains(&nanos);
        let request = SignProposalRequest { proposal: Some(proposal), chain_id: CHAIN.into() };
        let expected = valid.then(|| canonical.encode_length_delimited_to_vec());
        assert_eq!(sign_bytes(read(Sum::SignProposalRequest(request))), expected);
    }

    #[test]
    fn no_bytes_upset_the_decoder_however_they_are_cut(bytes in any::<Vec<u8>>(), cuts in any::<Vec<u8>>()) {
        // Pieces as small as a length and its message, so that some of it is protobuf after all.
        let mut whole = BytesMut::from(&bytes[..]);
        let mut expected = Vec::new();
        while let Ok(Some(envelope)) = Codec.decode(&mut whole) {
            expected.push(envelope);
        }
        let (mut rest, mut buffer, mut found, mut failed) = (&bytes[..], BytesMut::new(), Vec::new(), false);
        for cut in cuts.into_iter().map(usize::from).chain([usize::MAX]) {
            let (piece, left) = rest.split_at(cut.min(rest.len()));
            rest = left;
            buffer.extend_from_slice(piece);
            while !failed {
                match Codec.decode(&mut buffer) {
                    Ok(Some(envelope)) => found.push(envelope),
                    Ok(None) => break,
                    Err(_) => failed = true,
                }
            }
        }
        assert_eq!(found, expected);
        for envelope in found {
            let _ = Request::read(envelope);
        }
    }
}

#[test]
fn our_replies_are_what_they_expect() {
    let key = [7; 32];
    let at = Timestamp { seconds: 1_700_000_000, nanos: 5 };
    let their_at = Some(TheirTimestamp { seconds: 1_700_000_000, nanos: 5 });
    let replies = [
        public_key_reply(&key),
        signed_reply(Kind::Vote, &[9; 64], at, None),
        signed_reply(Kind::Vote, &[9; 64], at, Some(&[8; 64])),
        signed_reply(Kind::Proposal, &[9; 64], at, None),
    ];
    for (index, reply) in replies.into_iter().enumerate() {
        let mut wire = BytesMut::new();
        Codec.encode(reply, &mut wire).unwrap();
        match Theirs::decode_length_delimited(&wire[..]).unwrap().sum.expect("a member") {
            Sum::PubKeyResponse(reply) => {
                use tendermint_proto::v0_38::crypto::public_key::Sum::Ed25519;
                assert!(reply.error.is_none());
                assert_eq!(reply.pub_key.unwrap().sum, Some(Ed25519(key.to_vec())));
            }
            Sum::SignedVoteResponse(reply) => {
                let extension_signature = if index == 2 { vec![8; 64] } else { vec![] };
                let signature = vec![9; 64];
                let expected =
                    Vote { timestamp: their_at, signature, extension_signature, ..Default::default() };
                assert_eq!((reply.vote, reply.error), (Some(expected), None), "nothing is echoed");
            }
            Sum::SignedProposalResponse(reply) => {
                let expected = Proposal { timestamp: their_at, signature: vec![9; 64], ..Default::default() };
                assert_eq!((reply.proposal, reply.error), (Some(expected), None));
            }
            other => panic!("not a reply of ours: {other:?}"),
        }
    }
}
