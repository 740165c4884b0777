//! The official message vectors, byte for byte.

use bytes::BytesMut;
use highwater::privval::proto::{Envelope, Sum};
use highwater::privval::{
    Codec, ErrorOf, Kind, Malformed, Request, Why, error_reply, ping_reply, public_key_reply,
};
use prost::Message;
use tokio_util::codec::{Decoder, Encoder};

const VECTORS: &str = include_str!("../vectors/messages.txt");

/// V4 of the sign-byte vectors: the vote of the vectors, on chain "test_chain_id".
const VOTE_SIGN_BYTES: &str = include_str!("../../../core/tests/vectors/accept/v4.txt");

fn vectors() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = VECTORS.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split_once(": ").expect("a name and its bytes"))
}

fn vector(wanted: &str) -> &'static str {
    vectors().find(|(name, _)| *name == wanted).expect("a vector of this name").1
}

fn decoded(text: &str) -> Envelope {
    Envelope::decode(&hex::decode(text).unwrap()[..]).unwrap()
}

fn encoded(envelope: &Envelope) -> String {
    hex::encode(envelope.encode_to_vec())
}

/// The request of a vector, for another chain than the empty one of the vectors.
fn request(name: &str, chain: &str) -> Request {
    let mut envelope = decoded(vector(name));
    match envelope.sum.as_mut().expect("a member") {
        Sum::SignVoteRequest(request) => request.chain_id = chain.into(),
        Sum::SignProposalRequest(request) => request.chain_id = chain.into(),
        other => panic!("not a request to sign: {other:?}"),
    }
    Request::read(envelope).expect("a request")
}

#[test]
fn every_message_round_trips_byte_for_byte() {
    assert_eq!(vectors().count(), 14);
    for (name, text) in vectors() {
        assert_eq!(encoded(&decoded(text)), text, "{name}");
    }
}

#[test]
fn a_framed_ping_is_the_three_bytes_that_nodes_send() {
    let mut out = BytesMut::new();
    Codec.encode(ping_reply(), &mut out).unwrap();
    assert_eq!(hex::encode(&out), format!("02{}", vector("ping response")));
}

#[test]
fn the_key_goes_out_in_the_forms_of_all_versions() {
    let key = hex::decode("556a436f1218d30942efe798420f51dc9b6a311b929c578257457d05c5fcf230").unwrap();
    assert_eq!(encoded(&public_key_reply(&key.try_into().unwrap())), vector("union key"));
}

#[test]
fn an_error_reply_is_the_error_alone() {
    // The node tests the error first, so the empty key, vote or proposal beside it may be left out.
    let cases = [
        (ErrorOf::PublicKey, "12"),
        (ErrorOf::Sign(Kind::Vote), "22"),
        (ErrorOf::Sign(Kind::Proposal), "32"),
        (ErrorOf::RawSigning, "52"),
    ];
    for (to, tag) in cases {
        assert_eq!(
            encoded(&error_reply(to, "it's a error")),
            format!("{tag}10120e120c697427732061206572726f72")
        );
    }
}

#[test]
fn replies_are_no_requests() {
    for (name, text) in vectors() {
        let is_request = name.ends_with("request");
        assert_eq!(Request::read(decoded(text)).is_some(), is_request, "{name}");
    }
}

#[test]
fn the_official_vote_becomes_its_canonical_sign_bytes() {
    let Request::Sign(request, _) = request("vote request", "test_chain_id") else {
        panic!("not a request to sign");
    };
    assert!(VOTE_SIGN_BYTES.contains(&hex::encode(&request.sign_bytes)));
    assert_eq!(request.hrs.to_string(), "3/2/precommit");
    assert_eq!(request.extension, Some(b"extension".to_vec()));
}

#[test]
fn the_official_proposal_is_refused_because_its_pol_round_is_its_round() {
    let refused = Malformed { kind: Kind::Proposal, height: 3, round: 2, why: Why::PolRound(2) };
    assert_eq!(request("proposal request", "test_chain_id"), Request::Malformed(refused));
}

#[test]
fn the_empty_chain_id_of_the_vectors_is_refused() {
    let Request::Malformed(refused) = request("vote request", "") else {
        panic!("not refused");
    };
    assert_eq!(refused.why, Why::ChainId);
}

#[test]
fn a_message_in_two_pieces_is_one_message() {
    let vote = decoded(vector("vote request"));
    let mut whole = BytesMut::new();
    Codec.encode(vote.clone(), &mut whole).unwrap();
    for cut in 1..whole.len() {
        let mut buffer = BytesMut::from(&whole[..cut]);
        assert!(Codec.decode(&mut buffer).unwrap().is_none());
        buffer.extend_from_slice(&whole[cut..]);
        assert_eq!(Codec.decode(&mut buffer).unwrap(), Some(vote.clone()));
        assert!(buffer.is_empty());
    }
}

#[test]
fn raw_signing_of_either_kind_is_recognised() {
    // SignBytesRequest of 1.0 with a value, Celestia's with a chain id, and an empty one: all field 9.
    for text in ["4a030a0101", "4a0f0a0774657374696e671204deadbeef", "4a00"] {
        assert_eq!(Request::read(decoded(text)), Some(Request::RawSigning));
    }
}
