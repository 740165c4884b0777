//! What is known of a chain before its mark is set: by the host, and by the tombstone on the device.

use std::path::{Path, PathBuf};

use highwater_core::canonical::ChainId;
use highwater_core::hrs::Hrs;

use crate::advice;
use crate::config::Config;
use crate::device::{Session, Slot};
use crate::failure::Failure;
use crate::store::{ChainFile, Pin, Pins, chain_file_path, durable};

/// What is known, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Known {
    /// By the daemon or the state file.
    pub(super) host: Option<Hrs>,
    /// By the tombstone on the device.
    tombstone: Option<Hrs>,
}

impl Known {
    pub(super) fn new(host: Option<Hrs>, session: &Session, chain: &str) -> Self {
        let tombstone = session.tombstone(chain).map(Slot::floor);
        Self { host, tombstone }
    }

    /// The highest place that may be signed.
    pub(super) fn floor(self) -> Hrs {
        self.host.max(self.tombstone).unwrap_or_default()
    }

    /// Checks a mark that is to be set. Gives what [`super::Access::intend`] is to be told: the place that the host knows,
    /// if the mark is below it and the operator repeated the floor.
    pub(super) fn allows(self, chain: &str, to: Hrs, below: Option<Hrs>) -> Result<Option<Hrs>, Failure> {
        let floor = self.floor();
        if to >= floor {
            return Ok(None);
        }
        if below != Some(floor) {
            return Err(Failure::unavailable(advice::below_known(chain, to, floor)));
        }
        Ok(self.host.filter(|host| to < *host))
    }
}

pub(crate) fn chain_id(id: &str) -> Result<ChainId<'_>, Failure> {
    let known = ChainId::new(id.as_bytes()).filter(|_| !durable::is_aside(id));
    known.ok_or_else(|| Failure::usage(format!("{id:?} is not a chain id: {}", advice::CHAIN_ID)))
}

/// What a state directory holds that has no pin of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Here {
    /// The pins of these chains.
    Others(Vec<String>),
    /// Nothing: it does not exist.
    Missing(PathBuf),
    /// No pin at all.
    Nothing(PathBuf),
}

impl Here {
    pub(crate) fn of(state_dir: &Path, pins: &Pins) -> Self {
        let known: Vec<_> = pins.iter().map(|(known, _)| known.to_owned()).collect();
        match known.is_empty() {
            false => Self::Others(known),
            true if state_dir.exists() => Self::Nothing(state_dir.to_owned()),
            true => Self::Missing(state_dir.to_owned()),
        }
    }
}

/// The pin of a chain. Without one, the advice depends on whether it was lost or never there.
pub(crate) fn pinned(config: &Config, id: &str) -> Result<Pin, Failure> {
    let pins = Pins::load(&config.state_dir)?;
    pins.get(id).ok_or_else(|| {
        let lost = ChainId::new(id.as_bytes()).is_some() && chain_file_path(&config.state_dir, id).exists();
        let here = Here::of(&config.state_dir, &pins);
        Failure::usage(if lost { advice::pin_lost(id) } else { advice::not_pinned(id, &here) })
    })
}

/// An error, in the words of the command, if the device's key is not the pinned one; also if it is not that of the state
/// file, which is all there is to compare it with where the pin is lost.
pub(super) fn right_key(
    config: &Config,
    id: &str,
    key: [u8; 32],
    pinned: Option<Pin>,
    file: Option<&ChainFile>,
    not_pinned: fn(&str) -> String,
) -> Result<(), Failure> {
    if pinned.is_some_and(|pin| pin.key != key) {
        return Err(Failure::unavailable(not_pinned(id)));
    }
    if file.is_some_and(|file| file.key != key) {
        let path = chain_file_path(&config.state_dir, id);
        return Err(Failure::unavailable(advice::other_key_in_file(id, &path)));
    }
    Ok(())
}
