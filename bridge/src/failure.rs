//! Why a command failed, and its exit code.

use std::fmt;
use std::path::Path;

use highwater_moving::Refusal;

use crate::advice;
use crate::config::ConfigError;
use crate::device::LockError;
use crate::log::LogError;
use crate::node::IdentityError;
use crate::rpc::RpcError;
use crate::state_dir::StateDirError;
use crate::store::{ChainFileError, PinsError};

/// How a command ends that did not do what it should. The numbers are those of `sysexits.h`; docs/reference/exit-codes.md lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The command line, a variable or the config asks for something that cannot be.
    Usage = 64,
    /// The device, the daemon or the owner did not do it.
    Unavailable = 69,
    /// A part of the daemon died.
    Software = 70,
    /// A file or socket failed. It may be mended, or mend itself: the unit tries again.
    Io = 74,
    /// Whose the files are is for a person to say.
    Permission = 77,
    /// What a file holds is for a person to mend.
    Content = 78,
}

impl Exit {
    /// All of them, as the manual lists them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 6] =
        [Self::Usage, Self::Unavailable, Self::Software, Self::Io, Self::Permission, Self::Content];

    /// The number.
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    /// Whether another try may do better, without a person: then the service manager starts the daemon again.
    #[cfg(test)]
    const fn may_pass(self) -> bool {
        matches!(self, Self::Unavailable | Self::Software | Self::Io)
    }
}

/// Cause and cure, and the exit code that fits.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    text: String,
}

impl Failure {
    /// The command line or the config asks for something that cannot be.
    pub fn usage(text: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, text: text.into() }
    }

    /// The device, the daemon or the owner did not do it.
    pub fn unavailable(text: impl Into<String>) -> Self {
        Self { exit: Exit::Unavailable, text: text.into() }
    }

    /// Who runs the command may not do it.
    pub(crate) fn permission(text: impl Into<String>) -> Self {
        Self { exit: Exit::Permission, text: text.into() }
    }

    /// Troubles were found, and told on standard output.
    pub(crate) fn found(exit: Exit, troubles: usize) -> Self {
        Self { exit, text: advice::found(troubles) }
    }

    /// A file is not what it should be, which is for a person to mend.
    pub(crate) fn content(text: impl Into<String>) -> Self {
        Self { exit: Exit::Content, text: text.into() }
    }

    /// A part of the daemon died.
    pub fn software(text: impl Into<String>) -> Self {
        Self { exit: Exit::Software, text: text.into() }
    }

    /// A file or socket failed.
    pub fn io(what: impl fmt::Display, error: &std::io::Error) -> Self {
        Self { exit: Exit::Io, text: format!("{what}: {error}; mend that and run the command again") }
    }

    /// A file that the operator named failed; `cure` is for one that is not there.
    pub(crate) fn named(path: &Path, error: &std::io::Error, cure: &str) -> Self {
        Self { exit: Exit::Io, text: advice::named(path, error, cure) }
    }

    /// What was printed is lost.
    pub(crate) fn unheard(error: &std::io::Error) -> Self {
        Self { exit: Exit::Io, text: advice::unheard(error) }
    }

    /// A file that needs a person, or one that could not be read or written.
    fn of_file(error: &impl fmt::Display, is_io: bool) -> Self {
        Self { exit: if is_io { Exit::Io } else { Exit::Content }, text: error.to_string() }
    }

    /// The pins failed, in words that fit what was done before.
    pub(crate) fn of_pins(text: String, error: &PinsError) -> Self {
        Self::of_file(&text, matches!(error, PinsError::Io(..)))
    }

    /// A device could not be locked.
    pub(crate) fn of_lock(text: String, error: &LockError) -> Self {
        let exit = if matches!(error, LockError::Io(..)) { Exit::Io } else { Exit::Unavailable };
        Self { exit, text }
    }

    /// A file of the state directory failed.
    pub fn state_file(path: &Path, error: &std::io::Error) -> Self {
        Self { exit: Exit::Io, text: advice::file(path, error) }
    }

    /// A file of the old signer cannot be read (74), or by this user (77).
    pub(crate) fn of_old_file(path: &Path, error: &std::io::Error) -> Self {
        Self { exit: of_access(error), text: advice::old_file(path, error) }
    }

    /// The old signer's files could not be retired (74), or not by this user (77).
    pub(crate) fn of_retiring(path: &Path, error: &std::io::Error) -> Self {
        Self { exit: of_access(error), text: advice::not_retired(path, error) }
    }

    /// The same failure in other words.
    pub(crate) fn with(&self, text: String) -> Self {
        Self { exit: self.exit, text }
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        self.exit.code()
    }
}

/// Of a file that is not ours.
fn of_access(error: &std::io::Error) -> Exit {
    if error.kind() == std::io::ErrorKind::PermissionDenied { Exit::Permission } else { Exit::Io }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let exit = if matches!(error, ConfigError::Io(_)) { Exit::Io } else { Exit::Usage };
        Self { exit, text: error.to_string() }
    }
}

impl From<StateDirError> for Failure {
    fn from(error: StateDirError) -> Self {
        // Whose files they are is for a person to say: the unit does not try again.
        Self { exit: if error.is_io() { Exit::Io } else { Exit::Permission }, text: error.to_string() }
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

impl From<RpcError> for Failure {
    fn from(error: RpcError) -> Self {
        match error {
            RpcError::Unanswered { address, error } => Self::unavailable(advice::old_node(&address, &error)),
            RpcError::Refused(refusal) => refusal.into(),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::usage(refusal.to_string())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> String {
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
    }

    #[test]
    fn the_manual_lists_each_exit_code_and_whether_the_unit_tries_again() {
        let manual = read("docs/reference/exit-codes.md");
        let rows = manual.lines().filter_map(|line| line.strip_prefix("| "));
        let rows: Vec<(u8, bool)> = rows
            .filter_map(|row| Some((row.split(" |").next()?.parse().ok()?, row.contains("| yes"))))
            .filter(|(code, _)| *code != 0)
            .collect();
        assert_eq!(rows, Exit::ALL.map(|exit| (exit.code(), exit.may_pass())));
        let unit = read("packaging/systemd/highwater.service");
        let prevented = unit.lines().find_map(|line| line.strip_prefix("RestartPreventExitStatus=")).unwrap();
        let prevented: Vec<u8> = prevented.split(' ').map(|code| code.parse().unwrap()).collect();
        let not = Exit::ALL.into_iter().filter(|exit| !exit.may_pass());
        assert_eq!(prevented, not.map(Exit::code).collect::<Vec<_>>());
    }
}
