use super::*;

const GOOD: &str = r#"
state_dir = "/var/lib/highwater"

[device]
transport = "speculos"
address = "127.0.0.1:9999"

[[chain]]
id = "alpha-1"
on_absent = "wait"
nodes = ["unix:///run/alpha/privval.sock"]
"#;

fn cause(text: &str) -> String {
    Config::parse(text).unwrap_err().to_string()
}

#[test]
fn a_good_file_is_read() {
    let config = Config::parse(GOOD).unwrap();
    assert_eq!(config.devices[0].transport, Transport::Speculos);
    assert_eq!(config.chain("alpha-1").unwrap().on_absent, OnAbsent::Wait);
    assert!(config.chain("beta").is_none());
}

/// In a container the address of the host's side is another one.
#[test]
fn metrics_leave_loopback_only_where_the_file_says_that_they_are_exposed() {
    let with = |lines: &str| Config::parse(&format!("{GOOD}[admin]\n{lines}"));
    for listen in ["0.0.0.0:9660", "[::]:9660", "192.0.2.7:9660"] {
        assert!(with(&format!("metrics = \"{listen}\"\n")).is_err(), "{listen}");
        let admin = with(&format!("metrics = \"{listen}\"\nmetrics_exposed = true\n")).unwrap().admin;
        assert_eq!(admin.metrics, Some(listen.parse().unwrap()));
        assert!(admin.is_exposed(), "{listen}");
    }
    // On loopback there is nothing to warn of, whatever the file allows.
    for more in ["", "metrics_exposed = true\n", "metrics_exposed = false\n"] {
        assert!(!with(&format!("metrics = \"127.0.0.1:9660\"\n{more}")).unwrap().admin.is_exposed());
    }
    assert!(!Config::parse(GOOD).unwrap().admin.is_exposed());
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    let text = cause(&GOOD.replace("on_absent", "on_abesnt"));
    assert!(text.contains("line 10") && text.contains("on_abesnt"), "{text}");
}

/// A line that once spared a signature, and once stopped nodes for good.
#[test]
fn a_file_from_before_that_says_vote_extensions_is_refused_with_line_cause_and_cure() {
    for value in ["\"off\"", "\"auto\"", "\"maybe\"", "false"] {
        let text = cause(&GOOD.replace("on_absent", &format!("vote_extensions = {value}\non_absent")));
        assert!(text.contains("line 10: vote_extensions is no key any more"), "{text}");
        assert!(text.contains("0.38.0 to 0.38.10") && text.ends_with("remove the line"), "{text}");
    }
    // Also in the second chain, and where a comment above speaks of it.
    let text =
        cause(&format!("{GOOD}# vote_extensions\n[[chain]]\nid = \"beta-1\"\nvote_extensions = \"off\"\n"));
    assert!(text.contains("line 15:"), "{text}");
    // Where it never was a key it is unknown like any other.
    let text = cause(&format!("vote_extensions = \"off\"\n{GOOD}"));
    assert!(text.contains("line 1:") && text.contains("unknown field"), "{text}");
}

#[test]
fn impossible_values_are_refused_with_line_and_cure() {
    for (from, to, line, word) in [
        ("/var/lib", "var/lib", 2, "absolute"),
        ("address = \"127.0.0.1:9999\"", "", 5, "add address"),
        ("\"speculos\"", "\"simulated\"", 6, "remove the line"),
        ("id = \"alpha-1\"", "id = \"alpha 1\"", 9, "letters"),
        // The state file's name would be that of a file which is swept away.
        ("id = \"alpha-1\"", "id = \".new-1\"", 9, ".new-"),
        ("unix:///run", "tcp://run", 11, "host and port"),
        ("on_absent = \"wait\"", "stop_height = 0", 10, "last height"),
    ] {
        let text = cause(&GOOD.replace(from, to));
        assert!(text.contains(&format!("line {line}:")) && text.contains(word), "{to}: {text}");
    }
    let text = cause(&GOOD.replace("[[chain]]", "spare = true\n[[chain]]"));
    assert!(text.contains("line 8:") && text.contains("\"simulated\""), "{text}");
    let text = cause(&format!("{GOOD}\n[admin]\nmetrics = \"0.0.0.0:9000\"\n"));
    assert!(text.contains("line 14:") && text.contains("127.0.0.1"), "{text}");
    let text = cause(&format!("{GOOD}\n[[chain]]\nid = \"alpha-1\"\n"));
    assert!(text.contains("twice"), "{text}");
}

