//! Commands and replies as reports on a bus, and hosts that come and go.

use highwater_core::apdu::{Command, Status};
use nanos_sdk::SendError;
use nanos_sdk::fake::Host;

use crate::bench::{Bench, host, kernel, panel};
use crate::words::{CHAIN, LONGEST, add, apdu, longest_proposal, prevote};

const APP_AND_VERSION: &[u8] = &[0xb0, 0x01, 0, 0, 0];
const QUIT: &[u8] = &[0xb0, 0xa7, 0, 0, 0];

#[test]
fn a_signature_takes_five_reports_and_the_longest_message_six() {
    let mut bench = Bench::armed();
    bench.sign(10).unwrap();
    assert_eq!(bench.reports, (3, 2));
    bench.approve(add(LONGEST));
    bench.sign_bytes(LONGEST, &longest_proposal()).unwrap();
    assert_eq!(bench.reports, (4, 2));
}

#[test]
fn a_host_that_asks_who_this_is_gets_the_app_its_version_and_flags() {
    let mut bench = Bench::new();
    let (data, word) = bench.raw(APP_AND_VERSION);
    assert_eq!((&data[..], word), (&b"\x01\x04Fake\x051.2.3\x01\x00"[..], 0x9000));
    assert_eq!(bench.raw(&[0xb0, 0x02, 0, 0, 0]), (vec![], Status::Instruction.word()));
}

#[test]
#[should_panic(expected = "exit(255)")]
fn quit_ends_an_app_without_chains() {
    let mut bench = Bench::new();
    bench.send(QUIT);
    bench.wait(10);
}

#[test]
fn quit_is_answered_before_the_app_ends() {
    let mut bench = Bench::new();
    bench.send(QUIT);
    host(|host| host.listening = false);
    bench.wait(5);
    host(|host| host.listening = true);
    let end = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| bench.wait(10)));
    assert!(end.is_err());
    assert_eq!(host(Host::received)[0][5..9], [0, 2, 0x90, 0x00]);
}

#[test]
fn quit_is_refused_while_a_chain_is_armed() {
    let mut bench = Bench::armed();
    assert_eq!(bench.raw(QUIT), (vec![], Status::Denied.word()));
    bench.sign(10).unwrap();
    let mut bench = bench.restarted();
    assert_eq!(bench.raw(QUIT), (vec![], Status::Denied.word()));
}

#[test]
fn a_host_that_vanishes_in_the_middle_of_a_command_leaves_nothing_behind() {
    let mut bench = Bench::armed();
    bench.send(&apdu(Command::Sign(&prevote(CHAIN, 10))));
    // Only the first of three reports gets out.
    while host(|host| host.unsent()) > 2 {
        bench.turn();
    }
    host(Host::reset);
    bench.wait(30);
    bench.connect();
    assert_eq!(bench.reply(), None);
    assert_eq!(bench.mark().height.value(), 0, "half a command does nothing");
    bench.sign(11).unwrap();
}

#[test]
fn half_a_command_is_forgotten_when_another_begins() {
    let mut bench = Bench::armed();
    let mut first = [0; 64];
    highwater_core::hid::split(0x7777, &apdu(Command::Sign(&prevote(CHAIN, 10))), |report| {
        if report[4] == 0 {
            first = *report;
        }
    });
    host(|host| host.send(&first));
    bench.wait(1);
    bench.sign(11).unwrap();
}

#[test]
fn a_host_that_vanishes_in_the_middle_of_a_reply_is_given_up_and_the_app_goes_on() {
    let mut bench = Bench::armed();
    host(|host| host.listening = false);
    bench.send(&apdu(Command::Sign(&prevote(CHAIN, 10))));
    bench.wait(10);
    assert_eq!(bench.bolos.io.can_send(), Err(SendError::Busy));
    bench.wait(20);
    assert_eq!(bench.bolos.io.can_send(), Ok(()));
    // The next one has the same answer on a channel of its own.
    host(|host| host.listening = true);
    let signature = bench.sign(10).unwrap();
    assert_eq!(bench.sign(10), Ok(signature));
}

