//! Every argument of every command.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use clap::ArgAction;

use super::{Table, words};
use crate::desk::{CHAIN, Desk};
use crate::moving::other_key;

/// An argument, what is wrong with it, and the line that is typed.
const ROWS: &[(&str, &str, &str)] = &[
    ("highwater", "no verb", ""),
    ("highwater", "a verb that is not known", "sign"),
    ("highwater", "an option that is not known", "status --verbose"),
    ("highwater --config", "no file", "status --config"),
    ("highwater --config", "twice", "status --config nothing.toml"),
    ("highwater --approve-chain", "no chain", "status --approve-chain"),
    ("state export FILE", "none", "state export"),
    ("state export FILE", "it is there", "state export there"),
    ("state export FILE", "in no folder", "state export nowhere/moving.json"),
    ("state import FILE", "none", "state import"),
    ("state import FILE", "it is not there", "state import nothing"),
    ("state import FILE", "not what was exported", "state import there"),
    ("chain add ID", "none", "chain add --key-index 0 --next-height 1"),
    ("chain add ID", "no chain id", "chain add 'alpha 1' --key-index 0 --next-height 1"),
    ("chain add ID", "a path", "chain add ../alpha --key-index 0 --next-height 1"),
    (
        "chain add ID",
        "51 characters",
        "chain add 012345678901234567890123456789012345678901234567890 --key-index 0 --next-height 1",
    ),
    ("chain add ID", "it is there", "chain add alpha-1 --key-index 0 --next-height 9"),
    ("chain add --key-index", "no key", "chain add beta-1 --next-height 1"),
    ("chain add --key-index", "no number", "chain add beta-1 --key-index first --next-height 1"),
    ("chain add --key-index", "below zero", "chain add beta-1 --key-index -1 --next-height 1"),
    ("chain add --key-index", "too high", "chain add beta-1 --key-index 2147483648 --next-height 1"),
    ("chain add --imported", "no such number", "chain add beta-1 --imported 4 --next-height 1"),
    ("chain add --imported", "two keys", "chain add beta-1 --imported 1 --key-index 0 --next-height 1"),
    ("chain add --imported", "no key has that number", "chain add beta-1 --imported 2 --next-height 1"),
    ("chain add --next-height", "no mark", "chain add beta-1 --key-index 1"),
    ("chain add --next-height", "no number", "chain add beta-1 --key-index 1 --next-height soon"),
    ("chain add --next-height", "zero", "chain add beta-1 --key-index 1 --next-height 0"),
    (
        "chain add --next-height",
        "too high",
        "chain add beta-1 --key-index 1 --next-height 9223372036854775808",
    ),
    ("chain add --last-signed", "a height alone", "chain add beta-1 --key-index 1 --last-signed 7"),
    ("chain add --last-signed", "no such step", "chain add beta-1 --key-index 1 --last-signed 7/0/commit"),
    ("chain add --last-signed", "nothing signed", "chain add beta-1 --key-index 1 --last-signed 7/0/none"),
    (
        "chain add --last-signed",
        "two marks",
        "chain add beta-1 --key-index 1 --next-height 8 --last-signed 7/0/precommit",
    ),
    (
        "chain add --below-signed",
        "no place",
        "chain add beta-1 --key-index 1 --next-height 8 --below-signed all",
    ),
    ("chain show-key ID", "none", "chain show-key"),
    ("chain show-key ID", "it is not on the device", "chain show-key beta-1"),
    ("chain rename ID", "none", "chain rename --next-height 8"),
    ("chain rename ID", "it is not on the device", "chain rename beta-1 beta-2 --next-height 8"),
    ("chain rename NEW", "none", "chain rename alpha-1 --next-height 8"),
    ("chain rename NEW", "the same", "chain rename alpha-1 alpha-1 --next-height 8"),
    ("chain rename NEW", "no chain id", "chain rename alpha-1 'alpha 2' --next-height 8"),
    ("chain rename --next-height", "no mark", "chain rename alpha-1 alpha-2"),
    (
        "chain rename --last-signed",
        "nothing signed",
        "chain rename alpha-1 alpha-2 --last-signed 0/0/precommit",
    ),
    (
        "chain rename --below-signed",
        "no place",
        "chain rename alpha-1 alpha-2 --next-height 8 --below-signed 7",
    ),
    ("chain remove ID", "none", "chain remove"),
    ("chain remove ID", "it is not on the device", "chain remove beta-1"),
    ("chain release ID", "none", "chain release"),
    ("chain release ID", "not of the configuration", "chain release beta-1"),
    ("chain forget ID", "neither chain nor slot", "chain forget"),
    ("chain forget ID", "it was not removed", "chain forget alpha-1"),
    ("chain forget ID", "nobody knows it", "chain forget beta-1"),
    ("chain forget --slot", "no such slot", "chain forget --slot 0"),
    ("chain forget --slot", "beside a chain", "chain forget alpha-1 --slot 1"),
    ("chain forget --slot", "it is not damaged", "chain forget --slot 1"),
    ("chain forget --below-signed", "of a slot", "chain forget --slot 1 --below-signed 1/0/none"),
    ("key --emulator", "no address", "key list --emulator nowhere"),
    ("key --emulator", "nobody listens", "key list --emulator 127.0.0.1:1"),
    ("key import --from", "no source", "key import --no-backup"),
    ("key import --from", "it is not there", "key import --from nothing --no-backup"),
    ("key import --from", "no key file", "key import --from there --no-backup"),
    ("key import --stdin", "beside a file", "key import --stdin --from there --no-backup"),
    ("key import --stdin", "nothing comes", "key import --stdin --no-backup"),
    ("key import --source", "not known", "key import --from there --source aiakos --no-backup"),
    ("key import --to", "no backup is spoken of", "key import --from there"),
    ("key import --to", "it is there", "key import --from key.json --to there"),
    ("key import --no-backup", "beside a backup", "key import --from there --to backup --no-backup"),
    ("key backup NUMBER", "none", "key backup --to backup"),
    ("key backup NUMBER", "no such number", "key backup 0 --to backup"),
    ("key backup NUMBER", "no key has it", "key backup 3 --to backup"),
    ("key backup --to", "none", "key backup 1"),
    ("key backup --to", "it is there", "key backup 1 --to there"),
    ("key restore FILE", "none", "key restore"),
    ("key restore FILE", "it is not there", "key restore nothing"),
    ("key restore FILE", "no backup", "key restore there"),
    ("key forget NUMBER", "none", "key forget"),
    ("key forget NUMBER", "no such number", "key forget one"),
    ("key forget NUMBER", "no key has it", "key forget 3"),
    ("key show --key-index", "neither", "key show"),
    ("key show --key-index", "no number", "key show --key-index x"),
    ("key show --key-index", "no chain has it", "key show --key-index 7"),
    ("key show --imported", "no such number", "key show --imported 9"),
    ("key show --imported", "no key has it", "key show --imported 3"),
    ("migrate --from", "none", "migrate --chain alpha-1 --state there --key key.json --no-backup"),
    (
        "migrate --from",
        "not known",
        "migrate --from aiakos --chain alpha-1 --state there --key key.json --no-backup",
    ),
    ("migrate --chain", "none", "migrate --from cometbft --state there --key key.json --no-backup"),
    (
        "migrate --chain",
        "no chain id",
        "migrate --from cometbft --chain 'alpha 1' --state there --key key.json --no-backup",
    ),
    ("migrate --state", "none", "migrate --from cometbft --chain alpha-1 --key key.json --no-backup"),
    (
        "migrate --state",
        "it is not there",
        "migrate --from cometbft --chain alpha-1 --state nothing --key key.json --no-backup",
    ),
    (
        "migrate --block-time",
        "zero",
        "migrate --from cometbft --chain alpha-1 --state there --key key.json --no-backup --block-time 0",
    ),
    (
        "migrate --block-time",
        "no number",
        "migrate --from cometbft --chain alpha-1 --state there --key key.json --no-backup --block-time 6s",
    ),
    ("migrate --key", "no key", "migrate --from cometbft --chain alpha-1 --state there --no-backup"),
    (
        "migrate --key",
        "it is not there",
        "migrate --from cometbft --chain alpha-1 --state state.json --key nothing --no-backup",
    ),
    (
        "migrate --imported",
        "no such number",
        "migrate --from cometbft --chain alpha-1 --state there --imported 0",
    ),
    (
        "migrate --imported",
        "no key has it",
        "migrate --from cometbft --chain beta-1 --state state.json --imported 3",
    ),
    (
        "migrate --to",
        "no backup is spoken of",
        "migrate --from cometbft --chain alpha-1 --state state.json --key key.json",
    ),
    (
        "migrate --to",
        "it is there",
        "migrate --from cometbft --chain beta-1 --state state.json --key key.json --to there",
    ),
    (
        "migrate --no-backup",
        "beside a backup",
        "migrate --from cometbft --chain alpha-1 --state state.json --key key.json --to backup --no-backup",
    ),
    (
        "migrate --threshold",
        "no number",
        "migrate --from horcrux --chain alpha-1 --state there --key key.json --no-backup --threshold two",
    ),
    (
        "migrate --threshold",
        "not of horcrux",
        "migrate --from cometbft --chain beta-1 --state state.json --key key.json --no-backup --threshold 2",
    ),
    (
        "migrate --exact",
        "beside a key that never signed",
        "migrate --from cometbft --chain beta-1 --state state.json --key key.json --no-backup --exact --never-signed beta-1",
    ),
    (
        "migrate --never-signed",
        "another id",
        "migrate --from cometbft --chain beta-1 --state state.json --key key.json --no-backup --never-signed beta",
    ),
    (
        "migrate --rpc",
        "no address",
        "migrate --from nothing --chain beta-1 --key key.json --no-backup --rpc 127.0.0.1",
    ),
    (
        "migrate --rpc",
        "nobody listens",
        "migrate --from nothing --chain beta-1 --key key.json --no-backup --rpc http://127.0.0.1:1",
    ),
    (
        "migrate --rpc",
        "beside a signer that left files",
        "migrate --from cometbft --chain beta-1 --state state.json --key key.json --no-backup --rpc http://127.0.0.1:1",
    ),
    (
        "migrate --below-signed",
        "no place",
        "migrate --from cometbft --chain beta-1 --state state.json --key key.json --no-backup --below-signed 7",
    ),
    (
        "migrate --retire",
        "nothing to retire",
        "migrate --from nothing --chain beta-1 --key key.json --no-backup --rpc http://127.0.0.1:1 --retire",
    ),
    ("retire --from", "none", "retire --chain alpha-1 --state there"),
    ("retire --from", "nothing", "retire --from nothing --chain alpha-1 --state there"),
    ("retire --chain", "none", "retire --from cometbft --state there"),
    ("retire --chain", "it did not move here", "retire --from cometbft --chain beta-1 --state state.json"),
    ("retire --state", "none", "retire --from cometbft --chain alpha-1"),
    ("retire --state", "it is not there", "retire --from cometbft --chain alpha-1 --state nothing"),
    (
        "retire --block-time",
        "too long",
        "retire --from cometbft --chain alpha-1 --state there --block-time 86401",
    ),
    ("mark show ID", "none", "mark show"),
    ("mark show ID", "it is not on the device", "mark show alpha-2"),
    ("mark adopt ID", "none", "mark adopt"),
    ("mark adopt ID", "nothing is known of it", "mark adopt beta-1"),
    ("mark adopt --key-index", "no number", "mark adopt beta-1 --key-index x"),
    ("mark adopt --imported", "two keys", "mark adopt beta-1 --imported 1 --key-index 0"),
    ("mark adopt --last-signed", "a height alone", "mark adopt beta-1 --key-index 0 --last-signed 7"),
    ("mark adopt --below-signed", "no place", "mark adopt alpha-1 --below-signed 7/0"),
    ("mark set ID", "none", "mark set --next-height 9"),
    ("mark set ID", "it is not on the device", "mark set beta-1 --next-height 9"),
    ("mark set --next-height", "no mark", "mark set alpha-1"),
    ("mark set --next-height", "below what was signed", "mark set alpha-1 --next-height 1"),
    ("mark set --last-signed", "two marks", "mark set alpha-1 --next-height 9 --last-signed 8/0/precommit"),
    ("mark set --below-signed", "another place", "mark set alpha-1 --next-height 1 --below-signed 2/0/none"),
    ("pubkey ID", "none", "pubkey"),
    ("pubkey ID", "it is not pinned", "pubkey beta-1"),
    ("pubkey --json", "two forms", "pubkey alpha-1 --json --tx"),
    ("status --watch", "as JSON", "status --watch --json"),
    ("status --watch", "no terminal", "status --watch"),
];

