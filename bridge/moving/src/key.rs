//! Key files. Nothing of their text gets into a message, and whatever is decoded of them is wiped.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::decoy::MARKER;
use crate::file::File;
use crate::json::{Number, Outer, Plain};
use crate::refusal::Refusal;
use crate::seed::Seed;
use crate::source::{Shape, Source};
use crate::warning::Warning;

/// No key file is longer.
const MOST: usize = 16 << 10;

/// The types of an Ed25519 key, as CometBFT names them.
pub(crate) const PUBLIC: &str = "tendermint/PubKeyEd25519";
pub(crate) const PRIVATE: &str = "tendermint/PrivKeyEd25519";

/// Bytes of the forms that a bare key has, in base64.
const SEED: usize = 32;
const SEED_AND_PUBLIC: usize = 64;
const EXPORT: usize = 96;

/// What is behind an escape is unpacked into memory that nobody wipes.
pub(crate) const ESCAPE: &str = "its JSON has an escape, which no signer writes";

/// An Ed25519 public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Of these bytes, whether they are a point of the curve or not: under one that is none, nothing verifies.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What the chain calls the validator: the first 20 bytes of SHA-256.
    pub fn address(&self) -> [u8; 20] {
        let mut address = [0; 20];
        address.copy_from_slice(&Sha256::digest(self.0)[..20]);
        address
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// A key that can move.
#[derive(Debug)]
pub struct Key {
    /// The secret.
    pub seed: Seed,
    /// Its public key.
    pub public: PublicKey,
    /// What to say of it.
    pub warnings: Vec<Warning>,
}

/// The key file of CometBFT. Its texts are borrowed: nothing is copied that would have to be wiped.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FilePvKey<'a> {
    pub(crate) address: &'a str,
    #[serde(borrow)]
    pub(crate) pub_key: Typed<'a>,
    #[serde(borrow)]
    pub(crate) priv_key: Typed<'a>,
}

/// A key with its type.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Typed<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'a str,
    pub(crate) value: &'a str,
}

/// The one file of Tendermint 0.27.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OneFile<'a> {
    pub(crate) address: &'a str,
    #[serde(borrow)]
    pub(crate) pub_key: Typed<'a>,
    pub(crate) last_height: Number,
    pub(crate) last_round: Number,
    pub(crate) last_step: Plain,
    pub(crate) last_signature: Option<&'a str>,
    pub(crate) last_signbytes: Option<&'a str>,
    #[serde(borrow)]
    pub(crate) priv_key: Typed<'a>,
}

impl Key {
    /// Reads the key file of `source`.
    pub fn read(source: Source, path: &str, bytes: &[u8]) -> Result<Self, Refusal> {
        let file = File { source, path };
        let text = file.key_text(bytes)?;
        let mut warnings = vec![Warning::WasOutside];
        let seed = if text.trim_start().starts_with('{') {
            file.json(text)?
        } else {
            file.bare(text, &mut warnings)?
        };
        let public = seed.public();
        Ok(Self { seed, public, warnings })
    }
}

