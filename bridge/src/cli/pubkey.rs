//! `pubkey`: the pinned key, plain or as a genesis file wants it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::failure::Failure;
use crate::operator::pinned;

pub(super) fn show(config: &Config, id: &str, as_json: bool) -> Result<(), Failure> {
    let pin = pinned(config, id)?;
    if as_json {
        say!("{:#}", genesis(&pin.key));
    } else {
        say!("{}", hex::encode(pin.key));
    }
    Ok(())
}

/// A validator of a genesis file (CometBFT `types/genesis.go`); its address is the first 20 bytes of the
/// key's SHA-256 (`crypto/ed25519`).
fn genesis(key: &[u8; 32]) -> Value {
    json!({
        "address": hex::encode_upper(&Sha256::digest(key)[..20]),
        "pub_key": { "type": "tendermint/PubKeyEd25519", "value": STANDARD.encode(key) },
        "power": "10",
        "name": "",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_genesis_form_is_the_nodes_own() {
        let value = genesis(&[0; 32]);
        // printf '\0%.0s' {1..32} | sha256sum | head -c 40
        assert_eq!(value["address"], "66687AADF862BD776C8FC18B8E9F8E2008971485");
        assert_eq!(value["pub_key"]["value"], "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        assert_eq!(value["power"], "10");
    }
}