/// Each argument of each command, by the command and its name, as a row calls it; and whether it takes a value.
fn arguments(command: &clap::Command, before: &str, found: &mut Vec<(String, bool)>) {
    let inner =
        |argument: &&clap::Arg| !matches!(argument.get_action(), ArgAction::Help | ArgAction::Version);
    for argument in command.get_arguments().filter(inner) {
        let name = match argument.get_long() {
            Some(long) => format!("--{long}"),
            None => argument.get_id().as_str().to_uppercase(),
        };
        found.push((format!("{before} {name}"), argument.get_action().takes_values()));
    }
    for verb in command.get_subcommands() {
        let name = verb.get_name();
        let inner = if before == "highwater" { name.to_owned() } else { format!("{before} {name}") };
        arguments(verb, &inner, found);
    }
}

/// A key file, the state of a signer that has been quiet for an hour, and a file of neither kind.
fn leave(desk: &Desk) {
    for (name, text) in [
        ("key.json", other_key()),
        ("state.json", "{\"height\": \"7\", \"round\": 0, \"step\": 3}".to_owned()),
        ("there", "something\n".to_owned()),
    ] {
        let path = desk.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let hour_ago = SystemTime::now() - Duration::from_secs(3_600);
        File::options().write(true).open(&path).unwrap().set_modified(hour_ago).unwrap();
    }
}

