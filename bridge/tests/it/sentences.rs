//! What a person sees at the command line: one file per case in `tests/cmd/`.
//!
//! `INSTA_UPDATE=always cargo test -p highwater --test it` writes them anew; read the difference.

use std::fs;

use highwater::privval::proto::Sum;
use highwater_sim::{Ask, Owner, SimDevice, World};
use serde_json::{Value, json};

use crate::desk::{CHAIN, Desk, prevote};
use crate::emulator::{Fault, owned};
use crate::harness::{refusal, signed_vote};

/// Compares with the file of this name.
pub(crate) fn shown(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../cmd");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

const SET: [&str; 5] = ["mark", "set", CHAIN, "--next-height", "9"];

#[test]
fn the_device_is_away_locked_in_another_app_or_in_an_old_one() {
    let desk = Desk::new("sentences");
    for (fault, name) in [
        (Fault::Gone, "absent"),
        (Fault::Locked, "locked"),
        (Fault::OtherApp, "other-app"),
        (Fault::OldApp, "old-app"),
    ] {
        desk.emulator.fault(fault);
        shown(&format!("device-info-{name}"), &desk.says(&["device", "info"]));
    }
}

#[test]
fn an_emulator_that_does_not_run_is_named_with_its_address() {
    let desk = Desk::new("sentences");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let text = fs::read_to_string(&desk.config).unwrap();
    fs::write(&desk.config, text.replace(&desk.emulator.address.to_string(), &free)).unwrap();
    shown("device-info-no-emulator", &desk.says(&["device", "info"]).replace(&free, "[address]"));
}

#[test]
fn a_device_and_its_chains() {
    let desk = Desk::new("sentences");
    shown("device-info-blank", &desk.says(&["device", "info"]));
    shown(
        "chain-add",
        &desk.says(&["chain", "add", CHAIN, "--key-index", "0", "--last-signed", "7/0/precommit"]),
    );
    shown("chain-add-known", &desk.says(&["chain", "add", CHAIN, "--key-index", "0", "--next-height", "1"]));
    shown("device-info", &desk.says(&["device", "info"]));
    shown("chain-list", &desk.says(&["chain", "list"]));
    shown("chain-show-key", &desk.says(&["chain", "show-key", CHAIN]));
    shown("mark-show", &desk.says(&["mark", "show", CHAIN]));
    shown("pubkey", &desk.says(&["pubkey", CHAIN]));
    shown("pubkey-unknown", &desk.says(&["pubkey", "beta-1"]));
    shown("mark-show-unknown", &desk.says(&["mark", "show", "beta-1"]));
    shown("mark-set-below-signed", &desk.says(&["mark", "set", CHAIN, "--next-height", "3"]));
    shown("status-no-daemon", &desk.says(&["status"]));
}

/// As on a Nano S Plus: the first ring is longer than the others, and nobody has published what its flash endures.
#[test]
fn chain_add_says_which_slot_it_takes_and_how_long_that_lasts() {
    let desk = Desk::new("sentences");
    let mut world = World::new(b"uneven", [211, 73, 73]);
    world.erases.assumed = true;
    let mut device = SimDevice::boot(world);
    device.owner = Owner::Approves;
    desk.emulator.swap(device);
    let add = |chain, index| {
        desk.says(&["chain", "add", chain, "--key-index", index, "--last-signed", "7/0/precommit"])
    };
    shown("chain-add-longest", &add(CHAIN, "0"));
    shown("chain-add-shorter", &add("beta-1", "1"));
    shown("device-info-uneven", &desk.says(&["device", "info"]));
    // Back to where it was: nothing to say of other slots.
    desk.must(&["chain", "remove", "beta-1"]);
    shown("chain-add-own-slot", &add("beta-1", "1"));
}

/// The id is checked by the tests of `PeerId`; here it is that both lines speak of one key.
#[test]
fn node_id_names_the_bridge_for_noise_and_for_tcp() {
    let desk = Desk::new("sentences");
    let said = desk.must(&["node-id"]);
    let lines: Vec<&str> = said.lines().collect();
    let [_, noise, tcp, _] = lines[..] else { panic!("{said}") };
    let peer = bs58::decode(noise.strip_prefix("noise  ").unwrap()).into_vec().unwrap();
    let key = hex::decode(tcp.strip_prefix("tcp    ").unwrap()).unwrap();
    assert_eq!((key.len(), peer.strip_prefix(&[0, 0x24, 8, 1, 0x12, 0x20]).unwrap()), (32, &key[..]));
    assert_eq!(desk.must(&["node-id"]), said, "it stays");
}

/// The result of a command that must succeed, as a program reads it from standard output alone.
fn told(desk: &Desk, args: &[&str]) -> Value {
    let done = desk.command(args).output().unwrap();
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_reads() {
    let desk = Desk::new("sentences");
    desk.must(&["chain", "add", CHAIN, "--key-index", "0", "--last-signed", "7/0/precommit"]);
    let installation = told(&desk, &["device", "info", "--json"])["installation"].clone();
    assert_eq!(installation.as_str().unwrap().len(), 32);
    let info = told(&desk, &["device", "info", "--json"]);
    assert_eq!(
        (&info["app"], &info["target"], &info["standing"]),
        (&json!("0.1.0"), &json!("nano_s"), &json!("sound"))
    );
    assert_eq!((&info["slots"][0]["slot"], &info["slots"][0]["last_refusal"]), (&json!(1), &Value::Null));
    let mark =
        json!({"chain": CHAIN, "state": "armed", "mark": "7/0/precommit", "highest_signed": "7/0/precommit"});
    assert_eq!(told(&desk, &["mark", "show", CHAIN, "--json"]), mark);
    let listed = &told(&desk, &["chain", "list", "--json"])["chains"][0];
    let key = desk.command(&["pubkey", CHAIN]).output().unwrap().stdout;
    assert_eq!(listed["key"].as_str(), String::from_utf8(key).unwrap().lines().next());
    assert_eq!((&listed["pinned"], &listed["state"]), (&json!("here"), &json!("armed")));
    assert_eq!(told(&desk, &["pubkey", CHAIN, "--json"])["pub_key"]["type"], "tendermint/PubKeyEd25519");
    assert!(told(&desk, &["node-id", "--json"])["noise"].is_string());

    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(8, 1)).await);
    let status = told(&desk, &["status", "--json"]);
    assert_eq!((&status["healthy"], &status["device"]["installation"]), (&json!(true), &installation));
    let chain = &status["chains"][0];
    assert_eq!(
        (&chain["state"], &chain["last"], &chain["signatures"]),
        (&json!("armed"), &json!("8/0/prevote"), &json!(1))
    );
    assert!((12.0..12.3).contains(&chain["years_left"].as_f64().unwrap()), "{chain}");
    assert!(chain["signature_age_seconds"].as_f64().unwrap() < 600.0);

    // What goes wrong leaves nothing on standard output.
    let done = desk.command(&["mark", "show", "beta-1", "--json"]).output().unwrap();
    assert_eq!((done.status.code(), done.stdout.len()), (Some(69), 0));
}

