//! Of the configuration: a file that cannot be read, and lines that say what cannot be.

use std::path::Path;

use crate::users;

/// The config file cannot be read.
pub fn config_unreadable(path: &Path, error: &std::io::Error) -> String {
    if error.kind() == std::io::ErrorKind::PermissionDenied {
        return format!(
            "{} may not be read by {} ({error}): run the command as the daemon's user, as in `sudo -u highwater highwater check`, \
             or give that user's group the file: `sudo chgrp highwater {}` and `sudo chmod g+r {}`",
            path.display(),
            users::name(users::ours()),
            path.display(),
            path.display()
        );
    }
    if error.kind() == std::io::ErrorKind::NotFound {
        return format!(
            "{} does not exist: name the file with --config, or make it from packaging/highwater.toml, whose comments have an \
             example of each key",
            path.display()
        );
    }
    format!("{} cannot be read ({error}): name a readable file with --config", path.display())
}

/// The transport is none.
pub fn config_transport(found: &str) -> String {
    let cure = match found {
        "usb" | "ledger" | "hidraw" | "HID" | "USB" => "a Ledger on USB is `transport = \"hid\"`",
        _ => {
            "a Ledger on USB is `transport = \"hid\"`, the emulator \"speculos\", a try without hardware \"simulated\""
        }
    };
    format!("transport {found:?} is not known: {cure}")
}

/// The config has a key that this version does not have any more.
pub fn vote_extensions_removed() -> &'static str {
    "vote_extensions is no key any more: CometBFT 0.38.0 to 0.38.10 stop for good at a precommit without the signature of \
     its extension, on every chain, so each is signed unless the node says that it needs none; remove the line"
}

/// The words of a reader of TOML for kinds of values are those of programmers.
pub(super) fn in_words(error: &str) -> String {
    let mut error = error.to_owned();
    for (theirs, ours) in [
        ("expected u64", "expected a whole number, 0 or more"),
        ("expected u32", "expected a whole number from 0 to 4294967295"),
        ("expected u16", "expected a whole number from 0 to 65535"),
        ("expected path string", "expected a path in quotes"),
        ("expected a boolean", "expected true or false"),
        ("expected a sequence", "expected a list"),
        ("invalid type: map", "invalid type: one section"),
    ] {
        error = error.replace(theirs, ours);
    }
    error
}

/// What the reader of the file complains of, beside the line that it speaks of.
pub(crate) fn config_syntax(line: &str, error: &str) -> String {
    let error = in_words(error);
    let cure = match (line, &*error) {
        (_, missing) if missing.contains("missing field `device`") => {
            "add a section [device] with its transport"
        }
        (_, missing) if missing.contains("missing field") => "add that key",
        ("[chain]", _) => "write [[chain]], in two brackets, once for each chain",
        ("[device]" | "[[device]]", twice) if twice.contains("duplicate key") => {
            "write [[device]], in two brackets, once for each device, each with a name"
        }
        ("[[admin]]", _) => "write [admin], in one bracket",
        (_, list) if list.ends_with("expected a list") => "write [\"…\"], with each value in quotes",
        (_, socket) if socket.contains("socket address") => {
            "write an IP address and a port, as 127.0.0.1:9660"
        }
        _ => "correct the line shown",
    };
    let line = if line.is_empty() { String::new() } else { format!("`{line}`: ") };
    format!("{line}{error}\n{cure}; docs/reference/configuration.md lists every key")
}
