//! `setup` as a script and an operator run it: from nothing to a daemon that signs, cut at any moment, refused with a cure.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use highwater::store::{Pins, chain_file_path};
use highwater_moving::PublicKey;
use highwater_sim::Owner;
use serde_json::Value;

use crate::desk::{CHAIN, Desk, prevote};
use crate::emulator::Fault;
use crate::harness::signed_vote;
use crate::moving::{FIRST, Node};
use crate::sentences::shown;

/// A desk without a configuration, and the answers of its script; `mark` has the lines below `[mark]`.
fn desk(mark: &str) -> Desk {
    let desk = Desk::new("set up");
    fs::remove_file(&desk.config).unwrap();
    answer(&desk, "", mark);
    desk
}

/// What the script answers; `rpc` may be empty.
fn answer(desk: &Desk, rpc: &str, mark: &str) {
    let text = format!(
        "state_dir = {state:?}\n\n[install]\nusers = false\ndevice_rule = false\nunit = false\n\n[device]\ntransport = \"speculos\"\n\
         address = \"{address}\"\n\n[chain]\nid = \"{CHAIN}\"\nnodes = [\"unix://{socket}\"]\nrpc = {rpc:?}\nkey_index = 0\n\n\
         [mark]\n{mark}\n",
        state = desk.path("state"),
        address = desk.emulator.address,
        socket = desk.path("node.sock").display(),
    );
    fs::write(desk.path("answers.toml"), text).unwrap();
}

const SETUP: [&str; 3] = ["setup", "--yes-to", "answers.toml"];
const NEXT: &str = "from = \"next_height\"\nnext_height = 7";

/// Nothing is pinned, and no configuration is written.
fn nothing_is_set_up(desk: &Desk) {
    assert!(!desk.config.exists());
    nothing_is_pinned(desk);
}

fn nothing_is_pinned(desk: &Desk) {
    assert!(Pins::load(&desk.path("state")).unwrap().get(CHAIN).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn from_nothing_to_a_daemon_that_signs() {
    let desk = desk(NEXT);
    let said = desk.must(&SETUP);
    // Below it lines end where the path of the desk makes them.
    let (asked, _) = said.split_once("\nconfig  ").expect("a configuration is written");
    shown("setup", asked);
    assert!(said.ends_with("ExecStartPre=rm -f [dir]/node.sock\nexit 0\n"), "{said}");
    assert!(desk.must(&["check"]).contains("no node has made this socket yet"));
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(7, 1)).await);
    // While a daemon runs, the device is reached through it.
    let done = desk.command(&[&SETUP[..], &["--json"]].concat()).output().unwrap();
    let told: Value =
        serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:?}"));
    assert_eq!((&told["mark"], &told["for_stake"]), (&Value::from("7/0/prevote"), &Value::from(false)));
    assert_eq!(told["nodes"][0]["files"][0]["lines"][1], "UMask=0007");
    signed_vote(daemon.insists(&prevote(8, 1)).await);
}

#[test]
fn a_run_after_a_whole_one_writes_no_file() {
    let desk = desk(NEXT);
    desk.must(&SETUP);
    let state = desk.path("state");
    let files = [desk.config.clone(), Pins::path(&state), chain_file_path(&state, CHAIN), state];
    let look = || {
        let when = |path: &std::path::PathBuf| fs::metadata(path).unwrap().modified().unwrap();
        files.iter().map(|path| (when(path), fs::read(path).unwrap_or_default())).collect::<Vec<_>>()
    };
    let before = look();
    let said = desk.must(&SETUP);
    assert!(look() == before, "{said}");
    assert!(!said.contains("Look at the device"), "{said}");
}

