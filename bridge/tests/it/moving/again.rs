//! What somebody types who has typed it before, and what of an earlier command lies there.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use highwater_core::hrs::Step;
use highwater_moving::Source;
use highwater_sim::Owner;

use super::files::{ADDRESS, Written, at, base64};
use super::node::Node;
use super::old::{leave, migrate, put, state_name, written};
use crate::desk::{CHAIN, Desk};

#[test]
fn a_move_without_a_backup_says_so_and_makes_one_when_it_is_typed_again_with_a_file() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::Tmkms);
    let said = desk.must(&migrate("tmkms", &args, &["--no-backup"]));
    let (before, _) = said.split_once("see to it").unwrap();
    assert!(before.contains("highwater key backup 1 --to FILE"), "{said}");
    let said = desk.must(&migrate("tmkms", &args, &["--to", "key.backup"]));
    assert!(said.contains("backup   key.backup") && !said.contains("Look at the device"), "{said}");
    assert!(!said.contains("key backup 1 --to FILE"), "{said}");
    let first = fs::read(desk.path("key.backup")).unwrap();
    // The same of a key that is named by its number.
    let said = desk.must(&migrate("tmkms", &args[..2], &["--imported", "1", "--to", "again.backup"]));
    assert!(said.contains("backup   again.backup"), "{said}");
    assert_eq!(fs::read(desk.path("again.backup")).unwrap(), first);
}

/// Killed in the middle of the write; or what lies there is something else.
#[test]
fn a_backup_that_is_there_is_told_whole_or_not() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::CometBft);
    for text in ["", "{\n  \"format\": 1,\n  \"addr"] {
        fs::write(desk.path("key.backup"), text).unwrap();
        let said = desk.says(&migrate("cometbft", &args, &["--to", "key.backup"]));
        assert!(said.contains("is no whole backup") && said.contains("Delete it"), "{said}");
        assert!(said.ends_with("exit 64\n"), "{said}");
    }
    fs::remove_file(desk.path("key.backup")).unwrap();
    desk.must(&migrate("cometbft", &args, &["--to", "key.backup"]));
    let said = desk.says(&["key", "backup", "1", "--to", "key.backup"]);
    assert!(said.contains(&format!("a whole backup of the key of {ADDRESS}")), "{said}");
}

/// What is typed after the stop, and what the stop says, are one cure.
#[test]
fn a_mark_that_was_approved_and_not_pinned_has_one_cure() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::CometBft);
    desk.must(&migrate("cometbft", &args, &["--no-backup"]));
    fs::remove_file(desk.path("state/pins.toml")).unwrap();
    let next = Written { place: at(361_410, 0, Step::Precommit), ..written() };
    put(&desk, &state_name(Source::CometBft), &next.by(Source::CometBft));
    let said = desk.says(&migrate("cometbft", &args, &["--no-backup"]));
    assert!(said.contains("sudo -u highwater highwater chain remove alpha-1"), "{said}");
    assert!(!said.contains("b00f") && !said.contains("adopt") && !said.contains("mark set"), "{said}");
    assert!(!said.contains("Look at the device") && said.ends_with("exit 69\n"), "{said}");
    desk.emulator.bench().device.owner = Owner::Approves;
    desk.must(&["chain", "remove", CHAIN]);
    desk.must(&migrate("cometbft", &args, &["--no-backup"]));
}

/// The way that each output of tmkms names.
#[test]
fn the_two_block_rule_takes_the_key_file_of_each_signer() {
    for source in [Source::CometBft, Source::Tmkms, Source::Kms] {
        let desk = Desk::new("moving");
        let node = Node::start(CHAIN, 1);
        let key = put(&desk, "config/key", &super::old::key_text(source));
        let args = ["--key".to_owned(), key, "--rpc".to_owned(), node.rpc()];
        let said = desk.must(&migrate("nothing", &args, &["--to", "key.backup"]));
        assert!(said.contains(ADDRESS), "{source}: {said}");
    }
}

#[test]
fn a_key_of_another_signer_than_from_says_is_told_by_what_is_in_it() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::CometBft);
    for bytes in [&[7; 32][..], &[7; 64]] {
        let key = put(&desk, "config/key", &base64(bytes));
        let args = [args[0].clone(), args[1].clone(), "--key".to_owned(), key];
        let said = desk.says(&migrate("cometbft", &args, &["--no-backup"]));
        assert!(
            said.contains("base64 as tmkms and kms have it") && said.contains("name its signer: --from"),
            "{said}"
        );
    }
}

/// Every number of the chain that is far above it was made by somebody.
#[test]
fn a_state_far_below_the_mark_is_retired_with_a_doubt_and_what_is_retired_is_told_as_done() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::Tmkms);
    desk.must(&migrate("tmkms", &args, &["--no-backup"]));
    let old = Written { place: at(9, 0, Step::Precommit), ..written() };
    let copy = put(&desk, &format!("restore/{CHAIN}-consensus.json"), &old.by(Source::Tmkms));
    let retire = ["retire", "--from", "tmkms", "--chain", CHAIN, "--state"];
    let said = desk.must(&[&retire[..], &[&copy]].concat());
    assert!(said.contains("is far below") && said.contains("361402/1/precommit"), "{said}");
    // The right one, with its key: no doubt, and nothing of a YubiHSM.
    let right = [&retire[..], &[&args[1], "--key", &args[3]]].concat();
    let said = desk.must(&right);
    assert!(!said.contains("is far below") && !said.contains("YubiHSM"), "{said}");
    let said = desk.must(&right);
    assert!(said.contains("retired already"), "{said}");
    assert_eq!(fs::metadata(&args[1]).unwrap().permissions().mode() & 0o777, 0o600);
}
