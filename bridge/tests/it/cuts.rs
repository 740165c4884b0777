//! Commands that are cut between two of their steps: the same command, typed again, ends what was begun, or its words name
//! the command that does.

use std::fs;
use std::time::{Duration, Instant};

use highwater_sim::{Owner, SimDevice};

use crate::desk::{CHAIN, Daemon, Desk, prevote};
use crate::drills::{approve, in_service};
use crate::emulator::owned;
use crate::harness::{refusal, signed_vote};

const PINS: &str = "state/pins.toml";
const FILE: &str = "state/chains/alpha-1.json";
const NEW: &str = "state/chains/alpha-2.json";

/// A command, and what it writes after the owner approved, in this order.
struct Row {
    command: &'static [&'static str],
    /// A device that is plugged in for it, of the desk's seed.
    spare: Option<fn() -> SimDevice>,
    /// What is typed before.
    before: &'static [&'static [&'static str]],
    writes: &'static [&'static str],
    /// A height that is signed at the end.
    signs: i64,
}

const ADD: &[&str] = &["chain", "add", CHAIN, "--key-index", "0", "--last-signed", "5/0/precommit"];
const REMOVE: &[&str] = &["chain", "remove", CHAIN];

const ROWS: &[Row] = &[
    // Nothing is known of it here.
    Row {
        command: &["chain", "add", "alpha-2", "--key-index", "1", "--next-height", "6"],
        spare: None,
        before: &[],
        writes: &[NEW, PINS],
        signs: 10,
    },
    Row { command: ADD, spare: None, before: &[REMOVE], writes: &[FILE], signs: 10 },
    Row {
        command: &[
            "chain",
            "add",
            CHAIN,
            "--key-index",
            "0",
            "--next-height",
            "3",
            "--below-signed",
            "5/0/precommit",
        ],
        spare: None,
        before: &[REMOVE],
        writes: &[FILE],
        signs: 4,
    },
    Row {
        command: &["chain", "rename", CHAIN, "alpha-2", "--next-height", "6"],
        spare: None,
        before: &[],
        writes: &[NEW, PINS],
        signs: 10,
    },
    Row {
        command: &["mark", "adopt", CHAIN, "--key-index", "0"],
        spare: Some(|| owned("cuts")),
        before: &[],
        writes: &[FILE, PINS],
        signs: 10,
    },
    Row {
        command: &[
            "mark",
            "adopt",
            CHAIN,
            "--key-index",
            "0",
            "--last-signed",
            "3/0/prevote",
            "--below-signed",
            "5/0/precommit",
        ],
        spare: Some(|| owned("cuts")),
        before: &[],
        writes: &[FILE, PINS],
        signs: 4,
    },
    Row {
        command: &["mark", "set", CHAIN, "--next-height", "9"],
        spare: None,
        before: &[],
        writes: &[FILE],
        signs: 10,
    },
];

impl Row {
    async fn desk(&self) -> Desk {
        let desk = in_service("cuts").await;
        if let Some(spare) = self.spare {
            desk.emulator.swap(spare());
        }
        for command in self.before {
            desk.must(command);
        }
        desk
    }

    fn read(&self, desk: &Desk) -> Vec<Option<Vec<u8>>> {
        self.writes.iter().map(|name| fs::read(desk.path(name)).ok()).collect()
    }
}

fn put(desk: &Desk, name: &str, content: Option<&Vec<u8>>) {
    match content {
        Some(content) => fs::write(desk.path(name), content).unwrap(),
        None => fs::remove_file(desk.path(name)).unwrap(),
    }
}

