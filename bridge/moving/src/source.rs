//! The signers that a key may come from, and the shapes of their files.

use std::fmt;
use std::str::FromStr;

/// A signer, by the name that the operator gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The node's own signer, from Tendermint 0.28 on.
    CometBft,
    /// The node's own signer up to Tendermint 0.27: key and state are one file.
    Tendermint027,
    /// Tendermint KMS.
    Tmkms,
    /// The KMS of the Cosmos project.
    Kms,
    /// A cosigner of horcrux.
    Horcrux,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 5] = [Self::CometBft, Self::Tendermint027, Self::Tmkms, Self::Kms, Self::Horcrux];

    /// Whose key file these bytes may be, where nobody says it: JSON is of CometBFT, a seed alone of tmkms, and what is longer of
    /// kms. Each is read as strictly as one that is named.
    pub fn of_key(bytes: &[u8]) -> Self {
        /// A seed in base64.
        const SEED: usize = 44;
        match bytes.trim_ascii() {
            [] | [b'{', ..] => Self::CometBft,
            bare if bare.len() <= SEED => Self::Tmkms,
            _ => Self::Kms,
        }
    }

    /// As it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CometBft => "cometbft",
            Self::Tendermint027 => "tendermint-0.27",
            Self::Tmkms => "tmkms",
            Self::Kms => "kms",
            Self::Horcrux => "horcrux",
        }
    }

    /// The shape of its state files.
    pub(crate) const fn shape(self) -> Shape {
        match self {
            // kms keeps its state with the code of CometBFT.
            Self::CometBft | Self::Kms => Shape::FilePv,
            Self::Tendermint027 => Shape::Tendermint027,
            Self::Tmkms => Shape::Tmkms,
            Self::Horcrux => Shape::Horcrux,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No name of a source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no signer that Highwater reads. Name cometbft, tendermint-0.27, tmkms, kms or horcrux.")]
pub struct NotASource(String);

impl FromStr for Source {
    type Err = NotASource;

    fn from_str(name: &str) -> Result<Self, NotASource> {
        Self::ALL.into_iter().find(|source| source.name() == name).ok_or_else(|| NotASource(name.to_owned()))
    }
}

/// What a file is by its keys, whoever it is said to be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    FilePv,
    Tendermint027,
    Tmkms,
    Horcrux,
    KeyFile,
    Shard,
    Other,
}

/// Keys that stand in the files of one shape only.
const MARKS: [(&str, Shape); 10] = [
    ("privateShard", Shape::Shard),
    ("last_height", Shape::Tendermint027),
    ("nonce_public", Shape::Horcrux),
    // Its name up to horcrux 3.0.
    ("ephemeral_public", Shape::Horcrux),
    // Of a branch of horcrux that was never released, which has `block_id` too.
    ("pol_round", Shape::Horcrux),
    ("sign_bytes", Shape::Horcrux),
    ("block_id", Shape::Tmkms),
    ("priv_key", Shape::KeyFile),
    ("pub_key", Shape::KeyFile),
    ("height", Shape::FilePv),
];

impl Shape {
    /// By the keys of the outer object.
    pub(crate) fn of(keys: &[String]) -> Self {
        let has = |key: &str| keys.iter().any(|known| known == key);
        MARKS.iter().find(|(key, _)| has(key)).map_or(Self::Other, |(_, shape)| *shape)
    }

    /// What a person calls it.
    pub(crate) const fn says(self) -> &'static str {
        match self {
            Self::FilePv => "a state of CometBFT or kms",
            Self::Tendermint027 => "the one file of Tendermint 0.27 or older",
            Self::Tmkms => "a state of tmkms",
            Self::Horcrux => "a state of horcrux",
            Self::KeyFile => "a key file of CometBFT",
            Self::Shard => "a key shard of horcrux",
            Self::Other => "none of a signer that Highwater knows",
        }
    }
}
