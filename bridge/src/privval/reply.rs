//! What goes back to the node: as little as it reads.

use highwater_core::canonical::Timestamp;

use super::proto::{self, Envelope, Sum};
use super::request::Kind;

/// Longest text of a refusal, bytes. A node before 0.40 takes replies up to 10,240 bytes, and one that is
/// longer spoils its link for all that follow (`privval/signer_endpoint.go`).
const MAX_WORDS: usize = 1_024;

/// The key, in the forms of all versions: each node skips the fields it does not know.
pub fn public_key_reply(key: &[u8; 32]) -> Envelope {
    envelope(Sum::PubKeyResponse(proto::PubKeyResponse {
        pub_key: Some(proto::PublicKey { ed25519: Some(key.to_vec()) }),
        error: None,
        pub_key_bytes: key.to_vec(),
        pub_key_type: "ed25519".to_owned(),
    }))
}

/// The answer to a ping.
pub fn ping_reply() -> Envelope {
    envelope(Sum::PingResponse(proto::Empty {}))
}

/// A signature over the request as of `timestamp`, and for a precommit that of its extension, if one is due. An
/// extension is never echoed: it may be longer than what the node takes back.
pub fn signed_reply(
    kind: Kind,
    signature: &[u8; 64],
    timestamp: Timestamp,
    extension: Option<&[u8; 64]>,
) -> Envelope {
    // `Timestamp` keeps its nanos below 10^9, which an int32 holds.
    let at = Some(proto::Timestamp { seconds: timestamp.seconds, nanos: timestamp.nanos as i32 });
    let signature = signature.to_vec();
    envelope(match kind {
        Kind::Vote => Sum::SignedVoteResponse(proto::SignedVoteResponse {
            vote: Some(proto::Vote {
                timestamp: at,
                signature,
                extension_signature: extension.map_or_else(Vec::new, |signature| signature.to_vec()),
                ..Default::default()
            }),
            error: None,
        }),
        Kind::Proposal => Sum::SignedProposalResponse(proto::SignedProposalResponse {
            proposal: Some(proto::Proposal { timestamp: at, signature, ..Default::default() }),
            error: None,
        }),
    })
}

/// Which kind of reply an error goes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorOf {
    /// To a request for the key.
    PublicKey,
    /// To a request to sign.
    Sign(Kind),
    /// To a request for raw signing.
    RawSigning,
}

/// A refusal. The node logs the words, cut at 1,024 bytes, and goes on without the message; it does not ask again.
pub fn error_reply(to: ErrorOf, words: &str) -> Envelope {
    // No node interprets the code; the reference signer sends 0 (`privval/signer_requestHandler.go`).
    let error = Some(proto::RemoteSignerError { code: 0, description: clipped(words).to_owned() });
    envelope(match to {
        ErrorOf::PublicKey => Sum::PubKeyResponse(proto::PubKeyResponse { error, ..Default::default() }),
        ErrorOf::Sign(Kind::Vote) => Sum::SignedVoteResponse(proto::SignedVoteResponse { vote: None, error }),
        ErrorOf::Sign(Kind::Proposal) => {
            Sum::SignedProposalResponse(proto::SignedProposalResponse { proposal: None, error })
        }
        ErrorOf::RawSigning => Sum::SignBytesResponse(proto::SignBytesResponse { error }),
    })
}

fn clipped(words: &str) -> &str {
    &words[..words.floor_char_boundary(MAX_WORDS)]
}

fn envelope(sum: Sum) -> Envelope {
    Envelope { sum: Some(sum) }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    #[test]
    fn no_refusal_is_too_long_for_a_node() {
        for words in ["x".repeat(1 << 20), "\u{20ac}".repeat(1 << 20)] {
            for to in [ErrorOf::PublicKey, ErrorOf::Sign(Kind::Vote), ErrorOf::RawSigning] {
                let length = error_reply(to, &words).encoded_len();
                assert!((MAX_WORDS..MAX_WORDS + 32).contains(&length), "{length}");
            }
        }
    }
}
