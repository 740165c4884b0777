//! Marks below what the host knows: refused with the place named, unless the operator repeats it. And the host forgets
//! nothing that the owner approved, whoever dies meanwhile.

use std::fs;

use highwater::store::{ChainFile, Pins};
use highwater_core::apdu::ChainStatus;
use highwater_core::hrs::Hrs;
use highwater_guard::Stopped;
use highwater_sim::{Owner, RINGS};

use crate::desk::{CHAIN, Desk, prevote};
use crate::drills::{approve, in_service};
use crate::emulator::owned;
use crate::harness::{refusal, signed_vote, within};

/// Refused, with the place that must be repeated; nothing was asked of the owner.
fn refused(desk: &Desk, command: &[&str], place: &str) {
    let told = desk.says(command);
    assert!(
        told.contains(&format!("--below-signed {place}")) && told.ends_with("exit 69\n"),
        "{place} is not named: {told}"
    );
    assert!(!told.contains("Look at the device"), "{told}");
}

/// Both copies of the newest record rot while the device is off: its mark is unclear then.
pub(crate) fn make_unclear(desk: &Desk) {
    let mut device = desk.emulator.swap(owned("nothing"));
    let reply = device.exchange(&[0xe0, 0x10, 0, 0, 1, 0]);
    let newest = ChainStatus::parse(&reply[..reply.len() - 2]).unwrap().writes;
    let first = 2 * (newest % u32::from(RINGS.pairs(0))) as u16;
    for copy in [first, first + 1] {
        device.world.medium.rot(RINGS.page(0, copy), [0xa5; 64]);
    }
    desk.emulator.swap(device.restart());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_chain_is_added_below_what_was_signed_only_if_the_place_is_repeated() {
    let desk = in_service("lowering").await;
    desk.must(&["chain", "remove", CHAIN]);
    let add = ["chain", "add", CHAIN, "--key-index", "0", "--next-height", "3"];
    refused(&desk, &add, "5/0/precommit");
    refused(&desk, &[&add[..], &["--below-signed", "4/0/prevote"]].concat(), "5/0/precommit");
    desk.must(&[&add[..], &["--below-signed", "5/0/precommit"]].concat());
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(3, 1)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_name_that_was_signed_for_begins_below_that_only_if_the_place_is_repeated() {
    let desk = in_service("lowering").await;
    let rename = |height: &'static str| ["chain", "rename", CHAIN, "alpha-2", "--next-height", height];
    desk.must(&rename("9000"));
    // By mistake; and the new name is taken back.
    desk.must(&["chain", "remove", "alpha-2"]);
    refused(&desk, &rename("6"), "9000/0/none");
    let told = desk.must(&[&rename("6")[..], &["--below-signed", "9000/0/none"]].concat());
    assert!(told.contains("mark 6/0/none"), "{told}");
    assert!(desk.must(&["mark", "show", "alpha-2"]).contains("mark 6/0/none"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unclear_chain_is_not_set_below_the_state_file_and_adopting_cures_it() {
    let desk = in_service("lowering").await;
    make_unclear(&desk);
    assert!(desk.must(&["mark", "show", CHAIN]).contains("unclear"));
    refused(&desk, &["mark", "set", CHAIN, "--last-signed", "4/0/prevote"], "5/0/precommit");
    let mut daemon = desk.daemon().await;
    let text = refusal(daemon.insists(&prevote(6, 1)).await);
    assert!(text.contains("b002") && text.contains("mark adopt"), "{text}");
    assert!(desk.must(&["mark", "adopt", CHAIN]).contains("to 5/0/precommit"));
    signed_vote(daemon.insists(&prevote(7, 1)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tombstone_is_adopted_below_its_mark_only_if_the_place_is_repeated() {
    let desk = in_service("lowering").await;
    desk.must(&["chain", "remove", CHAIN]);
    fs::remove_file(desk.path("state/chains/alpha-1.json")).unwrap();
    let adopt = ["mark", "adopt", CHAIN, "--key-index", "0", "--last-signed", "3/0/prevote"];
    refused(&desk, &adopt, "5/0/prevote");
    fs::remove_file(desk.path("state/pins.toml")).unwrap();
    refused(&desk, &adopt, "5/0/prevote");
    desk.must(&["mark", "adopt", CHAIN, "--key-index", "0", "--last-signed", "5/0/prevote"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raise_by_mistake_that_the_owner_takes_back_is_taken_back_on_the_host() {
    for with_daemon in [false, true] {
        let desk = in_service("lowering").await;
        let daemon = if with_daemon { Some(desk.daemon().await) } else { None };
        desk.must(&["mark", "set", CHAIN, "--next-height", "9000"]);
        desk.must(&["chain", "remove", CHAIN]);
        let add = ["chain", "add", CHAIN, "--key-index", "0", "--next-height", "6"];
        refused(&desk, &add, "9000/0/none");
        desk.must(&[&add[..], &["--below-signed", "9000/0/none"]].concat());
        let mut daemon = match daemon {
            Some(daemon) => daemon,
            None => desk.daemon().await,
        };
        signed_vote(daemon.insists(&prevote(6, 1)).await);
        drop(daemon);
        // A spare begins there too, and not at the mistake.
        desk.emulator.swap(owned("lowering"));
        let told = desk.must(&["mark", "adopt", CHAIN, "--key-index", "0"]);
        assert!(told.contains(", mark 6/0/precommit"), "with a daemon: {with_daemon}: {told}");
    }
}

/// A spare of the desk's seed is never adopted below this height.
fn spare_begins_at(desk: &Desk, height: &str) {
    desk.emulator.swap(owned("lowering"));
    let told = desk.must(&["mark", "adopt", CHAIN, "--key-index", "0"]);
    assert!(told.contains(&format!(", mark {height}")), "{told}");
}

/// The terminal is gone between the question and the press; the press comes all the same.
fn terminal_dies(desk: &Desk) {
    desk.emulator.bench().device.owner = Owner::Away;
    let mut terminal = desk.begins(&["mark", "set", CHAIN, "--next-height", "1000"]);
    while desk.emulator.bench().device.prompt().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    approve(&mut desk.emulator.bench().device);
    desk.emulator.bench().device.owner = Owner::Approves;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_that_the_owner_set_outlives_terminal_and_daemon() {
    // The terminal alone dies, where no daemon runs.
    let desk = in_service("lowering").await;
    terminal_dies(&desk);
    spare_begins_at(&desk, "1000/0/none");
    // The terminal alone dies, beside its daemon.
    let desk = in_service("lowering").await;
    let daemon = desk.daemon().await;
    terminal_dies(&desk);
    drop(daemon);
    spare_begins_at(&desk, "1000/0/none");
    // Nobody was asked here: the owner set the mark from another host, and a daemon looked since.
    let desk = in_service("lowering").await;
    let other = Desk::with("", desk.emulator.clone());
    other.must(&["mark", "set", CHAIN, "--next-height", "2000"]);
    let daemon = desk.daemon().await;
    let file = desk.path("state/chains/alpha-1.json");
    within(async {
        while !fs::read_to_string(&file).unwrap().contains("\"highest_requested\":\"2000/0/none\"") {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    drop(daemon);
    spare_begins_at(&desk, "2000/0/none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_came_to_nothing_raises_no_spare() {
    let desk = in_service("lowering").await;
    desk.emulator.bench().device.owner = Owner::Refuses;
    desk.says(&["mark", "set", CHAIN, "--next-height", "1000"]);
    spare_begins_at(&desk, "5/0/precommit");
}

/// The daemon's config without the chain, as before it is forgotten.
fn take_out_of_config(desk: &Desk) {
    let text = fs::read_to_string(&desk.config).unwrap();
    fs::write(&desk.config, &text[..text.find("[[chain]]").unwrap()]).unwrap();
}

fn change_file(desk: &Desk, change: impl FnOnce(&mut ChainFile)) {
    let folder = desk.path("state");
    let mut file = ChainFile::found(&folder, CHAIN).unwrap().unwrap();
    change(&mut file);
    file.save(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_host_knows_is_forgotten_only_if_the_place_is_repeated() {
    let desk = in_service("lowering").await;
    // The owner took the chain back to 3, by another host.
    let other = Desk::with("", desk.emulator.clone());
    other.must(&["chain", "remove", CHAIN]);
    other.must(&[
        "chain",
        "add",
        CHAIN,
        "--key-index",
        "0",
        "--next-height",
        "3",
        "--below-signed",
        "5/0/prevote",
    ]);
    desk.must(&["chain", "remove", CHAIN]);
    take_out_of_config(&desk);
    let forget = ["chain", "forget", CHAIN];
    refused(&desk, &forget, "5/0/precommit");
    assert!(desk.path("state/chains/alpha-1.json").exists());
    let told = desk.must(&[&forget[..], &["--below-signed", "5/0/precommit"]].concat());
    assert!(told.contains("5/0/precommit"), "{told}");
    assert!(!desk.path("state/chains/alpha-1.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_is_stopped_is_not_forgotten() {
    let desk = in_service("lowering").await;
    let file = desk.path("state/chains/alpha-1.json");
    let installation = Pins::load(&desk.path("state")).unwrap().get(CHAIN).unwrap().installation;
    change_file(&desk, |file| {
        let (released, shown) = (file.record.highest_requested, Hrs::ZERO);
        file.record.stopped = Some(Stopped::MarkRegressed { installation, before: released, shown });
    });
    desk.must(&["chain", "remove", CHAIN]);
    take_out_of_config(&desk);
    let told = desk.says(&["chain", "forget", CHAIN, "--below-signed", "5/0/precommit"]);
    assert!(told.contains("DOUBLE-SIGN RISK") && told.ends_with("exit 69\n"), "{told}");
    assert!(file.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unclear_chain_is_adopted_where_the_device_knows_more_than_an_old_state_file() {
    let desk = in_service("lowering").await;
    let file = desk.path("state/chains/alpha-1.json");
    let old = fs::read(&file).unwrap();
    desk.must(&["mark", "set", CHAIN, "--next-height", "3000"]);
    desk.must(&["mark", "set", CHAIN, "--next-height", "3001"]);
    make_unclear(&desk);
    fs::write(&file, old).unwrap();
    let told = desk.must(&["mark", "adopt", CHAIN]);
    assert!(told.contains("mark 3000/0/none"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_file_of_another_key_is_not_adopted_into() {
    let desk = in_service("lowering").await;
    let file = desk.path("state/chains/alpha-1.json");
    change_file(&desk, |file| file.key = [7; 32]);
    let before = fs::read(&file).unwrap();
    let told = desk.says(&["mark", "adopt", CHAIN, "--last-signed", "9/0/precommit"]);
    assert!(told.contains("of another key") && told.contains("move the file away"), "{told}");
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_cannot_be_written_leaves_the_host_in_service() {
    let desk = in_service("lowering").await;
    let told = desk.says(&["state", "export", "/nowhere/state.json"]);
    assert!(told.contains("/nowhere/state.json") && !told.ends_with("exit 0\n"), "{told}");
    assert!(!desk.path("state/exported").exists());
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(6, 1)).await);
}
