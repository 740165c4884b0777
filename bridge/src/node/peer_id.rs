//! How libp2p names the owner of an Ed25519 key.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::VerifyingKey;

/// The identity multihash (code 0, 36 bytes) of the protobuf `PublicKey { Type: Ed25519 (1), Data: 32 bytes }`
/// (libp2p `specs/peer-ids`).
const PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];

/// A peer's name, which for Ed25519 is its whole public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PeerId([u8; 32]);

/// Not the id of an Ed25519 peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the id of an Ed25519 peer, as 12D3KooW…")]
pub struct PeerIdError(pub String);

impl PeerId {
    pub(super) fn of(key: &VerifyingKey) -> Self {
        Self(key.to_bytes())
    }

    /// The protobuf `PublicKey` that the id is of.
    pub(super) fn public_key(&self) -> Vec<u8> {
        [&PREFIX[2..], &self.0].concat()
    }

    /// The other way; only this one encoding is taken.
    pub(super) fn of_public_key(encoded: &[u8]) -> Option<Self> {
        let key = encoded.strip_prefix(&PREFIX[2..])?;
        key.try_into().ok().map(Self)
    }

    pub(super) fn key(&self) -> Option<VerifyingKey> {
        VerifyingKey::from_bytes(&self.0).ok()
    }
}

impl FromStr for PeerId {
    type Err = PeerIdError;

    fn from_str(text: &str) -> Result<Self, PeerIdError> {
        let bytes = bs58::decode(text).into_vec().unwrap_or_default();
        let key = bytes.strip_prefix(&PREFIX).and_then(|key| key.try_into().ok());
        key.map(Self).ok_or_else(|| PeerIdError(text.to_owned()))
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&PREFIX[..], &self.0].concat();
        f.write_str(&bs58::encode(bytes).into_string())
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The Ed25519 vector of libp2p `specs/peer-ids`.
    const KEY: &str = "080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e";

    #[test]
    fn the_vector_of_the_specification_is_read_and_written() {
        let key = hex::decode(KEY).unwrap();
        let peer = PeerId::of_public_key(&key).unwrap();
        assert_eq!(peer.public_key(), key);
        assert_eq!(peer.to_string().parse(), Ok(peer));
        assert_eq!(peer.to_string(), "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq");
    }

    #[test]
    fn other_texts_and_other_kinds_of_key_are_refused() {
        // An RSA peer, nothing, a digit that base58 lacks, and one character too few.
        for text in
            ["QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N", "", "12D3KooW0", "12D3KooWBtg3aaRMjxwedh"]
        {
            assert_eq!(text.parse::<PeerId>(), Err(PeerIdError(text.to_owned())));
        }
        assert_eq!(PeerId::of_public_key(&[8, 2, 18, 0]), None);
    }
}