#[test]
fn a_host_that_falls_asleep_in_the_middle_of_a_reply_does_not_freeze_the_screen() {
    let mut bench = Bench::armed();
    bench.send(&apdu(Command::Sign(&prevote(CHAIN, 10))));
    while host(|host| host.unsent()) > 0 {
        bench.turn();
    }
    host(Host::suspend);
    bench.wait(400);
    assert!(bench.lines().is_empty(), "the screen goes dark as always");
    host(Host::resume);
    bench.sign(10).unwrap();
}

#[test]
fn a_host_that_halts_its_endpoint_does_not_freeze_the_screen() {
    let mut bench = Bench::armed();
    bench.request([0x02, 0x03, 0, 0, 0x82, 0, 0, 0]);
    bench.send(&apdu(Command::GetVersion));
    bench.wait(400);
    assert!(bench.lines().is_empty(), "the screen goes dark as always");
    bench.request([0x02, 0x01, 0, 0, 0x82, 0, 0, 0]);
    bench.sign(10).unwrap();
}

#[test]
fn a_command_that_comes_during_a_reply_is_answered_instead() {
    let mut bench = Bench::armed();
    host(|host| host.listening = false);
    bench.send(&apdu(Command::Sign(&prevote(CHAIN, 10))));
    bench.wait(1);
    bench.send(&apdu(Command::GetAppName));
    bench.wait(1);
    host(|host| host.listening = true);
    assert_eq!(bench.reply().unwrap(), b"Highwater\x90\x00");
}

#[test]
fn a_second_configuration_during_a_command_voids_it() {
    let mut bench = Bench::armed();
    bench.send(&apdu(Command::Sign(&prevote(CHAIN, 10))));
    while host(|host| host.unsent()) > 1 {
        bench.turn();
    }
    host(|host| host.request([0x00, 0x09, 1, 0, 0, 0, 0, 0]));
    bench.wait(3);
    assert_eq!(bench.reply(), None);
    assert_eq!(bench.mark().height.value(), 0);
    bench.sign(11).unwrap();
}

#[test]
fn reports_that_make_no_sense_are_dropped() {
    let mut bench = Bench::armed();
    for report in
        [&[][..], &[0; 64], &[0xff; 64], &[1, 1, 5, 0, 1, 9], &[1, 1, 5, 0, 0], &[1, 1, 5, 0, 0, 0, 0]]
    {
        host(|host| host.send(report));
        bench.wait(1);
    }
    assert_eq!(host(Host::received).len(), 0);
    bench.sign(10).unwrap();
}

#[test]
fn commands_that_are_too_long_or_too_short_are_answered() {
    let mut bench = Bench::new();
    for length in [0usize, 1, 2, 3] {
        bench.send(&vec![0xe0; length]);
        let expected = if length == 0 { None } else { Some(Status::Length.word().to_be_bytes().to_vec()) };
        assert_eq!(bench.reply(), expected);
    }
    for length in [206, 260, 1000] {
        assert_eq!(bench.raw(&vec![0xe0; length]), (vec![], Status::Length.word()));
    }
}

#[test]
fn a_signature_writes_two_pages_and_derives_nothing_and_a_repeat_writes_none() {
    use nanos_sdk::target::Call;
    let mut bench = Bench::armed();
    let counts = || kernel(|kernel| [Call::NvmWrite, Call::Derive].map(|call| kernel.count(call)));
    let before = counts();
    let signature = bench.sign(10).unwrap();
    assert_eq!(counts(), [before[0] + 2, before[1]]);
    assert_eq!(bench.sign(10), Ok(signature));
    assert_eq!(counts(), [before[0] + 2, before[1]]);
}

#[test]
fn the_reply_leaves_before_the_screen_is_drawn_anew() {
    let mut bench = Bench::armed();
    bench.wait(20);
    let before = panel(|panel| panel.draws);
    bench.send(&apdu(Command::Sign(&prevote(CHAIN, 10))));
    let mut reports = 0;
    while reports < 2 {
        assert_eq!(panel(|panel| panel.draws), before, "drawing before the reply is out");
        bench.turn();
        reports += host(Host::received).len();
    }
    bench.wait(20);
    assert!(panel(|panel| panel.draws) > before);
}
