//! Every call of the runtime that may fail, failing. What is said of one call for itself stands beside its code; here is
//! what the loop makes of it.

use crate::bench::*;
use nanos_sdk::fake::{self, Host};
use nanos_sdk::screen::Blank;
use nanos_sdk::target::Call;

fn fail(call: Call, times: usize) {
    kernel(|kernel| kernel.fail(call, times));
}

#[test]
fn a_failed_call_for_an_event_is_made_again() {
    let mut bench = Bench::configured();
    host(|host| host.send(&[1; 64]));
    fail(Call::Receive, 15);
    assert_eq!(bench.turn(), Told::Report(vec![1; 64]));
    // Those before count no more once one has come.
    fail(Call::Receive, 15);
    bench.report(2);
    assert_eq!(bench.told().last(), Some(&Told::Report(vec![2; 64])));
}

#[test]
#[should_panic(expected = "exit(255)")]
fn an_app_that_gets_no_events_at_all_ends() {
    let mut bench = Bench::configured();
    fail(Call::Receive, 16);
    bench.turn();
}

#[test]
fn if_the_system_does_not_say_whether_there_is_a_status_one_is_sent() {
    let mut bench = Bench::configured();
    fail(Call::StatusSent, 1000);
    bench.report(1);
    bench.bolos.io.send_report(&[2; 64]).unwrap();
    bench.settle();
    assert_eq!(bench.told(), [Told::Report(vec![1; 64]), Told::ReportSent]);
}

#[test]
fn a_status_that_was_not_taken_is_sent_again() {
    let mut bench = Bench::configured();
    fail(Call::Send, 1);
    bench.report(1);
    assert_eq!(bench.told(), [Told::Report(vec![1; 64])]);
}

#[test]
fn a_drawing_that_was_not_taken_does_not_cost_the_event_its_status() {
    let mut bench = Bench::configured();
    bench.bolos.io.redraw();
    fail(Call::Send, 1);
    bench.report(1);
    assert_eq!(bench.told(), [Told::Report(vec![1; 64])]);
}

#[test]
fn a_report_that_was_not_taken_is_given_up_like_one_nobody_fetched() {
    let mut bench = Bench::configured();
    fail(Call::Send, 1);
    assert_eq!(bench.bolos.io.send_report(&[1; 64]), Ok(()));
    bench.wait(21);
    assert_eq!(bench.told(), [Told::LinkReset]);
    bench.bolos.io.send_report(&[2; 64]).unwrap();
    bench.settle();
    assert_eq!((bench.told(), host(Host::received)), (vec![Told::ReportSent], vec![vec![2; 64]]));
}

#[test]
fn while_the_system_does_not_say_who_owns_the_screen_buttons_do_nothing() {
    for call in [Call::Ux, Call::LastStatus] {
        let mut bench = Bench::configured();
        fail(call, 3);
        kernel(|kernel| kernel.events.extend([vec![0x05, 0, 1, 6], vec![0x05, 0, 1, 0]]));
        (0..3).for_each(|_| bench.settle());
        assert_eq!(bench.told(), []);
        kernel(|kernel| kernel.events.extend([vec![0x05, 0, 1, 6], vec![0x05, 0, 1, 0]]));
        bench.settle();
        assert_eq!(bench.told(), [Told::Button(nanos_sdk::Button::Both)], "and then they do again");
    }
}

#[test]
fn an_old_jump_buffer_that_cannot_be_forgotten_is_left() {
    // A kernel on which the very first call fails: the same start, once more.
    drop(Bench::new());
    fail(Call::TryContext, 1);
    let mut bolos = fake::restart();
    let _ = bolos.io.next_event(&mut bolos.packet, &Blank);
    assert_eq!(kernel(|kernel| kernel.count(Call::TryContext)), 1);
}
