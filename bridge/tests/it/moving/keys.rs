//! `highwater key`: with a daemon, without one, and without anything.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use highwater_moving::Source;

use super::files::{ADDRESS, base64, key_file, public};
use super::moves;
use super::old::{key_text, no_secret_in, put};
use crate::desk::{CHAIN, Desk};

fn alone(desk: &Desk, words: &[&str]) -> String {
    desk.watched(words, moves::alone(desk, words))
}

#[test]
fn a_computer_without_daemon_state_or_configuration_is_enough() {
    let desk = Desk::new("keys");
    fs::remove_dir(desk.path("state")).unwrap();
    fs::remove_file(&desk.config).unwrap();
    let key = put(&desk, "key", &key_file());
    let said = alone(&desk, &["key", "import", "--from", &key, "--to", "key.backup"]);
    assert!(said.ends_with("exit 0\n"), "{said}");
    // Before the question: the address, in each form that somebody may compare.
    let (before, _) = said.split_once("Look at the device").unwrap();
    assert!(before.contains("Compare the address"), "{said}");
    for form in [ADDRESS.to_owned(), public().to_string(), base64(public().as_bytes())] {
        assert!(before.contains(&form), "{said}");
    }
    let said = alone(&desk, &["key", "list"]);
    assert!(said.contains(&format!("1\t{ADDRESS}\t{}\tno chain", public())), "{said}");
    let said = alone(&desk, &["key", "show", "--imported", "1"]);
    assert!(said.contains("tx       {\"@type\":\"/cosmos.crypto.ed25519.PubKey\""), "{said}");
    let said = alone(&desk, &["key", "forget", "1"]);
    assert!(said.contains("imported key 1 forgotten: its place is free\n"), "{said}");
    let said = alone(&desk, &["key", "restore", "key.backup"]);
    assert!(said.ends_with("exit 0\n"), "{said}");
    let said = alone(&desk, &["key", "backup", "1", "--to", "again.backup"]);
    assert!(said.ends_with("exit 0\n"), "{said}");
    assert_eq!(fs::read(desk.path("key.backup")).unwrap(), fs::read(desk.path("again.backup")).unwrap());
    assert_eq!(fs::read_to_string(&key).unwrap(), key_file(), "nothing is deleted");
    let mut names: Vec<_> =
        fs::read_dir(desk.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["again.backup", "key.backup", "old"]);
}

#[test]
fn a_key_comes_from_standard_input_in_the_form_of_each_signer() {
    for source in Source::ALL {
        let desk = Desk::new("keys");
        let source_name = source.to_string();
        let words = ["key", "import", "--stdin", "--source", &source_name, "--no-backup"];
        let mut command = desk.command(&words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(key_text(source).as_bytes()).unwrap();
        let done = child.wait_with_output().unwrap();
        let said = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
        assert!(done.status.success() && said.contains(ADDRESS), "{said}");
        no_secret_in(&said);
    }
}

#[test]
fn a_key_that_a_chain_has_stays_until_the_chain_is_forgotten() {
    let desk = Desk::new("keys");
    let key = put(&desk, "key", &key_file());
    desk.must(&["key", "import", "--from", &key, "--no-backup"]);
    desk.must(&["chain", "add", "beta-1", "--imported", "1", "--last-signed", "7/0/precommit"]);
    let said = desk.says(&["key", "forget", "1"]);
    assert!(said.contains("The chain beta-1 has imported key 1") && said.ends_with("exit 64\n"), "{said}");
    assert!(desk.must(&["key", "list"]).contains("\tbeta-1\n"));
    desk.must(&["chain", "remove", "beta-1"]);
    assert!(desk.says(&["key", "forget", "1"]).ends_with("exit 64\n"));
    desk.must(&["chain", "forget", "beta-1", "--below-signed", "7/0/precommit"]);
    desk.must(&["key", "forget", "1"]);
    for (words, says) in [
        (&["key", "forget", "1"][..], "holds no imported key 1"),
        (&["key", "backup", "2", "--to", "x"], "b017"),
        (&["key", "show", "--imported", "3"], "holds no imported key 3"),
        (&["key", "show", "--key-index", "5"], "only once a chain has it"),
        (
            &["chain", "add", CHAIN, "--imported", "2", "--next-height", "9"],
            "no imported key has this number",
        ),
    ] {
        let said = desk.says(words);
        assert!(said.contains(says) && !said.ends_with("exit 0\n"), "{says}: {said}");
    }
    // A key of the seed, once a chain has it.
    desk.must(&["chain", "add", CHAIN, "--key-index", "5", "--next-height", "9"]);
    let shown = desk.must(&["key", "show", "--key-index", "5"]);
    let key = desk.must(&["pubkey", CHAIN]);
    assert!(shown.contains(key.lines().nth(1).unwrap()), "{shown}");
}

#[test]
fn the_vault_has_three_places() {
    let desk = Desk::new("keys");
    for byte in 1..=3 {
        let key = put(&desk, "key", &base64(&[byte; 32]));
        desk.must(&["key", "import", "--from", &key, "--source", "tmkms", "--no-backup"]);
    }
    let key = put(&desk, "key", &base64(&[4; 32]));
    let said = desk.says(&["key", "import", "--from", &key, "--source", "tmkms", "--to", "x"]);
    assert!(said.contains("b019") && said.ends_with("exit 69\n"), "{said}");
    assert!(!desk.path("x").exists());
    // One that is held already is neither asked for nor held twice.
    let key = put(&desk, "key", &base64(&[2; 32]));
    let said = desk.must(&["key", "import", "--from", &key, "--source", "tmkms", "--to", "x"]);
    assert!(
        said.contains("imported key 2: on the device, since before") && desk.path("x").exists(),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_key_does_not_go_through_a_daemon_and_a_backup_does() {
    let desk = Desk::pinned("keys");
    let key = put(&desk, "key", &key_file());
    desk.must(&["key", "import", "--from", &key, "--to", "key.backup"]);
    desk.must(&["key", "forget", "1"]);
    let daemon = desk.daemon().await;
    let said = desk.says(&["key", "import", "--from", &key, "--to", "x"]);
    assert!(said.contains("does not go through a running daemon") && said.ends_with("exit 69\n"), "{said}");
    // Nor by its socket, whoever asks.
    let mut client = highwater::admin::Client::connect(&desk.path("state")).await.unwrap().unwrap();
    let apdu = [&[0xe0, 0x30, 0, 0, 32][..], &[7; 32]].concat();
    assert!(client.exchange(None, &apdu).await.unwrap_err().contains("does not go through"));
    desk.must(&["key", "restore", "key.backup"]);
    assert!(desk.must(&["key", "list"]).contains(ADDRESS));
    assert!(!daemon.log().contains(&hex::encode([7; 16])));
}

#[test]
fn a_backup_that_is_none_is_refused_before_the_device_is_asked() {
    let desk = Desk::new("keys");
    for (text, says) in [("", "not the JSON"), ("{}", "not the JSON"), (&*key_file(), "not the JSON")] {
        let file = put(&desk, "backup", text);
        let said = desk.says(&["key", "restore", &file]);
        assert!(said.contains(says) && said.ends_with("exit 64\n"), "{said}");
        no_secret_in(&said);
    }
    let said = desk.says(&["key", "restore", "nowhere"]);
    assert!(said.ends_with("exit 74\n"), "{said}");
}
