//! What a signature costs: one APDU, two page writes, no derivation, five reports.

use std::time::Duration;

use highwater_core::apdu::{Command, MAX_COMMAND};
use highwater_core::canonical::Timestamp;
use highwater_core::hid::split;
use highwater_core::hrs::Step;
use highwater_sim::{Cable, Owner, SimDevice};
use highwater_tests::device::{Emulated, SEED};
use highwater_tests::on_every_device;
use highwater_tests::process::wait_for;
use highwater_tests::request::{Request, precommit, prevote, proposal};
use highwater_tests::stage::{CHAIN, Stage, chain, hrs};
use highwater_tests::tools;
use nanos_sdk::target::{self, Device as Hardware};
use serde_json::json;

on_every_device! {
    a_new_signature_writes_two_pages_and_derives_nothing,
    a_repeat_or_a_refusal_writes_and_derives_nothing,
    a_raise_of_the_mark_writes_two_pages,
}

fn a_new_signature_writes_two_pages_and_derives_nothing(stage: &mut Stage) {
    let height = stage.fresh_height();
    for request in [
        proposal(CHAIN, height, 0),
        prevote(CHAIN, height, 0),
        precommit(CHAIN, height, 0),
        Request { block: 0, ..prevote(CHAIN, height + 1, 7) },
    ] {
        let before = stage.counters();
        // One APDU: nothing else is sent for it.
        stage.ask(Command::Sign(&request.bytes()));
        let after = stage.counters();
        assert_eq!(after.page_writes - before.page_writes, 2, "{request:?}");
        assert_eq!(after.derivations, before.derivations, "{request:?}");
    }
}

fn a_repeat_or_a_refusal_writes_and_derives_nothing(stage: &mut Stage) {
    let height = stage.fresh_height();
    let vote = prevote(CHAIN, height, 0);
    stage.sign(&vote);
    let before = stage.counters();
    stage.sign(&vote);
    stage.sign(&vote.later());
    stage.refused(&proposal(CHAIN, height, 0));
    stage.refused(&prevote("unknown", height, 0));
    let after = stage.counters();
    assert_eq!((after.page_writes, after.derivations), (before.page_writes, before.derivations));
}

fn a_raise_of_the_mark_writes_two_pages(stage: &mut Stage) {
    let to = hrs(stage.fresh_height(), 0, Step::None);
    let before = stage.counters();
    stage.set_mark(to);
    assert_eq!(stage.counters().page_writes - before.page_writes, 2);
}

/// With the nanoseconds of a real clock, without which some votes take a report less.
const CLOCK: Timestamp = Timestamp { seconds: 1_700_000_000, nanos: 987_654_321 };

/// The emulator's packets carry fewer bytes than a real cable's reports, so these are counted on a cable of our own.
#[test]
fn a_signature_is_five_reports_on_the_cable_and_six_for_the_longest_messages() {
    let mut device = SimDevice::in_memory(&SEED);
    device.owner = Owner::Approves;
    let long = "x".repeat(50);
    let mut cable = Cable::new(device);
    let mut send = |command: Command<'_>| {
        let mut apdu = [0; MAX_COMMAND];
        let length = command.encode(&mut apdu).unwrap();
        let reply = cable.exchange(&apdu[..length]).unwrap();
        assert!(reply.ends_with(&[0x90, 0]), "{command:?}: {reply:02x?}");
        cable.reports
    };
    for (id, key_index) in [(CHAIN, 0), (&long, 1)] {
        let mark =
            if key_index == 0 { hrs(1, 0, Step::None) } else { hrs(i64::MAX as u64 - 1, 0, Step::None) };
        send(Command::AddChain { chain: chain(id), key_index, mark });
    }
    // With a round; without it some votes take a report less.
    for request in [proposal(CHAIN, 2, 1), prevote(CHAIN, 2, 1), precommit(CHAIN, 2, 1)] {
        let request = Request { timestamp: CLOCK, ..request };
        assert_eq!(send(Command::Sign(&request.bytes())), 5, "{request:?}");
    }
    let longest = Request {
        total: u32::MAX,
        timestamp: Timestamp { seconds: -(1 << 41), nanos: 999_999_999 },
        ..proposal(&long, i64::MAX as u64, 1_000)
    };
    assert_eq!(longest.bytes().len(), highwater_core::canonical::MAX_MESSAGE);
    assert_eq!(send(Command::Sign(&longest.bytes())), 6);
}

/// What the app asks of the system for one vote, out of the emulator's trace. Left beside the firmware for `cargo xtask
/// firmware` to print.
#[test]
fn a_vote_takes_one_multiplication_two_page_writes_and_no_derivation_on_a_nanos() {
    a_vote_takes_one_multiplication_two_page_writes_and_no_derivation(target::nanos::DEVICE);
}

#[test]
fn a_vote_takes_one_multiplication_two_page_writes_and_no_derivation_on_a_nanosplus() {
    a_vote_takes_one_multiplication_two_page_writes_and_no_derivation(target::nanosplus::DEVICE);
}

fn a_vote_takes_one_multiplication_two_page_writes_and_no_derivation(hardware: Hardware) {
    let mut stage = Stage::on(Box::new(Emulated::traced(hardware).unwrap()));
    // The screen that the prompt was on is drawn anew meanwhile.
    stage.device.pass(20).unwrap();
    for request in [proposal(CHAIN, 10, 0), prevote(CHAIN, 10, 0), precommit(CHAIN, 10, 0)] {
        let request = Request { timestamp: CLOCK, round: 1, ..request };
        let command = request.bytes();
        let mut apdu = [0; MAX_COMMAND];
        let length = Command::Sign(&command).encode(&mut apdu).unwrap();
        let reply = stage.send(&apdu[..length]).0.len() + 2;
        let emulator = stage.device.emulated().unwrap().emulator().unwrap();
        // The emulator's log comes through a pipe, so a reply may be here before its line.
        let vote = wait_for("the reply's line", Duration::from_secs(20), || {
            let log = emulator.log();
            let since = log.rsplit_once("apdu: > ").map(|(_, since)| since);
            Ok(since.and_then(|since| since.split_once("apdu: < ")).map(|(vote, _)| vote.to_owned()))
        });
        let vote = vote.unwrap();
        let calls: Vec<&str> =
            vote.lines().filter_map(|line| line.split_once("syscall: ")).map(|(_, call)| call).collect();
        let count = |name: &str| calls.iter().filter(|call| call.starts_with(name)).count();
        let costs = json!({
            "multiplications": count("cx_ecpoint_rnd_scalarmul") + count("cx_ecpoint_scalarmul"),
            "page_writes": count("nvm_write"),
            "derivations": count("os_perso_derive"),
            "reports": reports(length) + reports(reply),
            "calls": calls.len(),
        });
        for (name, expected) in
            [("multiplications", 1), ("page_writes", 2), ("derivations", 0), ("reports", 5)]
        {
            assert_eq!(costs[name], expected, "{name} of {request:?}\n{}", calls.join("\n"));
        }
        let path = tools::firmware(&hardware).unwrap().with_file_name("vote.json");
        std::fs::write(path, serde_json::to_string_pretty(&costs).unwrap()).unwrap();
    }
}

/// Reports that so many bytes take on a real cable.
fn reports(bytes: usize) -> usize {
    let mut reports = 0;
    split(1, &vec![0; bytes], |_| reports += 1);
    reports
}
