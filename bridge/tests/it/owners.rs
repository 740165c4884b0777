//! Whose files are whose: commands as another user than the daemon's, and what such commands left behind.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use crate::desk::{CHAIN, Desk, prevote};
use crate::harness::signed_vote;

/// The daemon's user in these tests.
const USER: u32 = 4_242;

/// Only root may give files away. This goes past what the harness holds back of a test that passes.
pub(crate) fn is_root(test: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: only root may give files to another user");
    }
    root
}

/// A chain pinned as root, and then all of it given to the daemon's user.
fn given_away() -> Desk {
    let desk = Desk::pinned("owners");
    give(&desk.path("state"), USER);
    desk
}

fn give(path: &Path, user: u32) {
    chown(path, Some(user), Some(user)).unwrap();
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| give(&entry.unwrap().path(), user));
    }
}

/// Every file below, with its owner and content.
fn files(path: &Path) -> Vec<(String, u32, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        let content = if path.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        found.push((path.display().to_string(), fs::metadata(&path).unwrap().uid(), content));
        if path.is_dir() {
            found.extend(files(&path));
        }
    }
    found.sort();
    found
}

#[test]
fn root_leaves_nothing_in_the_state_of_another_user_and_is_told_how_to_run_the_command() {
    if !is_root("root_leaves_nothing_in_the_state_of_another_user_and_is_told_how_to_run_the_command") {
        return;
    }
    let desk = given_away();
    fs::remove_file(desk.path("state/device.lock")).unwrap();
    let before = files(&desk.path("state"));
    let export = desk.path("moving.json").display().to_string();
    let commands: [&[&str]; 8] = [
        &["run"],
        &["device", "info"],
        &["chain", "list"],
        &["chain", "add", "beta-1", "--key-index", "1", "--next-height", "1"],
        &["mark", "set", CHAIN, "--next-height", "9"],
        &["mark", "adopt", CHAIN],
        &["state", "export", &export],
        &["node-id"],
    ];
    for command in commands {
        let said = desk.says(command);
        assert!(said.ends_with("exit 77\n"), "{said}");
        assert!(said.contains("belongs to user 4242"), "{said}");
        assert!(said.contains("`sudo -u '#4242' highwater …`"), "{said}");
    }
    assert_eq!(files(&desk.path("state")), before);
    assert!(!Path::new(&export).exists());
    // Looking on leaves nothing behind.
    desk.must(&["pubkey", CHAIN]);
    assert!(desk.says(&["status"]).contains("no daemon runs"));
    assert_eq!(files(&desk.path("state")), before);
}

#[test]
fn files_that_root_left_are_given_back_and_never_removed() {
    if !is_root("files_that_root_left_are_given_back_and_never_removed") {
        return;
    }
    let desk = given_away();
    desk.must(&["pubkey", CHAIN]);
    let as_user = |args: &[&str]| desk.says_as(USER, args);
    assert!(as_user(&["node-id"]).ends_with("exit 0\n"));
    for (name, command) in [
        ("pins.toml", &["pubkey", CHAIN][..]),
        ("chains/alpha-1.json", &["mark", "adopt", CHAIN]),
        ("node_identity.key", &["node-id"]),
        ("device.lock", &["device", "info"]),
        ("chains", &["device", "info"]),
    ] {
        let path = desk.path("state").join(name);
        assert!(as_user(command).ends_with("exit 0\n"), "{name}: {}", as_user(command));
        chown(&path, Some(0), None).unwrap();
        let said = as_user(command);
        assert!(said.contains(&format!("[dir]/state/{name} belongs to root")), "{said}");
        assert!(said.contains(&format!("sudo chown -R {USER} [dir]/state/{name}")), "{said}");
        assert!(!said.contains("remove") && !said.contains("mark adopt` "), "{said}");
        chown(&path, Some(USER), None).unwrap();
    }
}

#[test]
fn a_state_directory_of_roots_is_not_used_by_the_daemons_user() {
    if !is_root("a_state_directory_of_roots_is_not_used_by_the_daemons_user") {
        return;
    }
    let desk = Desk::pinned("owners");
    let said = desk.says_as(USER, &["node-id"]);
    assert!(said.contains("belongs to root") && said.contains("sudo chown -R 4242 [dir]/state"), "{said}");
}

#[test]
fn a_state_directory_that_others_may_write_to_is_refused() {
    let desk = Desk::pinned("owners");
    for (name, mode) in [("state", 0o770), ("state", 0o1777), ("state/chains", 0o702)] {
        fs::set_permissions(desk.path(name), Permissions::from_mode(mode)).unwrap();
        let said = desk.says(&["run"]);
        assert!(said.ends_with("exit 77\n"), "{said}");
        assert!(
            said.contains(&format!("[dir]/{name} has mode {mode:o}")) && said.contains("chmod go-w"),
            "{said}"
        );
        fs::set_permissions(desk.path(name), Permissions::from_mode(0o700)).unwrap();
    }
}

#[test]
fn a_link_in_place_of_a_file_of_the_state_is_not_followed() {
    let desk = Desk::pinned("owners");
    for (name, command) in [
        ("pins.toml", &["pubkey", CHAIN][..]),
        ("chains/alpha-1.json", &["mark", "adopt", CHAIN]),
        ("device.lock", &["device", "info"]),
    ] {
        let path = desk.path("state").join(name);
        let away = desk.path("away");
        fs::rename(&path, &away).unwrap();
        std::os::unix::fs::symlink(&away, &path).unwrap();
        let said = desk.says(command);
        assert!(said.contains("symbolic link") && !said.ends_with("exit 0\n"), "{name}: {said}");
        fs::rename(&away, &path).unwrap();
        desk.must(command);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_in_a_folder_that_others_may_write_to_is_told_about_and_served_once_that_is_mended() {
    let desk = Desk::pinned("owners");
    fs::set_permissions(desk.path(""), Permissions::from_mode(0o770)).unwrap();
    // Its state directory would be refused for the same reason, so that stands elsewhere.
    let state = tempfile::tempdir().unwrap();
    fs::remove_dir(state.path()).unwrap();
    fs::rename(desk.path("state"), state.path()).unwrap();
    let text = fs::read_to_string(&desk.config).unwrap();
    let text = text.replace(&desk.path("state").display().to_string(), &state.path().display().to_string());
    fs::write(&desk.config, text).unwrap();
    let mut daemon = desk.daemon_alone();
    daemon.until("has mode 770").await;
    let line = daemon.lines("has mode 770").remove(0);
    assert!(
        line.contains("WARN") && line.contains("a folder of its own") && line.contains("chmod 3770"),
        "{line}"
    );
    fs::set_permissions(desk.path(""), Permissions::from_mode(0o700)).unwrap();
    daemon.accept().await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
}
