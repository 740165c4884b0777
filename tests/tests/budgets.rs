//! What a signature costs: one APDU, two page writes, no derivation, five reports.

use highwater_core::apdu::{Command, MAX_COMMAND};
use highwater_core::canonical::Timestamp;
use highwater_core::hrs::Step;
use highwater_sim::{Cable, Owner, SimDevice};
use highwater_tests::device::SEED;
use highwater_tests::on_every_device;
use highwater_tests::request::{Request, precommit, prevote, proposal};
use highwater_tests::stage::{CHAIN, Stage, chain, hrs};

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
    // With a round and with the nanoseconds of a real clock; without them some votes take a report less.
    let timestamp = Timestamp { seconds: 1_700_000_000, nanos: 987_654_321 };
    for request in [proposal(CHAIN, 2, 1), prevote(CHAIN, 2, 1), precommit(CHAIN, 2, 1)] {
        let request = Request { timestamp, ..request };
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
