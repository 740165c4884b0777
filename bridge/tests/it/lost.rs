//! What is lost or mistyped must not make anybody sign below what was signed.

use std::fs;
use std::time::Duration;

use highwater_sim::SimDevice;
use rustix::process::Signal;

use crate::desk::{CHAIN, Desk, prevote};
use crate::drills::{approve, in_service, said_while_signing};
use crate::emulator::owned;
use crate::harness::{refusal, signed_vote};
use crate::moving::Node;
use crate::sentences::shown;

/// A spare of the desk's seed, prepared long ago at height 2.
fn stale_spare(seed: &str) -> SimDevice {
    let spare = Desk::new(seed);
    spare.must(&["chain", "add", CHAIN, "--key-index", "0", "--next-height", "2"]);
    spare.emulator.swap(owned("none"))
}

fn asked(desk: &Desk) -> String {
    let text = fs::read(desk.path("state/chains/alpha-1.json")).unwrap();
    let whole: serde_json::Value = serde_json::from_slice(&text).unwrap();
    whole["highwater"]["highest_requested"].as_str().unwrap().to_owned()
}

/// Whatever was typed: nothing else is signed at height 5, and the next height is.
async fn signs_on(desk: &Desk) {
    let mut daemon = desk.daemon().await;
    refusal(daemon.insists(&prevote(5, 2)).await);
    signed_vote(daemon.insists(&prevote(6, 1)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_spare_is_not_added_where_only_the_pins_were_lost() {
    let desk = in_service("hunt").await;
    fs::remove_file(desk.path("state/pins.toml")).unwrap();
    desk.emulator.swap(stale_spare("hunt"));
    let mut told = desk.says(&["run"]);
    told += &desk.says(&["pubkey", CHAIN]);
    told += &desk.says(&["chain", "add", CHAIN, "--key-index", "0", "--next-height", "2"]);
    assert!(told.contains("alpha-1 may already be signed up to 5/0/precommit"), "{told}");
    told += &desk.must(&["mark", "adopt", CHAIN]);
    shown("drill-lost-pins", &told);
    signs_on(&desk).await;
}

/// `run` is the command of a unit whose `StateDirectory=` makes the folder.
#[test]
fn an_empty_state_directory_is_questioned_and_a_missing_one_is_not_made() {
    let desk = Desk::pinned("hunt");
    for missing in [false, true] {
        fs::remove_dir_all(desk.path("state")).unwrap();
        if !missing {
            fs::create_dir(desk.path("state")).unwrap();
        }
        let told = desk.says(&["run"]);
        assert!(told.contains("is its disk mounted?") && !told.contains("exit 0"), "{told}");
        assert_eq!(desk.path("state").exists(), !missing, "{told}");
    }
}

#[test]
fn a_blank_device_of_a_pinned_chain_is_to_be_adopted_and_not_added() {
    let desk = Desk::pinned("hunt");
    desk.emulator.swap(owned("hunt"));
    let told = desk.must(&["device", "info"]);
    assert!(
        told.contains("`highwater mark adopt alpha-1 --key-index N`") && !told.contains("chain add"),
        "{told}"
    );
}

/// A chain whose key is known, on a device that has forgotten everything, beside a node of the chain.
fn forgotten(flag: u64) -> (Desk, Node) {
    let (desk, address) = crate::on_chain::desk();
    let node = Node::knowing(&address, CHAIN, flag);
    crate::on_chain::asks(&desk, &node.rpc());
    fs::remove_dir_all(desk.path("state")).unwrap();
    fs::create_dir(desk.path("state")).unwrap();
    desk.emulator.swap(owned("on chain"));
    (desk, node)
}

const ADD_LOW: [&str; 6] = ["chain", "add", CHAIN, "--key-index", "0", "--next-height"];
const ADOPT_LOW: [&str; 6] = ["mark", "adopt", CHAIN, "--key-index", "0", "--last-signed"];

#[test]
fn a_mark_below_what_the_chain_has_of_the_key_is_neither_added_nor_adopted() {
    for (flag, said) in [(2, true), (3, true), (1, false), (0, false)] {
        for command in
            [[&ADD_LOW[..], &["361300"]].concat(), [&ADOPT_LOW[..], &["361300/0/precommit"]].concat()]
        {
            let (desk, _node) = forgotten(flag);
            let told = desk.says(&command);
            let risk = told.contains("DOUBLE-SIGN RISK") && told.contains("has a signature of this very key");
            assert_eq!((risk, told.ends_with("exit 69\n")), (said, said), "{flag}: {told}");
            assert_eq!(desk.path("state/pins.toml").exists(), !said, "{flag}: {told}");
            if said {
                assert!(told.contains("mark adopt alpha-1 --last-signed"), "{told}");
                // Nothing signs for it, and the cure goes through.
                assert!(!desk.says(&["run"]).contains("exit 0"));
                desk.must(&["mark", "adopt", CHAIN, "--last-signed", "361999/0/precommit"]);
            }
        }
    }
}

/// A signer that went silent long ago: what it signed stands in the blocks just above the mark, and not in the last ones.
#[test]
fn signatures_just_above_the_mark_are_looked_for_too() {
    let (desk, node) = forgotten(1);
    let signed = node.signs_once();
    std::thread::sleep(Duration::from_secs(4));
    let mark = (signed - 1).to_string();
    let told = desk.says(&[&ADD_LOW[..], &[&mark]].concat());
    assert!(told.contains(&format!("Block {signed} has a signature of this very key")), "{told}");
    // At its place nothing is to be said against it.
    let mark = format!("{signed}/0/precommit");
    desk.must(&["mark", "adopt", CHAIN, "--last-signed", &mark]);
}

/// The pinned key is known before the owner is asked.
#[test]
fn an_owner_is_not_asked_for_a_mark_below_what_the_chain_has_of_the_pinned_key() {
    let (desk, address) = crate::on_chain::desk();
    let node = Node::knowing(&address, CHAIN, 2);
    crate::on_chain::asks(&desk, &node.rpc());
    desk.emulator.swap(owned("on chain"));
    std::thread::sleep(Duration::from_secs(1));
    let told = desk.says(&["mark", "adopt", CHAIN, "--key-index", "0"]);
    assert!(told.contains("DOUBLE-SIGN RISK") && !told.contains("Look at the device"), "{told}");
    node.signs(1);
    desk.must(&["mark", "adopt", CHAIN, "--key-index", "0"]);
}

#[test]
fn a_node_that_does_not_answer_keeps_nobody_from_adding_or_adopting() {
    for command in [[&ADD_LOW[..], &["361300"]].concat(), [&ADOPT_LOW[..], &["361300/0/precommit"]].concat()]
    {
        let (desk, _node) = forgotten(2);
        crate::on_chain::asks(&desk, "http://127.0.0.1:1");
        let told = desk.must(&command);
        assert!(told.contains("was not looked at") && told.contains("does not answer"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blank_device_is_not_added_below_the_state_file_where_only_the_pins_were_lost() {
    let desk = in_service("hunt").await;
    fs::remove_file(desk.path("state/pins.toml")).unwrap();
    desk.emulator.swap(owned("hunt"));
    let told = desk.says(&["chain", "add", CHAIN, "--key-index", "0", "--next-height", "2"]);
    assert!(told.contains("5/0/precommit") && told.ends_with("exit 69\n"), "{told}");
    // At or above it the owner may say where to begin.
    desk.must(&["chain", "add", CHAIN, "--key-index", "0", "--last-signed", "5/0/precommit"]);
    signs_on(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adopted_device_begins_at_the_state_file_where_only_the_pins_were_lost() {
    let desk = in_service("hunt").await;
    fs::remove_file(desk.path("state/pins.toml")).unwrap();
    desk.emulator.swap(owned("hunt"));
    let told = desk.must(&["mark", "adopt", CHAIN, "--key-index", "0", "--last-signed", "4/0/prevote"]);
    assert!(told.contains(", mark 5/0/precommit"), "{told}");
    assert_eq!(asked(&desk), "5/0/precommit");
    signs_on(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_of_another_key_is_not_adopted_over_a_state_file_without_its_pin() {
    let desk = in_service("hunt").await;
    fs::remove_file(desk.path("state/pins.toml")).unwrap();
    desk.emulator.swap(owned("another seed"));
    let adopt = &["mark", "adopt", CHAIN, "--key-index", "0", "--last-signed", "9/0/prevote"];
    let told = desk.says(adopt);
    assert!(told.contains("--key-index") && told.ends_with("exit 69\n"), "{told}");
    assert_eq!(asked(&desk), "5/0/precommit");
    assert!(!desk.path("state/pins.toml").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_whose_mark_fell_is_neither_added_nor_adopted_again_without_its_pin() {
    let desk = Desk::pinned("hunt");
    let before = desk.emulator.bench().device.world.medium.pages().to_vec();
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    desk.emulator.put_back(&before);
    // The look at the device notices it, before anything is asked.
    assert!(desk.must(&["status"]).contains("DOUBLE-SIGN RISK"));
    assert!(refusal(daemon.insists(&prevote(6, 2)).await).contains("DOUBLE-SIGN RISK"));
    // The stop is on the disk then.
    assert_eq!(daemon.ends_by(Signal::TERM).await.code(), Some(0));
    fs::remove_file(desk.path("state/pins.toml")).unwrap();
    for told in [
        desk.says(&["mark", "adopt", CHAIN, "--last-signed", "9/0/prevote"]),
        desk.says(&["chain", "add", CHAIN, "--key-index", "0", "--last-signed", "5/0/precommit"]),
    ] {
        assert!(told.contains("DOUBLE-SIGN RISK") && told.ends_with("exit 69\n"), "{told}");
    }
    // A spare may take over, and then it is forgotten.
    let file = desk.path("state/chains/alpha-1.json");
    let fallen = fs::read(&file).unwrap();
    desk.emulator.swap(owned("hunt"));
    desk.must(&["mark", "adopt", CHAIN, "--key-index", "0"]);
    signs_on(&desk).await;
    // Also where the command was cut when it had moved the pin, and is run again beside a daemon.
    fs::write(&file, fallen).unwrap();
    let mut daemon = desk.daemon().await;
    assert!(refusal(daemon.insists(&prevote(7, 1)).await).contains("DOUBLE-SIGN RISK"));
    desk.must(&["mark", "adopt", CHAIN]);
    signed_vote(daemon.insists(&prevote(7, 1)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_set_by_command_is_where_a_spare_begins() {
    for with_daemon in [false, true] {
        let desk = in_service("hunt").await;
        let daemon = if with_daemon { Some(desk.daemon().await) } else { None };
        desk.must(&["mark", "set", CHAIN, "--last-signed", "9/0/precommit"]);
        assert_eq!(asked(&desk), "9/0/precommit", "with a daemon: {with_daemon}");
        drop(daemon);
        desk.emulator.swap(owned("hunt"));
        let told = desk.must(&["mark", "adopt", CHAIN, "--key-index", "0"]);
        assert!(told.contains(", mark 9/0/precommit"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_key_index_leaves_the_state_file_as_it_was() {
    let desk = in_service("hunt").await;
    desk.must(&["chain", "remove", CHAIN]);
    let file = desk.path("state/chains/alpha-1.json");
    let before = fs::read(&file).unwrap();
    // A blank spare would do as well, but is refused earlier: this is the pinned device.
    let told = desk.says(&["chain", "add", CHAIN, "--key-index", "1", "--last-signed", "9/0/prevote"]);
    assert!(told.contains("--key-index") && told.ends_with("exit 69\n"), "{told}");
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_state_file_is_not_written_over_by_adding_the_chain_again() {
    let desk = in_service("hunt").await;
    desk.must(&["chain", "remove", CHAIN]);
    let file = desk.path("state/chains/alpha-1.json");
    fs::write(&file, "{}").unwrap();
    let told = desk.says(&["chain", "add", CHAIN, "--key-index", "0", "--last-signed", "9/0/prevote"]);
    assert!(told.contains("cannot be trusted") && told.ends_with("exit 78\n"), "{told}");
    assert_eq!(fs::read(&file).unwrap(), b"{}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_daemon_signed_while_a_chain_was_adopted_is_not_written_over() {
    let desk = in_service("hunt").await;
    let mut daemon = desk.daemon().await;
    let adopt = &["mark", "adopt", CHAIN, "--last-signed", "9/0/prevote"];
    let told = said_while_signing(&desk, &mut daemon, adopt, approve);
    assert!(told.ends_with("exit 0\n"), "{told}");
    // Longer than a change waits that nobody waits for.
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(daemon);
    let text = fs::read_to_string(desk.path("state/chains/alpha-1.json")).unwrap();
    // The prevote of height 6.
    assert!(text.contains("\"bytes\":\"66080111060000000000000022"), "{text}");
    assert_eq!(asked(&desk), "9/0/prevote");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_is_added_again_beside_its_daemon_leaves_the_state_file_to_it() {
    let desk = in_service("hunt").await;
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(6, 1)).await);
    desk.must(&["chain", "remove", CHAIN]);
    desk.must(&["chain", "add", CHAIN, "--key-index", "0", "--last-signed", "9/0/prevote"]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let text = fs::read_to_string(desk.path("state/chains/alpha-1.json")).unwrap();
    // The prevote of height 6.
    assert!(text.contains("\"bytes\":\"66080111060000000000000022"), "{text}");
    assert_eq!(asked(&desk), "9/0/prevote");
    signed_vote(daemon.insists(&prevote(10, 1)).await);
    drop(daemon);
    assert_eq!(asked(&desk), "10/0/precommit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_looks_at_its_state_only_once_the_lock_is_its_own() {
    let desk = in_service("hunt").await;
    let _daemon = desk.daemon().await;
    // As in the midst of an export, which holds the lock.
    fs::write(desk.path("state/exported"), "exported to nowhere\n").unwrap();
    let told = desk.says(&["run"]);
    assert!(told.contains("owns this device"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_state_with_a_damaged_part_is_imported_not_at_all() {
    let here = in_service("hunt").await;
    let there = Desk::with("", here.emulator.clone());
    let file = here.path("moving.json").display().to_string();
    here.must(&["state", "export", &file]);
    let good: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let mut cut = good.clone();
    cut["chains"][CHAIN] = "{}".into();
    let mut without = good.clone();
    without["chains"] = serde_json::json!({});
    let mut nameless = good.clone();
    nameless["identity"] = "77".into();
    let mut unpinned = good.clone();
    unpinned["pins"] = "alpha-1 = 7\n".into();
    for bad in [cut, without, nameless, unpinned] {
        fs::write(&file, bad.to_string()).unwrap();
        let told = there.says(&["state", "import", &file]);
        assert!(told.contains("is not an exported state") && told.ends_with("exit 64\n"), "{told}");
        for written in ["state/pins.toml", "state/chains", "state/node_identity.key"] {
            assert!(!there.path(written).exists(), "{written}: {told}");
        }
    }
    fs::write(&file, good.to_string()).unwrap();
    // Nor over a state file that lost its pin and tells of more.
    let newer = Desk::with("", here.emulator.clone());
    newer.must(&["mark", "adopt", CHAIN, "--last-signed", "9/0/prevote"]);
    fs::remove_file(newer.path("state/pins.toml")).unwrap();
    let told = newer.says(&["state", "import", &file]);
    assert!(told.contains("knows chains already") && told.ends_with("exit 64\n"), "{told}");
    assert_eq!(asked(&newer), "9/0/prevote");
    there.must(&["state", "import", &file]);
}

#[test]
fn a_device_that_is_not_sound_says_so_and_not_that_its_chains_are_unknown() {
    let desk = Desk::pinned("hunt");
    let pages = desk.emulator.bench().device.world.medium.pages().to_vec();
    // The PIN of another seed was entered.
    let mut device = owned("another seed");
    device.world.medium.restore(&pages);
    desk.emulator.swap(device.restart());
    for command in [
        &["mark", "show", CHAIN][..],
        &["mark", "set", CHAIN, "--next-height", "9"],
        &["mark", "adopt", CHAIN],
        &["chain", "add", "alpha-2", "--key-index", "1", "--next-height", "1"],
        &["chain", "list"],
        &["chain", "remove", CHAIN],
        &["chain", "rename", CHAIN, "alpha-2", "--next-height", "9"],
        &["chain", "show-key", CHAIN],
        &["chain", "forget", "alpha-2"],
        &["chain", "forget", "--slot", "1"],
    ] {
        let told = desk.says(command);
        assert!(
            told.contains("highwater: The device was unlocked with a different seed")
                && told.ends_with("exit 69\n"),
            "{told}"
        );
    }
    assert!(desk.must(&["device", "info"]).contains("enter the PIN of the original seed"));
}