#[test]
fn a_device_that_is_named_twice_is_refused() {
    let device = "\"hid\"\nserial = \"0001\"\npath = \"/dev/hidraw3\"";
    let text = cause(&GOOD.replace("\"speculos\"\naddress = \"127.0.0.1:9999\"", device));
    assert!(text.contains("line 7:") && text.contains("serial") && text.contains("path"), "{text}");
}

#[test]
fn a_file_that_could_not_be_read_is_another_fault_than_one_that_says_nonsense() {
    let dir = tempfile::tempdir().unwrap();
    let load = |path: &Path| Config::load(path).unwrap_err();
    assert!(matches!(load(dir.path()), ConfigError::Io(_)), "a directory");
    assert!(matches!(load(&dir.path().join("nothing")), ConfigError::Content(_)));
    let file = dir.path().join("highwater.toml");
    std::fs::write(&file, [0xff]).unwrap();
    assert!(matches!(load(&file), ConfigError::Content(_)));
}

const PACKAGED: &str = include_str!("../../packaging/highwater.toml");

/// The packaged file with its examples, which stand as comments, made part of it.
fn packaged_with_examples() -> String {
    let example = |line: &&str| {
        line.starts_with("[[") || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
    };
    let line = |line: &'static str| line.strip_prefix("# ").filter(example).unwrap_or(line);
    PACKAGED.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_packaged_file_is_read_as_it_is_installed() {
    let config = Config::parse(PACKAGED).unwrap();
    assert_eq!(config.state_dir, Path::new("/var/lib/highwater"));
    assert_eq!(config.devices[0].transport, Transport::Hid);
    assert!(config.admin.metrics.is_some() && config.chains.is_empty());
}

#[test]
fn the_examples_in_the_packaged_file_are_read_and_show_every_key_of_a_chain() {
    let both = packaged_with_examples();
    // One of the two, as the comment above them says.
    let without = |key: &str| {
        let lines = both.lines().filter(|line| !line.starts_with(key));
        let text = lines.collect::<Vec<_>>().join("\n");
        (Config::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}")), text)
    };
    assert!(without("serial").0.devices[0].path.is_some(), "{both}");
    let (config, text) = without("path");
    assert!(config.devices[0].serial.is_some(), "{text}");
    let [chain] = &config.chains[..] else { panic!("{text}") };
    assert_eq!(chain.on_absent, OnAbsent::Error, "the default is what is shown");
    assert!(chain.stop_height.is_some() && chain.rpc.is_some() && !chain.nodes.is_empty(), "{text}");
}

/// A file, one wrong value in it, its line, and what its message names: the key, and a word of the cure.
#[test]
fn every_wrong_value_is_refused_with_file_line_and_key() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("highwater.toml");
    let more = |text: &str| format!("{GOOD}{text}");
    let with = |from: &str, to: &str| GOOD.replace(from, to);
    // What a search for words would find first: the same words in a comment, and in another place.
    let before = "# state_dir transport address serial path spare metrics stop_height id tcp://run alpha-1\n";
    for (text, line, key, word) in [
        (with("/var/lib", "var/lib"), 2, "state_dir", "absolute"),
        (with("\"/var/lib/highwater\"", "7"), 2, "state_dir", "a path"),
        (with("\"speculos\"", "\"usb\""), 5, "transport", "hid"),
        (with("address = \"127.0.0.1:9999\"", ""), 5, "transport", "add address"),
        (with("\"speculos\"", "\"simulated\""), 6, "address", "remove the line"),
        (with("127.0.0.1:9999", "nowhere"), 6, "address", "socket address"),
        (with("[[chain]]", "serial = \"1\"\n[[chain]]"), 8, "serial", "\"hid\""),
        (with("[[chain]]", "path = \"/dev/x\"\n[[chain]]"), 8, "path", "\"hid\""),
        (with("[[chain]]", "spare = true\n[[chain]]"), 8, "spare", "\"simulated\""),
        (with("[[chain]]", "spare = \"yes\"\n[[chain]]"), 8, "spare", "true or false"),
        (with("id = \"alpha-1\"", "id = \"alpha 1\""), 9, "id", "letters"),
        (with("id = \"alpha-1\"", "id = \".new-1\""), 9, "id", ".new-"),
        (with("on_absent = \"wait\"", "on_absent = \"never\""), 10, "on_absent", "`wait`"),
        (with("on_absent = \"wait\"", "on_abesnt = \"wait\""), 10, "on_abesnt", "unknown field"),
        (with("on_absent = \"wait\"", "vote_extensions = \"off\""), 10, "vote_extensions", "remove the line"),
        (with("on_absent = \"wait\"", "stop_height = 0"), 10, "stop_height", "last height"),
        (with("on_absent = \"wait\"", "stop_height = -1"), 10, "stop_height", "whole number"),
        (with("unix:///run", "tcp://run"), 11, "nodes", "host and port"),
        (
            with("[\"unix", "[\n  \"unix:///run/b.sock\",\n  \"tcp://run\",\n  \"unix"),
            13,
            "nodes",
            "host and port",
        ),
        (more("rpc = \"https://127.0.0.1:26657\"\n"), 12, "rpc", "http://HOST:PORT"),
        (more("rpc = \"http://127.0.0.1\"\n"), 12, "rpc", "http://HOST:PORT"),
        (more("rpc = 26657\n"), 12, "rpc", "string"),
        (more("\n[admin]\nmetrics = \"0.0.0.0:9000\"\n"), 14, "metrics", "127.0.0.1"),
        (more("\n[admin]\nmetrics = \"9000\"\n"), 14, "metrics", "socket address"),
        (more("\n[admin]\nmetrics = \"0.0.0.0:9000\"\n"), 14, "metrics", "metrics_exposed = true"),
        (
            more("\n[admin]\nmetrics_exposed = false\nmetrics = \"0.0.0.0:9000\"\n"),
            15,
            "metrics",
            "metrics_exposed = true",
        ),
        (more("\n[admin]\nmetrics_exposed = true\n"), 14, "metrics_exposed", "name an address"),
        (more("\n[admin]\nmetrics_exposed = \"yes\"\n"), 14, "metrics_exposed", "true or false"),
        (more("[[chain]]\nid = \"alpha-1\"\n"), 13, "id", "twice"),
        (
            more("[[chain]]\nid = \"beta-1\"\nnodes = [\"unix:///run/alpha/privval.sock\"]\n"),
            14,
            "nodes",
            "twice",
        ),
        (more("nonsense\n"), 12, "nonsense", "docs/reference/configuration.md"),
    ] {
        std::fs::write(&file, format!("{before}{text}")).unwrap();
        let told = Config::load(&file).unwrap_err().to_string();
        let place = format!("{}:{}: ", file.display(), line + 1);
        let said = told.strip_prefix(&place).unwrap_or_else(|| panic!("{place} {told}"));
        assert!(said.contains(key) && said.contains(word), "{key}, {word}: {told}");
    }
}