fn until_asked(desk: &Desk) {
    let began = Instant::now();
    while desk.emulator.bench().device.prompt().is_none() {
        assert!(began.elapsed() < Duration::from_secs(20), "the owner is asked");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The command is killed while its question stands.
fn killed(desk: &Desk, command: &[&str]) {
    desk.emulator.bench().device.owner = Owner::Away;
    let mut terminal = desk.begins(command);
    until_asked(desk);
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    desk.emulator.bench().device.owner = Owner::Approves;
}

/// Typed again, the command ends what was begun, and asks the owner for nothing that is approved already.
fn ends(desk: &Desk, row: &Row, cut: &str, asked: bool) {
    let told = desk.says(row.command);
    assert!(told.ends_with("exit 0\n"), "{cut}: {told}");
    assert_eq!(told.contains("Look at the device"), asked, "{cut}: {told}");
}

/// The chain of these tests goes on.
async fn goes_on(desk: &Desk, daemon: Option<Daemon>, row: &Row, cut: &str) {
    let mut daemon = match daemon {
        Some(daemon) => daemon,
        None => desk.daemon().await,
    };
    signed_vote(daemon.insists(&prevote(row.signs, 1)).await);
    let told = desk.says(&["status"]);
    assert!(told.contains("\nSIGNING: 1 chain"), "{cut}: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_was_cut_between_two_files_is_ended_by_the_same_command() {
    for row in ROWS {
        // Before the first one the file may tell of the question: the test below.
        for done in 1..row.writes.len() {
            let cut = format!("{:?} after {done} writes", row.command);
            let desk = row.desk().await;
            let before = row.read(&desk);
            desk.must(row.command);
            for (name, content) in row.writes.iter().zip(&before).skip(done) {
                put(&desk, name, content.as_ref());
            }
            ends(&desk, row, &cut, false);
            goes_on(&desk, None, row, &cut).await;
        }
    }
}

/// The command dies with its question up, and the owner approves or not.
async fn dies_with_its_question_up(row: &Row, approved: bool, beside: bool) {
    let cut = format!("{:?} killed, then approved: {approved}, with a daemon: {beside}", row.command);
    let desk = row.desk().await;
    let daemon = if beside { Some(desk.daemon().await) } else { None };
    killed(&desk, row.command);
    {
        let device = &mut desk.emulator.bench().device;
        match approved {
            true => {
                approve(device);
                device.finish_work();
            }
            // Nobody comes, and the pause after that ends.
            false => {
                device.tick(700);
                device.signer().0.home_touched();
            }
        }
    }
    // A daemon follows a device that is pinned: what was approved is done, and the command says so.
    let told = desk.says(row.command);
    let known = beside && approved && row.spare.is_none() && told.contains("the chain is approved already");
    assert!(known || told.ends_with("exit 0\n"), "{cut}: {told}");
    let asked = !approved || row.command.starts_with(&["mark", "set"]);
    assert_eq!(told.contains("Look at the device"), asked, "{cut}: {told}");
    goes_on(&desk, daemon, row, &cut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_died_with_its_question_up_is_ended_by_the_same_command() {
    for row in ROWS {
        for (approved, beside) in [(false, false), (true, false), (false, true), (true, true)] {
            dies_with_its_question_up(row, approved, beside).await;
        }
    }
}

/// The pin cannot be written from now on; what stood there.
fn block_pins(desk: &Desk) -> Vec<u8> {
    let before = fs::read(desk.path(PINS)).unwrap();
    fs::remove_file(desk.path(PINS)).unwrap();
    fs::create_dir(desk.path(PINS)).unwrap();
    before
}

fn unblock_pins(desk: &Desk, before: &[u8]) {
    fs::remove_dir(desk.path(PINS)).unwrap();
    fs::write(desk.path(PINS), before).unwrap();
}

/// A spare of another life in its slot, or of the same one as the device of before.
fn spare(desk: &Desk, other_life: bool) {
    desk.emulator.swap(owned("cuts"));
    if other_life {
        let elsewhere = Desk::with("", desk.emulator.clone());
        elsewhere.must(&["chain", "add", CHAIN, "--key-index", "0", "--next-height", "2"]);
        elsewhere.must(REMOVE);
    }
}

const ADOPT: &[&str] = &["mark", "adopt", CHAIN, "--key-index", "0"];

/// A spare takes over, its record is written, and its pin cannot be. What the command says.
fn adopted_without_its_pin(desk: &Desk) -> (String, Vec<u8>) {
    desk.emulator.bench().device.owner = Owner::Away;
    std::thread::scope(|scope| {
        let told = scope.spawn(|| desk.says(ADOPT));
        until_asked(desk);
        let before = block_pins(desk);
        {
            let device = &mut desk.emulator.bench().device;
            approve(device);
            device.finish_work();
            device.owner = Owner::Approves;
        }
        (told.join().unwrap(), before)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_pin_cannot_be_written_the_command_says_so_and_typed_again_it_ends() {
    for other_life in [false, true] {
        let desk = in_service("cuts").await;
        spare(&desk, other_life);
        let (told, before) = adopted_without_its_pin(&desk);
        assert!(told.contains("not pinned to this device yet") && told.ends_with("exit 74\n"), "{told}");
        unblock_pins(&desk, &before);
        // Nothing is signed until then, and the daemon names the command.
        let mut daemon = desk.daemon().await;
        assert!(refusal(daemon.insists(&prevote(6, 1)).await).contains("highwater mark adopt"));
        desk.must(ADOPT);
        signed_vote(daemon.insists(&prevote(6, 1)).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_cannot_write_the_pin_says_so_and_goes_on_when_it_can_or_after_a_restart() {
    for restarts in [false, true] {
        let desk = in_service("cuts").await;
        let mut daemon = desk.daemon().await;
        spare(&desk, false);
        let (told, before) = adopted_without_its_pin(&desk);
        assert!(told.contains("tries again every 5 s") && told.ends_with("exit 69\n"), "{told}");
        assert!(desk.says(&["status"]).contains("its pin cannot be written"));
        if restarts {
            drop(daemon);
            unblock_pins(&desk, &before);
            daemon = desk.daemon().await;
            assert!(refusal(daemon.insists(&prevote(6, 1)).await).contains("highwater mark adopt"));
            desk.must(ADOPT);
        } else {
            unblock_pins(&desk, &before);
            daemon.until("kind=chain.adopted").await;
        }
        signed_vote(daemon.insists(&prevote(6, 1)).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_cut_before_the_pin_the_device_of_before_signs_only_above_the_place_of_taking_over() {
    for other_life in [false, true] {
        let desk = in_service("cuts").await;
        let first = desk.emulator.swap(owned("nothing"));
        spare(&desk, other_life);
        let (_, before) = adopted_without_its_pin(&desk);
        unblock_pins(&desk, &before);
        desk.emulator.swap(first);
        let mut daemon = desk.daemon().await;
        let text = refusal(daemon.insists(&prevote(5, 2)).await);
        assert!(text.contains("not above 5/0/precommit"), "{text}");
        signed_vote(daemon.insists(&prevote(6, 1)).await);
        let told = desk.says(&["status"]);
        assert!(told.contains("\nSIGNING: 1 chain"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_cut_between_two_files_is_ended_by_the_same_command() {
    let here = in_service("cuts").await;
    here.must(&["node-id"]);
    let file = here.path("moving.json").display().to_string();
    here.must(&["state", "export", &file]);
    let import = ["state", "import", &file];
    // As they are written. The last one ends the import.
    let writes = [FILE, "state/node_identity.key", PINS];
    for done in 0..=writes.len() {
        let there = Desk::with("", here.emulator.clone());
        there.must(&import);
        for name in &writes[done..] {
            fs::remove_file(there.path(name)).unwrap();
        }
        let told = there.must(&import);
        assert_eq!(told.contains("imported here already"), done == writes.len(), "{done}: {told}");
        assert!(there.must(&["pubkey", CHAIN]).ends_with("exit 0\n"));
        assert_eq!(there.must(&["node-id"]), here.must(&["node-id"]), "{done}");
        // And what was signed here meanwhile is not written over.
        there.must(&["mark", "adopt", CHAIN, "--last-signed", "9/0/precommit"]);
        there.must(&import);
        assert!(fs::read_to_string(there.path(FILE)).unwrap().contains("9/0/precommit"), "{done}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_was_cut_before_its_file_names_what_to_delete_and_then_goes_on() {
    let desk = in_service("cuts").await;
    let file = desk.path("moving.json").display().to_string();
    let export = ["state", "export", &file];
    desk.must(&export);
    fs::remove_file(&file).unwrap();
    let told = desk.says(&export);
    assert!(told.contains("delete [dir]/state/exported") && told.ends_with("exit 64\n"), "{told}");
    fs::remove_file(desk.path("state/exported")).unwrap();
    desk.must(&export);
}
