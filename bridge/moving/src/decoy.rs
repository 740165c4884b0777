//! The key of no validator that stays where a node's key file was.
//!
//! A node that finds no key file makes a key, and with it a state at height 0 in place of the one that was retired
//! (`LoadOrGenFilePV` in privval/file.go of CometBFT). Whoever put the validator's key back then would sign twice.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

use crate::key::{PRIVATE, PUBLIC, PublicKey};

/// A field that no key file has. A node reads over it (libs/json of CometBFT takes the fields that it knows).
pub(crate) const MARKER: &str = "highwater";

/// What the key file of a node is to hold when its key was moved away.
#[derive(PartialEq, Eq)]
pub struct Decoy(Zeroizing<Vec<u8>>);

impl Decoy {
    /// With the key of this seed, which must be random: a validator could be made of the key, and anybody would have it.
    pub fn new(seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        let public = key.verifying_key().to_bytes();
        let address = hex::encode_upper(PublicKey::new(public).address());
        let private = Zeroizing::new(STANDARD.encode(Zeroizing::new(key.to_keypair_bytes())));
        let public = STANDARD.encode(public);
        let parts = [
            "{\n  \"address\": \"",
            &address,
            "\",\n  \"pub_key\": {\n    \"type\": \"",
            PUBLIC,
            "\",\n    \"value\": \"",
            &public,
            "\"\n  },\n  \"priv_key\": {\n    \"type\": \"",
            PRIVATE,
            "\",\n    \"value\": \"",
            &private,
            "\"\n  },\n  \"",
            MARKER,
            "\": \"a key of no validator: the one that was here was moved\"\n}\n",
        ];
        Self(Zeroizing::new(parts.concat().into_bytes()))
    }

    /// The bytes to write.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Decoy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decoy({} bytes)", self.0.len())
    }
}
