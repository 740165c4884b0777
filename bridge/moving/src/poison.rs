//! States that let the old signer sign nothing: every request is below their height.

use std::fmt;

use highwater_core::hrs::Height;
use zeroize::Zeroizing;

use crate::key::OneFile;
use crate::refusal::Refusal;
use crate::source::Source;
use crate::state::State;

/// What a state file is to hold. Of Tendermint 0.27 that is a key too, so it is wiped when it is dropped, and not shown.
#[derive(PartialEq, Eq)]
pub struct Poison(Zeroizing<Vec<u8>>);

impl Poison {
    /// The bytes to write.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Poison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Poison({} bytes)", self.0.len())
    }
}

/// What retires the signer whose state `original` is, in the form that this signer reads. A copy is to be kept before it
/// is written: what was signed is not in it any more. The one file of Tendermint 0.27 keeps its key.
pub fn poison(source: Source, path: &str, original: &[u8]) -> Result<Poison, Refusal> {
    let state = State::read(source, path, original)?;
    if state.place.height == Height::MAX {
        return Err(Refusal::Retired { file: path.to_owned() });
    }
    let height = Height::MAX.value();
    let text = match source {
        Source::CometBft | Source::Kms => {
            let round = if state.round_as_text { "\"0\"" } else { "0" };
            format!("{{\n  \"height\": \"{height}\",\n  \"round\": {round},\n  \"step\": 3\n}}")
        }
        Source::Tmkms => format!(
            "{{\"height\":\"{height}\",\"round\":\"0\",\"step\":2,\
             \"block_id\":{{\"hash\":\"\",\"parts\":{{\"total\":0,\"hash\":\"\"}}}}}}"
        ),
        Source::Horcrux => format!(
            "{{\n  \"height\": \"{height}\",\n  \"round\": \"0\",\n  \"step\": 3,\n  \"nonce_public\": null\n}}"
        ),
        Source::Tendermint027 => return one_file(path, original),
    };
    Ok(Poison(Zeroizing::new(text.into_bytes())))
}

/// The same key at the highest height.
fn one_file(path: &str, original: &[u8]) -> Result<Poison, Refusal> {
    // It was read as state and as key: the parts that are written again are of their form, and agree.
    let OneFile { address, pub_key, priv_key, .. } = serde_json::from_slice(original).map_err(|_| {
        let why = "its JSON is broken".to_owned();
        Refusal::Form { file: path.to_owned(), named: Source::Tendermint027, why }
    })?;
    // Room for all of it, so that no copy is left where it grew.
    let mut text = Zeroizing::new(Vec::with_capacity(original.len() + 512));
    let height = Height::MAX.value().to_string();
    let parts = [
        "{\n  \"address\": \"",
        address,
        "\",\n  \"pub_key\": {\n    \"type\": \"",
        pub_key.kind,
        "\",\n    \"value\": \"",
        pub_key.value,
        "\"\n  },\n  \"last_height\": \"",
        &height,
        "\",\n  \"last_round\": \"0\",\n  \"last_step\": 3,\n  \"priv_key\": {\n    \"type\": \"",
        priv_key.kind,
        "\",\n    \"value\": \"",
        priv_key.value,
        "\"\n  }\n}",
    ];
    for part in parts {
        text.extend_from_slice(part.as_bytes());
    }
    Ok(Poison(text))
}
