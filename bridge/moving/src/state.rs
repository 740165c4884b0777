//! State files: what was signed last, by a file that is read more strictly than its own signer reads it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use highwater_core::hrs::{Hrs, Step};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::file::File;
use crate::found::SHARE;
use crate::json::{Number, Outer, Plain};
use crate::key::{ESCAPE, Key, OneFile, PublicKey};
use crate::refusal::Refusal;
use crate::signed::Signed;
use crate::source::{Shape, Source};
use crate::steps::{self, Meant};

/// No state file is longer.
const MOST: usize = 64 << 10;

/// Signed bytes are not longer, in any era.
const MOST_SIGNED: usize = 1 << 10;

/// No more characters are said of what is wrong in a file.
const MOST_SAID: usize = 200;

/// What a state file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The last place signed, with our step.
    pub place: Hrs,
    /// The last signature, where the signer keeps it.
    pub signed: Option<Signed>,
    /// A step that tmkms takes and never writes.
    pub pasted: bool,
    /// The place was set by a hook, a command or a person: no signature made it.
    pub by_hand: bool,
    /// The key, where it stands in the same file.
    pub(crate) key: Option<PublicKey>,
    /// Whether the round stands in quotes.
    pub(crate) round_as_text: bool,
}

/// The state of CometBFT and kms.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FilePv {
    height: Number,
    round: Number,
    step: Plain,
    signature: Option<String>,
    signbytes: Option<String>,
}

/// The state of a cosigner of horcrux.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "what stands beside the place has to be of its form, and is not used")]
struct Horcrux {
    height: Number,
    round: Number,
    step: Plain,
    // Its name up to horcrux 3.0.
    #[serde(alias = "ephemeral_public")]
    nonce_public: Option<String>,
    signature: Option<String>,
    // Its name in a branch that was never released.
    #[serde(alias = "sign_bytes")]
    signbytes: Option<String>,
    // From 3.3 on.
    vote_ext_signature: Option<String>,
    // The block, of that branch.
    block_id: Option<IgnoredAny>,
    pol_round: Option<i64>,
    timestamp: Option<i64>,
}

/// The state of tmkms.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tmkms {
    height: Number,
    round: Number,
    step: Plain,
    block_id: Option<Block>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    hash: String,
    // Its name in older states.
    #[serde(alias = "part_set_header")]
    parts: Parts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    total: Number,
    hash: String,
}

/// The numbers of a state, and its signature as text.
struct Raw<'a> {
    height: Number,
    round: Number,
    step: Plain,
    signature: Option<&'a str>,
    signbytes: Option<&'a str>,
}

impl State {
    /// Reads the state file of `source`.
    pub fn read(source: Source, path: &str, bytes: &[u8]) -> Result<Self, Refusal> {
        let file = File { source, path };
        let text = file.state_text(bytes)?;
        let state = match file.shape(text)? {
            Shape::Tendermint027 => file.one_file(text)?,
            Shape::Tmkms => file.tmkms(text)?,
            Shape::Horcrux => {
                let Horcrux { height, round, step, signature, signbytes, .. } = file.parse(text)?;
                let (signature, signbytes) = (signature.as_deref(), signbytes.as_deref());
                file.state(Raw { height, round, step, signature, signbytes })?
            }
            _ => {
                let FilePv { height, round, step, signature, signbytes } = file.parse(text)?;
                let (signature, signbytes) = (signature.as_deref(), signbytes.as_deref());
                file.state(Raw { height, round, step, signature, signbytes })?
            }
        };
        file.sound(state)
    }

    /// Whether it is what a signer makes when it has no file.
    pub(crate) fn is_fresh(&self) -> bool {
        self.place == Hrs::ZERO
    }
}

