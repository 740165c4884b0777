//! Commands on the cable: every length, too long ones, hosts that vanish.
//!
//! The emulator takes whole commands and cuts them into packets itself, so broken reports cannot be shown on it; those
//! are tried on the simulated cable here, and exhaustively beside the framing.

use std::io::Write;
use std::net::TcpStream;

use highwater_core::apdu::{MAX_COMMAND, Status, ins};
use highwater_core::hid::split;
use highwater_sim::{Cable, SimDevice};
use highwater_tests::device::{Emulated, SEED};
use highwater_tests::on_every_device;
use highwater_tests::request::prevote;
use highwater_tests::stage::{CHAIN, Stage};

on_every_device! {
    commands_of_every_length_come_through,
    a_command_too_long_is_answered_and_the_next_one_too;
    firmware: a_host_that_vanishes_in_mid_command_leaves_nothing_behind,
    a_host_that_comes_back_gets_its_signature,
}

fn commands_of_every_length_come_through(stage: &mut Stage) {
    for length in 5..=MAX_COMMAND {
        let mut apdu = vec![0x55; length];
        apdu[..5].copy_from_slice(&[0xe0, ins::SIGN, 0, 0, (length - 5) as u8]);
        let (data, word) = stage.send(&apdu);
        // No canonical message begins with 0x55, and one byte says so.
        assert_eq!((data.len(), word), (1, Status::NotCanonical.word()), "{length}");
    }
}

fn a_command_too_long_is_answered_and_the_next_one_too(stage: &mut Stage) {
    for length in [MAX_COMMAND + 1, MAX_COMMAND + 2, 268, 272, 300, 600] {
        if length > longest(stage) {
            continue;
        }
        let mut apdu = vec![0; length];
        apdu[..5].copy_from_slice(&[0xe0, ins::SIGN, 0, 0, (length - 5) as u8]);
        assert_eq!(stage.send(&apdu), (vec![], Status::Length.word()), "{length}");
        assert_eq!(stage.send(&[0xe0, ins::GET_APP_NAME, 0, 0, 0]).0, b"Highwater", "after {length}");
    }
}

/// The longest command that reaches the app at all: where the system puts reports together, it drops longer ones.
fn longest(stage: &mut Stage) -> usize {
    let served = |emulated: &mut Emulated| !emulated.hardware.levels.is_empty();
    if stage.device.emulated().is_some_and(served) { 272 } else { usize::MAX }
}

fn a_command_that_the_system_drops_harms_nothing_after_it(stage: &mut Stage) {
    let height = stage.fresh_height();
    for length in [273, 300, 600] {
        let mut apdu = vec![0; length];
        apdu[..5].copy_from_slice(&[0xe0, ins::SIGN, 0, 0, (length - 5) as u8]);
        let emulated = stage.device.emulated().unwrap();
        emulated.unplug();
        let mut host = TcpStream::connect(emulated.emulator().unwrap().apdu_address()).unwrap();
        host.write_all(&[&(length as u32).to_be_bytes()[..], &apdu].concat()).unwrap();
        drop(host);
        stage.sign(&prevote(CHAIN, height + length as u64, 0));
    }
}

fn a_host_that_vanishes_in_mid_command_leaves_nothing_behind(stage: &mut Stage) {
    let request = prevote(CHAIN, stage.fresh_height(), 0);
    let mark = stage.slot(0).mark;
    let emulated = stage.device.emulated().unwrap();
    emulated.unplug();
    let mut host = TcpStream::connect(emulated.emulator().unwrap().apdu_address()).unwrap();
    let apdu = sign(&request.bytes());
    host.write_all(&(apdu.len() as u32).to_be_bytes()).unwrap();
    host.write_all(&apdu[..60]).unwrap();
    drop(host);
    assert_eq!(stage.slot(0).mark, mark);
    stage.sign(&request);
}

fn a_host_that_comes_back_gets_its_signature(stage: &mut Stage) {
    let request = prevote(CHAIN, stage.fresh_height(), 0);
    let first = stage.sign(&request);
    stage.device.emulated().unwrap().unplug();
    assert_eq!(stage.sign(&request), first);
}

mod dropped_by_nanosplus {
    highwater_tests::on_firmware!(nanosplus: a_command_that_the_system_drops_harms_nothing_after_it);
}

#[test]
fn garbage_on_the_cable_is_ignored_and_a_whole_command_is_heard() {
    let mut cable = Cable::new(SimDevice::in_memory(&SEED));
    let mut whole = Vec::new();
    split(0x0101, &sign(&[7; 100]), |report| whole.push(*report));
    // Empty, without sequence, of another tag, in the middle of nothing.
    for report in [&[][..], &[1, 1, 5], &[1, 1, 6, 0, 0, 0, 2, 0xe0, 3], &whole[1]] {
        assert!(cable.to_device(report).is_empty(), "{report:02x?}");
    }
    // A host that vanishes after its first report, then another on its own channel.
    assert!(cable.to_device(&whole[0]).is_empty());
    assert_eq!(cable.exchange(&[0xe0, ins::GET_APP_NAME, 0, 0, 0]).unwrap(), b"Highwater\x90\x00");
}

fn sign(message: &[u8]) -> Vec<u8> {
    [&[0xe0, ins::SIGN, 0, 0, message.len() as u8][..], message].concat()
}
