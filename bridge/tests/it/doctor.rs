//! `check` and `doctor` as an operator sees them: troubles of device, nodes, daemon and log, each provoked.

use std::fs::{self, OpenOptions};

use highwater::store::ChainFile;
use highwater_core::hrs::{Hrs, Step};
use highwater_sim::{Owner, SimDevice};
use serde_json::Value;

use crate::desk::{CHAIN, Desk, prevote};
use crate::emulator::{Fault, owned};
use crate::harness::signed_vote;
use crate::sentences::shown;

/// What is found, each by its word and weight, and the exit code.
fn found(desk: &Desk, verb: &str) -> (Vec<(String, String)>, i32) {
    let done = desk.command(&[verb, "--json"]).output().unwrap();
    let told: Value = serde_json::from_slice(&done.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&done.stderr)));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = told["findings"].as_array().unwrap().iter();
    let findings = findings.map(|one| (text(&one["finding"]), text(&one["weight"]))).collect();
    assert_eq!(told["sound"], done.status.success());
    (findings, done.status.code().unwrap())
}

fn error(word: &str) -> (String, String) {
    (word.to_owned(), "error".to_owned())
}

fn warning(word: &str) -> (String, String) {
    (word.to_owned(), "warning".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_down_and_a_device_that_is_well() {
    let desk = Desk::pinned("doctor");
    shown("check-no-node", &desk.says(&["check"]));
    assert_eq!(found(&desk, "doctor"), (vec![warning("node")], 0));
    let node = tokio::net::UnixListener::bind(desk.path("node.sock")).unwrap();
    shown("doctor", &desk.says(&["doctor"]));
    drop(node);
    // The file that the last run left.
    let said = desk.says(&["doctor"]);
    assert!(said.contains("nobody listens") && said.ends_with("exit 0\n"), "{said}");
}

#[test]
fn what_a_device_cannot_do_is_told_by_its_word() {
    let desk = Desk::pinned("doctor");
    for (fault, word) in [
        (Fault::Gone, "device.silent"),
        (Fault::Locked, "device.locked"),
        (Fault::OtherApp, "device.other_app"),
        (Fault::OldApp, "device.old_app"),
    ] {
        desk.emulator.fault(fault);
        assert_eq!(found(&desk, "doctor"), (vec![warning("node"), error(word)], 69), "{fault:?}");
        assert_eq!(found(&desk, "check"), (vec![warning("node")], 0), "nothing is said to the device");
    }
    shown("doctor-old-app", &desk.says(&["doctor"]));
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let text = fs::read_to_string(&desk.config).unwrap();
    fs::write(&desk.config, text.replace(&desk.emulator.address.to_string(), &free)).unwrap();
    assert_eq!(found(&desk, "doctor").0[1..], [error("device.absent")]);
}

#[test]
fn a_device_that_is_not_the_pinned_one_or_does_not_have_the_chain_or_its_mark() {
    let desk = Desk::pinned("doctor");
    let known = desk.emulator.swap(owned("doctor"));
    assert_eq!(found(&desk, "doctor").0[1..], [error("device.other_installation")]);
    desk.emulator.swap(known);
    // The state file of a host that knows more.
    let file = ChainFile::found(&desk.path("state"), CHAIN).unwrap().unwrap();
    let mut more = file.clone();
    more.record.highest_requested = Hrs::new(900, 0, Step::Precommit).unwrap();
    more.save(&desk.path("state")).unwrap();
    shown("doctor-ahead", &desk.says(&["doctor"]));
    assert_eq!(found(&desk, "doctor").0[1..], [error("state_file.ahead")]);
    file.save(&desk.path("state")).unwrap();
    desk.must(&["chain", "remove", CHAIN]);
    assert_eq!(found(&desk, "doctor").0[1..], [error("chain.slot")]);
}

#[test]
fn the_pin_of_another_seed_is_told() {
    let desk = Desk::pinned("doctor");
    let mut other = SimDevice::in_memory(b"another");
    other.owner = Owner::Approves;
    other.world.medium.restore(desk.emulator.bench().device.world.medium.pages());
    let known = desk.emulator.swap(other.restart());
    assert_eq!(found(&desk, "doctor").0[1..], [error("device.unsound")]);
    desk.emulator.swap(known);
    assert_eq!(found(&desk, "doctor").0[1..], []);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_daemon_runs_it_is_asked_and_its_lock_and_address_are_no_trouble() {
    let desk = Desk::pinned("doctor");
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    assert_eq!(found(&desk, "doctor"), (vec![], 0));
    desk.emulator.fault(Fault::Locked);
    assert!(daemon.asks(prevote(6, 1)).await.is_none());
    assert_eq!(found(&desk, "doctor"), (vec![error("chain.not_signing")], 69));
    let said = desk.says(&["doctor"]);
    assert!(said.contains("the device is locked: enter its PIN"), "{said}");
    assert_eq!(found(&desk, "check"), (vec![], 0), "its lock and its metrics are the daemon's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_written_is_told() {
    let desk = Desk::pinned("doctor");
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut daemon = desk.daemon_with(|command| _ = command.stdout(full)).await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    assert_eq!(found(&desk, "doctor"), (vec![warning("log.lost")], 0));
}

#[test]
fn a_variable_of_the_log_with_a_typo_is_told_beside_everything_else() {
    let desk = Desk::pinned("doctor");
    let done = desk.command(&["check", "--json"]).env("HIGHWATER_LOG", "inof").output().unwrap();
    let told: Value = serde_json::from_slice(&done.stdout).unwrap();
    let words: Vec<_> =
        told["findings"].as_array().unwrap().iter().map(|one| one["finding"].as_str().unwrap()).collect();
    assert_eq!((words, done.status.code()), (vec!["log.setting", "node"], Some(64)));
    assert!(told["findings"][0]["text"].as_str().unwrap().contains("\"inof\" is no level"), "{told}");
}

#[test]
fn a_chain_that_is_not_there_is_told_beside_those_that_are() {
    let desk = Desk::pinned("doctor");
    let said = desk.says(&["mark", "show", "alpha-2"]);
    assert!(
        said.contains("alpha-2 is not approved on this device") && said.contains("approved on it: alpha-1"),
        "{said}"
    );
}
