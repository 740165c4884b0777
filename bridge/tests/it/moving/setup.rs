//! A validator that moves here in the middle of `setup`.

use std::fs;

use highwater_moving::Source;
use highwater_sim::Owner;
use serde_json::Value;

use super::files::ADDRESS;
use super::node::Node;
use super::old::{leave, no_secret_in, place};
use crate::desk::{CHAIN, Desk};

/// A desk without a configuration, and answers that move the validator: `lines` below `[migrate]`.
fn answered(desk: &Desk, rpc: &str, lines: &str) {
    let _ = fs::remove_file(&desk.config);
    let text = format!(
        "state_dir = {:?}\n[install]\nusers = false\ndevice_rule = false\nunit = false\n[device]\ntransport = \"speculos\"\n\
         address = \"{}\"\n[chain]\nid = \"{CHAIN}\"\nnodes = [\"unix://{}\"]\nrpc = {rpc:?}\n[mark]\nfrom = \"migrate\"\n\
         [migrate]\nblock_time = 1\n{lines}\n",
        desk.path("state"),
        desk.emulator.address,
        desk.path("node.sock").display(),
    );
    fs::write(desk.path("answers.toml"), text).unwrap();
}

const SETUP: [&str; 4] = ["setup", "--yes-to", "answers.toml", "--json"];

/// The lines that name what a signer leaves.
fn lines(desk: &Desk, source: Source) -> String {
    let mut lines = format!("from = \"{source}\"\nto = {:?}\n", desk.path("key.backup"));
    let mut states = Vec::new();
    for pair in leave(desk, source).chunks(2) {
        match pair[0].as_str() {
            "--state" => states.push(pair[1].clone()),
            "--key" => lines += &format!("key = {:?}\n", pair[1]),
            "--threshold" => lines += &format!("threshold = {}\n", pair[1]),
            other => panic!("{other}"),
        }
    }
    lines + &format!("state = {states:?}\n")
}

#[test]
fn a_validator_moves_here_in_one_run_of_setup_and_the_result_is_one_value() {
    for source in [Source::CometBft, Source::Tmkms, Source::Horcrux] {
        let desk = Desk::new("moving");
        answered(&desk, "", &lines(&desk, source));
        let done = desk.command(&SETUP).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        let told: Value =
            serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
        assert_eq!(
            (&told["address"], &told["mark"]),
            (&Value::from(ADDRESS), &Value::from(place().to_string()))
        );
        assert!(
            said.contains("imported key 1: on the device") && said.contains("highwater retire"),
            "{said}"
        );
        assert!(desk.config.exists() && desk.path("key.backup").exists());
        no_secret_in(&said);
        // Again: nothing is asked and nothing is moved.
        let again = desk.must(&SETUP);
        assert!(!again.contains("Look at the device"), "{again}");
    }
}

#[test]
fn a_move_that_was_refused_by_the_owner_is_begun_again_by_the_next_run() {
    let desk = Desk::new("moving");
    answered(&desk, "", &lines(&desk, Source::Tmkms));
    desk.emulator.bench().device.owner = Owner::Refuses;
    let said = desk.says(&SETUP);
    assert!(said.contains("the owner refused") && said.ends_with("exit 69\n"), "{said}");
    assert!(!desk.config.exists());
    desk.emulator.bench().device.owner = Owner::Approves;
    desk.emulator.bench().device.tick(700);
    desk.must(&SETUP);
}

#[test]
fn an_old_signer_that_runs_is_found_by_the_chain_and_nothing_is_set_up() {
    let desk = Desk::new("moving");
    let node = Node::start(CHAIN, 2);
    let key = super::old::put(&desk, "config/key", &super::files::key_file());
    answered(&desk, &node.rpc(), &format!("from = \"nothing\"\nkey = {key:?}\nto = \"\""));
    let said = desk.says(&SETUP);
    assert!(said.contains("holds this key's signature") && said.ends_with("exit 64\n"), "{said}");
    assert!(!desk.config.exists());
    node.signs(1);
    desk.must(&SETUP);
}
