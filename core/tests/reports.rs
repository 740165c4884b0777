//! 64-byte reports, both ends.

use highwater_core::apdu::{Command, MAX_COMMAND, MAX_REPLY, Status};
use highwater_core::canonical::MAX_MESSAGE;
use highwater_core::hid::{
    Assembler, FromDevice, HostReader, REPORT, Received, ReportWriter, reports, split,
};
use highwater_core::hrs::Step;
use highwater_sim::Cable;
use proptest::prelude::*;

use crate::stage::{Ask, PREVOTE, add, armed, hrs};

fn cut(channel: u16, message: &[u8]) -> Vec<[u8; REPORT]> {
    let mut out = Vec::new();
    split(channel, message, |report| out.push(*report));
    out
}

#[test]
fn every_length_comes_through_both_ways() {
    for len in 1..=MAX_COMMAND {
        let message: Vec<u8> = (0..len).map(|i| i as u8).collect();
        let out = cut(0x1234, &message);
        assert_eq!(out.len(), reports(len), "{len}");
        let mut assembler = Assembler::new();
        for (i, report) in out.iter().enumerate() {
            let expected = if i + 1 == out.len() { Received::Command } else { Received::Nothing };
            assert_eq!(assembler.report(report), expected, "{len}");
        }
        assert_eq!((assembler.command(), assembler.channel()), (&message[..], 0x1234));
    }
    for len in 2..=MAX_REPLY {
        let message: Vec<u8> = (0..len).map(|i| i as u8).collect();
        let (mut writer, mut reader, mut report) = (ReportWriter::new(7), HostReader::new(7), [0; REPORT]);
        let mut last = FromDevice::More;
        while writer.next(&message, &mut report) {
            assert_eq!(last, FromDevice::More);
            last = reader.report(&report);
        }
        assert_eq!((last, reader.reply()), (FromDevice::Done, &message[..]), "{len}");
    }
}

#[test]
fn short_reports_are_taken_as_they_come() {
    // An emulator cuts at 47 and 49 bytes of data and sends no padding.
    let message: Vec<u8> = (0..120).collect();
    let mut assembler = Assembler::new();
    let mut first = vec![1, 1, 5, 0, 0, 0, 120];
    first.extend_from_slice(&message[..47]);
    let mut second = vec![1, 1, 5, 0, 1];
    second.extend_from_slice(&message[47..96]);
    let mut third = vec![1, 1, 5, 0, 2];
    third.extend_from_slice(&message[96..]);
    assert_eq!(assembler.report(&first), Received::Nothing);
    assert_eq!(assembler.report(&second), Received::Nothing);
    assert_eq!(assembler.report(&third), Received::Command);
    assert_eq!(assembler.command(), message);
}

#[test]
fn what_is_out_of_place_drops_the_command_and_the_next_one_is_whole() {
    let message: Vec<u8> = (0..150).collect();
    let good = cut(1, &message);
    let spoil: [fn(&mut [u8; REPORT]); 3] = [|r| r[0] ^= 1, |r| r[4] ^= 3, |r| r[2] = 6];
    for (nth, change) in spoil.iter().enumerate() {
        let mut assembler = Assembler::new();
        assembler.report(&good[0]);
        let mut bad = good[1];
        change(&mut bad);
        assert_eq!(assembler.report(&bad), Received::Nothing);
        // A foreign tag is ignored and the command goes on; a wrong channel or sequence ends it.
        let rest = assembler.report(&good[1]);
        let end = assembler.report(&good[2]);
        assert_eq!(rest, Received::Nothing);
        assert_eq!(end == Received::Command, nth == 2, "{nth}");
        for (i, report) in good.iter().enumerate() {
            let received = assembler.report(report);
            assert_eq!(received == Received::Command, i + 1 == good.len());
        }
    }
    let mut assembler = Assembler::new();
    for garbage in [&[][..], &[1], &[1, 1, 5, 0], &[1, 1, 5, 0, 0], &[1, 1, 5, 0, 0, 9], &[0xff; 64]] {
        assert_eq!(assembler.report(garbage), Received::Nothing, "{garbage:?}");
    }
}

#[test]
fn an_oversized_command_is_answered_at_its_end() {
    let mut cable = Cable::new(armed());
    for len in [MAX_COMMAND + 1, 300, 1_000] {
        let reply = cable.exchange(&vec![0xe0; len]).unwrap();
        assert_eq!(reply, Status::Length.word().to_be_bytes(), "{len}");
    }
    assert!(cable.exchange(&[0xe0, 3, 0, 0, 0]).unwrap().ends_with(&[0x90, 0]));
}

#[test]
fn the_host_ignores_foreign_reports_and_gives_up_on_broken_ones() {
    let reply: Vec<u8> = (0..100).collect();
    let mut writer = ReportWriter::new(9);
    let (mut first, mut second) = ([0; REPORT], [0; REPORT]);
    writer.next(&reply, &mut first);
    writer.next(&reply, &mut second);
    let mut reader = HostReader::new(9);
    let mut foreign = first;
    foreign[1] = 8;
    assert_eq!(reader.report(&foreign), FromDevice::Foreign);
    assert_eq!(reader.report(&[9]), FromDevice::Foreign);
    assert_eq!(reader.report(&first), FromDevice::More);
    assert_eq!(reader.report(&foreign), FromDevice::Foreign);
    assert_eq!(reader.report(&second), FromDevice::Done);
    assert_eq!(HostReader::new(9).report(&second), FromDevice::Broken);
    let giant = [&[0, 9, 5, 0, 0, 0xff, 0xff][..], &[0; 57]].concat();
    let mut reader = HostReader::new(9);
    assert_eq!(reader.report(&giant), FromDevice::More);
    let spoilt = (1..20u8).map(|i| reader.report(&[&[0, 9, 5, 0, i][..], &[0; 59]].concat()));
    assert!(spoilt.into_iter().any(|r| r == FromDevice::Broken), "a reply longer than any is broken");
}

