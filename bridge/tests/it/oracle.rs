//! The same messages by `tendermint-proto`, which others wrote from the same definitions.

use bytes::BytesMut;
use highwater::privval::proto::Envelope;
use highwater::privval::{Codec, Echo, MAX_REPLY, Request, Why, public_key_reply};
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
        Request::Sign(request, _) => {
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

fn precommit() -> Vote {
    Vote {
        r#type: 2,
        height: 5,
        round: 3,
        block_id: Some(block_id(&[1; 32], 9, &[2; 32])),
        timestamp: Some(TheirTimestamp { seconds: 1_700_000_009, nanos: 7 }),
        validator_address: vec![6; 20],
        validator_index: 4,
        ..Default::default()
    }
}

fn proposal() -> Proposal {
    Proposal {
        r#type: 32,
        height: 5,
        round: 3,
        pol_round: 2,
        block_id: Some(block_id(&[1; 32], 9, &[2; 32])),
        timestamp: Some(TheirTimestamp { seconds: 1_700_000_009, nanos: 7 }),
        signature: vec![],
    }
}

fn echo(sum: Sum) -> Echo {
    match read(sum) {
        Request::Sign(_, echo) => echo,
        other => panic!("not signed: {other:?}"),
    }
}

fn echo_of_vote(vote: Vote) -> Echo {
    echo(Sum::SignVoteRequest(SignVoteRequest { vote: Some(vote), chain_id: CHAIN.into() }))
}

fn theirs(reply: Envelope) -> Sum {
    let mut wire = BytesMut::new();
    Codec.encode(reply, &mut wire).unwrap();
    Theirs::decode_length_delimited(&wire[..]).unwrap().sum.expect("a member")
}

#[test]
fn a_key_of_ours_is_what_they_expect() {
    use tendermint_proto::v0_38::crypto::public_key::Sum::Ed25519;
    let Sum::PubKeyResponse(reply) = theirs(public_key_reply(&[7; 32])) else { panic!("not a key") };
    assert!(reply.error.is_none());
    assert_eq!(reply.pub_key.unwrap().sum, Some(Ed25519(vec![7; 32])));
}

/// A node may compare all of it with what it asked for, and drop the link if anything differs.
#[test]
fn a_request_comes_back_whole_with_our_signature_and_time_and_without_its_extension() {
    let at = Timestamp { seconds: 1_700_000_000, nanos: 5 };
    let signed = (Some(TheirTimestamp { seconds: 1_700_000_000, nanos: 5 }), vec![9; 64]);
    let nil = Vote { block_id: Some(nil_block()), ..precommit() };
    let bare = Vote { block_id: None, r#type: 1, ..precommit() };
    // What a node left in the fields of a signature is none of ours.
    let left = Vote { signature: vec![1; 64], extension_signature: vec![1; 64], ..precommit() };
    let extended = Vote { extension: vec![3; 1 << 20], ..precommit() };
    for (asked, extension) in
        [(precommit(), None), (nil, None), (bare, None), (left, None), (extended, Some(&[8; 64]))]
    {
        let reply = theirs(echo_of_vote(asked.clone()).signed(&[9; 64], at, extension));
        let Sum::SignedVoteResponse(reply) = reply else { panic!("not a vote: {reply:?}") };
        let extension_signature = extension.map_or_else(Vec::new, |signature| signature.to_vec());
        let (timestamp, signature) = signed.clone();
        let expected = Vote { timestamp, signature, extension: vec![], extension_signature, ..asked };
        assert_eq!((reply.vote, reply.error), (Some(expected), None));
    }
    // The type of a proposal is what the node wrote, though it is not what is signed.
    for asked in [proposal(), Proposal { r#type: 1, signature: vec![1; 64], ..proposal() }] {
        let request = SignProposalRequest { proposal: Some(asked.clone()), chain_id: CHAIN.into() };
        let reply = theirs(echo(Sum::SignProposalRequest(request)).signed(&[9; 64], at, None));
        let Sum::SignedProposalResponse(reply) = reply else { panic!("not a proposal: {reply:?}") };
        let (timestamp, signature) = signed.clone();
        let expected = Proposal { timestamp, signature, ..asked };
        assert_eq!((reply.proposal, reply.error), (Some(expected), None));
    }
}

/// One byte more would spoil the link of a node before 0.40.
#[test]
fn a_request_whose_reply_a_node_would_not_take_is_refused_before_it_is_signed() {
    // Whatever is signed: a long time, and the extension's signature.
    let at = Timestamp { seconds: i64::MIN, nanos: 999_999_999 };
    let of = |length| Vote { validator_address: vec![6; length], ..precommit() };
    let refusal = |length| {
        let request = SignVoteRequest { vote: Some(of(length)), chain_id: CHAIN.into() };
        match read(Sum::SignVoteRequest(request)) {
            Request::Sign(..) => None,
            Request::Malformed(malformed) => Some(malformed.why),
            other => panic!("not a request to sign: {other:?}"),
        }
    };
    let length = |length| echo_of_vote(of(length)).signed(&[9; 64], at, Some(&[8; 64])).encoded_len();
    let longest = (9_000..11_000).take_while(|length| refusal(*length).is_none()).last().unwrap();
    assert_eq!(length(longest), MAX_REPLY);
    assert_eq!(refusal(longest + 1), Some(Why::LongReply(MAX_REPLY + 1)));
    assert!(matches!(refusal(1 << 20), Some(Why::LongReply(length)) if length > 1 << 20));
}
