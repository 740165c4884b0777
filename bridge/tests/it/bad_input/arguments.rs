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
    ("chain --device", "no such device", "chain list --device other"),
    ("device --device", "no such device", "device info --device other"),
    ("events --device", "no such device", "events --device other"),
    ("key --device", "no such device", "key list --device other"),
    ("mark --device", "no such device", "mark show alpha-1 --device other"),
    (
        "migrate --device",
        "no such device",
        "migrate --from cometbft --chain alpha-1 --state state.json --key key.json --no-backup --device other",
    ),
    ("yubihsm accept --device", "no such device", "yubihsm accept --device other"),
    ("setup --yes-to", "it is not there", "setup --yes-to nothing"),
    ("setup --yes-to", "a folder", "setup --yes-to state"),
    ("setup --yes-to", "no answers", "setup --yes-to there"),
    ("setup --yes-to", "an answer that is not known", "setup --yes-to unknown.toml"),
    ("setup --yes-to", "a height below zero", "setup --yes-to below.toml"),
    ("firmware --emulator", "no address", "firmware verify --emulator nowhere"),
    ("firmware --emulator", "nobody listens", "firmware verify --emulator 127.0.0.1:1"),
    ("firmware install --device", "not known", "firmware install --device nanox --system 1.6.1 --print"),
    (
        "firmware install --device",
        "the image is for another",
        "firmware install --device nanos --image image --system 1.6.1 --print",
    ),
    (
        "firmware install --image",
        "it is not there",
        "firmware install --image nothing --system 1.6.1 --print",
    ),
    (
        "firmware install --image",
        "not the known one",
        "firmware install --image image --system 1.6.1 --print",
    ),
    ("firmware install --system", "something is to be loaded", "firmware install --system 1.6.1"),
    ("firmware install --system", "of an image that nobody names", "firmware install --system 1.6.1 --print"),
    (
        "firmware install --system",
        "the app was not tried on it",
        "firmware install --system 0.9 --print --image image --sha256 e46e247c8f9e71224c7fd224dfa734dfe5453f4891bd7cae681a477ffb6c6e5d",
    ),
    ("firmware install --environment", "no folder", "firmware install --environment"),
    (
        "firmware install --sha256",
        "of another image",
        "firmware install --image image --system 1.6.1 --print --sha256 e46e247c",
    ),
    ("firmware verify --device", "not known", "firmware verify --device nanox"),
    (
        "firmware verify --device",
        "the image is for another",
        "firmware verify --device nanos --image image --emulator 127.0.0.1:1",
    ),
    ("firmware verify --image", "it is not there", "firmware verify --image nothing --emulator 127.0.0.1:1"),
    ("firmware verify --image", "a file", "firmware verify --image there --emulator 127.0.0.1:1"),
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
        "migrate --key-index",
        "no number",
        "migrate --from cometbft --chain beta-1 --state state.json --key-index first",
    ),
    (
        "migrate --key-index",
        "below zero",
        "migrate --from cometbft --chain beta-1 --state state.json --key-index -1",
    ),
    (
        "migrate --key-index",
        "the device keeps its keys itself",
        "migrate --from cometbft --chain beta-1 --state state.json --key-index 0",
    ),
    ("migrate --tmkms", "no key", "migrate --from tmkms --chain beta-1 --tmkms there"),
    (
        "migrate --tmkms",
        "a key that is not in an HSM",
        "migrate --from tmkms --chain beta-1 --tmkms there --key key.json --no-backup",
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
    ("yubihsm setup --admin-key", "no number", "yubihsm setup --admin-key first"),
    ("yubihsm setup --admin-key", "too high", "yubihsm setup --admin-key 65536"),
    (
        "yubihsm setup --admin-password-file",
        "it is not there",
        "yubihsm setup --address 127.0.0.1:1 --admin-password-file nothing",
    ),
    ("yubihsm setup --admin-password-file", "none, and no terminal", "yubihsm setup --address 127.0.0.1:1"),
    ("yubihsm setup --address", "no address", "yubihsm setup --address hsm"),
    ("yubihsm setup --address", "of another machine", "yubihsm setup --address 192.0.2.1:12345"),
    (
        "yubihsm setup --address",
        "nobody listens",
        "yubihsm setup --address 127.0.0.1:1 --admin-password-file there",
    ),
    ("yubihsm setup --usb", "beside a connector", "yubihsm setup --usb any --address 127.0.0.1:1"),
    (
        "yubihsm import --admin-key",
        "no number",
        "yubihsm import --from key.json --object 3 --admin-key first",
    ),
    ("yubihsm import --admin-key", "too high", "yubihsm import --from key.json --object 3 --admin-key 65536"),
    (
        "yubihsm import --admin-password-file",
        "it is not there",
        "yubihsm import --from key.json --object 3 --address 127.0.0.1:1 --admin-password-file nothing",
    ),
    (
        "yubihsm import --admin-password-file",
        "none, and no terminal",
        "yubihsm import --from key.json --object 3 --address 127.0.0.1:1",
    ),
    ("yubihsm import --address", "no address", "yubihsm import --from key.json --object 3 --address hsm"),
    (
        "yubihsm import --address",
        "of another machine",
        "yubihsm import --from key.json --object 3 --address 192.0.2.1:12345",
    ),
    (
        "yubihsm import --address",
        "nobody listens",
        "yubihsm import --from key.json --object 3 --address 127.0.0.1:1 --admin-password-file there",
    ),
    (
        "yubihsm import --usb",
        "beside a connector",
        "yubihsm import --from key.json --object 3 --usb any --address 127.0.0.1:1",
    ),
    ("yubihsm delete-auth-key --admin-key", "no number", "yubihsm delete-auth-key 7 --admin-key first"),
    ("yubihsm delete-auth-key --admin-key", "too high", "yubihsm delete-auth-key 7 --admin-key 65536"),
    (
        "yubihsm delete-auth-key --admin-password-file",
        "it is not there",
        "yubihsm delete-auth-key 7 --address 127.0.0.1:1 --admin-password-file nothing",
    ),
    (
        "yubihsm delete-auth-key --admin-password-file",
        "none, and no terminal",
        "yubihsm delete-auth-key 7 --address 127.0.0.1:1",
    ),
    ("yubihsm delete-auth-key --address", "no address", "yubihsm delete-auth-key 7 --address hsm"),
    (
        "yubihsm delete-auth-key --address",
        "of another machine",
        "yubihsm delete-auth-key 7 --address 192.0.2.1:12345",
    ),
    (
        "yubihsm delete-auth-key --address",
        "nobody listens",
        "yubihsm delete-auth-key 7 --address 127.0.0.1:1 --admin-password-file there",
    ),
    (
        "yubihsm delete-auth-key --usb",
        "beside a connector",
        "yubihsm delete-auth-key 7 --usb any --address 127.0.0.1:1",
    ),
    ("yubihsm setup --object", "zero", "yubihsm setup --object 0"),
    ("yubihsm setup --auth-key", "no number", "yubihsm setup --auth-key x"),
    (
        "yubihsm setup --password-file",
        "it is there",
        "yubihsm setup --password-file there --address 127.0.0.1:1 --admin-password-file there",
    ),
    ("yubihsm setup --domain", "zero", "yubihsm setup --domain 0"),
    ("yubihsm setup --domain", "no number", "yubihsm setup --domain all"),
    ("yubihsm import --from", "no source", "yubihsm import --object 3"),
    (
        "yubihsm import --from",
        "it is not there",
        "yubihsm import --from nothing --object 3 --address 127.0.0.1:1 --admin-password-file there",
    ),
    (
        "yubihsm import --from",
        "no key file",
        "yubihsm import --from there --object 3 --address 127.0.0.1:1 --admin-password-file there",
    ),
    ("yubihsm import --source", "not known", "yubihsm import --from key.json --source aiakos --object 3"),
    ("yubihsm import --object", "none", "yubihsm import --from key.json"),
    ("yubihsm import --object", "below zero", "yubihsm import --from key.json --object -3"),
    ("yubihsm import --domain", "too high", "yubihsm import --from key.json --object 3 --domain 17"),
    ("yubihsm delete-auth-key ID", "none", "yubihsm delete-auth-key"),
    ("yubihsm delete-auth-key ID", "no number", "yubihsm delete-auth-key factory"),
    (
        "yubihsm delete-auth-key ID",
        "the administrator's own",
        "yubihsm delete-auth-key 1 --address 127.0.0.1:1 --admin-password-file there",
    ),
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

/// Ten bytes that are an image, as `cargo xtask firmware` leaves one.
const IMAGE: [(&str, &str); 2] = [
    (
        "image/highwater-nanosplus.hex",
        ":02000004C0D06A\n:0A00000062B600F00BF8FEE701DF26\n:04000005C0D0000166\n:00000001FF\n",
    ),
    (
        "image/load.toml",
        "device = \"nanosplus\"\ntitle = \"Nano S Plus\"\ntarget_id = \"0x33100004\"\ntarget_version = \"\"\n\
         name = \"Highwater\"\nversion = \"0.1.0\"\ndata_size = 4\nparameters_size = 2\nicon = \"\"\n",
    ),
];

/// A key file, the state of a signer that has been quiet for an hour, a file of neither kind, answers, and an image.
fn leave(desk: &Desk) {
    fs::create_dir(desk.path("image")).unwrap();
    for (name, text) in IMAGE {
        fs::write(desk.path(name), text).unwrap();
    }
    for (name, text) in [
        ("key.json", other_key()),
        ("state.json", "{\"height\": \"7\", \"round\": 0, \"step\": 3}".to_owned()),
        ("there", "something\n".to_owned()),
        ("unknown.toml", "[chain]\nname = \"beta-1\"\n".to_owned()),
        ("below.toml", "[mark]\nnext_height = -1\n".to_owned()),
    ] {
        let path = desk.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let hour_ago = SystemTime::now() - Duration::from_secs(3_600);
        File::options().write(true).open(&path).unwrap().set_modified(hour_ago).unwrap();
    }
}

/// A program without a key store says of its arguments only that.
#[cfg(feature = "yubihsm")]
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
