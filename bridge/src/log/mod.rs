//! The log: one line an event, on standard output for the daemon, on standard error for the other commands.
//!
//! **Signing comes before the log.** Whoever logs never waits: a line that the reader does not take is dropped and
//! counted. A reader that went away, a full disk or a reader that is stuck ends nothing and delays nothing, neither a
//! reply nor the end of the process.
//!
//! | room | holds |
//! | --- | --- |
//! | `kind` | the stable name of each event, and how such names are made |
//! | `lines` | the way of a line to the reader |
//! | `journal` | the priority of each line, where the reader is the systemd journal |
//! | `settings` | `HIGHWATER_LOG`, `HIGHWATER_LOG_FORMAT` |
//! | `last_words` | what is said when there is no log any more |

mod journal;
mod kind;
mod last_words;
mod lines;
mod settings;

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::panic::{self, PanicHookInfo};
use std::thread;
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};

use crate::advice;
pub use kind::Kind;
pub use last_words::last_words;
pub use lines::Lost;
use lines::{Lines, Output};
pub use settings::SettingError;
pub(crate) use settings::error as setting_error;
use settings::{Format, Settings};

/// How long a process that ends waits for the reader of its log.
const PATIENCE: Duration = Duration::from_millis(500);

/// The log of this process, until its end.
#[derive(Debug)]
pub struct Log {
    /// None: what is logged was written when it was logged.
    lines: Option<Lines>,
    lost: Lost,
}

/// There is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The environment asks for something that is not known.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// Its thread, or its end of the pipe, cannot be had.
    #[error("the log cannot be started: {0}")]
    Io(#[from] io::Error),
}

impl Log {
    /// Of the daemon: on standard output, through a thread that alone waits for the reader. A panic becomes an event too.
    pub fn of_daemon() -> Result<Self, LogError> {
        let settings = Settings::of_environment("info")?;
        let (stdout, lost) = (io::stdout(), Lost::default());
        let out = File::from(stdout.as_fd().try_clone_to_owned()?);
        let marked = journal::is_reader_of(&out);
        let lines = Lines::start(out, lost.clone())?;
        let log = tracing_subscriber::fmt()
            .with_env_filter(settings.filter)
            .with_target(false)
            .with_ansi(colours(&stdout) && !marked)
            // It would be told on standard error, which may be the same dead pipe.
            .log_internal_errors(false)
            .with_writer(Output { lines: lines.clone(), marked });
        match settings.format {
            Format::Text => log.init(),
            Format::Json => log.json().init(),
        }
        panic::set_hook(Box::new(panicked));
        Ok(Self { lines: Some(lines), lost })
    }

    /// Of any other command, which speaks for itself: on standard error, and only what failed.
    pub fn of_command() -> Result<Self, LogError> {
        let settings = Settings::of_environment("error")?;
        let log = tracing_subscriber::fmt()
            .with_env_filter(settings.filter)
            .with_target(false)
            .with_ansi(colours(&io::stderr()))
            .log_internal_errors(false)
            .with_writer(io::stderr);
        match settings.format {
            Format::Text => log.init(),
            Format::Json => log.json().init(),
        }
        Ok(Self { lines: None, lost: Lost::default() })
    }

    /// Of a command that tells of a wrong setting itself.
    pub fn of_check() -> Result<Self, LogError> {
        match Self::of_command() {
            Err(LogError::Setting(_)) => Ok(Self { lines: None, lost: Lost::default() }),
            started => started,
        }
    }

    /// The number of lines that were dropped, as it grows.
    pub fn lost(&self) -> Lost {
        self.lost.clone()
    }

    /// The process ends: what was logged is written, if the reader takes it soon.
    pub fn end(self) {
        if let Some(lines) = self.lines {
            lines.flush(PATIENCE);
        }
    }
}

/// Whether colours belong there: on a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise. clap decides likewise.
pub fn colours(stream: &impl anstream::stream::RawStream) -> bool {
    AutoStream::choice(stream) != ColorChoice::Never
}

/// Where a panic is told: standard error may have a reader that is stuck, and the thread would never end.
fn panicked(info: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let name = thread.name().unwrap_or("without a name");
    let at = info.location().map(ToString::to_string);
    let what = info.payload_as_str().unwrap_or("a panic without words");
    tracing::error!(kind = %Kind::DaemonPanicked, thread = name, at, "{}", advice::panicked(what));
}
