//! The official message vectors (CometBFT `privval/msgs_test.go`, `TestPrivvalVectors`).

use bytes::BytesMut;
use highwater::privval::proto::{Empty, Envelope, Sum};
use highwater::privval::{
    Codec, ErrorOf, Kind, Malformed, Request, error_reply, ping_reply, public_key_reply,
};
use prost::Message;
use tokio_util::codec::{Decoder, Encoder};

const VOTE: &str = "1a81010a7f080210031802224a0a208b01023386c371778ecb6368573e539afc3cc860ec3a2f614e54fe5652f4fc80122608c0843d122072db3d959635dff1bb567bedaa70573392c5159666a3f8caf11e413aac52207a2a0608f49a8ded0532146af1f4111082efb388211bc72c55bcd61e9ac3d538d5bb034a09657874656e73696f6e";
const PROPOSAL: &str = "2a700a6e08011003180220022a4a0a208b01023386c371778ecb6368573e539afc3cc860ec3a2f614e54fe5652f4fc80122608c0843d122072db3d959635dff1bb567bedaa70573392c5159666a3f8caf11e413aac52207a320608f49a8ded053a10697427732061207369676e6174757265";
const UNION_KEY: &str = "124f0a220a20556a436f1218d30942efe798420f51dc9b6a311b929c578257457d05c5fcf2301a20556a436f1218d30942efe798420f51dc9b6a311b929c578257457d05c5fcf230220765643235353139";
/// V4 of the sign-byte vectors: this vote, on chain "test_chain_id".
const VOTE_SIGN_BYTES: &str = "770802110300000000000000190200000000000000224a0a208b01023386c371778ecb6368573e539afc3cc860ec3a2f614e54fe5652f4fc80122608c0843d122072db3d959635dff1bb567bedaa70573392c5159666a3f8caf11e413aac52207a2a0608f49a8ded05320d746573745f636861696e5f6964";

fn decoded(text: &str) -> Envelope {
    Envelope::decode(&hex::decode(text).unwrap()[..]).unwrap()
}

fn encoded(envelope: &Envelope) -> String {
    hex::encode(envelope.encode_to_vec())
}

#[test]
fn requests_round_trip_byte_for_byte() {
    for text in ["3a00", "4200", "0a00", VOTE, PROPOSAL] {
        assert_eq!(encoded(&decoded(text)), text);
    }
}

#[test]
fn the_key_goes_out_in_the_forms_of_all_versions() {
    let key = hex::decode("556a436f1218d30942efe798420f51dc9b6a311b929c578257457d05c5fcf230").unwrap();
    assert_eq!(encoded(&public_key_reply(&key.try_into().unwrap())), UNION_KEY);
    assert_eq!(encoded(&ping_reply()), "4200");
}

#[test]
fn an_error_reply_is_one_the_node_reads() {
    let reply = error_reply(ErrorOf::Sign(Kind::Vote), "it's a error".into());
    // Field 4, then the error alone: the node tests the error first.
    assert_eq!(encoded(&reply), "2210120e120c697427732061206572726f72");
}

#[test]
fn the_official_vote_becomes_its_canonical_sign_bytes() {
    let mut envelope = decoded(VOTE);
    let Some(Sum::SignVoteRequest(request)) = &mut envelope.sum else {
        panic!("not a vote");
    };
    request.chain_id = "test_chain_id".into();
    let Some(Request::Sign(request)) = Request::read(envelope) else {
        panic!("not a request to sign");
    };
    assert_eq!(hex::encode(&request.sign_bytes), VOTE_SIGN_BYTES);
    assert_eq!(request.hrs.to_string(), "3/2/precommit");
    assert_eq!(request.extension.as_deref(), Some(&b"extension"[..]));
}

#[test]
fn the_official_proposal_is_refused_because_its_pol_round_is_its_round() {
    let mut envelope = decoded(PROPOSAL);
    let Some(Sum::SignProposalRequest(request)) = &mut envelope.sum else {
        panic!("not a proposal");
    };
    request.chain_id = "test_chain_id".into();
    let refused = Request::Malformed(Kind::Proposal, Malformed::PolRound(2));
    assert_eq!(Request::read(envelope), Some(refused));
}

#[test]
fn a_message_in_two_pieces_is_one_message() {
    let mut whole = BytesMut::new();
    Codec.encode(decoded(VOTE), &mut whole).unwrap();
    for cut in 1..whole.len() {
        let mut buffer = BytesMut::from(&whole[..cut]);
        assert!(Codec.decode(&mut buffer).unwrap().is_none());
        buffer.extend_from_slice(&whole[cut..]);
        assert_eq!(Codec.decode(&mut buffer).unwrap(), Some(decoded(VOTE)));
        assert!(buffer.is_empty());
    }
}

#[test]
fn raw_signing_of_either_kind_is_recognised() {
    // SignBytesRequest of 1.0 with a value, and Celestia's with a chain id: both field 9.
    for text in ["4a030a0101", "4a0f0a0774657374696e671204deadbeef"] {
        assert_eq!(Request::read(decoded(text)), Some(Request::RawSigning));
    }
    assert_eq!(decoded("4a00").sum, Some(Sum::SignBytesRequest(Empty {})));
}
