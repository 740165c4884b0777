//! What can go wrong, each with its cause and its cure.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use crate::screen::Screen;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The machine lacks a program. Nothing was started; a retry helps after the cure.
    #[error("{what} is missing: {cure}")]
    Missing {
        /// What was looked for.
        what: String,
        /// The command that brings it.
        cure: String,
    },
    /// The virtual environment could not be made. What is there of it is not used and made anew by the next attempt;
    /// a retry helps if the network was at fault.
    #[error("Speculos could not be installed: `{command}` ended with {status}\n{output}")]
    Install {
        /// What was run.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// What it wrote.
        output: String,
    },
    /// The system refused something. A retry helps once its cause is gone.
    #[error("cannot {doing}: {source}")]
    Io {
        /// What was tried.
        doing: String,
        /// Why not.
        source: io::Error,
    },
    /// The emulator runs, but its app did not answer as a Ledger app does. The instance was killed.
    #[error("the app does not answer: {cause}\n{log}")]
    NotReady {
        /// What was wrong with its answer, or that there was none.
        cause: String,
        /// The end of the emulator's log.
        log: String,
    },
    /// The emulator has ended by itself. The instance is lost, its NVM image is still there; start another.
    #[error("the emulator has ended ({status}): {cause}\n{log}")]
    Died {
        /// Its exit code, or the signal. 0 is no sign of health: it is 0 after its processor was killed too.
        status: String,
        /// What the log says about it.
        cause: String,
        /// The end of the log.
        log: String,
    },
    /// Speculos, alive, did not do what it was asked. The instance is as before; a retry may help.
    #[error("the emulator's HTTP interface failed at {request}: {cause}")]
    Http {
        /// Method and path.
        request: String,
        /// What happened.
        cause: String,
    },
    /// The screen that was waited for did not come. The instance goes on.
    #[error("no screen with {wanted} within {} s; it shows:\n{screen}", waited.as_secs_f32())]
    Timeout {
        /// What was waited for.
        wanted: String,
        /// For how long.
        waited: Duration,
        /// The last screen.
        screen: Screen,
    },
}

impl Error {
    /// To be put behind `map_err`, with what was tried.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        |source| Self::Io { doing, source }
    }

    /// As [`Error::io`] for a file.
    pub(crate) fn file(verb: &str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        Self::io(format!("{verb} {}", path.into().display()))
    }
}