/// Several devices: their names, what tells them apart, and which of them a chain has.
mod several {
    use super::*;

    #[test]
    fn devices_are_told_apart_where_their_places_are_not_known_too() {
        let twin = |name: &str| {
            let name = Some(name.to_owned());
            Device { name, ..Device::of(Transport::Simulated) }
        };
        let refused = |devices: &[Device]| {
            let fail =
                |_: Option<&places::Place>, cause: String, _: &str| Err(Wrong { line: 0, text: cause });
            devices::check(devices, &[], &fail).map_err(|wrong| wrong.text)
        };
        assert!(refused(&[twin("a"), twin("b")]).is_ok());
        assert!(refused(&[twin("a"), twin("a")]).unwrap_err().contains("stands twice"));
        let keys = vec![Key { number: 7, object: Some(1), label: None, id: None }; 2];
        let address = Some(([127, 0, 0, 1], 12_345).into());
        let hsm = Device {
            address,
            auth_key: Some(5),
            password_file: Some("/p".into()),
            keys,
            ..Device::of(Transport::Yubihsm)
        };
        #[cfg(feature = "yubihsm")]
        assert!(refused(&[hsm]).unwrap_err().contains("key number 7 stands twice"));
        #[cfg(not(feature = "yubihsm"))]
        assert!(refused(&[hsm]).is_err());
    }