impl File<'_> {
    fn not_a_key(&self, why: &'static str) -> Refusal {
        Refusal::NotAKey { file: self.name(), named: self.source, why }
    }

    fn key_text<'b>(&self, bytes: &'b [u8]) -> Result<&'b str, Refusal> {
        let text = self.text(MOST, bytes, |why| self.not_a_key(why))?;
        if text.trim_ascii().is_empty() {
            return Err(self.not_a_key("it is empty"));
        }
        if text.contains('\\') {
            return Err(self.not_a_key(ESCAPE));
        }
        Ok(text)
    }

    fn json(&self, text: &str) -> Result<Seed, Refusal> {
        let broken = |_| self.not_a_key("its JSON is broken, or has a key twice");
        let Outer { keys, has_list } = serde_json::from_str(text).map_err(broken)?;
        if keys.iter().any(|key| key == MARKER) {
            return Err(Refusal::Decoy { file: self.name() });
        }
        let shape = Shape::of(&keys);
        let named = if self.source == Source::Tendermint027 { Shape::Tendermint027 } else { Shape::KeyFile };
        if shape == Shape::Shard {
            return Err(Refusal::Shard { file: self.name() });
        }
        if matches!(shape, Shape::FilePv | Shape::Tmkms | Shape::Horcrux) {
            return Err(self.not_a_key(shape.says()));
        }
        if shape != named {
            return Err(Refusal::OtherShape { file: self.name(), named: self.source, found: shape.says() });
        }
        if has_list {
            return Err(self.not_a_key("its JSON has a list"));
        }
        let other = |_| self.not_a_key("its JSON has keys or values that no key file has");
        let key = if named == Shape::Tendermint027 {
            let OneFile { address, pub_key, priv_key, .. } = serde_json::from_str(text).map_err(other)?;
            FilePvKey { address, pub_key, priv_key }
        } else {
            serde_json::from_str(text).map_err(other)?
        };
        self.agreed(&key)
    }

    /// The seed of a typed key, whose parts are all of it. The old signer trusts its private part alone.
    fn agreed(&self, key: &FilePvKey<'_>) -> Result<Seed, Refusal> {
        if key.priv_key.kind != PRIVATE {
            return Err(Refusal::KeyType { file: self.name(), found: kind(key.priv_key.kind) });
        }
        let disagrees = |part| Refusal::KeyDisagrees { file: self.name(), part };
        let private = decoded(key.priv_key.value)
            .filter(|private| private.len() == SEED_AND_PUBLIC)
            .ok_or_else(|| self.not_a_key("its private key is not 64 bytes in base64"))?;
        let seed = Seed::of(&private).ok_or_else(|| self.not_a_key("its private key is too short"))?;
        let public = seed.public();
        if private[SEED..] != *public.as_bytes() {
            return Err(disagrees("second half of priv_key"));
        }
        let stated = decoded(key.pub_key.value).filter(|_| key.pub_key.kind == PUBLIC);
        if stated.is_none_or(|stated| **stated != *public.as_bytes()) {
            return Err(disagrees("pub_key"));
        }
        if !key.address.eq_ignore_ascii_case(&hex::encode(public.address())) {
            return Err(disagrees("address"));
        }
        Ok(seed)
    }

    /// A key in base64 and nothing else. Its length tells what it is, and of 64 bytes what they hold.
    fn bare(&self, text: &str, warnings: &mut Vec<Warning>) -> Result<Seed, Refusal> {
        if !matches!(self.source, Source::Tmkms | Source::Kms) {
            let is_bare =
                decoded(text.trim_ascii()).is_some_and(|key| matches!(key.len(), SEED | SEED_AND_PUBLIC));
            return Err(self.not_a_key(match is_bare {
                true => "it is not JSON, but base64 as tmkms and kms have it",
                false => "it is not JSON",
            }));
        }
        let joined = self.joined(text);
        let key = decoded(&joined).ok_or_else(|| self.not_a_key("it is neither JSON nor base64"))?;
        match (key.len(), self.source) {
            (SEED, Source::Tmkms) => Seed::of(&key),
            (SEED, _) => return Err(self.not_a_key("it is a seed alone, as tmkms has it")),
            (SEED_AND_PUBLIC, source) => {
                let seed = Seed::of(&key).filter(|seed| key[SEED..] == *seed.public().as_bytes());
                if seed.is_none() {
                    return Err(Refusal::Expanded { file: self.name() });
                }
                if source == Source::Tmkms {
                    warnings.push(Warning::NotAsTmkmsReads { file: self.name() });
                }
                seed
            }
            (EXPORT, _) => return Err(Refusal::YubiHsmExport { file: self.name() }),
            _ => None,
        }
        .ok_or_else(|| self.not_a_key("it has another length than a key"))
    }

    /// The text without its line ends. kms reads over those within, as a tool that folds lines leaves them.
    fn joined(&self, text: &str) -> Zeroizing<String> {
        let text = text.trim_end_matches(['\n', '\r', ' ', '\t']);
        let mut joined = Zeroizing::new(String::with_capacity(text.len()));
        let folded = |char: &char| self.source == Source::Kms && matches!(char, '\n' | '\r');
        joined.extend(text.chars().filter(|char| !folded(char)));
        joined
    }
}

/// The name of another type of key. The text of the file is not repeated: a secret may stand anywhere in it.
fn kind(text: &str) -> &'static str {
    const KINDS: [(&str, &str); 4] =
        [("secp256k1", "secp256k1"), ("sr25519", "Sr25519"), ("bls12", "BLS12-381"), ("mldsa", "ML-DSA")];
    // Room for all of it, so that no copy is left where it grew.
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let letters = text.chars().filter(|char| !matches!(char, '-' | '_'));
    plain.extend(letters.map(|char| char.to_ascii_lowercase()));
    KINDS.iter().find(|(part, _)| plain.contains(part)).map_or("unknown", |(_, name)| name)
}

/// Base64 with its padding; `None` if it is none, or longer than any key.
fn decoded(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    // Room for all that the text can hold, so that no copy is left where it grew.
    let mut bytes = Zeroizing::new(vec![0; text.len() / 4 * 3 + 3]);
    let len = STANDARD.decode_slice(text, &mut bytes).ok()?;
    bytes.truncate(len);
    Some(bytes)
}
