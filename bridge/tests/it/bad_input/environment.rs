//! Every variable that the program reads: its own, which stand in its source, and those of the system.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::Table;
use crate::desk::{CHAIN, Desk};

/// Of the system's variables those by which a command may fail. JOURNAL_STREAM, NOTIFY_SOCKET and WATCHDOG_USEC are the
/// service manager's (`manager.rs`), NO_COLOR and TERM decide on colours (`printed.rs`).
const SYSTEMS: [&str; 4] = ["TMPDIR", "CREDENTIALS_DIRECTORY", "HOME", "XDG_DATA_HOME"];

/// A variable, what is wrong with it, its value, and the command that meets it.
const ROWS: &[(&str, &str, &str, &[&str])] = &[
    ("HIGHWATER_CONFIG", "a file that is not there", "nothing.toml", &["status"]),
    ("HIGHWATER_CONFIG", "a folder", "state", &["status"]),
    ("HIGHWATER_LOG", "a level with a typing error", "inof", &["run"]),
    ("HIGHWATER_LOG", "a level of a part with a typing error", "info,highwater::node=loud", &["run"]),
    ("HIGHWATER_LOG", "no filter", "[", &["status"]),
    ("HIGHWATER_LOG", "a typing error, at the look before the start", "wran", &["check"]),
    ("HIGHWATER_LOG_FORMAT", "not known", "jsn", &["run"]),
    ("HIGHWATER_LOG_FORMAT", "upper case", "JSON", &["status"]),
    ("HIGHWATER_EMULATOR", "no address", "localhost", &["key", "list"]),
    ("HIGHWATER_EMULATOR", "nobody listens", "127.0.0.1:1", &["key", "list"]),
    (
        "HIGHWATER_APPROVE_CHAIN",
        "the device is a simulated one, whose owner is asked otherwise",
        "alpha-2",
        &["chain", "add", "beta-1", "--key-index", "1", "--next-height", "8"],
    ),
    (
        "HIGHWATER_SIM_APPROVE",
        "no yes",
        "no",
        &["chain", "add", "beta-1", "--key-index", "1", "--next-height", "8"],
    ),
    ("AIAKOS_URL", "no address", "http://hsm", &["yubihsm", "delete-auth-key", "7"]),
    ("AIAKOS_URL", "of another machine", "http://192.0.2.1:12345", &["yubihsm", "delete-auth-key", "7"]),
    ("AIAKOS_AUTH_KEY", "no number", "first", &["yubihsm", "delete-auth-key", "7"]),
    ("AIAKOS_SIGNING_KEY", "too high", "65536", &["yubihsm", "setup"]),
    (
        "AIAKOS_AUTH_KEY_PASSWORD",
        "nobody listens to it",
        "password",
        &["yubihsm", "delete-auth-key", "7", "--address", "127.0.0.1:1"],
    ),
    ("HOME", "a user without a home", "/", &["firmware", "install", "--system", "1.6.1", "--print"]),
    (
        "XDG_DATA_HOME",
        "no absolute path, of a user without a home",
        "data",
        &["firmware", "install", "--system", "1.6.1", "--print"],
    ),
    ("CREDENTIALS_DIRECTORY", "a folder without the credential", "/nothing", &["device", "info"]),
    ("TMPDIR", "a folder that is not there", "/nothing", &["device", "info"]),
];

/// Every Rust file below a folder.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(fs::read_to_string(path).unwrap());
        }
    }
}

/// The names in capitals that stand between quotes in the source, as a variable's does.
fn variables() -> BTreeSet<String> {
    let mut texts = Vec::new();
    for folder in ["src", "hosted/src"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut texts);
    }
    let mut found = BTreeSet::new();
    for text in texts {
        let own = |word: &&str| word.starts_with("HIGHWATER_") || word.starts_with("AIAKOS_");
        let quoted = text.split('"').filter(own);
        let ours = |c: char| c.is_ascii_uppercase() || c == '_';
        found.extend(quoted.filter(|word| word.chars().all(ours)).map(str::to_owned));
    }
    // Those that only tests read.
    found.remove("HIGHWATER_WRITE");
    found
}

/// One row is of a key store.
#[cfg(feature = "yubihsm")]
#[test]
fn every_variable_has_a_row() {
    let desk = Desk::new("bad-input");
    desk.must(&["chain", "add", CHAIN, "--key-index", "0", "--last-signed", "7/0/precommit"]);
    let text = fs::read_to_string(&desk.config).unwrap();
    let mut table = Table::new();
    for (variable, wrong, value, args) in ROWS {
        let simulated = ["HIGHWATER_SIM_APPROVE", "HIGHWATER_APPROVE_CHAIN"].contains(variable);
        let state = desk.path("state");
        let own = format!("state_dir = {state:?}\n[device]\ntransport = \"simulated\"\n");
        let store = format!(
            "state_dir = {state:?}\n[device]\ntransport = \"yubihsm\"\naddress = \"127.0.0.1:1\"\nauth_key = 5\n\
             password_file = \"yubihsm.password\"\n[[device.key]]\nnumber = 0\nobject = 1\n"
        );
        let config = match *variable {
            "CREDENTIALS_DIRECTORY" => &store,
            _ if simulated => &own,
            _ => &text,
        };
        fs::write(&desk.config, config).unwrap();
        let set = |command: &mut Command| {
            if ["HOME", "XDG_DATA_HOME"].contains(variable) {
                command.env("HOME", "/").env_remove("XDG_DATA_HOME");
            }
            command.env(variable, value);
        };
        let said = match *variable {
            // The option would win.
            "HIGHWATER_CONFIG" => desk.says_alone(args, set),
            _ => desk.says_with(args, set),
        };
        let port = format!("speculos-{}", desk.emulator.address.port());
        let said = said.replace(&port, "speculos-[port]");
        table.refused(variable, wrong, &format!("{variable}={value}\n{said}"));
    }
    let mut all = variables();
    all.extend(SYSTEMS.map(str::to_owned));
    assert!(all.len() > 5, "{all:?}");
    table.covers(&all);
    table.kept("environment");
}
