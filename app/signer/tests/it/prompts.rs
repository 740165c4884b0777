//! Questions to the owner, with a host on the cable and a finger on the buttons.

use highwater_core::apdu::{Command, PromptState, Status};
use highwater_core::hrs::Step;
use nanos_sdk::Button;

use crate::bench::{Bench, kernel};
use crate::words::{CHAIN, add, chain, hrs};

#[test]
fn a_chain_signs_once_its_owner_has_approved_it() {
    let mut bench = Bench::new();
    assert_eq!(bench.sign(10), Err(Status::UnknownChain));
    let ticket = bench.prompt(add(CHAIN)).unwrap();
    assert_eq!(bench.lines()[0], "Add chain?");
    assert_eq!(bench.outcome(ticket).0, PromptState::Pending);
    assert_eq!(bench.sign(10), Err(Status::UnknownChain));
    bench.turn_to("Approve");
    bench.press(Button::Both);
    bench.wait(200);
    assert_eq!(bench.outcome(ticket).0, PromptState::Approved);
    bench.sign(10).unwrap();
}

#[test]
fn a_chain_its_owner_has_refused_does_not_sign() {
    let mut bench = Bench::new();
    let ticket = bench.prompt(add(CHAIN)).unwrap();
    bench.turn_to("Reject");
    bench.press(Button::Both);
    bench.wait(200);
    assert_eq!(bench.outcome(ticket).0, PromptState::Denied);
    assert_eq!(bench.sign(10), Err(Status::UnknownChain));
    assert_eq!(bench.prompt(add(CHAIN)), Err(Status::PromptsPaused));
}

#[test]
fn only_the_last_pages_decide() {
    let mut bench = Bench::new();
    let ticket = bench.prompt(add(CHAIN)).unwrap();
    while bench.lines()[0] != "Approve" {
        bench.press(Button::Both);
        assert_eq!(bench.outcome(ticket).0, PromptState::Pending, "{:?}", bench.lines());
        bench.press(Button::Right);
    }
}

#[test]
fn votes_are_signed_while_a_prompt_stands() {
    let mut bench = Bench::armed();
    let ticket = bench.prompt(add("other-1")).unwrap();
    bench.sign(10).unwrap();
    bench.press(Button::Right);
    bench.sign(11).unwrap();
    assert_eq!(bench.outcome(ticket).0, PromptState::Pending);
}

#[test]
fn votes_are_signed_while_a_ring_is_prepared() {
    let mut bench = Bench::armed();
    let ticket = bench.prompt(add("other-1")).unwrap();
    bench.turn_to("Approve");
    kernel(|kernel| kernel.events.extend([vec![0x05, 0, 1, 6], vec![0x05, 0, 1, 0]]));
    bench.wait(1);
    bench.sign(10).unwrap();
    assert_eq!(bench.outcome(ticket).0, PromptState::Pending, "not that fast");
    bench.wait(200);
    assert_eq!(bench.outcome(ticket).0, PromptState::Approved);
}

#[test]
fn a_prompt_is_refused_while_the_device_is_locked() {
    let mut bench = Bench::armed();
    kernel(|kernel| kernel.pin = 0x55);
    for command in [add("other-1"), Command::ShowKey(chain(CHAIN))] {
        assert_eq!(bench.prompt(command), Err(Status::Locked));
    }
    bench.sign(10).unwrap();
    kernel(|kernel| kernel.pin = 0xaa);
    bench.approve(Command::ShowKey(chain(CHAIN)));
}

#[test]
fn a_press_on_approve_does_nothing_while_the_device_is_locked() {
    let mut bench = Bench::new();
    let ticket = bench.prompt(add(CHAIN)).unwrap();
    bench.turn_to("Approve");
    kernel(|kernel| kernel.pin = 0x55);
    bench.press(Button::Both);
    bench.wait(200);
    assert_eq!(bench.outcome(ticket).0, PromptState::Pending);
    assert_eq!(bench.sign(10), Err(Status::UnknownChain));
    kernel(|kernel| kernel.pin = 0xaa);
    bench.press(Button::Both);
    bench.wait(200);
    assert_eq!(bench.outcome(ticket).0, PromptState::Approved);
}

#[test]
fn a_prompt_nobody_answers_dies_after_a_minute() {
    let mut bench = Bench::new();
    let ticket = bench.prompt(add(CHAIN)).unwrap();
    bench.wait(500);
    bench.press(Button::Right);
    bench.wait(500);
    assert_eq!(bench.outcome(ticket).0, PromptState::Pending, "a button starts its clock again");
    bench.wait(200);
    assert_eq!(bench.outcome(ticket).0, PromptState::Expired);
}

#[test]
fn the_mark_is_read_as_it_stands_now() {
    let mut bench = Bench::armed();
    bench.sign(10).unwrap();
    let named = highwater_core::apdu::Named { chain: chain(CHAIN), incarnation: 1 };
    bench.prompt(Command::SetMark { named, to: hrs(50, 0, Step::Prevote) }).unwrap();
    bench.turn_to("From");
    let before = bench.lines();
    bench.sign(11).unwrap();
    bench.wait(12);
    assert_ne!(bench.lines(), before);
}
