//! `check` and `doctor`: every trouble that is known before it costs a block.
//!
//! | module | holds |
//! | --- | --- |
//! | `trouble` | the troubles, as values |
//! | `local` | what the host tells without a word to the device |
//! | `host` | the device's file, who has it open, the clock |
//! | `device` | what device and nodes tell |

mod device;
mod host;
mod local;
mod trouble;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::advice;
use crate::failure::Exit;
pub(crate) use host::{Ground, ledgers};
pub(crate) use trouble::{DeviceFile, Holder, Trouble};

/// What was found.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Findings {
    /// Whether nothing was found that keeps it from signing.
    pub(crate) sound: bool,
    /// What was found.
    pub(crate) findings: Vec<Finding>,
    /// Whether a daemon runs on this state directory; null: `check` does not ask.
    pub(crate) daemon: Option<bool>,
    #[serde(skip)]
    pub(crate) exit: Option<Exit>,
}

/// A trouble.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Finding {
    /// Its word, which stays.
    pub(crate) finding: String,
    /// How bad it is.
    pub(crate) weight: Weight,
    /// Cause and cure, for a person.
    pub(crate) text: String,
}

/// How bad a trouble is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Weight {
    /// It keeps a chain from signing.
    Error,
    /// It signs, or may sign, all the same.
    Warning,
}

impl Findings {
    fn of(troubles: &[Trouble], daemon: Option<bool>) -> Self {
        let finding = |trouble: &Trouble| Finding {
            finding: trouble.word().to_owned(),
            weight: if trouble.exit().is_some() { Weight::Error } else { Weight::Warning },
            text: advice::trouble(trouble),
        };
        let exit = troubles.iter().find_map(Trouble::exit);
        Self { sound: exit.is_none(), findings: troubles.iter().map(finding).collect(), daemon, exit }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { finding, weight, text } in &self.findings {
            let weight = if *weight == Weight::Error { "ERROR  " } else { "WARNING" };
            writeln!(f, "{weight}  {finding}: {text}")?;
        }
        if self.findings.is_empty() {
            writeln!(f, "nothing was found")?;
        }
        // Where something is wrong, its own cure comes first.
        if self.sound && self.daemon == Some(false) {
            writeln!(f, "{}", advice::nothing_signs_yet())?;
        }
        Ok(())
    }
}

/// Looks at everything but the device and what is behind the sockets. Opens nothing that signs, and makes no file.
pub(crate) async fn check(config: &Path, ground: &Ground) -> Findings {
    Findings::of(&local::look(config, ground).await.troubles, None)
}

/// Looks at device and nodes too: through the daemon, where one runs.
pub(crate) async fn doctor(config: &Path, ground: &Ground) -> Findings {
    let mut looked = local::look(config, ground).await;
    let runs = looked.daemon.is_some();
    device::look(&mut looked, ground).await;
    Findings::of(&looked.troubles, Some(runs))
}
