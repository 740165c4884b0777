//! The bus as a whole: resets, sleep, configurations that come and go.

use crate::bench::*;
use nanos_sdk::SendError;
use nanos_sdk::fake::{self, Host};

/// A host that had a reset must go through all of it again.
fn enumerate(bench: &mut Bench) {
    bench.done(SET_ADDRESS);
    bench.done(SET_CONFIGURATION);
    bench.told.clear();
}

fn talks(bench: &mut Bench) {
    bench.told.clear();
    host(Host::received);
    bench.report(5);
    bench.bolos.io.send_report(&[6; 64]).unwrap();
    bench.settle();
    assert_eq!(bench.told(), [Told::Report(vec![5; 64]), Told::ReportSent]);
    assert_eq!((host(Host::received), host(|host| host.lost)), (vec![vec![6; 64]], 0));
}

#[test]
fn the_app_leaves_the_bus_when_it_starts_and_comes_back_when_it_says_so() {
    let payloads =
        || kernel(|kernel| kernel.sent()).into_iter().map(|packet| packet.payload).collect::<Vec<_>>();
    let bolos = fake::boot();
    assert_eq!(payloads(), [&[2][..], &[3, 0]]);
    let _bench = Bench::started(bolos);
    assert_eq!(payloads(), [[1]]);
}

#[test]
fn a_bus_reset_forgets_address_configuration_halts_and_reports() {
    let mut bench = Bench::configured();
    bench.done(HALT_OUT);
    bench.done([0x21, 0x0a, 0, 9, 0, 0, 0, 0]);
    host(|host| host.listening = false);
    bench.bolos.io.send_report(&[1; 64]).unwrap();
    bench.told.clear();
    bench.reset();
    assert_eq!(bench.told(), [Told::LinkReset]);
    assert_eq!(bench.bolos.io.can_send(), Err(SendError::NotReady));
    assert_eq!(bench.done(GET_CONFIGURATION), [0]);
    host(|host| host.listening = true);
    enumerate(&mut bench);
    assert_eq!(bench.done([0xa1, 0x02, 0, 0, 0, 0, 1, 0]), [0], "the idle rate too");
    talks(&mut bench);
}

#[test]
fn a_reset_in_the_middle_of_a_request_ends_it() {
    for request in [descriptor(1, 0, 64), SET_ADDRESS, SET_CONFIGURATION] {
        let mut bench = Bench::new();
        bench.reset();
        host(|host| {
            host.dawdles = true;
            host.request(request);
        });
        bench.settle();
        bench.reset();
        host(|host| host.dawdles = false);
        enumerate(&mut bench);
        talks(&mut bench);
    }
}

#[test]
fn a_sleeping_bus_keeps_its_configuration() {
    let mut bench = Bench::configured();
    host(Host::suspend);
    bench.wait(100);
    host(Host::resume);
    assert_eq!(bench.told(), []);
    talks(&mut bench);
}

#[test]
fn a_host_that_goes_to_sleep_without_its_reply_does_not_hold_the_app_up() {
    let mut bench = Bench::configured();
    bench.bolos.io.send_report(&[1; 64]).unwrap();
    host(Host::suspend);
    bench.wait(21);
    assert_eq!(bench.told(), [Told::LinkReset]);
    host(Host::resume);
    bench.settle();
    assert_eq!(host(Host::received), [[1; 64]], "the MCU still had it");
    talks(&mut bench);
}

#[test]
fn a_second_configuration_voids_what_was_under_way_and_begins_with_data_0() {
    let mut bench = Bench::configured();
    bench.report(1);
    host(|host| host.listening = false);
    bench.bolos.io.send_report(&[1; 64]).unwrap();
    bench.told.clear();
    bench.done(SET_CONFIGURATION);
    assert_eq!(bench.told(), [Told::LinkReset]);
    host(|host| host.listening = true);
    bench.settle();
    assert_eq!(host(Host::received), [[0; 64]; 0]);
    talks(&mut bench);
}

#[test]
fn without_a_configuration_there_are_no_reports() {
    let mut bench = Bench::configured();
    bench.done(UNCONFIGURE);
    assert_eq!(bench.told(), [Told::LinkReset]);
    assert_eq!(bench.bolos.io.send_report(&[0; 64]), Err(SendError::NotReady));
    bench.report(1);
    assert_eq!((bench.told(), host(|host| host.unsent())), (vec![], 1));
    bench.done(SET_CONFIGURATION);
    bench.settle();
    assert_eq!(bench.told(), [Told::LinkReset, Told::Report(vec![1; 64])]);
    talks(&mut bench);
}

#[test]
fn an_app_that_starts_again_is_a_new_device() {
    drop(Bench::configured());
    let mut bench = Bench::started(fake::restart());
    bench.reset();
    assert_eq!(bench.done(GET_CONFIGURATION), [0]);
    enumerate(&mut bench);
    talks(&mut bench);
}
