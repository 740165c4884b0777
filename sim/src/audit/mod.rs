//! The auditor: an independent witness of everything that ever left a device.
//!
//! It shares no code with the signer and knows nothing of its rules. It reads the signed bytes with a decoder of its
//! own, verifies every signature with the key the device showed, keeps all of them across every restart, and judges as
//! the network would: two statements at one height, round and step are what `DuplicateVoteEvidence` slashes for.

mod decode;

use std::collections::BTreeMap;
use std::fmt;

use ed25519_dalek::{Signature, VerifyingKey};

pub use decode::{Extended, Statement, extension, statement};

/// Height, round and step as the auditor understands them; step 0 none, 1 proposal, 2 prevote, 3 precommit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Height.
    pub height: i64,
    /// Round.
    pub round: i64,
    /// Step.
    pub step: u8,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.height, self.round, self.step)
    }
}

/// What the auditor objects to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Bytes were signed that are no vote and no proposal.
    NotAVote(Vec<u8>),
    /// A signature does not verify with the chain's key.
    BadSignature(Place),
    /// A signature for a chain whose key the auditor was never told.
    UnknownChain(String),
    /// Two statements at one place: the validator is slashed.
    DoubleSign {
        /// Where.
        place: Place,
        /// The first.
        first: Box<Statement>,
        /// The second.
        second: Box<Statement>,
    },
    /// The same statement at two times: not slashed, but promised not to happen.
    SecondTimestamp(Place),
    /// The same bytes with two signatures.
    SecondSignature(Place),
    /// An extension was signed after something above its precommit was released.
    LateExtension {
        /// The precommit it belongs to.
        place: Place,
        /// The highest place released.
        released: Place,
    },
    /// An extension of a precommit for nil.
    ExtensionOfNil(Place),
    /// The device woke with a mark below what it had released.
    MarkFell {
        /// The mark shown.
        mark: Place,
        /// The highest place released.
        released: Place,
    },
    /// A signature was made while fewer than two read-back copies of its place stood in flash.
    SignedBeforeMark {
        /// Where.
        place: Place,
        /// Copies that stood there.
        copies: usize,
    },
}

#[derive(Debug, Clone)]
struct Chain {
    key: [u8; 32],
    released: BTreeMap<Place, (Statement, [u8; 64])>,
}

impl Chain {
    fn verify(&self, place: Place, bytes: &[u8], signature: &[u8; 64]) -> Result<(), Finding> {
        VerifyingKey::from_bytes(&self.key)
            .and_then(|key| key.verify_strict(bytes, &Signature::from_bytes(signature)))
            .map_err(|_| Finding::BadSignature(place))
    }
}

/// Every signature that ever left, by chain and place.
#[derive(Debug, Clone, Default)]
pub struct Auditor {
    chains: BTreeMap<String, Chain>,
    /// Signatures of toy keys mean nothing and are not verified.
    toy: bool,
    signatures: u64,
}

impl Auditor {
    /// One that takes toy signatures as they come.
    pub fn of_toys() -> Self {
        Self { toy: true, ..Self::default() }
    }

    /// The key of a chain, as the device showed it.
    pub fn key(&mut self, chain: &str, key: [u8; 32]) {
        self.chains.entry(chain.to_owned()).or_insert(Chain { key, released: BTreeMap::new() }).key = key;
    }

    /// A signature left the device.
    pub fn released(&mut self, bytes: &[u8], signature: &[u8; 64]) -> Result<(), Finding> {
        if let Some(said) = extension(bytes) {
            return self.extended(&said, bytes, signature);
        }
        let said = statement(bytes).ok_or_else(|| Finding::NotAVote(bytes.to_vec()))?;
        let chain =
            self.chains.get_mut(&said.chain).ok_or_else(|| Finding::UnknownChain(said.chain.clone()))?;
        let place = said.place;
        if !self.toy {
            chain.verify(place, bytes, signature)?;
        }
        self.signatures += 1;
        let Some((first, known)) = chain.released.get(&place) else {
            chain.released.insert(place, (said, *signature));
            return Ok(());
        };
        if (&first.block, first.pol_round) != (&said.block, said.pol_round) {
            let (first, second) = (Box::new(first.clone()), Box::new(said));
            return Err(Finding::DoubleSign { place, first, second });
        }
        if first.time != said.time {
            return Err(Finding::SecondTimestamp(place));
        }
        if known != signature { Err(Finding::SecondSignature(place)) } else { Ok(()) }
    }

    /// An extension's signature left: nothing above its precommit had, and that precommit is not known to be nil. (Of a
    /// precommit cut off from its host no signature was seen; then there is only the first half to say.)
    fn extended(&mut self, said: &Extended, bytes: &[u8], signature: &[u8; 64]) -> Result<(), Finding> {
        let chain = self.chains.get(&said.chain).ok_or_else(|| Finding::UnknownChain(said.chain.clone()))?;
        let place = said.place;
        if !self.toy {
            chain.verify(place, bytes, signature)?;
        }
        self.signatures += 1;
        match chain.released.last_key_value() {
            Some((released, _)) if *released > place => {
                Err(Finding::LateExtension { place, released: *released })
            }
            Some((released, (statement, _))) if *released == place && statement.block.is_empty() => {
                Err(Finding::ExtensionOfNil(place))
            }
            _ => Ok(()),
        }
    }

    /// The device shows a clear mark for a chain.
    pub fn mark(&self, chain: &str, mark: Place) -> Result<(), Finding> {
        match self.highest(chain) {
            Some(released) if mark < released => Err(Finding::MarkFell { mark, released }),
            _ => Ok(()),
        }
    }

    /// The owner approved on the screen that a chain goes on from `mark`: what lies above may be said again.
    pub fn lowered(&mut self, chain: &str, mark: Place) {
        if let Some(chain) = self.chains.get_mut(chain) {
            chain.released.retain(|place, _| *place <= mark);
        }
    }

    /// The highest place released for a chain.
    pub fn highest(&self, chain: &str) -> Option<Place> {
        self.chains.get(chain)?.released.keys().next_back().copied()
    }

    /// Signatures seen, repeats included.
    pub fn signatures(&self) -> u64 {
        self.signatures
    }
}

/// How many of `cells` name the place of a statement, as the flash layout is documented: the low bits of byte 0 are the
/// step, height and round stand little endian at 7 and 15.
pub fn copies<'a>(cells: impl Iterator<Item = &'a [u8; 64]>, place: Place) -> usize {
    let named = |cell: &&[u8; 64]| {
        cell[0] & 3 == place.step
            && cell[7..15] == place.height.to_le_bytes()
            && cell[15..19] == place.round.to_le_bytes()[..4]
    };
    cells.filter(named).count()
}

#[cfg(test)]
mod tests;
