//! Hosts that are broken, or mean it. The kernel panics on two statuses for an event, on none, and on a packet no MCU takes.

use crate::bench::*;
use nanos_sdk::fake::Host;
use proptest::prelude::*;

/// One thing a host may do to us.
#[derive(Debug, Clone)]
enum Deed {
    Request([u8; 8]),
    Report(Vec<u8>),
    Raw(Vec<u8>),
    Answer,
    Listen(bool),
    Dawdle(bool),
    Reset,
    Suspend,
    Resume,
    Wait(usize),
}

/// Requests that are nearly right are the interesting ones.
fn request() -> impl Strategy<Value = [u8; 8]> {
    let small = prop_oneof![Just(0u8), Just(1), Just(2), Just(0x80), Just(0x82), any::<u8>()];
    let kind = prop::sample::select(&[0x00u8, 0x01, 0x02, 0x80, 0x81, 0x82, 0x21, 0xa1, 0x40, 0xc0]);
    prop_oneof![
        any::<[u8; 8]>(),
        (kind, 0u8..13, small.clone(), 0u8..0x24, small.clone(), small, 0u8..66).prop_map(
            |(kind, code, low, high, index, other, length)| [
                kind,
                code,
                low,
                high,
                index,
                other & 1,
                length,
                0
            ]
        ),
    ]
}

/// Events no MCU sends, or not now. Completions that fit are left to the model: it knows when they come.
fn raw() -> impl Strategy<Value = Vec<u8>> {
    let packet = |tag: u8, mut payload: Vec<u8>| {
        let length = payload.len() as u8;
        let mut packet = vec![tag, 0, length];
        packet.append(&mut payload);
        packet
    };
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20)
            .prop_filter("requests come from the model", |bytes| bytes.first() != Some(&0x10)),
        (
            prop::sample::select(&[0x05u8, 0x0d, 0x0e, 0x15, 0x16, 0x60]),
            prop::collection::vec(any::<u8>(), 0..9)
        )
            .prop_map(move |(tag, payload)| packet(tag, payload)),
        (any::<u8>(), 2u8..6, any::<u8>(), prop::collection::vec(any::<u8>(), 0..66))
            .prop_filter("whether a report was fetched, the MCU knows", |(endpoint, kind, ..)| {
                (endpoint & 0x7f, *kind) != (2, 2)
            })
            .prop_map(move |(endpoint, kind, length, data)| {
                packet(0x10, [vec![endpoint, kind, length], data].concat())
            }),
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        8 => request().prop_map(Deed::Request),
        2 => Just(Deed::Request(SET_CONFIGURATION)),
        4 => prop::collection::vec(any::<u8>(), 0..=64).prop_map(Deed::Report),
        2 => raw().prop_map(Deed::Raw),
        4 => Just(Deed::Answer),
        1 => any::<bool>().prop_map(Deed::Listen),
        1 => any::<bool>().prop_map(Deed::Dawdle),
        1 => Just(Deed::Reset),
        1 => Just(Deed::Suspend),
        1 => Just(Deed::Resume),
        1 => (0usize..30).prop_map(Deed::Wait),
    ]
}

fn suffer(bench: &mut Bench, deed: &Deed) {
    match deed {
        Deed::Request(bytes) => host(|host| host.request(*bytes)),
        Deed::Report(bytes) => host(|host| host.send(bytes)),
        Deed::Raw(bytes) => kernel(|kernel| kernel.events.push_back(bytes.clone())),
        Deed::Answer => drop(bench.bolos.io.send_report(&[1; 64])),
        Deed::Listen(listening) => host(|host| host.listening = *listening),
        Deed::Dawdle(dawdles) => host(|host| host.dawdles = *dawdles),
        Deed::Reset => host(Host::reset),
        Deed::Suspend => host(Host::suspend),
        Deed::Resume => host(Host::resume),
        Deed::Wait(ticks) => bench.wait(*ticks),
    }
    bench.settle();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_request_is_answered_or_refused(requests in prop::collection::vec(request(), 1..20)) {
        let mut bench = Bench::configured();
        for request in requests {
            bench.control(request);
        }
    }

    #[test]
    fn whatever_a_host_does_one_that_starts_over_is_served(deeds in prop::collection::vec(deed(), 0..60)) {
        let mut bench = Bench::configured();
        for deed in &deeds {
            suffer(&mut bench, deed);
        }
        host(|host| (host.listening, host.dawdles) = (true, false));
        host(Host::resume);
        bench.reset();
        bench.done(SET_ADDRESS);
        bench.done(SET_CONFIGURATION);
        bench.settle();
        bench.told.clear();
        host(Host::received);
        bench.report(5);
        prop_assert_eq!(bench.told(), [Told::Report(vec![5; 64])]);
        bench.bolos.io.send_report(&[6; 64]).unwrap();
        bench.settle();
        prop_assert_eq!(host(Host::received), [[6; 64]]);
    }
}
