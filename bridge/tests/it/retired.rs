//! Chains that are removed and forgotten, by commands that are cut: the same command, typed again, ends what was begun, and
//! no knowledge is lost in silence.

use std::fs;

use highwater::store::{ChainFile, Pins};
use highwater_guard::Stopped;

use crate::desk::{CHAIN, Desk};
use crate::drills::in_service;
use crate::emulator::owned;
use crate::sentences::shown;

const FORGET: [&str; 3] = ["chain", "forget", CHAIN];
const REPEATED: [&str; 5] = ["chain", "forget", CHAIN, "--below-signed", "5/0/precommit"];

/// The daemon's config without the chain, as before it is forgotten.
fn take_out_of_config(desk: &Desk) {
    let text = fs::read_to_string(&desk.config).unwrap();
    fs::write(&desk.config, &text[..text.find("[[chain]]").unwrap()]).unwrap();
}

/// The device forgot the chain, and the command was cut before the host did.
async fn cut() -> Desk {
    let desk = in_service("retired").await;
    desk.must(&["chain", "remove", CHAIN]);
    take_out_of_config(&desk);
    let (pins, file) = (desk.path("state/pins.toml"), desk.path("state/chains/alpha-1.json"));
    let before = (fs::read(&pins).unwrap(), fs::read(&file).unwrap());
    desk.must(&REPEATED);
    fs::write(&pins, before.0).unwrap();
    fs::write(&file, before.1).unwrap();
    desk
}

fn remembers(desk: &Desk) -> (bool, bool) {
    let pinned = Pins::load(&desk.path("state")).unwrap().get(CHAIN).is_some();
    (pinned, desk.path("state/chains/alpha-1.json").exists())
}

fn refused(desk: &Desk, command: &[&str], word: &str) {
    let told = desk.says(command);
    assert!(told.contains(word) && told.ends_with("exit 69\n"), "{word}: {told}");
    assert!(!told.contains("Look at the device"), "{told}");
    assert_eq!(remembers(desk), (true, true), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn forgetting_that_was_cut_is_ended_by_the_same_command_once_the_place_is_repeated() {
    let desk = cut().await;
    refused(&desk, &FORGET, "--below-signed 5/0/precommit");
    refused(
        &desk,
        &["chain", "forget", CHAIN, "--below-signed", "5/0/prevote"],
        "--below-signed 5/0/precommit",
    );
    let mut told = desk.says(&FORGET);
    told += &desk.must(&REPEATED);
    assert_eq!(remembers(&desk), (false, false));
    // There is nothing to be forgotten any more.
    told += &desk.says(&FORGET);
    shown("chain-forget-cut", &told);
}

#[tokio::test(flavor = "multi_thread")]
async fn forgetting_that_was_cut_between_state_file_and_pin_is_ended_by_the_same_command() {
    let desk = cut().await;
    fs::remove_file(desk.path("state/chains/alpha-1.json")).unwrap();
    let told = desk.must(&FORGET);
    assert!(told.contains("forgotten") && remembers(&desk) == (false, false), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_host_knows_of_a_chain_that_its_device_lacks_is_kept_in_every_other_case() {
    // It is signed for still.
    let desk = in_service("retired").await;
    take_out_of_config(&desk);
    refused(&desk, &REPEATED, "`highwater chain remove alpha-1` first");

    // On another installation nothing tells what the pinned one has.
    let desk = cut().await;
    desk.emulator.swap(owned("retired"));
    refused(&desk, &REPEATED, "another device or installation");

    // A damaged slot may be the chain's.
    let desk = in_service("retired").await;
    take_out_of_config(&desk);
    let mut device = desk.emulator.swap(owned("nothing"));
    for copy in [0, 1] {
        device.world.medium.rot(highwater_core::layout::entry_page(0, copy), [0xa5; 64]);
    }
    desk.emulator.swap(device.restart());
    refused(&desk, &REPEATED, "--slot 1");

    // A chain that is stopped.
    let desk = cut().await;
    let folder = desk.path("state");
    let installation = Pins::load(&folder).unwrap().get(CHAIN).unwrap().installation;
    let mut file = ChainFile::found(&folder, CHAIN).unwrap().unwrap();
    let (released, shown) = (file.record.highest_requested, highwater_core::hrs::Hrs::ZERO);
    file.record.stopped = Some(Stopped::MarkRegressed { installation, before: released, shown });
    file.save(&folder).unwrap();
    refused(&desk, &REPEATED, "DOUBLE-SIGN RISK");

    // A state file that cannot be read may know anything.
    let desk = cut().await;
    fs::write(desk.path("state/chains/alpha-1.json"), "{}").unwrap();
    let told = desk.says(&REPEATED);
    assert!(told.contains("cannot be trusted") && told.ends_with("exit 78\n"), "{told}");
    assert_eq!(remembers(&desk), (true, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_that_was_cut_is_told_to_be_done_by_the_same_command() {
    let desk = in_service("retired").await;
    let first = desk.must(&["chain", "remove", CHAIN]);
    let again = desk.must(&["chain", "remove", CHAIN]);
    let line = "alpha-1 removed: final mark 5/0/prevote, highest signed 5/0/prevote";
    assert!(first.contains(line) && again.contains(line), "{again}");
    assert!(!again.contains("Look at the device"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_a_daemon_still_serves_is_not_forgotten_though_the_config_was_changed() {
    let desk = in_service("retired").await;
    let daemon = desk.daemon().await;
    desk.must(&["chain", "remove", CHAIN]);
    take_out_of_config(&desk);
    // It would write the state file again.
    let told = desk.says(&REPEATED);
    assert!(told.contains("start the daemon again") && told.ends_with("exit 64\n"), "{told}");
    assert_eq!(remembers(&desk), (true, true));
    drop(daemon);
    desk.must(&REPEATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_whose_pin_is_lost_is_not_forgotten() {
    let desk = cut().await;
    fs::remove_file(desk.path("state/pins.toml")).unwrap();
    let told = desk.says(&REPEATED);
    assert!(told.contains("run `highwater mark adopt alpha-1`") && told.ends_with("exit 69\n"), "{told}");
    assert_eq!(remembers(&desk), (false, true));
}
