//! ledgerblue: its command line, and what it says.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use super::environment::isolated;
use super::facts::{CURVE, PATH};
use super::image::Image;

/// How a loader ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It ended well, and printed this *application full hash*.
    Loaded(Option<String>),
    /// The device said no, with this status word.
    Refused(u16),
    /// It ended otherwise; the last thing that it said.
    Failed(String),
}

/// What the loader is told, behind its name. `hex` is the file that it reads.
pub(super) fn arguments(image: &Image, hex: &Path, level: Option<u8>, replaces: bool) -> Vec<OsString> {
    let facts = &image.facts;
    let mut words: Vec<OsString> =
        ["-m", "ledgerblue.loadApp", "--tlv", "--appFlags", "0"].map(Into::into).into();
    let mut option = |name: &str, value: OsString| words.extend([format!("--{name}").into(), value]);
    option("targetId", facts.target_id.clone().into());
    option("targetVersion", facts.target_version.clone().into());
    option("fileName", hex.into());
    option("appName", facts.name.clone().into());
    option("dataSize", facts.data_size.to_string().into());
    if let Some(level) = level {
        option("apiLevel", level.to_string().into());
    }
    if facts.parameters_size > 0 {
        option("installparamsSize", facts.parameters_size.to_string().into());
    } else {
        option("appVersion", facts.version.clone().into());
        option("curve", CURVE.into());
        option("path", PATH.into());
        option("icon", facts.icon.clone().into());
    }
    if replaces {
        words.push("--delete".into());
    }
    words
}

/// A command as a shell takes it.
pub(super) fn line(command: &Command) -> String {
    let quoted = |word: &OsStr| {
        let word = word.to_string_lossy();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:+,".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.into_owned()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    };
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

/// The loader as it is run, with nothing of this process's environment that would divert it.
pub(super) fn command(python: &Path, arguments: &[OsString], emulator: Option<SocketAddr>) -> Command {
    let mut command = isolated(python);
    // What it says is read by a person while it works.
    command.arg("-u").args(arguments);
    if let Some(address) = emulator {
        command.env("LEDGER_PROXY_ADDRESS", address.ip().to_string());
        command.env("LEDGER_PROXY_PORT", address.port().to_string());
    }
    command
}

/// Runs it; each line that it says is handed on as it comes.
///
/// # Errors
/// It cannot be started.
pub(super) fn run(mut command: Command, said: &(dyn Fn(&str) + Sync)) -> std::io::Result<Outcome> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let lines = Mutex::new(Vec::new());
    let keep = |line: String| {
        said(&line);
        lines.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(line);
    };
    let (out, err) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        scope.spawn(|| each_line(err, &keep));
        each_line(out, &keep);
    });
    let status = child.wait()?;
    let lines = lines.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    Ok(judge(status.success(), &lines))
}

fn each_line(from: Option<impl Read>, keep: &impl Fn(String)) {
    let Some(from) = from else { return };
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        // Nothing of it may steer the terminal.
        let text: String = String::from_utf8_lossy(&line).chars().filter(|c| !c.is_control()).collect();
        keep(text);
        line.clear();
    }
}

fn judge(ended_well: bool, lines: &[String]) -> Outcome {
    if ended_well {
        let hash = lines.iter().rev().find_map(|line| line.split_once("Application full hash : "));
        return Outcome::Loaded(hash.map(|(_, hash)| hash.trim().to_owned()));
    }
    let word = lines.iter().rev().find_map(|line| {
        let (_, rest) = line.split_once("Invalid status ")?;
        u16::from_str_radix(rest.get(..4)?, 16).ok()
    });
    let last = || lines.iter().rev().find(|line| !line.trim().is_empty()).cloned().unwrap_or_default();
    word.map_or_else(|| Outcome::Failed(last()), Outcome::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[&str]) -> Vec<String> {
        text.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn what_the_loader_said_becomes_an_outcome() {
        let hash = lines(&["Using test master key b'04'", "Application full hash : 00ff"]);
        assert_eq!(judge(true, &hash), Outcome::Loaded(Some("00ff".to_owned())));
        assert_eq!(judge(true, &[]), Outcome::Loaded(None));
        let refused = lines(&[
            "Traceback (most recent call last):",
            "ledgerblue.commException.CommException: Exception : Invalid status 511f (The OS version)",
        ]);
        assert_eq!(judge(false, &refused), Outcome::Refused(0x511f));
        let failed = lines(&["Exception : No dongle found", ""]);
        assert_eq!(judge(false, &failed), Outcome::Failed("Exception : No dongle found".to_owned()));
    }

    #[test]
    fn a_line_is_quoted_for_a_shell() {
        let mut command = Command::new("python");
        command.args(["", "44'/118'", "0x33100004", "a b"]);
        assert_eq!(line(&command), r"python '' '44'\''/118'\''' 0x33100004 'a b'");
    }
}
