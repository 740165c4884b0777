//! Of the log, of what is printed, and of the daemon's own life.

use std::io;
use std::time::Duration;

use crate::watchdog::Part;

/// The log's filter is none.
pub(crate) fn log_filter(variable: &str, value: &str, cause: &str) -> String {
    format!(
        "{variable} is {value:?}, which is no filter of the log ({cause}): set it to error, warn, info, debug, trace or \
         off, or unset it"
    )
}

/// The log's form is not known.
pub(crate) fn log_format(variable: &str, value: &str) -> String {
    format!("{variable} is {value:?}, which is no form of the log: set it to text or json, or unset it")
}

/// A thread or task of the daemon panicked.
pub(crate) fn panicked(what: &str) -> String {
    format!("a part of the daemon failed ({what}): report this line; if the daemon ends, start it again")
}

/// The signer's task tells nothing of its chains.
pub(crate) fn signer_silent() -> &'static str {
    "the signer's task does not answer: the daemon is ending, or that task hangs; if this stays, restart the daemon"
}

/// A part of the daemon hangs; of several devices one.
pub(crate) fn hung(part: Part, age: Duration, several: bool) -> String {
    let what = match part {
        Part::Device => "the device's thread has stood still",
        Part::Signer => "the signer's task has not answered",
    };
    let cure = match several {
        false => {
            "the service manager is told nothing any more and restarts the daemon; without one, restart it"
        }
        true => {
            "nothing is signed for its chains, and the other devices go on; replug it, and if it stays so, restart the daemon"
        }
    };
    format!("{what} for {} s: {cure}", age.as_secs())
}

/// The admin socket or the metrics are gone.
pub(crate) fn admin_ended(how: &str) -> String {
    format!(
        "no command or watcher can reach the daemon any more ({how}): signing goes on; restart the daemon when it suits \
         the chain, and report this line"
    )
}

/// A command was done, and its output is lost.
pub(crate) fn unheard(error: &io::Error) -> String {
    format!(
        "the command was done, but its output could not be written ({error}): write it to another place, with a command \
         that only shows"
    )
}

/// The daemon takes the command and says nothing.
pub(crate) fn admin_late(waited: Duration) -> String {
    format!(
        "the daemon did not answer within {} s, so it hangs or its device does: see its log, and restart it if this goes \
         on; a command to the device may still be carried out",
        waited.as_secs()
    )
}