impl File<'_> {
    fn form(&self, why: impl Into<String>) -> Refusal {
        Refusal::Form { file: self.name(), named: self.source, why: why.into() }
    }

    fn state_text<'b>(&self, bytes: &'b [u8]) -> Result<&'b str, Refusal> {
        let text = self.text(MOST, bytes, |why| self.form(why))?;
        // The key of the one file would be unpacked into memory that nobody wipes.
        if self.source == Source::Tendermint027 && text.contains('\\') {
            return Err(self.form(ESCAPE));
        }
        if text.trim_ascii().is_empty() {
            return Err(Refusal::Empty { file: self.name() });
        }
        Ok(text)
    }

    /// What serde says may hold a piece of the file, and a key may stand in that.
    fn broken(&self, error: &serde_json::Error) -> Refusal {
        if self.source == Source::Tendermint027 {
            return self.form(format!("line {}, column {}", error.line(), error.column()));
        }
        // Nor may a name in the file write to the terminal, or fill it.
        let plain = |char: char| if matches!(char, ' '..='~') { char } else { '?' };
        self.form(error.to_string().chars().map(plain).take(MOST_SAID).collect::<String>())
    }

    fn parse<T: DeserializeOwned>(&self, text: &str) -> Result<T, Refusal> {
        serde_json::from_str(text).map_err(|error| self.broken(&error))
    }

    /// The shape, which is that of the source named.
    fn shape(&self, text: &str) -> Result<Shape, Refusal> {
        let Outer { keys, has_list } = serde_json::from_str(text).map_err(|error| {
            // A key pasted under another name must not be shown either.
            self.form(format!("its JSON is broken, or has a key twice, in line {}", error.line()))
        })?;
        let (found, named) = (Shape::of(&keys), self.source.shape());
        if found != named {
            let (file, named) = (self.name(), self.source);
            return Err(match (found, named) {
                (Shape::Horcrux, _) => Refusal::OfHorcrux { file, named },
                (Shape::FilePv, Source::Horcrux) => Refusal::HandWritten { file },
                _ => Refusal::OtherShape { file, named, found: found.says() },
            });
        }
        if has_list {
            return Err(self.form("its JSON has a list"));
        }
        Ok(found)
    }

    fn one_file(&self, text: &str) -> Result<State, Refusal> {
        let file: OneFile<'_> = serde_json::from_str(text).map_err(|error| self.broken(&error))?;
        let Key { public, .. } = Key::read(self.source, self.path, text.as_bytes())?;
        let state = self.state(Raw {
            height: file.last_height,
            round: file.last_round,
            step: file.last_step,
            signature: file.last_signature,
            signbytes: file.last_signbytes,
        })?;
        Ok(State { key: Some(public), ..state })
    }

    fn tmkms(&self, text: &str) -> Result<State, Refusal> {
        let Tmkms { height, round, step, block_id } = self.parse(text)?;
        let for_block = match block_id {
            None => false,
            Some(block) => self.block(&block)?,
        };
        let mut state = self.state(Raw { height, round, step, signature: None, signbytes: None })?;
        // A hook writes the height with tmkms' first step and no block, and no proposal is without one.
        state.by_hand = state.place.step == Step::Proposal && !for_block;
        if state.place.height.value() == 0 && state.by_hand {
            state.place.step = Step::None;
        }
        Ok(state)
    }

    /// Whether it is a block; `false` is nil.
    fn block(&self, block: &Block) -> Result<bool, Refusal> {
        let Block { hash, parts } = block;
        if hash.is_empty() && parts.hash.is_empty() && parts.total.value == 0 {
            return Ok(false);
        }
        let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let whole = is_hash(hash) && is_hash(&parts.hash);
        if !whole || parts.total.value == 0 || parts.total.value > u64::from(u32::MAX) {
            return Err(self.form("its block_id is neither a block nor nil"));
        }
        Ok(true)
    }

    fn state(&self, raw: Raw<'_>) -> Result<State, Refusal> {
        let Plain(step) = raw.step;
        let Meant { step, pasted } = steps::meant(self.source, step)
            .ok_or_else(|| self.form(format!("its step is {step}, and there is none of that number")))?;
        let place = u32::try_from(raw.round.value).ok();
        let place = place.and_then(|round| Hrs::new(raw.height.value, round, step));
        let place = place.ok_or_else(|| {
            self.form(format!("no chain comes to height {}, round {}", raw.height.value, raw.round.value))
        })?;
        let signed = match (raw.signature, raw.signbytes) {
            (None, None) => None,
            (Some(signature), Some(bytes)) => Some(self.signed(signature, bytes)?),
            _ => return Err(Refusal::HalfSigned { file: self.name() }),
        };
        // All but tmkms write the signature whenever they sign. Commands and people write places without one.
        let by_hand = step == Step::None || signed.is_none();
        Ok(State { place, signed, pasted, by_hand, key: None, round_as_text: raw.round.as_text })
    }

    fn signed(&self, signature: &str, bytes: &str) -> Result<Signed, Refusal> {
        // A share is 32 bytes up to horcrux 3.0, and has its nonce before it from 3.1 on.
        let share = self.source == Source::Horcrux && self.path.ends_with(SHARE);
        let whole = |signature: &Vec<u8>| signature.len() == 64 || share && signature.len() == 32;
        let signature = STANDARD.decode(signature).ok().filter(whole);
        let signature = signature.ok_or_else(|| self.form("its signature is not 64 bytes in base64"))?;
        let in_base64 = || STANDARD.decode(bytes).ok().filter(|_| self.source == Source::Horcrux);
        let bytes = hex::decode(bytes).ok().or_else(in_base64);
        let bytes = bytes.filter(|bytes| (1..=MOST_SIGNED).contains(&bytes.len()));
        let bytes = bytes.ok_or_else(|| self.form("its signbytes are not hex, or too long"))?;
        Ok(Signed { bytes, signature })
    }

    /// At height 0 there is a new file, or something that a person made; a place is in between for nobody.
    fn sound(&self, mut state: State) -> Result<State, Refusal> {
        let zero = state.place.height.value() == 0;
        // `kms state init` writes step 3 at every height, this one too.
        let of_kms = self.source == Source::Kms && state.place == Hrs { step: Step::Precommit, ..Hrs::ZERO };
        if of_kms && state.signed.is_none() {
            state.place = Hrs::ZERO;
        }
        if zero && !(state.is_fresh() && state.signed.is_none()) {
            return Err(Refusal::ZeroHeight { file: self.name() });
        }
        Ok(state)
    }
}
