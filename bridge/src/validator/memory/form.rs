//! The text of the file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use highwater_core::canonical::Message;
use highwater_core::hrs::Hrs;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Memory, Released};
use crate::place::Place;
use crate::validator::ownership::Ownership;

/// Of our part. Another one is refused, so a reader that does not know it changes nothing.
const FORMAT: u32 = 1;

/// The node's part: names and forms are those of CometBFT's `FilePVLastSignState`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    height: String,
    round: u32,
    step: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signbytes: Option<String>,
    highwater: Ours,
    /// The first 16 bytes of SHA-256 over our part: a changed digit must not pass for a place.
    check: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ours {
    format: u32,
    chain: String,
    key: String,
    asked: Place,
    #[serde(skip_serializing_if = "Option::is_none")]
    released: Option<Given>,
    ownership: Ownership,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallen: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    installation: String,
    incarnation: u16,
    bytes: String,
    signature: String,
}

pub(super) fn write(memory: &Memory) -> Vec<u8> {
    let asked = memory.asked;
    // A signature stands there only if it is of the very place: a node with a place and no signature refuses
    // it, and that is what is wanted of a place that was asked for and maybe signed.
    let last = memory.released.as_ref().filter(|last| place(&last.bytes) == Some(asked));
    let ours = Ours {
        format: FORMAT,
        chain: memory.chain.clone(),
        key: hex::encode(memory.key),
        asked: Place(asked),
        released: memory.released.as_ref().map(|given| Given {
            installation: hex::encode(given.installation),
            incarnation: given.incarnation,
            bytes: hex::encode(&given.bytes),
            signature: hex::encode(given.signature),
        }),
        ownership: memory.maybe.as_ref().unwrap_or(&memory.ownership).clone(),
        fallen: memory.fallen.clone(),
    };
    let whole = Whole {
        height: asked.height.value().to_string(),
        round: asked.round.value(),
        step: asked.step as u8,
        signature: last.map(|last| STANDARD.encode(last.signature)),
        signbytes: last.map(|last| hex::encode_upper(&last.bytes)),
        check: check(&ours),
        highwater: ours,
    };
    let mut text = json(&whole);
    text.push(b'\n');
    text
}

/// Reads the text back; an error says in words what is wrong with it.
pub(super) fn read(text: &[u8]) -> Result<Memory, String> {
    let whole: Whole = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let ours = &whole.highwater;
    if ours.format != FORMAT {
        return Err(format!("it has format {}, this bridge knows {FORMAT}", ours.format));
    }
    let Place(asked) = ours.asked;
    let outer = (whole.height.as_str(), whole.round, whole.step);
    if whole.check != check(ours)
        || outer != (asked.height.value().to_string().as_str(), asked.round.value(), asked.step as u8)
    {
        return Err("its check does not fit its content".to_owned());
    }
    let released = match &ours.released {
        None => None,
        Some(given) => Some(Released {
            installation: array(&given.installation)?,
            incarnation: given.incarnation,
            bytes: hex::decode(&given.bytes).map_err(|error| error.to_string())?,
            signature: array(&given.signature)?,
        }),
    };
    if released.as_ref().is_some_and(|given| place(&given.bytes).is_none_or(|place| place > asked)) {
        return Err("its last signature is beyond the place asked for".to_owned());
    }
    Ok(Memory {
        chain: ours.chain.clone(),
        key: array(&ours.key)?,
        asked,
        released,
        ownership: ours.ownership.clone(),
        maybe: None,
        fallen: ours.fallen.clone(),
    })
}

fn array<const N: usize>(text: &str) -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn place(bytes: &[u8]) -> Option<Hrs> {
    Some(Message::parse(bytes).ok()?.hrs)
}

fn check(ours: &Ours) -> String {
    hex::encode(&Sha256::digest(json(ours))[..16])
}

fn json(value: &impl Serialize) -> Vec<u8> {
    // Strings and numbers: there is nothing in it that JSON cannot say.
    serde_json::to_vec(value).expect("strings and numbers are JSON")
}
