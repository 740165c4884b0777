//! The daemon's and command line's entry: logs, arguments, exit code.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use highwater::cli::{self, Args, Verb};
use tracing_subscriber::EnvFilter;

/// One thread: what takes long has threads of its own, and every further one would only be woken for nothing.
#[allow(clippy::disallowed_macros, reason = "why a command failed is its last word on stderr")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // A failed print has nobody left to be told.
            let _ = error.print();
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return ExitCode::from(if asked { 0 } else { 64 });
        }
    };
    start_log(matches!(args.verb, Verb::Run));
    match cli::main(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("highwater: {failure}");
            ExitCode::from(failure.code())
        }
    }
}

/// The daemon logs to standard output, one line an event; other commands speak for themselves.
fn start_log(daemon: bool) {
    let level = if daemon { "info" } else { "error" };
    let filter = EnvFilter::try_from_env("HIGHWATER_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let colours = std::io::stdout().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_ansi(colours);
    if std::env::var_os("HIGHWATER_LOG_FORMAT").is_some_and(|format| format == "json") {
        log.json().init();
    } else if daemon {
        log.init();
    } else {
        log.with_writer(std::io::stderr).init();
    }
}