    const TWO: &str = r#"state_dir = "/s"
[[device]]
name = "ledger"
transport = "hid"
path = "/dev/ledger-a"
[[device]]
name = "try"
transport = "simulated"
[[chain]]
id = "alpha-1"
device = "ledger"
[[chain]]
id = "beta-1"
device = "try"
"#;

    #[test]
    fn each_chain_has_the_device_that_it_names() {
        let config = Config::parse(TWO).unwrap();
        let of = |id: &str| config.device_of(config.chain(id).unwrap()).unwrap().transport;
        assert_eq!((of("alpha-1"), of("beta-1")), (Transport::Hid, Transport::Simulated));
        for device in &config.devices {
            let chains: Vec<_> = config.chains_of(device).map(|chain| &*chain.id).collect();
            let one = if device.transport == Transport::Hid { "alpha-1" } else { "beta-1" };
            assert_eq!(chains, [one]);
        }
        // One without a chain is there to be looked at.
        let (without, _) = TWO.split_once("[[chain]]\nid = \"beta-1\"").unwrap();
        assert_eq!(Config::parse(without).unwrap().devices.len(), 2);
    }

    #[test]
    fn a_device_that_is_alone_may_have_a_name_and_need_not() {
        for section in ["[device]", "[[device]]"] {
            for (name, of) in [("", ""), ("name = \"hsm\"\n", "device = \"hsm\"\n"), ("name = \"hsm\"\n", "")]
            {
                let text = format!(
                    "state_dir = \"/s\"\n{section}\n{name}transport = \"hid\"\n[[chain]]\nid = \"a\"\n{of}"
                );
                let config = Config::parse(&text).unwrap();
                let device = config.device_of(config.chain("a").unwrap()).unwrap();
                assert_eq!(device.name.as_deref(), (!name.is_empty()).then_some("hsm"), "{text}");
            }
        }
    }

