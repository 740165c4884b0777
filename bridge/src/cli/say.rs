//! What a command prints. `println!` panics where nobody reads any more, as after `| head -1`, and the command's work would
//! seem to have failed.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::Failure;

/// The first output that was lost. The command goes on: what it does is worth more than what it says.
static LOST: Mutex<Option<io::Error>> = Mutex::new(None);

/// What is printed is of a step, and not the result.
static ASIDE: AtomicBool = AtomicBool::new(false);

/// Until it is dropped, results go to standard error: the command's own comes later.
pub(super) struct Aside(());

pub(super) fn steps_aside() -> Aside {
    ASIDE.store(true, Ordering::Relaxed);
    Aside(())
}

impl Drop for Aside {
    fn drop(&mut self) {
        ASIDE.store(false, Ordering::Relaxed);
    }
}

/// A line on standard output.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::cli::say::print(format_args!("{}\n", format_args!($($text)*)))
    };
}

/// A line on standard error.
macro_rules! remark {
    ($($text:tt)*) => {
        $crate::cli::say::aside(format_args!("{}\n", format_args!($($text)*)))
    };
}

/// On standard output, as it is.
pub(super) fn print(text: fmt::Arguments<'_>) {
    if ASIDE.load(Ordering::Relaxed) {
        return aside(text);
    }
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_fmt(text).and_then(|()| out.flush()) {
        LOST.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).get_or_insert(error);
    }
}

/// A result for programs: the whole of it is one value, on several lines.
pub(super) fn json(result: &(impl Serialize + ?Sized)) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(result).map_err(|error| Failure::software(error.to_string()))?;
    print(format_args!("{text}\n"));
    Ok(())
}

/// On standard error, as it is. Nobody can be told that it is lost.
pub(super) fn aside(text: fmt::Arguments<'_>) {
    let mut out = io::stderr().lock();
    let _ = out.write_fmt(text).and_then(|()| out.flush());
}

/// An error if output was lost that somebody wanted: a reader that hung up had enough.
pub(super) fn heard() -> Result<(), Failure> {
    let lost = LOST.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
    match lost {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::unheard(&error)),
        _ => Ok(()),
    }
}
