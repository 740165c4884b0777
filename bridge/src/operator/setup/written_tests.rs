//! Each text that is written is a configuration, says what was answered, and keeps what stood there.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::config::Transport;

fn chain(text: &str) -> Chain {
    toml::from_str(text).unwrap()
}

fn alpha() -> Chain {
    chain("id = \"alpha-1\"\nnodes = [\"unix:///run/a\", \"tcp://h:1\"]\nrpc = \"http://h:2\"\nkey_index = 3")
}

#[test]
fn a_new_configuration_says_what_was_answered_for_each_kind_of_device() {
    for (device, kind) in [
        ("transport = \"hid\"\npath = \"/dev/ledger-a\"", Transport::Hid),
        ("transport = \"hid\"", Transport::Hid),
        ("transport = \"simulated\"", Transport::Simulated),
        ("transport = \"speculos\"\naddress = \"127.0.0.1:9999\"", Transport::Speculos),
        #[cfg(feature = "yubihsm")]
        (
            "transport = \"yubihsm\"\naddress = \"127.0.0.1:12345\"\nauth_key = 5\npassword_file = \"/p\"\n[[key]]\nnumber = 0\n\
             object = 1",
            Transport::Yubihsm,
        ),
        #[cfg(feature = "pkcs11")]
        (
            "transport = \"pkcs11\"\nmodule = \"/m.so\"\ntoken_label = \"a \\\"b\\\"\"\npin_file = \"/p\"\n[[key]]\nnumber = 0\n\
             label = \"v\"",
            Transport::Pkcs11,
        ),
    ] {
        let device: Device = toml::from_str(device).unwrap();
        let state_dir = Path::new("/var/lib/high\"water");
        let Checked { text, config } = new(state_dir, &device, &alpha()).unwrap();
        assert_eq!((config.devices[0].transport, config.state_dir.as_path()), (kind, state_dir), "{text}");
        let [chain] = &config.chains[..] else { panic!("one chain") };
        assert_eq!(
            (chain.id.as_str(), chain.nodes.len(), chain.rpc.as_deref()),
            ("alpha-1", 2, Some("http://h:2"))
        );
        assert_eq!(config.devices[0].keys.len(), device.keys.len());
        assert_eq!(
            text.contains("NOT FOR STAKE"),
            matches!(kind, Transport::Simulated | Transport::Speculos)
        );
        assert!(begun(state_dir, &device).unwrap().config.chains.is_empty());
    }
    // What cannot be a configuration is not written.
    let device: Device = toml::from_str("transport = \"speculos\"").unwrap();
    assert!(begun(Path::new("/s"), &device).is_err());
}

#[test]
fn what_is_commented_out_in_a_new_one_is_right_too() {
    let device: Device = toml::from_str("transport = \"hid\"").unwrap();
    let text = new(Path::new("/s"), &device, &chain("id = \"a\"\nnodes = [\"tcp://h:1\"]")).unwrap().text;
    let whole: String = text
        .lines()
        .map(|line| match line.strip_prefix("# ").filter(|rest| rest.contains(" = ")) {
            Some(rest) => format!("{rest}\n"),
            None => format!("{line}\n"),
        })
        .collect();
    let config = Config::parse(&whole).unwrap_or_else(|error| panic!("{error}\n{whole}"));
    assert!(config.admin.metrics.is_some() && config.chains[0].rpc.is_some());
    assert!(config.chains[0].stop_height.is_some());
}

#[test]
fn a_chain_is_added_and_every_other_byte_stays() {
    let before = "# mine\nstate_dir = '/s'   # here\n[device]\ntransport = \"hid\"\n\n[[chain]]\nid = \"beta-1\" # first\nnodes = [ \
                  'tcp://h:9' ]\n\n[admin]\nmetrics = \"127.0.0.1:1\"\n";
    let Checked { text, config } = with_chain(before, &alpha()).unwrap();
    let ids: Vec<_> = config.chains.iter().map(|chain| chain.id.as_str()).collect();
    assert_eq!(ids, ["beta-1", "alpha-1"], "{text}");
    for line in before.lines() {
        assert!(text.lines().any(|kept| kept == line), "{line}\n{text}");
    }
    assert!(config.admin.metrics.is_some());
    let none = "state_dir = '/s'\n[device]\ntransport = 'hid'\n";
    let one = with_chain(none, &alpha()).unwrap();
    assert!(one.text.starts_with(none) && one.config.chains.len() == 1, "{}", one.text);
    let inline = "state_dir = '/s'\nchain = [{ id = 'beta-1' }]\ndevice = { transport = 'hid' }\n";
    assert_eq!(with_chain(inline, &alpha()).unwrap().config.chains.len(), 2);
    let devices = "state_dir = '/s'\n[[device]]\nname = 'a'\ntransport = 'hid'\npath = '/dev/a'\n\n[[device]]\nname = 'b'\ntransport = \
                   'hid'\npath = '/dev/b'\n";
    let of_b = chain("id = \"alpha-1\"\ndevice = \"b\"\nnodes = [\"tcp://h:1\"]");
    let Checked { text, config } = with_chain(devices, &of_b).unwrap();
    assert!(text.starts_with(devices) && config.chains[0].device.as_deref() == Some("b"), "{text}");
    assert!(with_chain(devices, &alpha()).is_err(), "a chain of no device is none");
    // A node that serves a chain already.
    let taken = with_chain(before, &chain("id = \"a\"\nnodes = [\"tcp://h:9\"]")).unwrap_err();
    assert!(taken.to_string().contains("stands twice"), "{taken}");
    assert!(with_chain("state_dir = '/s'\nchain = 7\n[device]\ntransport = 'hid'", &alpha()).is_err());
}

#[test]
fn nobodys_file_is_written_over_and_a_changed_one_stays() {
    let dir = tempfile::tempdir().unwrap();
    let (path, link) = (dir.path().join("highwater.toml"), dir.path().join("link.toml"));
    let device: Device = toml::from_str("transport = \"hid\"").unwrap();
    let checked = new(Path::new("/s"), &device, &alpha()).unwrap();
    assert!(may_write(&path));
    create(&path, &checked, &Hands::own()).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let error = create(&path, &checked, &Hands::own()).unwrap_err();
    assert_eq!(error.code(), 74, "{error}");
    // Its mode stays, and a link stays one.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let more = with_chain(&checked.text, &chain("id = \"b\"\nnodes = [\"tcp://h:9\"]")).unwrap();
    replace(&link, &checked.text, &more).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_to_string(&path).unwrap(), more.text);
    let error = replace(&path, &checked.text, &more).unwrap_err();
    assert!(error.to_string().contains("was changed since it was read"), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left aside");
    assert!(!may_write(&dir.path().join("nowhere/highwater.toml")));
}