/// The warning that the device is no hardware key is no part of the result.
#[test]
fn a_warning_does_not_stand_in_the_json() {
    let desk = Desk::new("sentences");
    let text = format!("state_dir = {:?}\n[device]\ntransport = \"simulated\"\n", desk.path("state"));
    fs::write(&desk.config, text).unwrap();
    let done = desk.command(&["device", "info", "--json"]).output().unwrap();
    assert!(String::from_utf8_lossy(&done.stderr).contains("SIMULATED"));
    assert_eq!(serde_json::from_slice::<Value>(&done.stdout).unwrap()["target"], "simulated");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_of_late_is_told_by_status_word_with_its_cure() {
    let desk = Desk::new("sentences");
    desk.must(&["chain", "add", CHAIN, "--key-index", "0", "--last-signed", "7/0/precommit"]);
    shown("events-none", &desk.says(&["events"]));
    for height in [3, 2, 200_000] {
        let ask = Ask { height, ..Ask::prevote(CHAIN) };
        ask.sign(&mut desk.emulator.bench().device).unwrap_err();
    }
    shown("events-device", &desk.says(&["events"]));
    let refused = &told(&desk, &["events", "--json"])["device"];
    assert_eq!((&refused[0]["status"], &refused[1]["times"]), (&json!("b008"), &json!(2)));

    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(8, 1)).await);
    refusal(daemon.insists(&prevote(7, 1)).await);
    refusal(daemon.insists(&prevote(6, 1)).await);
    let bridge = told(&desk, &["events", "--json"])["bridge"][0].clone();
    assert_eq!(bridge["refusals"], 2);
    let refused = &bridge["refused"];
    assert_eq!(
        (&refused[0]["reason"], &refused[0]["times"]),
        (&json!("below_adopted"), &json!(2)),
        "{refused}"
    );
    assert_eq!((&refused[0]["asked"], refused.as_array().unwrap().len()), (&json!("6/0/prevote"), 1));
    assert!(
        refused[0]["age_seconds"].as_f64().unwrap() < 60.0
            && refused[0]["node"].as_str().unwrap().contains("node.sock")
    );
    // A node of another chain is told no before any rule.
    let Sum::SignVoteRequest(other) = prevote(9, 1) else { panic!("no vote") };
    let other = Sum::SignVoteRequest(highwater::privval::proto::SignVoteRequest {
        chain_id: "beta-1".to_owned(),
        ..other
    });
    refusal(daemon.insists(&other).await);
    let bridge = told(&desk, &["events", "--json"])["bridge"][0].clone();
    let newest = &bridge["refused"][0];
    assert_eq!((&newest["reason"], &newest["asked"]), (&json!("wrong_chain"), &Value::Null), "{bridge}");
    let at = |number: usize| bridge["refused"][number]["at"].as_str().unwrap().to_owned();
    assert!(at(0).ends_with(" GMT") && at(1).ends_with(" GMT"));
    let said = [at(0), at(1)].iter().fold(desk.says(&["events"]), |said, at| undated(&said, at));
    shown("events", &said);
}

