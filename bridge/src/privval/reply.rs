//! What goes back to the node, but for signatures, which go with the request's own message (`echo`).

use super::proto::{self, Envelope, Sum};
use super::request::Kind;

/// The longest reply, bytes. Nodes before 0.40 take no longer one, and one that is longer spoils its link for all that
/// follow (CometBFT `privval/signer_endpoint.go`).
pub const MAX_REPLY: usize = 10_240;

/// Longest text of a refusal, bytes.
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

pub(super) fn envelope(sum: Sum) -> Envelope {
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
