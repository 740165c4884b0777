//! Single requests: each gets its bytes, its acknowledgement or its refusal, and nothing else.

use crate::bench::*;
use nanos_sdk::fake::{Host, Outcome};

#[test]
fn answers_are_as_long_as_the_host_asks_and_no_longer_than_they_are() {
    let mut bench = Bench::configured();
    for (kind, length) in [(1, 18), (2, 41), (3, 4)] {
        let whole = bench.done(descriptor(kind, 0, u16::MAX));
        assert_eq!(whole.len(), length);
        for wanted in [1, 2, 8, 9, length as u16 - 1, length as u16, 64, 65, 4096] {
            let got = bench.done(descriptor(kind, 0, wanted));
            assert_eq!(got, whole[..length.min(wanted.into())], "{kind} {wanted}");
        }
        assert_eq!(bench.done(descriptor(kind, 0, 0)), [], "no data stage");
    }
}

#[test]
fn the_configuration_is_what_was_set() {
    let mut bench = Bench::configured();
    assert_eq!(bench.done(GET_CONFIGURATION), [1]);
    bench.done(UNCONFIGURE);
    assert_eq!(bench.done(GET_CONFIGURATION), [0]);
    bench.refused([0x00, 0x09, 2, 0, 0, 0, 0, 0]);
    assert_eq!(bench.done(GET_CONFIGURATION), [0], "a refused one changes nothing");
}

#[test]
fn idle_rate_and_protocol_are_remembered() {
    let mut bench = Bench::configured();
    let (get_idle, get_protocol) = ([0xa1, 0x02, 0, 0, 0, 0, 1, 0], [0xa1, 0x03, 0, 0, 0, 0, 1, 0]);
    assert_eq!((bench.done(get_idle), bench.done(get_protocol)), (vec![0], vec![1]));
    bench.done([0x21, 0x0a, 0, 0x7d, 0, 0, 0, 0]);
    bench.done([0x21, 0x0b, 0, 0, 0, 0, 0, 0]);
    assert_eq!((bench.done(get_idle), bench.done(get_protocol)), (vec![0x7d], vec![0]));
}

#[test]
fn the_interface_and_its_descriptors_exist_only_while_configured() {
    let mut bench = Bench::configured();
    let requests: [([u8; 8], usize); 4] = [
        ([0x81, 0x00, 0, 0, 0, 0, 2, 0], 2),
        ([0x81, 0x0a, 0, 0, 0, 0, 1, 0], 1),
        ([0x81, 0x06, 0, 0x21, 0, 0, 9, 0], 9),
        ([0x81, 0x06, 0, 0x22, 0, 0, 34, 0], 34),
    ];
    for (request, length) in requests {
        assert_eq!(bench.done(request).len(), length);
    }
    let mut second = requests[0].0;
    second[4] = 1;
    bench.refused(second);
    bench.refused([0x01, 0x0b, 1, 0, 0, 0, 0, 0]);
    bench.done(UNCONFIGURE);
    for (request, _) in requests {
        bench.refused(request);
    }
}

#[test]
fn what_nobody_knows_is_refused_and_the_next_request_is_served() {
    let mut bench = Bench::configured();
    for request in [
        [0xc0, 0x01, 0, 0, 0, 0, 16, 0],   // vendor, to the host
        [0x40, 0x02, 0, 0, 0, 0, 0, 0],    // vendor, without data
        [0x40, 0x02, 0, 0, 0, 0, 8, 0],    // vendor, from the host
        [0x21, 0x09, 0, 2, 0, 0, 64, 0],   // SET_REPORT
        [0xa1, 0x01, 0, 1, 0, 0, 64, 0],   // GET_REPORT
        [0x00, 0x07, 0, 1, 0, 0, 18, 0],   // SET_DESCRIPTOR
        [0x00, 0x03, 1, 0, 0, 0, 0, 0],    // remote wakeup
        [0x00, 0x03, 2, 0, 0, 1, 0, 0],    // test mode
        [0x00, 0x05, 0x80, 0, 0, 0, 0, 0], // no address
        [0x82, 0x0c, 0, 0, 0x82, 0, 2, 0], // SYNCH_FRAME
        [0x80, 0x06, 1, 2, 0, 0, 9, 0],    // a second configuration
        [0x80, 0x06, 4, 3, 9, 4, 255, 0],  // a fifth string
        [0x80, 0x06, 0, 7, 0, 0, 9, 0],    // another speed
        [0x82, 0x00, 0, 0, 0x83, 0, 2, 0], // an endpoint that is not there
        [0x02, 0x01, 0, 0, 0x81, 0, 0, 0], // the same
        [0x02, 0x01, 1, 0, 0x82, 0, 0, 0], // a feature that is not there
        [0xff; 8],
    ] {
        bench.refused(request);
        assert_eq!(bench.done(GET_CONFIGURATION), [1], "after {request:02x?}");
    }
}