#[test]
fn a_run_that_is_killed_while_the_owner_reads_is_gone_on_with_whatever_the_owner_does_meanwhile() {
    for approves_meanwhile in [false, true] {
        let desk = desk(NEXT);
        desk.emulator.bench().device.owner = Owner::Away;
        let mut child = desk.command(&SETUP).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = desk.path("state").join("setup.toml");
        let since = Instant::now();
        let asks = || desk.emulator.bench().device.prompt().is_some();
        while !asks() {
            assert!(since.elapsed() < Duration::from_secs(60), "the owner is asked");
            std::thread::sleep(Duration::from_millis(20));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(begun.exists());
        nothing_is_set_up(&desk);
        if approves_meanwhile {
            desk.emulator.bench().device.owner = Owner::Approves;
            desk.emulator.bench().device.tick(1);
        } else {
            // The question dies with nobody at the device, which counts as refused; then the pause ends.
            desk.emulator.bench().device.tick(700);
            desk.emulator.bench().device.tick(700);
            desk.emulator.bench().device.owner = Owner::Approves;
        }
        // Answered otherwise now: what was approved is not taken for it, and what was not is asked for anew.
        answer(&desk, "", "from = \"next_height\"\nnext_height = 9");
        if approves_meanwhile {
            let said = desk.says(&SETUP);
            assert!(said.contains("with key 0 and mark 7/0/none") && said.ends_with("exit 64\n"), "{said}");
            assert!(Pins::load(&desk.path("state")).unwrap().get(CHAIN).is_none());
            answer(&desk, "", NEXT);
        }
        let said = desk.must(&SETUP);
        assert_eq!(said.contains("Look at the device"), !approves_meanwhile, "{said}");
        let mark = if approves_meanwhile { "7/0/none" } else { "9/0/none" };
        assert!(desk.must(&["mark", "show", CHAIN]).contains(&format!("mark {mark}")), "{said}");
        assert!(!begun.exists());
    }
}

#[test]
fn a_device_that_is_away_or_refuses_ends_the_run_and_the_next_one_goes_on() {
    let desk = desk(NEXT);
    for (fault, says) in [
        (Fault::Gone, "did not answer"),
        (Fault::Locked, "enter its PIN"),
        (Fault::OtherApp, "quit it and open Highwater"),
        (Fault::OldApp, "install the newest app"),
    ] {
        desk.emulator.fault(fault);
        let said = desk.says(&SETUP);
        assert!(said.contains(says) && said.ends_with("exit 69\n"), "{said}");
        nothing_is_set_up(&desk);
    }
    desk.emulator.fault(Fault::None);
    desk.emulator.bench().device.owner = Owner::Refuses;
    let said = desk.says(&SETUP);
    assert!(said.contains("the owner refused") && said.ends_with("exit 69\n"), "{said}");
    nothing_is_set_up(&desk);
    desk.emulator.bench().device.owner = Owner::Approves;
    desk.emulator.bench().device.tick(700);
    desk.must(&SETUP);
}

#[test]
fn an_answer_that_is_missing_or_wrong_is_named_by_its_key() {
    let desk = desk(NEXT);
    let whole = fs::read_to_string(desk.path("answers.toml")).unwrap();
    for (line, key) in [
        ("key_index = 0\n", "chain.key_index"),
        ("next_height = 7\n", "mark.next_height"),
        ("rpc = \"\"\n", "chain.rpc"),
        ("transport = \"speculos\"\n", "device.transport"),
        (&format!("state_dir = {:?}\n", desk.path("state")), "state_dir"),
    ] {
        assert!(whole.contains(line), "{line}");
        fs::write(desk.path("answers.toml"), whole.replace(line, "")).unwrap();
        let said = desk.says(&SETUP);
        assert!(said.contains(&format!("`{key}` is not answered")) && said.ends_with("exit 64\n"), "{said}");
        nothing_is_set_up(&desk);
        let _ = fs::remove_file(desk.path("state").join("setup.toml"));
    }
    fs::write(desk.path("answers.toml"), whole.replace("nodes", "node")).unwrap();
    let said = desk.says(&SETUP);
    assert!(said.contains("unknown field `node`") && said.contains("answers.toml"), "{said}");
    assert!(said.ends_with("exit 64\n"), "{said}");
    fs::write(desk.path("answers.toml"), whole.replace("unix://", "unix:/")).unwrap();
    let said = desk.says(&SETUP);
    assert!(said.contains("`chain.nodes`: ") && said.ends_with("exit 64\n"), "{said}");
    let said = desk.says(&["setup", "--yes-to", "nowhere.toml"]);
    assert!(said.ends_with("exit 74\n"), "{said}");
    nothing_is_set_up(&desk);
}

#[test]
fn a_configuration_that_is_there_gets_the_chain_only_if_it_may_and_keeps_all_else() {
    let desk = desk(NEXT);
    let before = format!(
        "# mine\nstate_dir = {:?} # here\n[device]\ntransport = \"speculos\"\naddress = \"{}\"\n",
        desk.path("state"),
        desk.emulator.address
    );
    fs::write(&desk.config, &before).unwrap();
    let said = desk.says(&SETUP);
    assert!(said.contains("`change_config` is not answered") && said.ends_with("exit 64\n"), "{said}");
    let answers = fs::read_to_string(desk.path("answers.toml")).unwrap();
    fs::write(desk.path("answers.toml"), format!("change_config = false\n{answers}")).unwrap();
    let said = desk.says(&SETUP);
    assert!(said.contains("may not be changed") && said.ends_with("exit 64\n"), "{said}");
    assert_eq!(fs::read_to_string(&desk.config).unwrap(), before);
    fs::write(desk.path("answers.toml"), format!("change_config = true\n{answers}")).unwrap();
    let said = desk.must(&SETUP);
    assert!(said.replace('\n', " ").contains("restart it when its node may miss a vote"), "{said}");
    assert!(fs::read_to_string(&desk.config).unwrap().starts_with(&before));
    // One that is wrong is its owner's to mend.
    fs::write(&desk.config, format!("{before}nonsense = 1\n")).unwrap();
    let said = desk.says(&SETUP);
    assert!(said.contains("nonsense") && said.ends_with("exit 64\n"), "{said}");
    // And one of another device is not changed into this one.
    fs::write(&desk.config, before.replace("\"speculos\"", "\"hid\"").replace("address", "# address"))
        .unwrap();
    let said = desk.says(&SETUP);
    assert!(said.contains("highwater.toml has hid") && said.ends_with("exit 64\n"), "{said}");
}

#[test]
fn a_mark_by_a_node_is_above_the_chains_height_and_the_margin_is_told() {
    let desk = desk(NEXT);
    // Of another validator, as far as the chain knows.
    let node = Node::knowing("0000000000000000000000000000000000000002", CHAIN, 0);
    answer(&desk, &node.rpc(), "from = \"rpc\"");
    let done = desk.command(&[&SETUP[..], &["--json"]].concat()).output().unwrap();
    let told: Value =
        serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:?}"));
    let mark = told["mark"].as_str().unwrap();
    let height: u64 = mark.strip_suffix("/0/none").expect("nothing of the height is signed").parse().unwrap();
    assert!(height > FIRST, "{mark}");
    // Of a Nano S the part is a guide, and blocks come every 200 ms here.
    assert_eq!(told["margin"]["measured"], false);
    assert!((told["margin"]["signing_ratio"].as_f64().unwrap() - 6.7).abs() < 0.1, "{told}");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(said.contains("The margin is THIN") && said.contains("a guide"), "{said}");
    // A node that does not answer gives no mark.
    let desk = self::desk(NEXT);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    answer(&desk, &format!("http://{free}"), "from = \"rpc\"");
    let said = desk.says(&SETUP);
    assert!(said.contains("does not answer") && said.ends_with("exit 64\n"), "{said}");
    nothing_is_set_up(&desk);
}

