//! The start: what is read, repaired and derived, and when a host sees the device.

use nanos_sdk::fake;
use nanos_sdk::target::Call;

use crate::bench::{Bench, host, kernel};
use crate::words::{LONGEST, add};

/// Three chains, all of whose pages are in use.
fn full() -> Bench {
    let mut bench = Bench::armed();
    for id in [LONGEST, "other-1"] {
        bench.approve(add(id));
    }
    bench
}

#[test]
fn a_host_sees_the_device_when_its_first_request_can_be_answered() {
    drop(full());
    let mut bolos = fake::restart();
    let connected = || kernel(|kernel| kernel.mcu.bus.usb.connected);
    assert!(!connected(), "the start takes longer than a host waits");
    let mut app = highwater_signer::App::default();
    app.boot(&mut bolos);
    assert!(connected());
    // Setting the address is answered before anything else is read.
    let counts = || kernel(|kernel| [Call::Derive, Call::Sha256].map(|call| kernel.count(call)));
    let before = counts();
    // One for the key of the checks, one for the installation, one for each chain.
    assert!(before[0] == 5 && before[1] > 1_500, "{before:?}");
    host(fake::Host::reset);
    for turn in 0..60 {
        let _ = bolos.io.next_event(&mut bolos.packet, &nanos_sdk::screen::Blank);
        if turn == 30 {
            host(|host| host.request([0x00, 0x05, 9, 0, 0, 0, 0, 0]));
        }
        if host(fake::Host::outcome).is_some() {
            assert_eq!(counts(), before);
            return;
        }
    }
    panic!("no answer");
}
