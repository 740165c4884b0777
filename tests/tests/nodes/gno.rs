//! A validator of gno.land, by the client of its own node. It speaks the messages of Tendermint 0.34, compares each reply
//! with its request and drops the link if anything differs; over tcp it takes one signer's key and no other.

use std::path::Path;
use std::process::Command;

use highwater_tests::process::{Process, wait_for};
use highwater_tests::tools;

use super::rig::{Address, By, CHAIN, PATIENCE, Rig};

const HEIGHTS: usize = 20;

/// Listens at `address`, where it takes the signer with this key.
fn start(rig: &Rig, address: &str, allow: Option<&str>) -> Process {
    let mut command = Command::new(tools::gno().unwrap());
    command.args(["--listen", address, "--chain", CHAIN, "--key", &hex::encode(rig.key)]);
    command.args(["--heights", &HEIGHTS.to_string()]);
    command.args(allow.iter().flat_map(|key| ["--allow", key]));
    Process::start("the client of gno.land", &command, &rig.path("gno.log")).unwrap()
}

fn address(rig: &Rig, by: By) -> String {
    match rig.place(by) {
        Address::Unix(path) => format!("unix://{}", path.display()),
        Address::Tcp(port) => format!("tcp://127.0.0.1:{port}"),
        Address::Noise(..) => panic!("it speaks no noise"),
    }
}

/// Proposal, prevote and precommit of each height, in the first round or after one without a block.
fn takes_all(by: By) {
    let rig = Rig::new();
    let address = address(&rig, by);
    let mut node = start(&rig, &address, (by == By::Tcp).then_some(&rig.public));
    if let Some(path) = address.strip_prefix("unix://") {
        wait_for("its socket", PATIENCE, || Ok(Path::new(path).exists().then_some(()))).unwrap();
    }
    let mut bridge = rig.bridge(&[address]);
    let code = node.end(PATIENCE).unwrap();
    let said = node.output();
    assert_eq!(code, Some(0), "{said}\n{}", bridge.output());
    assert_eq!(said.lines().filter(|line| line.starts_with("height ")).count(), HEIGHTS, "{said}");
    // The log is complete when the bridge has ended: its lines are written by a thread of their own.
    assert_eq!(bridge.stop().unwrap(), Some(0), "{}", bridge.output());
    assert_eq!(bridge.signatures().len(), 3 * HEIGHTS + 2 * HEIGHTS / 5, "{}", bridge.output());
    assert_eq!((bridge.refusals(), bridge.links()), (0, 1), "{}", bridge.output());
}

#[test]
fn a_validator_of_gno_land_takes_every_reply_over_unix() {
    takes_all(By::Unix);
}

#[test]
fn a_validator_of_gno_land_takes_every_reply_over_tcp() {
    takes_all(By::Tcp);
}

#[test]
fn a_validator_of_gno_land_that_allows_another_key_turns_us_away_and_the_log_says_which_to_allow() {
    let rig = Rig::new();
    let address = address(&rig, By::Tcp);
    let mut node = start(&rig, &address, Some(&"07".repeat(32)));
    let bridge = rig.bridge(&[address]);
    wait_for("the warning", PATIENCE, || {
        node.check()?;
        Ok(bridge.output().contains("that `highwater node-id` prints for tcp").then_some(()))
    })
    .unwrap();
    assert!(bridge.output().contains(&rig.public), "the key is logged at start: {}", bridge.output());
    assert!(bridge.signatures().is_empty());
}