/// The address of the key that the device of these tests has under number 0.
fn address() -> String {
    let desk = desk(NEXT);
    desk.must(&SETUP);
    let key = Pins::load(&desk.path("state")).unwrap().get(CHAIN).unwrap().key;
    hex::encode_upper(PublicKey::new(key).address())
}

#[test]
fn a_key_that_the_chain_knows_already_is_not_pinned_as_one_that_never_signed() {
    let address = address();
    // 2 for the block, 3 for nil, 1 absent.
    // A signer that runs has signed the newest blocks, also where the mark is above them all.
    let (low, high) = (361_400, 900_000);
    for (flag, never, last, says) in [
        (2, true, low, Some("has a signature of this very key")),
        (3, true, low, Some("has a signature of this very key")),
        (2, false, low, Some("has a signature of this very key")),
        (2, false, high, Some("has a signature of this very key")),
        (1, true, low, Some("in the set of validators")),
        (1, false, low, None),
        (0, true, low, None),
    ] {
        let desk = desk(NEXT);
        let node = Node::knowing(&address, CHAIN, flag);
        let last = format!("from = \"last_signed\"\nlast_signed = \"{last}/0/precommit\"");
        answer(&desk, &node.rpc(), if never { "from = \"rpc\"" } else { &last });
        let said = desk.says(&SETUP);
        let Some(says) = says else {
            assert!(said.ends_with("exit 0\n"), "{flag}: {said}");
            continue;
        };
        assert!(said.contains("DOUBLE-SIGN RISK") && said.contains(says), "{flag}: {said}");
        assert!(said.contains("highwater chain remove") && said.ends_with("exit 69\n"), "{flag}: {said}");
        nothing_is_pinned(&desk);
        // What is advised can be typed, for all that it needs was left.
        assert!(desk.must(&["chain", "list"]).contains(CHAIN));
        // It stays so, however often it is tried.
        let said = desk.says(&SETUP);
        assert!(said.contains("DOUBLE-SIGN RISK") && said.ends_with("exit 69\n"), "{flag}: {said}");
        nothing_is_pinned(&desk);
        // When that signer is silent, and where nothing is looked at: it has signed above the mark that was approved.
        for rpc in [Node::knowing(&address, CHAIN, 0).rpc(), String::new()] {
            answer(&desk, &rpc, if never && !rpc.is_empty() { "from = \"rpc\"" } else { &last });
            let said = desk.says(&SETUP);
            assert!(said.contains("DOUBLE-SIGN RISK") && said.ends_with("exit 69\n"), "{flag}: {said}");
            nothing_is_pinned(&desk);
        }
    }
}

