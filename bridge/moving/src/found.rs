//! A file as it was found: its name, its age, its bytes.

use std::fmt;
use std::time::{Duration, SystemTime};

use highwater_core::canonical::ChainId;

use crate::refusal::Refusal;
use crate::source::Source;

/// A state file that changed within this time, or within the time of so many blocks, is of a signer that may still run.
const SETTLED: Duration = Duration::from_secs(30);
const SETTLED_BLOCKS: u32 = 5;

/// How copies end, before or behind `.json`; the ones that retiring a signer leaves are among them.
const COPIES: [&str; 20] = [
    ".bak", "-bak", "_bak", ".backup", "-backup", "_backup", ".old", "-old", "_old", ".copy", "-copy",
    "_copy", " copy", ".orig", ".save", ".tmp", ".swp", "~", SUPERSEDED, MOVED,
];

/// Folders of copies.
const FOLDERS: [&str; 3] = ["backup", "backups", "bak"];

/// The end of the copy of a state that was retired.
pub const SUPERSEDED: &str = ".before-highwater";
/// The end of a key file that was moved away.
pub const MOVED: &str = ".moved-to-highwater";

/// The end of a cosigner's own state: it holds shares of signatures.
pub(crate) const SHARE: &str = "_share_sign_state.json";

/// The end of the state of tmkms, and of a leader of horcrux.
pub(crate) const STATE: &str = "_priv_validator_state.json";

/// The end of the state that `tmkms init` names.
const OF_TMKMS: &str = "-consensus.json";

/// State files that begin with the chain's id.
const NAMED: [&str; 2] = [STATE, SHARE];

/// A file as it was found.
#[derive(Clone, Copy)]
pub struct Found<'a> {
    /// Its path, as the operator knows it.
    pub path: &'a str,
    /// What is in it; `None` if there is no such file.
    pub bytes: Option<&'a [u8]>,
    /// When it was changed last.
    pub changed: SystemTime,
}

impl fmt::Debug for Found<'_> {
    /// Never what is in it: of Tendermint 0.27 that is a key too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found")
            .field("path", &self.path)
            .field("changed", &self.changed)
            .finish_non_exhaustive()
    }
}

impl<'a> Found<'a> {
    fn name(&self) -> &'a str {
        self.path.rsplit(['/', '\\']).next().unwrap_or(self.path)
    }

    /// Whether it is a cosigner's own state by its name.
    pub(crate) fn is_share(&self) -> bool {
        self.name().to_ascii_lowercase().ends_with(SHARE)
    }

    /// It is no copy, and not named for another chain.
    pub(crate) fn named_for(&self, source: Source, chain: ChainId<'_>) -> Result<(), Refusal> {
        // kms calls a state as the chain is called, and a chain has any name.
        let of_kms = self.name().strip_suffix(".json").filter(|_| source == Source::Kms);
        if of_kms != Some(chain.as_str()) && is_copy(self.name()) || in_copies(self.path) {
            return Err(Refusal::Copy { file: self.path.to_owned() });
        }
        if self.is_share() && source != Source::Horcrux {
            return Err(Refusal::OfHorcrux { file: self.path.to_owned(), named: source });
        }
        let of_chain = match source {
            Source::CometBft | Source::Tendermint027 => return Ok(()),
            Source::Kms => of_kms,
            Source::Tmkms => NAMED.iter().chain([&OF_TMKMS]).find_map(|end| self.name().strip_suffix(end)),
            Source::Horcrux => NAMED.iter().find_map(|end| self.name().strip_suffix(end)),
        };
        match of_chain {
            None if source == Source::Horcrux => Err(Refusal::NoHorcruxName { file: self.path.to_owned() }),
            Some(found) if found != chain.as_str() => Err(Refusal::NamedForOtherChain {
                file: self.path.to_owned(),
                found: found.to_owned(),
                chain: chain.as_str().to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Nobody has written it for a while.
    pub(crate) fn settled(&self, now: SystemTime, block_time: Duration) -> Result<(), Refusal> {
        let file = || self.path.to_owned();
        let age = now.duration_since(self.changed).map_err(|_| Refusal::FromTheFuture { file: file() })?;
        let settled = SETTLED.max(block_time.saturating_mul(SETTLED_BLOCKS));
        if age < settled {
            let (seconds, wait) = (age.as_secs(), settled.as_secs());
            return Err(Refusal::StillRuns { file: file(), seconds, wait });
        }
        Ok(())
    }
}

/// Refuses files that were written between two looks, the first and a later one. A time of change may be restored or
/// wrong; what a signer has signed meanwhile is in the file all the same.
pub fn unchanged(before: &[Found<'_>], after: &[Found<'_>]) -> Result<(), Refusal> {
    let same = |one: &Found<'_>, other: &Found<'_>| {
        one.path == other.path && one.bytes == other.bytes && one.changed == other.changed
    };
    let all = |file: &Found<'_>| before.iter().any(|known| same(known, file));
    match after.iter().find(|file| !all(file)) {
        Some(file) => Err(Refusal::Changed { file: file.path.to_owned() }),
        None => Ok(()),
    }
}

/// Whether a file is a copy by its name.
fn is_copy(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let stem = lower.strip_suffix(".json").unwrap_or(&lower);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // `state.json.1`
    let turned = lower.rsplit_once(".json.").is_some_and(|(_, end)| is_number(end));
    // `state (1).json`
    let counted = |text: &str| {
        let inner = text.strip_suffix(')').and_then(|text| text.rsplit_once('('));
        inner.is_some_and(|(_, number)| is_number(number))
    };
    turned
        || lower.starts_with("copy of ")
        || [&lower, stem]
            .into_iter()
            .any(|text| counted(text) || COPIES.iter().any(|end| text.ends_with(end)))
}

/// Whether a file is in a folder of copies.
fn in_copies(path: &str) -> bool {
    path.rsplit(['/', '\\'])
        .skip(1)
        .any(|folder| FOLDERS.iter().any(|copies| folder.eq_ignore_ascii_case(copies)))
}
