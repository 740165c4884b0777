//! The text of the file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use highwater_guard::{Block, Intention, LastMark, Lock, Ownership, Record, Released, Stopped};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::chain_file::ChainFile;
use crate::hrs_text::HrsText;

/// Of our part. Another one is refused, so a reader that does not know it changes nothing.
const FORMAT: u32 = 2;

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
    highest_requested: HrsText,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    written_ahead: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    intention: Option<Intended>,
    #[serde(skip_serializing_if = "Option::is_none")]
    incarnation: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shown: Option<LastShown>,
    begins_above: HrsText,
    #[serde(skip_serializing_if = "Option::is_none")]
    released: Option<Given>,
    ownership: Owned,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<Fall>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Intended {
    to: HrsText,
    #[serde(skip_serializing_if = "Option::is_none")]
    below: Option<HrsText>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    raises: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    earlier: Option<HrsText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LastShown {
    installation: String,
    incarnation: u16,
    mark: HrsText,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    installation: String,
    incarnation: u16,
    bytes: String,
    signature: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Owned {
    height: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    lock: Locked,
    #[serde(skip_serializing_if = "Option::is_none")]
    below: Option<Box<Self>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Locked {
    Free,
    Unknown,
    Block { hash: String, total: u32, parts_hash: String },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fall {
    installation: String,
    how: How,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum How {
    MarkRegressed { released: HrsText, shown: HrsText },
    Conflict { released: HrsText, signed: HrsText },
}

pub(super) fn write(file: &ChainFile) -> Vec<u8> {
    let record = &file.record;
    let highest = record.highest_requested;
    // A signature stands there only if it is of the very place: a node with a place and no signature refuses
    // it, and that is what is wanted of a place that was requested and maybe signed.
    let last = record.released.as_ref().filter(|last| last.hrs() == Some(highest));
    let ours = Ours {
        format: FORMAT,
        chain: file.chain.clone(),
        key: hex::encode(file.key),
        highest_requested: HrsText(highest),
        written_ahead: record.written_ahead,
        intention: record.intention.map(|intention| Intended {
            to: HrsText(intention.to),
            below: intention.below.map(HrsText),
            raises: intention.raises,
            earlier: intention.earlier.map(HrsText),
        }),
        incarnation: record.incarnation,
        shown: record.shown.map(|shown| LastShown {
            installation: hex::encode(shown.installation),
            incarnation: shown.incarnation,
            mark: HrsText(shown.mark),
        }),
        begins_above: HrsText(record.begins_above),
        released: record.released.as_ref().map(|given| Given {
            installation: hex::encode(given.installation),
            incarnation: given.incarnation,
            bytes: hex::encode(&given.bytes),
            signature: hex::encode(given.signature),
        }),
        ownership: owned(&record.ownership),
        stopped: record.stopped.map(|stopped| Fall {
            installation: hex::encode(stopped.installation()),
            how: match stopped {
                Stopped::MarkRegressed { before, shown, .. } => {
                    How::MarkRegressed { released: HrsText(before), shown: HrsText(shown) }
                }
                Stopped::Conflict { released, signed, .. } => {
                    How::Conflict { released: HrsText(released), signed: HrsText(signed) }
                }
            },
        }),
    };
    let whole = Whole {
        height: highest.height.value().to_string(),
        round: highest.round.value(),
        step: highest.step as u8,
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
pub(super) fn read(text: &[u8]) -> Result<ChainFile, String> {
    let whole: Whole = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let ours = &whole.highwater;
    if ours.format != FORMAT {
        return Err(format!("it has format {}, this bridge knows {FORMAT}", ours.format));
    }
    let HrsText(highest) = ours.highest_requested;
    let outer = (whole.height.as_str(), whole.round, whole.step);
    if whole.check != check(ours)
        || outer != (highest.height.value().to_string().as_str(), highest.round.value(), highest.step as u8)
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
    if released.as_ref().is_some_and(|given| given.hrs().is_none_or(|place| place > highest)) {
        return Err("its last signature is beyond the highest place requested".to_owned());
    }
    let record = Record {
        highest_requested: highest,
        written_ahead: ours.written_ahead,
        intention: ours.intention.as_ref().map(|intended| Intention {
            to: intended.to.0,
            below: intended.below.map(|below| below.0),
            raises: intended.raises,
            earlier: intended.earlier.map(|earlier| earlier.0),
        }),
        incarnation: ours.incarnation,
        shown: ours.shown.as_ref().map(last_shown).transpose()?,
        begins_above: ours.begins_above.0,
        released,
        ownership: ownership(&ours.ownership)?,
        stopped: ours.stopped.as_ref().map(stopped).transpose()?,
    };
    Ok(ChainFile { chain: ours.chain.clone(), key: array(&ours.key)?, record })
}

fn owned(ownership: &Ownership) -> Owned {
    let lock = match &ownership.lock {
        Lock::Free => Locked::Free,
        Lock::Unknown => Locked::Unknown,
        Lock::Block(block) => Locked::Block {
            hash: hex::encode(block.hash),
            total: block.total,
            parts_hash: hex::encode(block.parts_hash),
        },
    };
    let below = ownership.below.as_deref().map(|below| Box::new(owned(below)));
    Owned { height: ownership.height, owner: ownership.owner.as_deref().map(str::to_owned), lock, below }
}

fn ownership(owned: &Owned) -> Result<Ownership, String> {
    let lock = match &owned.lock {
        Locked::Free => Lock::Free,
        Locked::Unknown => Lock::Unknown,
        Locked::Block { hash, total, parts_hash } => {
            Lock::Block(Block { hash: array(hash)?, total: *total, parts_hash: array(parts_hash)? })
        }
    };
    let below = owned.below.as_deref().map(ownership).transpose()?.map(Box::new);
    Ok(Ownership { height: owned.height, owner: owned.owner.as_deref().map(Into::into), lock, below })
}

fn last_shown(last: &LastShown) -> Result<LastMark, String> {
    let (incarnation, mark) = (last.incarnation, last.mark.0);
    Ok(LastMark { installation: array(&last.installation)?, incarnation, mark })
}

fn stopped(fall: &Fall) -> Result<Stopped, String> {
    let installation = array(&fall.installation)?;
    Ok(match fall.how {
        How::MarkRegressed { released, shown } => {
            Stopped::MarkRegressed { installation, before: released.0, shown: shown.0 }
        }
        How::Conflict { released, signed } => {
            Stopped::Conflict { installation, released: released.0, signed: signed.0 }
        }
    })
}

fn array<const N: usize>(text: &str) -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn check(ours: &Ours) -> String {
    hex::encode(&Sha256::digest(json(ours))[..16])
}

fn json(value: &impl Serialize) -> Vec<u8> {
    // Strings and numbers: there is nothing in it that JSON cannot say.
    serde_json::to_vec(value).expect("strings and numbers are JSON")
}
