//! Who has the screen: the app, nobody (it is dark), or the system.

use nanos_sdk::Button;

use crate::bench::{Bench, host, kernel, panel};
use crate::words::{CHAIN, add, apdu, prevote};
use highwater_core::apdu::{Command, PromptState};
use highwater_core::rings::Rings;
use nanos_sdk::fake::Host;
use nanos_sdk::target::PAIRS;

#[test]
fn the_screen_is_dark_after_thirty_seconds_and_a_button_only_wakes_it() {
    let mut bench = Bench::armed();
    bench.press(Button::Right);
    let home = bench.lines();
    bench.wait(285);
    assert_eq!(bench.lines(), home);
    bench.wait(30);
    assert!(panel(|panel| panel.items().is_empty()), "arrows too");
    for button in [Button::Right, Button::Left, Button::Both] {
        bench.press(button);
        assert_eq!(bench.lines(), home, "it wakes, and does no more than that");
        bench.wait(320);
        assert!(bench.lines().is_empty());
    }
}

fn ends(deed: impl FnOnce()) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(deed)).is_err()
}

#[test]
fn the_owner_may_quit_but_is_asked_twice_while_a_chain_is_armed() {
    let mut bench = Bench::new();
    bench.turn_to("Quit");
    assert!(ends(|| bench.press(Button::Both)));

    let mut bench = Bench::armed();
    bench.turn_to("Quit");
    bench.press(Button::Both);
    let warning = bench.lines();
    assert_ne!(warning[0], "Quit");
    bench.press(Button::Right);
    bench.press(Button::Left);
    assert_eq!(bench.lines()[0], "Quit", "it is taken back by any other press");
    bench.press(Button::Both);
    bench.wait(320);
    bench.press(Button::Both);
    assert_eq!(bench.lines()[0], "Quit", "and by going dark");
    bench.sign(10).unwrap();
    bench.press(Button::Both);
    assert_eq!(bench.lines(), warning);
    assert!(ends(|| bench.press(Button::Both)));
}

#[test]
fn signing_does_not_light_a_dark_screen() {
    let mut bench = Bench::armed();
    bench.wait(320);
    let draws = panel(|panel| panel.draws);
    bench.sign(10).unwrap();
    bench.wait(30);
    assert_eq!(panel(|panel| panel.draws), draws);
}

#[test]
fn a_prompt_lights_a_dark_screen_and_the_first_press_turns_its_page() {
    let mut bench = Bench::new();
    bench.wait(320);
    let ticket = bench.prompt(add(CHAIN)).unwrap();
    assert_eq!(bench.lines()[0], "Add chain?");
    bench.press(Button::Right);
    assert_eq!(bench.lines(), [CHAIN]);
    assert_eq!(bench.outcome(ticket).0, PromptState::Pending);
}

#[test]
fn home_goes_by_a_second_behind_the_marks() {
    let mut bench = Bench::armed();
    bench.wait(10);
    let before = bench.lines();
    bench.sign(10).unwrap();
    bench.wait(12);
    assert_ne!(bench.lines(), before);
    bench.wait(20);
    let draws = panel(|panel| panel.draws);
    bench.wait(50);
    assert_eq!(panel(|panel| panel.draws), draws, "what has not changed is not drawn again");
}

#[test]
fn while_the_system_owns_the_screen_votes_are_signed_and_nothing_is_drawn() {
    for verdict in [0x97, 0x00] {
        let mut bench = Bench::armed();
        let ticket = bench.prompt(add("other-1")).unwrap();
        bench.turn_to("Approve");
        bench.wait(5);
        kernel(|kernel| (kernel.verdict, kernel.system_draws, kernel.pin) = (verdict, true, 0x55));
        bench.wait(2);
        let draws = panel(|panel| panel.draws);
        bench.sign(10).unwrap();
        for button in [Button::Both, Button::Left, Button::Right, Button::Both] {
            bench.press(button);
        }
        bench.sign(11).unwrap();
        bench.wait(20);
        assert_eq!(panel(|panel| panel.draws), draws);

        // The PIN was entered: the page is back, and none of those presses was for it.
        kernel(|kernel| (kernel.verdict, kernel.system_draws, kernel.pin) = (0x69, false, 0xaa));
        bench.wait(3);
        assert_eq!(bench.lines()[0], "Approve");
        assert_eq!(bench.outcome(ticket).0, PromptState::Pending);
        bench.press(Button::Both);
        bench.wait(200);
        assert_eq!(bench.outcome(ticket).0, PromptState::Approved);
    }
}

fn wakes() -> usize {
    kernel(|kernel| kernel.wakes)
}