    #[test]
    fn every_wrong_combination_is_refused_with_line_cause_and_cure() {
        let ledger = "transport = \"hid\"\npath = \"/dev/ledger-a\"";
        for (from, to, line, words) in [
            ("name = \"ledger\"\n", "", 3, ["has no name", "add name ="]),
            ("name = \"try\"\n", "", 7, ["has no name", "add name ="]),
            ("name = \"try\"", "name = \"ledger\"", 7, ["\"ledger\" stands twice", "of its own"]),
            ("name = \"try\"", "name = \"Try\"", 7, ["\"Try\" is not the name", "small letters"]),
            ("name = \"try\"", "name = \"\"", 7, ["is not the name", "1 to 32"]),
            ("name = \"try\"", "name = \"-try\"", 7, ["is not the name", "first"]),
            ("name = \"try\"", "name = \"../try\"", 7, ["is not the name", "1 to 32"]),
            ("name = \"try\"", "name = 7", 7, ["name = 7", "string"]),
            ("name = \"try\"", "nmae = \"try\"", 7, ["nmae", "unknown field"]),
            ("\"simulated\"", "\"usb\"", 8, ["\"usb\" is not known", "hid"]),
            (
                "transport = \"simulated\"\n",
                "",
                6,
                ["missing field `transport`", "docs/reference/configuration.md"],
            ),
            ("device = \"try\"\n", "", 13, ["\"beta-1\" has no device", "one of ledger, try"]),
            ("device = \"try\"", "device = \"hsm\"", 14, ["no device is called \"hsm\"", "ledger, try"]),
            ("device = \"try\"", "device = 1", 14, ["device = 1", "string"]),
            // The same hardware, or what may be.
            ("\"simulated\"", "\"hid\"\npath = \"/dev/ledger-a\"", 9, ["path is that of", "keep one"]),
            ("\"simulated\"", "\"hid\"", 8, ["nothing tells", "path"]),
            ("\"simulated\"", "\"hid\"\nserial = \"0001\"", 8, ["nothing tells", "path"]),
            (ledger, "transport = \"speculos\"", 4, ["no address", "add address"]),
        ] {
            let text = TWO.replacen(from, to, 1);
            assert_ne!(text, TWO, "{from}");
            let told = cause(&text);
            assert!(told.starts_with(&format!("line {line}: ")), "{to}: {told}");
            assert!(words.iter().all(|word| told.contains(word)), "{to}: {told}");
        }
        let emulators = TWO
            .replace(ledger, "transport = \"speculos\"\naddress = \"127.0.0.1:9999\"")
            .replace("\"simulated\"", "\"speculos\"\naddress = \"127.0.0.2:9999\"");
        assert!(cause(&emulators).starts_with("line 9: address has the port of the device \"ledger\"; keep"));
        assert!(Config::parse(&emulators.replace("2:9999", "1:9998")).is_ok());
        let serials = TWO
            .replace("path = \"/dev/ledger-a\"", "serial = \"0001\"")
            .replace("\"simulated\"", "\"hid\"\nserial = \"0001\"");
        assert!(cause(&serials).starts_with("line 9: serial is that of the device \"ledger\" too; keep"));
        assert!(Config::parse(&serials.replacen("0001", "0002", 1)).is_ok());
        // One that is alone has no name for a chain.
        let alone = GOOD.replace("on_absent", "device = \"hsm\"\non_absent");
        assert!(
            cause(&alone).starts_with("line 10: no device is called \"hsm\"; remove the line, or add name =")
        );
        assert!(cause("device = []\nstate_dir = \"/s\"\n").contains("there is no device; add a [device]"));
        assert!(
            cause("device = 5\nstate_dir = \"/s\"\n").contains("a section [device], or several [[device]]")
        );
        assert!(cause("state_dir = \"/s\"\n").contains("missing field `device`"));
    }

    /// A vendor's key stores, of which each has its own words.
    #[cfg(all(feature = "pkcs11", feature = "yubihsm"))]
    #[test]
    fn key_stores_that_are_one_or_may_be_are_refused() {
        let hsm = |name: &str, more: &str| {
            format!(
                "[[device]]\nname = \"{name}\"\ntransport = \"yubihsm\"\nauth_key = 5\npassword_file = \"/p\"\n{more}[[device.key]]\nnumber = 0\nobject = 1\n"
            )
        };
        let token = |name: &str, more: &str| {
            format!(
                "[[device]]\nname = \"{name}\"\ntransport = \"pkcs11\"\npin_file = \"/p\"\n{more}[[device.key]]\nnumber = 0\nlabel = \"k\"\n"
            )
        };
        let (at, serial) = ("address = \"127.0.0.1:12345\"\n", "serial = \"1\"\n");
        let (label, slot) = ("module = \"/m\"\ntoken_label = \"t\"\n", "module = \"/m\"\nslot = 1\n");
        let (other, far) =
            ("module = \"/m\"\ntoken_label = \"u\"\n", "module = \"/n\"\ntoken_label = \"t\"\n");
        let table = [
            (hsm("a", at), hsm("b", at), Some("has the port of")),
            (hsm("a", at), hsm("b", "address = \"127.0.0.1:12346\"\n"), None),
            (hsm("a", at), hsm("b", ""), None),
            (hsm("a", serial), hsm("b", serial), Some("serial is that of")),
            (hsm("a", serial), hsm("b", "serial = \"2\"\n"), None),
            (hsm("a", serial), hsm("b", ""), Some("give each YubiHSM2 on USB its serial")),
            (hsm("a", ""), hsm("b", ""), Some("give each YubiHSM2 on USB its serial")),
            (token("a", label), token("b", label), Some("token_label is that of")),
            (token("a", label), token("b", other), None),
            (token("a", label), token("b", far), None),
            (token("a", slot), token("b", slot), Some("slot is that of")),
            (token("a", label), token("b", slot), Some("name both tokens of this module by token_label")),
            (hsm("a", at), token("b", label), None),
        ];
        for (one, two, wrong) in table {
            let text = format!("state_dir = \"/s\"\n{one}{two}");
            match (Config::parse(&text), wrong) {
                (Ok(_), None) => {}
                (Err(error), Some(wrong)) => assert!(error.to_string().contains(wrong), "{error}\n{text}"),
                (found, _) => panic!("{found:?}\n{text}"),
            }
        }
    }
}

