//! Reports both ways, and hosts that do not fetch them.

use crate::bench::*;
use nanos_sdk::SendError;
use nanos_sdk::fake::Host;

#[test]
fn one_report_is_on_its_way_at_a_time() {
    let mut bench = Bench::configured();
    host(|host| host.listening = false);
    assert_eq!(bench.bolos.io.can_send(), Ok(()));
    bench.bolos.io.send_report(&[1; 64]).unwrap();
    assert_eq!(bench.bolos.io.send_report(&[2; 64]), Err(SendError::Busy));
    host(|host| host.listening = true);
    bench.settle();
    assert_eq!(bench.told(), [Told::ReportSent]);
    bench.bolos.io.send_report(&[2; 64]).unwrap();
    bench.settle();
    assert_eq!(host(Host::received), [[1; 64], [2; 64]]);
}

#[test]
fn reports_come_in_while_one_goes_out_and_every_one_is_taken() {
    let mut bench = Bench::configured();
    host(|host| host.listening = false);
    bench.bolos.io.send_report(&[9; 64]).unwrap();
    host(|host| (1..=4).for_each(|mark| host.send(&[mark; 64])));
    bench.settle();
    assert_eq!(bench.told(), [1, 2, 3, 4].map(|mark| Told::Report(vec![mark; 64])));
    host(|host| host.listening = true);
    bench.settle();
    assert_eq!((bench.told(), host(Host::received)), (vec![Told::ReportSent], vec![vec![9; 64]]));
}

#[test]
fn short_reports_are_as_long_as_they_are() {
    let mut bench = Bench::configured();
    for length in [0, 1, 54, 64] {
        host(|host| host.send(&vec![7; length]));
        bench.settle();
        assert_eq!(bench.told(), [Told::Report(vec![7; length])]);
    }
}

#[test]
fn a_report_nobody_fetches_is_given_up_after_two_seconds() {
    let mut bench = Bench::configured();
    host(|host| host.listening = false);
    bench.bolos.io.send_report(&[1; 64]).unwrap();
    bench.wait(19);
    assert_eq!((bench.told(), bench.bolos.io.can_send()), (vec![], Err(SendError::Busy)));
    bench.wait(2);
    assert_eq!((bench.told(), bench.bolos.io.can_send()), (vec![Told::LinkReset], Ok(())));
    bench.wait(60);
    assert_eq!(bench.told(), [], "once");

    // A host that comes back finds the old report first, and then what it asks for.
    host(|host| host.listening = true);
    bench.settle();
    assert_eq!(bench.told(), [], "nobody waits for that report any more");
    bench.report(2);
    bench.bolos.io.send_report(&[3; 64]).unwrap();
    bench.settle();
    assert_eq!(bench.told(), [Told::Report(vec![2; 64]), Told::ReportSent]);
    assert_eq!(host(Host::received), [[1; 64], [3; 64]]);
}

#[test]
fn the_app_hears_that_a_reply_is_void_before_it_may_go_on_with_it() {
    let mut bench = Bench::configured();
    host(|host| host.listening = false);
    bench.bolos.io.send_report(&[1; 64]).unwrap();
    let mut ticks = 0;
    while bench.turn() == Told::Ticker {
        assert_eq!(bench.bolos.io.can_send(), Err(SendError::Busy));
        ticks += 1;
    }
    assert_eq!((bench.told(), ticks), (vec![Told::LinkReset], 19));
    assert_eq!(bench.turn(), Told::Ticker, "the tick is not lost");
}

#[test]
fn a_host_that_never_fetches_gets_the_newest_reply_in_the_end() {
    let mut bench = Bench::configured();
    host(|host| host.listening = false);
    for mark in 1..=3 {
        bench.bolos.io.send_report(&[mark; 64]).unwrap();
        bench.wait(21);
    }
    assert_eq!(bench.told(), [Told::LinkReset, Told::LinkReset, Told::LinkReset]);
    host(|host| host.listening = true);
    bench.settle();
    assert_eq!(host(Host::received), [[3; 64]]);
}
