//! Every key of the configuration. The program itself tells which there are: it names them where one is unknown.

use std::collections::BTreeSet;
use std::fs;

use super::Table;
use crate::desk::{CHAIN, Desk};

/// What a file begins with; the desk's folder stands for `DIR`, its device's port for `PORT`.
const EMULATOR: &str = "state_dir = \"DIR/state\"
[device]
transport = \"speculos\"
address = \"PORT\"
[[chain]]
id = \"alpha-1\"
nodes = [\"unix://DIR/node.sock\"]
";

const SEVERAL: &str = "state_dir = \"DIR/state\"
[[device]]
name = \"a\"
transport = \"speculos\"
address = \"PORT\"
[[device]]
name = \"b\"
transport = \"speculos\"
address = \"127.0.0.1:1\"
[[chain]]
id = \"alpha-1\"
device = \"a\"
nodes = [\"unix://DIR/node.sock\"]
";

const HID: &str = "state_dir = \"DIR/state\"
[device]
transport = \"hid\"
path = \"/dev/ledger-a\"
";

const YUBIHSM: &str = "state_dir = \"DIR/state\"
[device]
transport = \"yubihsm\"
address = \"127.0.0.1:1\"
auth_key = 5
password_file = \"DIR/password\"
[[device.key]]
number = 0
object = 1
";

const PKCS11: &str = "state_dir = \"DIR/state\"
[device]
transport = \"pkcs11\"
module = \"DIR/vendor.so\"
token_label = \"validators\"
pin_file = \"DIR/pin\"
[[device.key]]
number = 0
label = \"validator\"
";

/// A key, what is wrong with it, the file that it is wrong in, and what is put in the place of what.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// Found before anything is opened.
const ROWS: &[Row] = &[
    ("state_dir", "left out", EMULATOR, "state_dir = \"DIR/state\"\n", ""),
    ("state_dir", "no absolute path", EMULATOR, "\"DIR/state\"", "\"state\""),
    ("state_dir", "a number", EMULATOR, "\"DIR/state\"", "7"),
    ("state_dir", "a file", EMULATOR, "DIR/state", "DIR/highwater.toml"),
    ("device.transport", "left out", EMULATOR, "transport = \"speculos\"\n", ""),
    ("device.transport", "usb", EMULATOR, "\"speculos\"", "\"usb\""),
    ("device.transport", "a typing error", EMULATOR, "\"speculos\"", "\"specolus\""),
    ("device.transport", "upper case", EMULATOR, "\"speculos\"", "\"HID\""),
    ("device.address", "left out", EMULATOR, "address = \"PORT\"\n", ""),
    ("device.address", "a name without a port", EMULATOR, "PORT", "localhost"),
    ("device.address", "of a Ledger", HID, "path = \"/dev/ledger-a\"", "address = \"127.0.0.1:9999\""),
    ("device.address", "a connector of another machine", YUBIHSM, "127.0.0.1:1", "192.0.2.1:12345"),
    ("device.serial", "beside a path", HID, "path", "serial = \"0001\"\npath"),
    ("device.serial", "beside a connector", YUBIHSM, "auth_key", "serial = \"1\"\nauth_key"),
    ("device.serial", "a number", HID, "path = \"/dev/ledger-a\"", "serial = 1"),
    (
        "device.path",
        "of the emulator",
        EMULATOR,
        "address = \"PORT\"",
        "address = \"PORT\"\npath = \"/dev/hidraw0\"",
    ),
    ("device.spare", "of the emulator", EMULATOR, "address", "spare = true\naddress"),
    ("device.spare", "a word", EMULATOR, "address", "spare = \"yes\"\naddress"),
    ("device.auth_key", "left out", YUBIHSM, "auth_key = 5\n", ""),
    ("device.auth_key", "too high", YUBIHSM, "auth_key = 5", "auth_key = 70000"),
    ("device.password_file", "left out", YUBIHSM, "password_file = \"DIR/password\"\n", ""),
    ("device.password_file", "a path from nowhere", YUBIHSM, "DIR/password", "../password"),
    ("device.password_file", "empty", YUBIHSM, "DIR/password", ""),
    ("device.module", "left out", PKCS11, "module = \"DIR/vendor.so\"\n", ""),
    ("device.module", "no absolute path", PKCS11, "DIR/vendor.so", "vendor.so"),
    ("device.token_label", "left out", PKCS11, "token_label = \"validators\"\n", ""),
    ("device.slot", "beside a label", PKCS11, "token_label", "slot = 1\ntoken_label"),
    ("device.slot", "below zero", PKCS11, "token_label = \"validators\"", "slot = -1"),
    ("device.pin_file", "left out", PKCS11, "pin_file = \"DIR/pin\"\n", ""),
    ("device.pin_file", "a path from nowhere", PKCS11, "DIR/pin", "./pin"),
    ("device.pin_file", "of a YubiHSM2", YUBIHSM, "auth_key", "pin_file = \"DIR/pin\"\nauth_key"),
    (
        "device.key",
        "of the emulator",
        EMULATOR,
        "[[chain]]",
        "[[device.key]]\nnumber = 0\nobject = 1\n[[chain]]",
    ),
    ("device.key.number", "left out", YUBIHSM, "number = 0\n", ""),
    ("device.key.number", "no key 0", YUBIHSM, "number = 0", "number = 1"),
    (
        "device.key.number",
        "twice",
        YUBIHSM,
        "object = 1\n",
        "object = 1\n[[device.key]]\nnumber = 0\nobject = 2\n",
    ),
    ("device.key.object", "left out", YUBIHSM, "object = 1\n", ""),
    ("device.key.object", "of a token", PKCS11, "label = \"validator\"", "object = 1"),
    ("device.key.label", "of a YubiHSM2", YUBIHSM, "object = 1", "label = \"validator\""),
    ("device.key.id", "no hexadecimal", PKCS11, "label = \"validator\"", "id = \"a1b\""),
    (
        "device.key.id",
        "beside a label",
        PKCS11,
        "label = \"validator\"",
        "label = \"validator\"\nid = \"a1\"",
    ),
    ("device", "left out", HID, "[device]\ntransport = \"hid\"\npath = \"/dev/ledger-a\"\n", ""),
    (
        "device",
        "one in one bracket and one in two",
        EMULATOR,
        "[[chain]]",
        "[[device]]\ntransport = \"hid\"\n[[chain]]",
    ),
    (
        "device",
        "a word",
        HID,
        "[device]\ntransport = \"hid\"\npath = \"/dev/ledger-a\"\n",
        "device = \"hid\"\n",
    ),
    (
        "device",
        "two that may be one",
        HID,
        "[device]",
        "[[device]]\nname = \"b\"\ntransport = \"hid\"\nserial = \"0001\"\n[[device]]\nname = \"a\"",
    ),
    ("device.name", "left out of one of several", SEVERAL, "name = \"b\"\n", ""),
    ("device.name", "twice", SEVERAL, "name = \"b\"", "name = \"a\""),
    ("device.name", "two words", SEVERAL, "name = \"b\"", "name = \"B 1\""),
    ("device.address", "of two devices", SEVERAL, "127.0.0.1:1", "PORT"),
    ("device.audit", "of the emulator", EMULATOR, "address", "audit = true\naddress"),
    ("device.audit", "a word", YUBIHSM, "auth_key", "audit = \"yes\"\nauth_key"),
    ("chain", "a table", EMULATOR, "[[chain]]", "[chain]"),
    ("chain.id", "left out", EMULATOR, "id = \"alpha-1\"\n", ""),
    ("chain.id", "no chain id", EMULATOR, "alpha-1", "alpha 1"),
    ("chain.id", "a name of a file that is swept away", EMULATOR, "alpha-1", ".new-1"),
    ("chain.id", "twice", EMULATOR, "[[chain]]", "[[chain]]\nid = \"alpha-1\"\n[[chain]]"),
    ("chain.device", "left out, and there are several", SEVERAL, "device = \"a\"\n", ""),
    ("chain.device", "no such device", SEVERAL, "device = \"a\"", "device = \"c\""),
    ("chain.device", "of a device without a name", EMULATOR, "nodes", "device = \"a\"\nnodes"),
    ("chain.on_absent", "not known", EMULATOR, "nodes", "on_absent = \"never\"\nnodes"),
    ("chain.stop_height", "zero", EMULATOR, "nodes", "stop_height = 0\nnodes"),
    ("chain.stop_height", "below zero", EMULATOR, "nodes", "stop_height = -1\nnodes"),
    ("chain.stop_height", "a text", EMULATOR, "nodes", "stop_height = \"900\"\nnodes"),
    ("chain.nodes", "no list", EMULATOR, "[\"unix://DIR/node.sock\"]", "\"unix://DIR/node.sock\""),
    ("chain.nodes", "a path alone", EMULATOR, "unix://DIR", "DIR"),
    ("chain.nodes", "no port", EMULATOR, "unix://DIR/node.sock", "tcp://node-0"),
    ("chain.nodes", "every interface", EMULATOR, "unix://DIR/node.sock", "tcp://0.0.0.0:26659"),
    ("chain.nodes", "nobody's id", EMULATOR, "unix://DIR/node.sock", "noise://127.0.0.1:26659"),
    ("chain.nodes", "no such id", EMULATOR, "unix://DIR/node.sock", "noise://12D3@127.0.0.1:26659"),
    ("chain.nodes", "another scheme", EMULATOR, "unix://DIR/node.sock", "grpc://127.0.0.1:26659"),
    ("chain.nodes", "a relative path", EMULATOR, "unix://DIR/node.sock", "unix://node.sock"),
    ("chain.nodes", "twice", EMULATOR, "node.sock\"", "node.sock\", \"unix://DIR/node.sock\""),
    ("chain.rpc", "https", EMULATOR, "nodes", "rpc = \"https://127.0.0.1:26657\"\nnodes"),
    ("chain.rpc", "no port", EMULATOR, "nodes", "rpc = \"http://127.0.0.1\"\nnodes"),
    ("admin", "a list", EMULATOR, "[device]", "[[admin]]\n[device]"),
    ("admin.metrics", "a port alone", EMULATOR, "[device]", "[admin]\nmetrics = \"9660\"\n[device]"),
    (
        "admin.metrics",
        "every interface",
        EMULATOR,
        "[device]",
        "[admin]\nmetrics = \"0.0.0.0:9660\"\n[device]",
    ),
    (
        "admin.metrics_exposed",
        "metrics listen nowhere",
        EMULATOR,
        "[device]",
        "[admin]\nmetrics_exposed = true\n[device]",
    ),
    ("admin.metrics_exposed", "a word", EMULATOR, "[device]", "[admin]\nmetrics_exposed = \"yes\"\n[device]"),
    ("a key", "not known", EMULATOR, "nodes", "node = []\nnodes"),
    ("a key", "of an older version", EMULATOR, "nodes", "vote_extensions = \"off\"\nnodes"),
    ("a key", "twice", EMULATOR, "id =", "id = \"beta-1\"\nid ="),
    ("the file", "no TOML", EMULATOR, "[[chain]]", "[[chain"),
];

/// Found when what it names is used.
const USED: &[Row] = &[
    ("device.name", "none in the command, and there are several", SEVERAL, "", ""),
    ("device.address", "nobody listens", EMULATOR, "PORT", "127.0.0.1:1"),
    ("device.address", "no connector listens", YUBIHSM, "", ""),
    ("device.password_file", "not there", YUBIHSM, "DIR/password", "DIR/nothing"),
    ("device.password_file", "a credential that nobody gives", YUBIHSM, "DIR/password", "yubihsm.password"),
    ("device.pin_file", "not there", PKCS11, "DIR/pin", "DIR/nothing"),
    ("device.module", "not there", PKCS11, "", ""),
];

/// Found by `highwater check`.
const CHECKED: &[Row] = &[
    ("chain", "none", EMULATOR, "[[chain]]\nid = \"alpha-1\"\nnodes = [\"unix://DIR/node.sock\"]\n", ""),
    ("chain.id", "never added", EMULATOR, "alpha-1", "alpha-2"),
    ("chain.nodes", "none", EMULATOR, "nodes = [\"unix://DIR/node.sock\"]\n", ""),
    ("chain.nodes", "no socket is there", EMULATOR, "", ""),
    ("chain.stop_height", "below the mark", EMULATOR, "nodes", "stop_height = 5\nnodes"),
    ("admin.metrics", "taken", EMULATOR, "[device]", "[admin]\nmetrics = \"PORT\"\n[device]"),
];

struct Keys {
    desk: Desk,
}

impl Keys {
    /// The file of a row, and what the command says of it.
    fn says(&self, row: &Row, args: &[&str]) -> String {
        let (_, _, base, from, to) = *row;
        assert!(from.is_empty() || base.contains(from), "{row:?}");
        let told =
            |text: &str| format!("{}{}", if text.contains('\n') { "\n" } else { " " }, text.trim_end());
        let change = match (from, to) {
            ("", _) => String::new(),
            (from, "") => format!("without{}\n", told(from)),
            (_, to) => format!("with{}\n", told(to)),
        };
        self.write(&if from.is_empty() { base.to_owned() } else { base.replacen(from, to, 1) });
        change + &self.desk.says(args)
    }

    fn write(&self, text: &str) {
        let dir = self.desk.path("");
        let text = text.replace("DIR", dir.to_str().unwrap().trim_end_matches('/'));
        fs::write(&self.desk.config, text.replace("PORT", &self.desk.emulator.address.to_string())).unwrap();
    }

    /// The keys that a section of the file takes, as the program tells them.
    fn of(&self, before: &str, section: &str, found: &mut BTreeSet<String>) {
        let base = match section {
            "[[device.key]]" => "state_dir = \"/s\"\n[device]\ntransport = \"pkcs11\"\n",
            "[[chain]]" | "[admin]" => "state_dir = \"/s\"\n[device]\ntransport = \"hid\"\n",
            _ => "",
        };
        self.write(&format!("{base}{section}\nnone_such = 1\n"));
        let said = self.desk.says(&["status"]);
        let (_, keys) = said.split_once("expected ").unwrap_or_else(|| panic!("{section}: {said}"));
        let keys = keys.lines().next().unwrap().split('`').skip(1).step_by(2);
        found.extend(keys.map(|key| format!("{before}{key}")));
    }
}

/// Only a program with both key stores knows all of them.
#[cfg(all(feature = "pkcs11", feature = "yubihsm"))]
#[test]
fn every_key_of_the_configuration_has_a_row() {
    let keys = Keys { desk: Desk::new("bad-input") };
    keys.desk.must(&["chain", "add", CHAIN, "--key-index", "0", "--last-signed", "7/0/precommit"]);
    for name in ["password", "pin"] {
        fs::write(keys.desk.path(name), "secret\n").unwrap();
        fs::set_permissions(keys.desk.path(name), std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .unwrap();
    }
    let mut table = Table::new();
    for row in ROWS {
        table.refused(row.0, row.1, &keys.says(row, &["status"]));
    }
    for row in USED {
        table.refused(row.0, row.1, &keys.says(row, &["device", "info"]));
    }
    for row in CHECKED {
        table.row(row.0, row.1, &keys.says(row, &["check"]));
    }
    let mut all = BTreeSet::from(["a key".to_owned(), "the file".to_owned()]);
    for (before, section) in [
        ("", ""),
        ("device.", "[device]"),
        ("device.", "[[device]]"),
        ("device.key.", "[[device.key]]"),
        ("chain.", "[[chain]]"),
        ("admin.", "[admin]"),
    ] {
        keys.of(before, section, &mut all);
    }
    assert!(all.len() > 20, "{all:?}");
    table.covers(&all);
    table.kept("keys");
}