#[test]
fn a_halted_endpoint_says_so_until_the_host_clears_it() {
    for (halt, clear, endpoint) in [(HALT_IN, CLEAR_IN, 0x82), (HALT_OUT, CLEAR_OUT, 0x02)] {
        let mut bench = Bench::configured();
        let status = [0x82, 0x00, 0, 0, endpoint, 0, 2, 0];
        assert_eq!(bench.done(status), [0, 0]);
        bench.done(halt);
        assert_eq!(bench.done(status), [1, 0]);
        assert_eq!(bench.told(), [Told::LinkReset]);
        bench.done(clear);
        assert_eq!(bench.done(status), [0, 0]);
        assert_eq!(bench.told(), [Told::LinkReset]);
        bench.done(halt);
        bench.done(SET_CONFIGURATION);
        assert_eq!(bench.done(status), [0, 0], "a configuration begins without halts");
    }
}

#[test]
fn a_halted_endpoint_carries_nothing_and_a_cleared_one_begins_with_data_0() {
    let mut bench = Bench::configured();
    // An odd number of reports each way, so that data 1 would be next.
    bench.report(1);
    bench.bolos.io.send_report(&[1; 64]).unwrap();
    bench.settle();
    bench.done(HALT_IN);
    assert_eq!(bench.bolos.io.send_report(&[2; 64]), Err(nanos_sdk::SendError::NotReady));
    bench.done(HALT_OUT);
    bench.report(2);
    assert_eq!(host(|host| host.unsent()), 1);
    bench.done(CLEAR_IN);
    bench.done(CLEAR_OUT);
    bench.bolos.io.send_report(&[2; 64]).unwrap();
    bench.settle();
    assert_eq!(host(Host::received), [[1; 64], [2; 64]]);
    assert!(bench.told().contains(&Told::Report(vec![2; 64])));
    assert_eq!(host(|host| host.lost), 0);
}

#[test]
fn a_setting_of_the_interface_begins_with_data_0_and_clears_halts() {
    let mut bench = Bench::configured();
    bench.report(1);
    bench.bolos.io.send_report(&[1; 64]).unwrap();
    bench.settle();
    bench.done(HALT_IN);
    bench.done([0x01, 0x0b, 0, 0, 0, 0, 0, 0]);
    bench.told.clear();
    bench.report(2);
    bench.bolos.io.send_report(&[2; 64]).unwrap();
    bench.settle();
    assert_eq!(host(Host::received), [[1; 64], [2; 64]]);
    assert_eq!(bench.told(), [Told::Report(vec![2; 64]), Told::ReportSent]);
    assert_eq!(host(|host| host.lost), 0);
}

#[test]
fn a_request_in_the_middle_of_another_takes_its_place() {
    let mut bench = Bench::configured();
    for interrupted in [descriptor(1, 0, 18), UNCONFIGURE, SET_CONFIGURATION, [0xff; 8]] {
        host(|host| {
            host.dawdles = true;
            host.request(interrupted);
        });
        bench.settle();
        assert_eq!(host(Host::outcome), None, "the request went out, and nothing after it");
        host(|host| host.dawdles = false);
        assert_eq!(bench.done(descriptor(2, 0, 9)).len(), 9);
    }
    bench.report(1);
    assert_eq!(bench.told.last(), Some(&Told::Report(vec![1; 64])));
}

#[test]
fn completions_nobody_waits_for_change_nothing() {
    let mut bench = Bench::configured();
    kernel(|kernel| {
        kernel.sent();
        kernel.events.extend([
            vec![0x10, 0, 3, 0x80, 2, 0], // sent, on endpoint 0
            vec![0x10, 0, 3, 0, 4, 0],    // received, on endpoint 0
            vec![0x10, 0, 3, 0x82, 2, 0], // sent, a report
            vec![0x10, 0, 3, 0x83, 2, 0], // sent, on an endpoint of nobody
            vec![0x10, 0, 4, 3, 4, 1, 9], // received there
        ]);
    });
    bench.settle();
    assert_eq!(bench.told(), []);
    assert!(kernel(|kernel| kernel.sent()).iter().all(nanos_sdk::fake::Packet::is_status));
    assert_eq!(bench.control(GET_CONFIGURATION), Outcome::Done(vec![1]));
}
