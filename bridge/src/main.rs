//! The daemon's and command line's entry: arguments, log, runtime, exit code.

#![deny(clippy::print_stdout, clippy::print_stderr)]

use std::io::{self, ErrorKind};
use std::process::ExitCode;

use highwater::cli::{self, Args, Failure, Verb};
use highwater::log::{self, Log, Lost, colours};

fn main() -> ExitCode {
    let args = match cli::parse() {
        Ok(args) => args,
        Err(error) => return told(&error),
    };
    match logged(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            log::last_words(&format!("highwater: {failure}\n"));
            ExitCode::from(failure.code())
        }
    }
}

/// What clap says: the help that was asked for, or what is wrong with the command line.
fn told(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        let text = error.render();
        let coloured = colours(&io::stderr());
        log::last_words(&if coloured { text.ansi().to_string() } else { text.to_string() });
        return ExitCode::from(64);
    }
    match error.print() {
        // A reader that hung up had enough.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => ExitCode::from(74),
        _ => ExitCode::SUCCESS,
    }
}

fn logged(args: Args) -> Result<(), Failure> {
    let log = match args.verb {
        Verb::Run => Log::of_daemon(),
        Verb::Check { .. } | Verb::Doctor { .. } => Log::of_check(),
        _ => Log::of_command(),
    }?;
    let done = run(args, log.lost());
    log.end();
    done
}

/// One thread: what takes long has threads of its own, and every further one would only be woken for nothing.
fn run(args: Args, lost: Lost) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io("the runtime", &error))?;
    let done = runtime.block_on(cli::main(args, lost));
    // A host name that is looked up, or a service manager that does not listen, must not hold the end.
    runtime.shutdown_background();
    done
}