/// A time of day, wherever lines are broken in it, is always the same one.
fn undated(text: &str, at: &str) -> String {
    let parts: Vec<(&str, &str)> = at.split(' ').zip(["Sun,", "29", "Nov", "2026", "19:01:13"]).collect();
    let mask = |piece: &str| {
        let word = piece.trim_end();
        let other = parts.iter().find(|(part, _)| *part == word).map_or(word, |(_, other)| *other);
        piece.replacen(word, other, 1)
    };
    text.split_inclusive([' ', '\n']).map(mask).collect()
}

#[test]
fn what_became_of_a_question() {
    let desk = Desk::pinned("sentences");
    shown("mark-set", &desk.says(&SET));
    desk.emulator.bench().device.owner = Owner::Refuses;
    shown("mark-set-denied", &desk.says(&SET));
    shown("mark-set-paused", &desk.says(&SET));
    // Three minutes pass with each command from here on: the pause ends, and so does a question.
    desk.emulator.bench().haste = 1_800;
    desk.emulator.bench().device.owner = Owner::Away;
    shown("mark-set-nobody-comes", &desk.says(&SET));
    desk.emulator.bench().device.owner = Owner::Approves;
    desk.emulator.bench().device.world.unlocked = false;
    shown("mark-set-locked", &desk.says(&SET));
    desk.emulator.bench().device.world.unlocked = true;
    shown("mark-set-no-chain", &desk.says(&["mark", "set", "beta-1", "--next-height", "9"]));
    shown("mark-set-no-mark", &desk.says(&["mark", "set", CHAIN]));
}

#[test]
fn a_chain_is_removed_and_forgotten() {
    let desk = Desk::pinned("sentences");
    shown("chain-forget-not-removed", &desk.says(&["chain", "forget", "beta-1"]));
    shown("chain-forget-configured", &desk.says(&["chain", "forget", CHAIN]));
    shown("chain-remove", &desk.says(&["chain", "remove", CHAIN]));
    let text = fs::read_to_string(&desk.config).unwrap();
    fs::write(&desk.config, &text[..text.find("[[chain]]").unwrap()]).unwrap();
    shown("chain-forget", &desk.says(&["chain", "forget", CHAIN]));
    shown("chain-forget-sound-slot", &desk.says(&["chain", "forget", "--slot", "1"]));
    assert!(!desk.path("state/chains/alpha-1.json").exists());
}

#[test]
fn a_daemon_that_does_not_start() {
    let desk = Desk::new("sentences");
    shown("run-not-pinned", &desk.says(&["run"]));
    desk.must(&["chain", "add", CHAIN, "--key-index", "0", "--next-height", "1"]);
    let file = desk.path("state/chains/alpha-1.json");
    let good = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    shown("run-state-missing", &desk.says(&["run"]));
    fs::write(&file, "").unwrap();
    shown("run-state-empty", &desk.says(&["run"]));
    fs::write(&file, good.replace("1/0/none", "0/0/none")).unwrap();
    shown("run-state-damaged", &desk.says(&["run"]));
    let other = Desk::pinned("another seed");
    fs::copy(other.path("state/chains/alpha-1.json"), &file).unwrap();
    shown("run-state-foreign", &desk.says(&["run"]));
    fs::write(desk.path("state/pins.toml"), "alpha-1 = 7\n").unwrap();
    shown("run-pins-damaged", &desk.says(&["run"]));
    fs::write(&desk.config, "state_dir = \"/var/lib/highwater\"\n[device]\ntransport = \"usb\"\n").unwrap();
    shown("run-config", &desk.says(&["run"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_a_running_daemon() {
    let desk = Desk::pinned("sentences");
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    refusal(daemon.insists(&prevote(5, 2)).await);
    shown("status", &desk.says(&["status"]));
    shown("run-second-daemon", &desk.says(&["run"]));
    desk.emulator.fault(Fault::Locked);
    assert!(daemon.asks(prevote(6, 1)).await.is_none());
    shown("status-locked", &desk.says(&["status"]));
    desk.emulator.fault(Fault::None);
    desk.emulator.swap(owned("sentences"));
    let Sum::SignedVoteResponse(_) = daemon.insists(&prevote(6, 1)).await else { panic!("no vote") };
    shown("status-another-installation", &desk.says(&["status"]));
}
