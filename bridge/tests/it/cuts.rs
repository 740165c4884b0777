//! Commands that are cut between two of their steps: the same command, typed again, ends what was begun, or its words name
//! the command that does.

use std::fs;

use highwater_sim::{Owner, SimDevice};

use crate::desk::{CHAIN, Daemon, Desk, prevote};
use crate::drills::{approve, in_service};
use crate::emulator::owned;
use crate::harness::signed_vote;

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

/// The command is killed while its question stands.
fn killed(desk: &Desk, command: &[&str]) {
    desk.emulator.bench().device.owner = Owner::Away;
    let mut terminal = desk.begins(command);
    while desk.emulator.bench().device.prompt().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
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