#[test]
fn what_belongs_to_another_command_is_sent_there() {
    let desk = desk(NEXT);
    desk.must(&SETUP);
    fs::remove_file(&desk.config).unwrap();
    // The pin is lost, and device and state file are not.
    let pins = fs::read(Pins::path(&desk.path("state"))).unwrap();
    fs::remove_file(Pins::path(&desk.path("state"))).unwrap();
    let said = desk.says(&SETUP);
    assert!(said.contains("highwater mark adopt alpha-1") && said.ends_with("exit 64\n"), "{said}");
    // That command wants a configuration, which was left.
    desk.must(&["mark", "adopt", CHAIN]);
    // Another device.
    fs::write(Pins::path(&desk.path("state")), pins).unwrap();
    let known = desk.emulator.swap(crate::emulator::owned("set up"));
    let said = desk.says(&SETUP);
    assert!(said.contains("pinned to another") && said.ends_with("exit 69\n"), "{said}");
    desk.emulator.swap(known);
    desk.must(&SETUP);
}

#[test]
fn root_writes_a_configuration_for_the_user_of_the_state_and_leaves_nothing_of_root_in_it() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    const USER: u32 = 4_242;
    if !crate::owners::is_root(
        "root_writes_a_configuration_for_the_user_of_the_state_and_leaves_nothing_of_root_in_it",
    ) {
        return;
    }
    let desk = desk(NEXT);
    let state = desk.path("state");
    chown(&state, Some(USER), Some(USER)).unwrap();
    // The folder of the configuration is root's, and others may read there.
    fs::set_permissions(state.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
    desk.must(&SETUP);
    let found = fs::metadata(&desk.config).unwrap();
    assert_eq!((found.uid(), found.gid(), found.mode() & 0o777), (0, USER, 0o640));
    let mut folders = vec![state];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(fs::metadata(&path).unwrap().uid(), USER, "{}", path.display());
            folders.extend(path.is_dir().then_some(path));
        }
    }
    let said = desk.says_as(USER, &["check"]);
    assert!(said.ends_with("exit 0\n"), "{said}");
    // A user who may not write the configuration is told so before anything is begun.
    let answers = fs::read_to_string(desk.path("answers.toml")).unwrap();
    let other = answers.replace(CHAIN, "beta-1");
    fs::write(desk.path("answers.toml"), format!("change_config = true\n{other}")).unwrap();
    fs::set_permissions(desk.path("answers.toml"), fs::Permissions::from_mode(0o644)).unwrap();
    let file = desk.path("answers.toml").display().to_string();
    let said = desk.says_as(USER, &["setup", "--yes-to", &file]);
    assert!(said.contains("cannot be written by this user") && said.ends_with("exit 77\n"), "{said}");
    assert!(said.contains("sudo highwater setup"), "{said}");
}
