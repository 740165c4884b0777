//! `pubkey`: the pinned key, plain, as a genesis file has it, or as a transaction takes it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::say;
use super::told::{GenesisKey, GenesisValidator};

use crate::config::Config;
use crate::failure::Failure;
use crate::operator::pinned;

/// How the key is printed.
pub(super) enum Form {
    /// 32 bytes in hex.
    Hex,
    /// A validator of a genesis file.
    Genesis,
    /// The argument of a transaction that creates a validator.
    Transaction,
}

pub(super) fn show(config: &Config, id: &str, form: Form) -> Result<(), Failure> {
    let key = pinned(config, id)?.key;
    match form {
        Form::Hex => say!("{}", hex::encode(key)),
        Form::Genesis => return say::json(&genesis(&key)),
        // On one line: it goes between quotes at a shell.
        Form::Transaction => say!("{}", transaction(&key)),
    }
    Ok(())
}

/// A key as the Cosmos SDK writes it in JSON (`crypto/keys/ed25519`, `proto/cosmos/crypto/ed25519/keys.proto`).
pub(super) fn transaction(key: &[u8; 32]) -> Value {
    json!({ "@type": "/cosmos.crypto.ed25519.PubKey", "key": STANDARD.encode(key) })
}

/// A validator of a genesis file (CometBFT `types/genesis.go`); its address is the first 20 bytes of the
/// key's SHA-256 (`crypto/ed25519`).
fn genesis(key: &[u8; 32]) -> GenesisValidator {
    GenesisValidator {
        address: hex::encode_upper(&Sha256::digest(key)[..20]),
        pub_key: GenesisKey { kind: "tendermint/PubKeyEd25519".to_owned(), value: STANDARD.encode(key) },
        power: "10".to_owned(),
        name: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_transaction_is_one_line_with_the_key_in_base64() {
        let line = transaction(&[0; 32]).to_string();
        let expected = r#"{"@type":"/cosmos.crypto.ed25519.PubKey","key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}"#;
        assert_eq!(line, expected);
    }

    #[test]
    fn the_genesis_form_is_the_nodes_own() {
        let value = serde_json::to_value(genesis(&[0; 32])).unwrap();
        // printf '\0%.0s' {1..32} | sha256sum | head -c 40
        assert_eq!(value["address"], "66687AADF862BD776C8FC18B8E9F8E2008971485");
        assert_eq!(value["pub_key"]["value"], "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        assert_eq!(value["power"], "10");
    }
}