#[test]
fn a_prompt_keeps_the_system_from_locking_once() {
    let mut bench = Bench::new();
    bench.wait(5);
    assert_eq!(wakes(), 0);
    bench.prompt(add(CHAIN)).unwrap();
    bench.wait(50);
    assert_eq!(wakes(), 1);
}

#[test]
fn a_host_that_asks_again_and_again_holds_off_the_lock_once_and_no_more() {
    let mut bench = Bench::new();
    let mut prompts = 0;
    // Two hours, in which every question is left to die.
    for _ in 0..240 {
        prompts += usize::from(bench.prompt(add(CHAIN)).is_ok());
        bench.wait(297);
    }
    assert!(prompts > 5, "{prompts}");
    assert_eq!(wakes(), 1);
    // Somebody is there again.
    bench.press(Button::Right);
    bench.prompt(add(CHAIN)).unwrap();
    assert_eq!(wakes(), 2);
    bench.turn_to("Reject");
    bench.press(Button::Both);
    bench.press(Button::Right);
    bench.prompt(add(CHAIN)).unwrap();
    assert_eq!(wakes(), 3, "a press on a prompt is one too");
}

#[test]
fn a_locked_device_signs() {
    let mut bench = Bench::armed();
    kernel(|kernel| (kernel.verdict, kernel.system_draws, kernel.pin) = (0x97, true, 0x55));
    bench.wait(100);
    bench.sign(10).unwrap();
    assert!(bench.ask(Command::GetVersion).is_ok());
}

#[test]
fn a_system_that_draws_over_everything_does_not_stop_a_reply_of_two_reports() {
    let mut bench = Bench::armed();
    host(|host| host.listening = false);
    bench.send(&apdu(Command::Sign(&prevote(CHAIN, 10))));
    kernel(|kernel| (kernel.verdict, kernel.system_draws) = (0x97, true));
    bench.wait(5);
    host(|host| host.listening = true);
    assert!(bench.reply().is_some());
    assert_eq!(host(Host::received).len(), 0);
}

const RIGHT: u8 = 2;
const BOTH: u8 = 3;

/// Buttons go down and stay down, as the MCU tells it again and again.
fn hold(bench: &mut Bench, down: u8, ticks: usize) {
    for _ in 0..ticks {
        kernel(|kernel| kernel.events.push_back(vec![0x05, 0, 1, down << 1]));
        bench.wait(1);
    }
}

fn release(bench: &mut Bench) {
    kernel(|kernel| kernel.events.push_back(vec![0x05, 0, 1, 0]));
    bench.wait(200);
}

#[test]
fn a_press_begun_on_the_lock_screen_and_let_go_on_approve_approves_nothing() {
    for back in [0xaa, 0x69] {
        let mut bench = Bench::new();
        let ticket = bench.prompt(add(CHAIN)).unwrap();
        bench.turn_to("Approve");
        kernel(|kernel| (kernel.verdict, kernel.system_draws) = (0x97, true));
        hold(&mut bench, BOTH, 3);
        kernel(|kernel| (kernel.verdict, kernel.system_draws) = (back, false));
        hold(&mut bench, BOTH, 3);
        assert_eq!(bench.lines()[0], "Approve");
        release(&mut bench);
        assert_eq!(bench.outcome(ticket).0, PromptState::Pending);
        bench.press(Button::Both);
        bench.wait(200);
        assert_eq!(bench.outcome(ticket).0, PromptState::Approved, "a press of its own does");
    }
}

#[test]
fn a_press_begun_on_reject_and_let_go_on_approve_decides_nothing() {
    let mut bench = Bench::armed();
    let named = highwater_core::apdu::Named { chain: crate::words::chain(CHAIN), incarnation: 1 };
    let ticket = bench.prompt(Command::RemoveChain(named)).unwrap();
    bench.turn_to("Reject");
    hold(&mut bench, BOTH, 2);
    // The chain becomes unclear, its prompt has one page more, and where "Reject" stood stands "Approve" now.
    let pages = (0..2).map(|copy| Rings::new(PAIRS).record_page(0, 1, copy));
    kernel(|kernel| pages.for_each(|page| kernel.nvm[usize::from(page)] = [0xee; 64]));
    hold(&mut bench, BOTH, 15);
    assert_eq!(bench.lines()[0], "Approve");
    release(&mut bench);
    assert_eq!(bench.outcome(ticket).0, PromptState::Pending);
}

#[test]
fn a_press_begun_before_a_prompt_stood_is_none_on_the_prompt() {
    let mut bench = Bench::new();
    hold(&mut bench, RIGHT, 2);
    bench.prompt(add(CHAIN)).unwrap();
    hold(&mut bench, RIGHT, 2);
    release(&mut bench);
    assert_eq!(bench.lines()[0], "Add chain?", "its first page is not turned");
    bench.press(Button::Right);
    assert_eq!(bench.lines()[0], CHAIN);
}
