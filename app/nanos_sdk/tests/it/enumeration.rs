//! The first second of a cable: what each system asks, in its order, with its lengths.

use crate::bench::{Bench, SET_ADDRESS, SET_CONFIGURATION, Told, descriptor, host};
use nanos_sdk::fake::Host;

const QUALIFIER: [u8; 8] = [0x80, 0x06, 0, 6, 0, 0, 10, 0];
const BOS: [u8; 8] = [0x80, 0x06, 0, 15, 0, 0, 5, 0];
const SET_IDLE: [u8; 8] = [0x21, 0x0a, 0, 0, 0, 0, 0, 0];

fn report_map(length: u8) -> [u8; 8] {
    [0x81, 0x06, 0, 0x22, 0, 0, length, 0]
}

fn reports_go_both_ways(bench: &mut Bench) {
    assert_eq!(host(|host| host.lost), 0);
    bench.told.clear();
    for mark in 1..=3 {
        bench.report(mark);
        assert_eq!(bench.told(), [Told::Report(vec![mark; 64])]);
        bench.bolos.io.send_report(&[mark; 64]).unwrap();
        bench.settle();
        assert_eq!(bench.told(), [Told::ReportSent]);
        assert_eq!(host(Host::received), [[mark; 64]]);
    }
    assert_eq!(host(|host| host.lost), 0);
}

#[test]
fn a_linux_host_enumerates_and_talks() {
    let mut bench = Bench::new();
    bench.reset();
    // At address 0 it asks for 64 bytes, only to learn the size of endpoint 0; then it starts over.
    let device = bench.done(descriptor(1, 0, 64));
    assert_eq!((device.len(), device[7]), (18, 64));
    bench.reset();
    bench.done(SET_ADDRESS);
    assert_eq!(bench.done(descriptor(1, 0, 18)), device);
    bench.refused(BOS);
    bench.refused(QUALIFIER);
    let head = bench.done(descriptor(2, 0, 9));
    assert_eq!(head.len(), 9);
    let total = u16::from_le_bytes([head[2], head[3]]);
    let configuration = bench.done(descriptor(2, 0, total));
    assert_eq!((configuration.len(), &configuration[..9]), (41, &head[..]));
    assert_eq!(bench.done(descriptor(3, 0, 255)), [4, 3, 9, 4]);
    for index in [device[15], device[14], device[16]] {
        let text = bench.done(descriptor(3, index, 255));
        assert_eq!(text.len(), usize::from(text[0]));
    }
    bench.done(SET_CONFIGURATION);
    bench.done(SET_IDLE);
    assert_eq!(bench.done(report_map(34)).len(), 34);
    reports_go_both_ways(&mut bench);
}

#[test]
fn a_windows_host_enumerates_and_talks() {
    let mut bench = Bench::new();
    bench.reset();
    assert_eq!(bench.done(descriptor(1, 0, 64)).len(), 18);
    bench.reset();
    bench.done(SET_ADDRESS);
    bench.done(descriptor(1, 0, 18));
    assert_eq!(bench.done(descriptor(2, 0, 255)).len(), 41);
    // The marker of Microsoft's own descriptors.
    bench.refused(descriptor(3, 0xee, 18));
    // A serial number is asked for in two steps.
    let length = bench.done(descriptor(3, 3, 2))[0];
    assert_eq!(bench.done(descriptor(3, 3, length.into())), b"\x0a\x030\x000\x000\x001\x00");
    bench.refused(QUALIFIER);
    assert_eq!(bench.done([0x80, 0x00, 0, 0, 0, 0, 2, 0]), [1, 0], "self powered, as the configuration says");
    bench.done(SET_CONFIGURATION);
    bench.done(SET_IDLE);
    // It asks for 64 bytes more than the HID descriptor announces.
    assert_eq!(bench.done(report_map(34 + 64)).len(), 34);
    reports_go_both_ways(&mut bench);
}

#[test]
fn a_host_that_begins_with_eight_bytes_gets_eight() {
    let mut bench = Bench::new();
    bench.reset();
    let start = bench.done(descriptor(1, 0, 8));
    bench.done(SET_ADDRESS);
    assert_eq!(bench.done(descriptor(1, 0, 18))[..8], start);
}

#[test]
fn the_emulator_labels_requests_with_another_endpoint_and_is_served_all_the_same() {
    let mut bench = Bench::new();
    host(|host| host.mislabels = true);
    bench.done(SET_ADDRESS);
    bench.done(SET_CONFIGURATION);
    reports_go_both_ways(&mut bench);
}

#[test]
fn nothing_is_sent_and_no_report_taken_before_a_configuration() {
    let mut bench = Bench::new();
    bench.reset();
    bench.done(SET_ADDRESS);
    assert_eq!(bench.bolos.io.send_report(&[0; 64]), Err(nanos_sdk::SendError::NotReady));
    bench.report(1);
    assert!(!bench.told().contains(&Told::Report(vec![1; 64])));
    assert_eq!(host(|host| host.unsent()), 1, "the endpoint is not there yet");
}
