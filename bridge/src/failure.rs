//! Why a command failed, and its exit code.

use std::fmt;
use std::path::Path;

use crate::advice;
use crate::config::ConfigError;
use crate::log::LogError;
use crate::node::IdentityError;
use crate::state_dir::StateDirError;
use crate::store::{ChainFileError, PinsError};

/// Cause and cure, and the exit code of `sysexits.h` that fits.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    text: String,
}

impl Failure {
    /// The command line or the config asks for something that cannot be (64).
    pub fn usage(text: impl Into<String>) -> Self {
        Self { code: 64, text: text.into() }
    }

    /// The device, the daemon or the owner did not do it (69).
    pub fn unavailable(text: impl Into<String>) -> Self {
        Self { code: 69, text: text.into() }
    }

    /// A part of the daemon died (70).
    pub fn software(text: impl Into<String>) -> Self {
        Self { code: 70, text: text.into() }
    }

    /// A file or socket failed (74). It may be mended, or mend itself: the unit tries again.
    pub fn io(what: impl fmt::Display, error: &std::io::Error) -> Self {
        Self { code: 74, text: format!("{what}: {error}; mend that and run the command again") }
    }

    /// What was printed is lost (74).
    pub(crate) fn unheard(error: &std::io::Error) -> Self {
        Self { code: 74, text: advice::unheard(error) }
    }

    /// A file that needs a person (78), or one that could not be read or written (74).
    fn of_file(error: &impl fmt::Display, is_io: bool) -> Self {
        Self { code: if is_io { 74 } else { 78 }, text: error.to_string() }
    }

    /// The pins failed, in words that fit what was done before.
    pub(crate) fn of_pins(text: String, error: &PinsError) -> Self {
        Self::of_file(&text, matches!(error, PinsError::Io(..)))
    }

    /// A file of the state directory failed (74).
    pub fn state_file(path: &Path, error: &std::io::Error) -> Self {
        Self { code: 74, text: advice::file(path, error) }
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let code = if matches!(error, ConfigError::Io(_)) { 74 } else { 64 };
        Self { code, text: error.to_string() }
    }
}

impl From<StateDirError> for Failure {
    fn from(error: StateDirError) -> Self {
        // Whose files they are is for a person to say: the unit does not try again.
        Self { code: if error.is_io() { 74 } else { 77 }, text: error.to_string() }
    }
}

impl From<PinsError> for Failure {
    fn from(error: PinsError) -> Self {
        Self::of_file(&error, matches!(error, PinsError::Io(..)))
    }
}

impl From<IdentityError> for Failure {
    fn from(error: IdentityError) -> Self {
        Self::of_file(&error, matches!(error, IdentityError::Io(_)))
    }
}

impl From<ChainFileError> for Failure {
    fn from(error: ChainFileError) -> Self {
        Self::of_file(&error, matches!(error, ChainFileError::Io(..)))
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Setting(error) => Self::usage(error.to_string()),
            LogError::Io(error) => Self::io("the log", &error),
        }
    }
}