/// Key stores: what each wants, and what belongs to the other.
#[cfg(all(feature = "pkcs11", feature = "yubihsm"))]
mod stores {
    use super::*;

    const YUBIHSM: &str = "state_dir = \"/s\"
[device]
transport = \"yubihsm\"
address = \"127.0.0.1:12345\"
auth_key = 5
password_file = \"/etc/highwater/yubihsm.password\"
[[device.key]]
number = 0
object = 1
[[device.key]]
number = 3
object = 7
";
    const PKCS11: &str = "state_dir = \"/s\"
[device]
transport = \"pkcs11\"
module = \"/usr/lib/softhsm/libsofthsm2.so\"
token_label = \"validators\"
pin_file = \"/etc/highwater/pin\"
[[device.key]]
number = 0
label = \"validator\"
[[device.key]]
number = 1
id = \"a1b2\"
";

    #[test]
    fn the_keys_of_a_store_are_read() {
        let config = Config::parse(YUBIHSM).unwrap();
        let keys: Vec<_> = config.devices[0].keys.iter().map(|key| (key.number, key.object)).collect();
        assert_eq!(keys, [(0, Some(1)), (3, Some(7))]);
        let config = Config::parse(PKCS11).unwrap();
        assert_eq!(config.devices[0].keys[1].id.as_deref(), Some("a1b2"));
        // By USB: no address, perhaps a serial number.
        let usb = YUBIHSM.replace("address = \"127.0.0.1:12345\"", "serial = \"0123456789\"");
        assert!(Config::parse(&usb).unwrap().devices[0].address.is_none());
        let slot = PKCS11.replace("token_label = \"validators\"", "slot = 3");
        assert_eq!(Config::parse(&slot).unwrap().devices[0].slot, Some(3));
    }