#[test]
fn every_argument_of_every_command_has_a_row() {
    let desk = Desk::new("bad-input");
    desk.must(&["chain", "add", CHAIN, "--key-index", "0", "--last-signed", "7/0/precommit"]);
    leave(&desk);
    let mut table = Table::new();
    for (of, wrong, line) in ROWS {
        let line = words(line);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        table.refused(of, wrong, &desk.says(&line));
    }
    // The old signer's key file is away already, which is told and no error.
    let retire = "retire --from cometbft --chain alpha-1 --state state.json --key nothing";
    let line: Vec<&str> = retire.split(' ').collect();
    table.row("retire --key", "it is not there", &desk.says(&line));
    let mut all = Vec::new();
    arguments(&highwater::cli::command(), "highwater", &mut all);
    // A flag can be given a value, and nothing else can be wrong with it alone.
    for (of, _) in all.iter().filter(|(_, takes_values)| !takes_values) {
        let line = format!("{}=often", of.strip_prefix("highwater ").unwrap_or(of));
        let line: Vec<&str> = line.split(' ').collect();
        table.refused(of, "a value", &desk.says(&line));
    }
    let all: BTreeSet<String> = all.into_iter().map(|(of, _)| of).chain(["highwater".to_owned()]).collect();
    table.covers(&all);
    table.kept("arguments");
    assert_eq!(fs::read_to_string(desk.path("there")).unwrap(), "something\n", "nothing was written over");
}
