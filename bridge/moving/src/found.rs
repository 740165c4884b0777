//! A file as it was found: its name, its age, its bytes.

use std::fmt;
use std::time::{Duration, SystemTime};

use highwater_core::canonical::ChainId;

use crate::refusal::Refusal;
use crate::source::Source;

/// A state file that changed within this time is of a signer that may still run.
const SETTLED: Duration = Duration::from_secs(30);

/// How copies are called, the one that retiring a signer leaves among them.
const COPIES: [&str; 11] =
    [".bak", ".backup", ".old", ".orig", ".save", ".copy", ".tmp", ".swp", "~", SUPERSEDED, MOVED];

/// The end of the copy of a state that was retired, and of a key file that was moved away.
pub(crate) const SUPERSEDED: &str = ".before-highwater";
pub(crate) const MOVED: &str = ".moved-to-highwater";

/// The end of a cosigner's own state: it holds shares of signatures.
pub(crate) const SHARE: &str = "_share_sign_state.json";

/// The end of the state of tmkms, and of a leader of horcrux.
pub(crate) const STATE: &str = "_priv_validator_state.json";

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
        let lower = self.name().to_ascii_lowercase();
        if COPIES.iter().any(|end| lower.ends_with(end)) {
            return Err(Refusal::Copy { file: self.path.to_owned() });
        }
        if self.is_share() && source != Source::Horcrux {
            return Err(Refusal::OfHorcrux { file: self.path.to_owned(), named: source });
        }
        if !matches!(source, Source::Tmkms | Source::Horcrux) {
            return Ok(());
        }
        match NAMED.iter().find_map(|end| self.name().strip_suffix(end)) {
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
    pub(crate) fn settled(&self, now: SystemTime) -> Result<(), Refusal> {
        let file = || self.path.to_owned();
        let age = now.duration_since(self.changed).map_err(|_| Refusal::FromTheFuture { file: file() })?;
        if age < SETTLED {
            let (seconds, wait) = (age.as_secs(), SETTLED.as_secs());
            return Err(Refusal::StillRuns { file: file(), seconds, wait });
        }
        Ok(())
    }
}