    #[test]
    fn what_a_store_lacks_or_has_too_much_is_refused_with_line_and_cure() {
        for (of, from, to, line, words) in [
            (YUBIHSM, "auth_key = 5", "", 3, ["auth_key", "add"]),
            (YUBIHSM, "auth_key = 5", "auth_key = 70000", 5, ["auth_key", "whole number"]),
            (
                YUBIHSM,
                "password_file = \"/etc/highwater/yubihsm.password\"",
                "",
                3,
                ["password_file", "0600"],
            ),
            (YUBIHSM, "127.0.0.1:12345", "192.0.2.1:12345", 4, ["address", "on this host"]),
            (YUBIHSM, "auth_key = 5", "auth_key = 5\nserial = \"1\"", 6, ["serial", "keep one"]),
            (YUBIHSM, "auth_key = 5", "auth_key = 5\npin_file = \"/p\"", 6, ["pin_file", "\"pkcs11\""]),
            (YUBIHSM, "number = 3", "number = 0", 11, ["number 0", "of its own"]),
            (YUBIHSM, "number = 0", "number = 2", 3, ["number 0", "[[device.key]]"]),
            (YUBIHSM, "object = 7", "label = \"x\"", 11, ["number 3", "object"]),
            (YUBIHSM, "object = 7", "", 11, ["number 3", "object"]),
            (PKCS11, "module = \"/usr/lib", "module = \"lib", 3, ["module", "absolute"]),
            (PKCS11, "pin_file = \"/etc/highwater/pin\"", "", 3, ["pin_file", "0600"]),
            (PKCS11, "token_label = \"validators\"", "", 3, ["token", "token_label or slot"]),
            (PKCS11, "pin_file", "slot = 1\npin_file", 3, ["two of them", "token_label or slot"]),
            (PKCS11, "id = \"a1b2\"", "id = \"a1b\"", 12, ["id", "0-9 and a-f"]),
            (PKCS11, "id = \"a1b2\"", "id = \"a1\"\nlabel = \"x\"", 11, ["number 1", "label or id"]),
            (PKCS11, "id = \"a1b2\"", "object = 1", 11, ["number 1", "label or id"]),
            (PKCS11, "pin_file", "auth_key = 1\npin_file", 6, ["auth_key", "\"yubihsm\""]),
        ] {
            let text = of.replace(from, to);
            assert_ne!(text, of, "{from}");
            let told = cause(&text);
            assert!(told.starts_with(&format!("line {line}: ")), "{to}: {told}");
            assert!(words.iter().all(|word| told.contains(word)), "{to}: {told}");
        }
        let stray = GOOD.replace("[[chain]]", "[[device.key]]\nnumber = 0\nobject = 1\n[[chain]]");
        assert!(
            cause(&stray).contains("[[device.key]] belongs to transport \"yubihsm\" and \"pkcs11\" alone")
        );
    }
}

#[cfg(not(feature = "yubihsm"))]
#[test]
fn a_program_without_a_store_says_how_to_get_it() {
    let text = GOOD.replace("\"speculos\"\naddress = \"127.0.0.1:9999\"", "\"yubihsm\"");
    let told = cause(&text);
    assert!(told.contains("line 5:") && told.contains("--features yubihsm"), "{told}");
}

/// The keys that a table of the file may have, out of the complaint about one that it may not.
fn keys(before: &str) -> Vec<String> {
    let text = toml::from_str::<Config>(&format!("{before}nonsense = 1\n")).unwrap_err().to_string();
    let (_, expected) = text.split_once("expected ").unwrap_or_else(|| panic!("{text}"));
    let keys = expected.split('`').skip(1).step_by(2).map(str::to_owned);
    // What is a table itself has keys of its own.
    let tables: &[&str] = match before {
        "" => &["device", "admin", "chain"],
        "[device]\n" => &["key"],
        _ => &[],
    };
    keys.filter(|key| !tables.contains(&key.as_str())).collect()
}

#[test]
fn the_manual_has_a_row_for_each_key_and_no_other() {
    let device = "state_dir = \"/s\"\n[device]\ntransport = \"hid\"\n";
    let tables = [
        ("", String::new()),
        ("[device] ", "[device]\n".to_owned()),
        ("[[device.key]] ", format!("{device}[[device.key]]\n")),
        ("[[chain]] ", format!("{device}[[chain]]\n")),
        ("[admin] ", format!("{device}[admin]\n")),
    ];
    let known = tables
        .iter()
        .flat_map(|(name, before)| keys(before).into_iter().map(move |key| format!("{name}{key}")));
    let known: BTreeSet<String> = known.collect();
    let page = std::fs::read_to_string(crate::manual_tests::path("docs/reference/configuration.md")).unwrap();
    let mut rows = BTreeSet::new();
    for row in page.lines().filter_map(|line| line.strip_prefix("| `")) {
        let cell = row.split(" | ").next().unwrap();
        let mut table = "";
        // `[device] serial`, `path`: the table is named once.
        for word in format!("`{cell}").split('`').skip(1).step_by(2) {
            let (of, key) = word.rsplit_once(' ').map_or((table, word), |(of, key)| (of, key));
            table = word.rsplit_once(' ').map_or(table, |_| of);
            rows.insert(if of.is_empty() { key.to_owned() } else { format!("{of} {key}") });
        }
    }
    assert!(known.len() > 20, "{known:?}");
    assert_eq!(rows, known);
}