#[test]
fn a_signature_takes_five_reports_and_the_longest_six() {
    let mut cable = Cable::new(armed());
    let mut sign = |ask: &Ask| {
        let bytes = ask.bytes();
        let mut apdu = [0; MAX_COMMAND];
        let len = Command::Sign(&bytes).encode(&mut apdu).unwrap();
        assert!(cable.exchange(&apdu[..len]).unwrap().ends_with(&[0x90, 0]), "{ask:?}");
        (bytes.len(), cable.reports)
    };
    assert_eq!(sign(&Ask { step: Step::Proposal, ..PREVOTE }).1, 5);
    assert_eq!(sign(&PREVOTE).1, 5);
    // The longest message there is, by its numbers and on the cable.
    assert_eq!(reports(5 + MAX_MESSAGE) + reports(64 + 12 + 2), 6);
    let mut device = armed();
    let id: &'static str = "x".repeat(50).leak();
    add(&mut device, id, hrs(i64::MAX as u64 - 1, 0, Step::None)).unwrap();
    let longest = Ask {
        step: Step::Proposal,
        height: i64::MAX as u64,
        round: 1_000,
        total: u32::MAX,
        seconds: -(1 << 41),
        chain: id,
        ..PREVOTE
    };
    let mut cable = Cable::new(device);
    let (bytes, mut apdu) = (longest.bytes(), [0; MAX_COMMAND]);
    let len = Command::Sign(&bytes).encode(&mut apdu).unwrap();
    assert!(cable.exchange(&apdu[..len]).unwrap().ends_with(&[0x90, 0]));
    // Nanoseconds of one byte where five would be the widest.
    assert_eq!((bytes.len(), cable.reports), (MAX_MESSAGE - 4, 6));
}

#[test]
fn an_empty_command_is_answered_by_nothing_and_an_empty_reply_is_one_report() {
    let out = cut(1, &[]);
    assert_eq!((out.len(), reports(0)), (1, 1));
    assert_eq!(Assembler::new().report(&out[0]), Received::Nothing);
    let mut report = [0xaa; REPORT];
    assert!(ReportWriter::new(1).next(&[], &mut report));
    let mut reader = HostReader::new(1);
    assert_eq!((reader.report(&report), reader.reply()), (FromDevice::Done, &[][..]));
}

#[test]
fn two_hosts_at_once_spoil_each_other_and_nobody_gets_the_others_answer() {
    let (one, two) = (cut(1, &[7; 150]), cut(2, &[8; 150]));
    let mut assembler = Assembler::new();
    for (mine, theirs) in one.iter().zip(&two) {
        assert_eq!(assembler.report(mine), Received::Nothing);
        assert_eq!(assembler.report(theirs), Received::Nothing);
    }
    // Whoever speaks alone next is heard whole.
    let ends: Vec<Received> = two.iter().map(|report| assembler.report(report)).collect();
    assert_eq!(ends.last(), Some(&Received::Command));
    assert_eq!((assembler.channel(), assembler.command()), (2, &[8; 150][..]));
}

#[test]
fn a_report_without_data_ends_what_is_under_way() {
    let mut assembler = Assembler::new();
    let mut reader = HostReader::new(1);
    assert_eq!(assembler.report(&[0, 1, 5, 0, 0, 0xff, 0xff]), Received::Nothing);
    assert_eq!(reader.report(&[0, 1, 5, 0, 0, 0, 9]), FromDevice::More);
    for sequence in 1..=70_000u32 {
        let [_, _, high, low] = sequence.to_be_bytes();
        assert_eq!(assembler.report(&[0, 1, 5, high, low]), Received::Nothing);
        assert_ne!(reader.report(&[0, 1, 5, high, low]), FromDevice::Done);
    }
}

#[test]
fn the_longest_length_in_the_smallest_pieces_is_counted_to_its_end() {
    let mut assembler = Assembler::new();
    assembler.report(&[0, 1, 5, 0, 0, 0xff, 0xff]);
    for sequence in 1..u16::MAX {
        let [high, low] = sequence.to_be_bytes();
        assert_eq!(assembler.report(&[0, 1, 5, high, low, 7]), Received::Nothing);
    }
    assert_eq!(assembler.report(&[0, 1, 5, 0xff, 0xff, 7]), Received::Oversized);
    assert_eq!(assembler.report(&[0, 1, 5, 0, 0, 0, 1, 7]), Received::Command);
}

proptest! {
    #[test]
    fn any_reports_are_taken_without_harm(
        reports in prop::collection::vec((0..3u8, 4..7u8, 0..5u8, prop::collection::vec(any::<u8>(), 0..66)), 1..40),
    ) {
        let (mut assembler, mut reader) = (Assembler::new(), HostReader::new(1));
        for (channel, tag, sequence, data) in reports {
            let report = [&[0, channel, tag, 0, sequence][..], &data].concat();
            if assembler.report(&report) == Received::Command {
                prop_assert!(!assembler.command().is_empty());
            }
            if reader.report(&report) == FromDevice::Done {
                prop_assert!(reader.reply().len() <= MAX_REPLY);
            }
        }
        // Whatever came before, a whole command is heard.
        let mut last = Received::Nothing;
        split(9, &[0x55; 130], |report| last = assembler.report(report));
        prop_assert_eq!((last, assembler.command()), (Received::Command, &[0x55; 130][..]));
    }
}
