//! What goes wrong when a key moves, by name: each costs a double signature, or did for somebody.

mod belonging;
mod cosigners;
mod files_found;
mod marks;

use ed25519_dalek::Signer;
use highwater_core::hrs::Hrs;
use highwater_moving::{Question, Refusal, Source, Verdict, judge};

use crate::files::{Written, base64, found, key, path, public, question};

pub(super) fn one(source: Source, text: &str) -> Result<Verdict, Refusal> {
    judge(&question(source), &[found(path(source), text)])
}

pub(super) fn with_key(source: Source, text: &str) -> Result<Verdict, Refusal> {
    judge(&Question { key: Some(&public()), ..question(source) }, &[found(path(source), text)])
}

/// A state of CometBFT with these bytes in it, signed by the key.
pub(super) fn holding(place: Hrs, bytes: &[u8]) -> String {
    let signature = base64(&key().sign(bytes).to_bytes());
    let text = Written { place, chain: None, ..Written::default() }.by(Source::CometBft);
    text.replace(
        "\n}",
        &format!(",\n  \"signature\": \"{signature}\",\n  \"signbytes\": \"{}\"\n}}", hex::encode(bytes)),
    )
}

pub(super) fn holding_by(source: Source, place: Hrs) -> String {
    Written { place, ..Written::default() }.by(source)
}
