//! Questions to the owner, with a host on the cable and a finger on the buttons.

use highwater_core::apdu::{Command, Named, PromptState, Status};
use highwater_core::hrs::Step;
use highwater_core::rings::Rings;
use nanos_sdk::Button;
use nanos_sdk::fake::Host;
use nanos_sdk::target::{Call, PAIRS};

use crate::bench::{Bench, host, kernel};
use crate::words::{CHAIN, add, apdu, chain, hrs};

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

/// A host that keeps a reply under way for ever: it asks again before it fetches what it was told.
struct Hold;

impl Hold {
    fn begin(bench: &mut Bench) -> Self {
        host(|host| host.listening = false);
        bench.send(&apdu(Command::GetVersion));
        bench.wait(1);
        Self
    }

    fn for_seconds(&self, bench: &mut Bench, seconds: usize) {
        for _ in 0..seconds {
            bench.send(&apdu(Command::GetVersion));
            bench.wait(9);
            host(|host| host.listening = true);
            while host(Host::received).is_empty() {
                bench.turn();
            }
            host(|host| host.listening = false);
            bench.wait(1);
        }
    }

    fn end(self, bench: &mut Bench) {
        host(|host| host.listening = true);
        bench.wait(10);
    }
}

#[test]
fn the_screen_follows_the_buttons_while_a_host_holds_the_link() {
    let mut bench = Bench::armed();
    let named = Named { chain: chain(CHAIN), incarnation: 1 };
    let ticket = bench.prompt(Command::RemoveChain(named)).unwrap();
    bench.turn_to("Reject");
    let hold = Hold::begin(&mut bench);
    hold.for_seconds(&mut bench, 3);
    bench.press(Button::Left);
    assert_eq!(bench.lines()[0], "Approve", "what both buttons would decide now");
    bench.press(Button::Right);
    assert_eq!(bench.lines()[0], "Reject");
    bench.press(Button::Both);
    hold.end(&mut bench);
    assert_eq!(bench.outcome(ticket).0, PromptState::Denied);
}

#[test]
fn a_press_decides_what_the_screen_says_whatever_the_chain_has_become_since() {
    let mut bench = Bench::armed();
    let named = Named { chain: chain(CHAIN), incarnation: 1 };
    let ticket = bench.prompt(Command::RemoveChain(named)).unwrap();
    bench.turn_to("Reject");
    // The chain becomes unclear, and its prompt has one page more from now on.
    kernel(|kernel| {
        (0..2)
            .for_each(|copy| kernel.nvm[usize::from(Rings::new(PAIRS).record_page(0, 1, copy))] = [0xee; 64]);
    });
    bench.press(Button::Both);
    assert_eq!(bench.outcome(ticket).0, PromptState::Denied);
}

#[test]
fn a_prompt_about_a_chain_whose_flash_failed_says_that_its_mark_is_unclear() {
    let mut bench = Bench::armed();
    bench.sign(10).unwrap();
    kernel(|kernel| kernel.fail(Call::NvmWrite, usize::MAX));
    assert_eq!(bench.sign(11), Err(Status::StorageFault));
    let named = Named { chain: chain(CHAIN), incarnation: 1 };
    bench.prompt(Command::SetMark { named, to: hrs(20, 0, Step::None) }).unwrap();
    bench.turn_to("Mark unclear");
}

#[test]
fn a_press_on_a_prompt_that_has_just_gone_is_none_on_home() {
    let mut bench = Bench::armed();
    // Home stands where one more press ends the app.
    bench.press(Button::Left);
    bench.press(Button::Both);
    assert_eq!(bench.lines()[0], "Signing stops!");
    let ticket = bench.prompt(add("other-1")).unwrap();
    bench.turn_to("Reject");
    host(|host| host.listening = false);
    bench.send(&apdu(Command::PromptCancel(ticket)));
    bench.wait(1);
    assert_eq!(bench.lines()[0], "Reject", "the reply is still under way");
    bench.press(Button::Both);
    host(|host| host.listening = true);
    bench.wait(10);
    bench.sign(10).unwrap();
}

#[test]
fn what_was_approved_is_done_while_a_host_holds_the_link() {
    let mut bench = Bench::armed();
    let ticket = bench.prompt(add("other-1")).unwrap();
    bench.turn_to("Approve");
    let hold = Hold::begin(&mut bench);
    hold.for_seconds(&mut bench, 1);
    bench.press(Button::Both);
    hold.for_seconds(&mut bench, 300);
    hold.end(&mut bench);
    assert_eq!(bench.outcome(ticket).0, PromptState::Approved);
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
    bench.turn_to("Mark now");
    let before = bench.lines();
    bench.sign(11).unwrap();
    bench.wait(12);
    assert_ne!(bench.lines(), before);
}

#[test]
fn a_slot_that_was_forgotten_signs_with_the_key_it_is_added_with_and_no_other() {
    let mut bench = Bench::armed();
    let key = |bench: &mut Bench| bench.ask(Command::GetPublicKey(chain(CHAIN))).unwrap();
    let with_index =
        |key_index| Command::AddChain { chain: chain(CHAIN), key_index, mark: hrs(20, 0, Step::None) };
    let seventh = key(&mut bench);
    for (incarnation, (forgotten, index)) in (1..).zip([(true, 8), (false, 9), (true, 7)]) {
        let named = Named { chain: chain(CHAIN), incarnation };
        bench.approve(Command::RemoveChain(named));
        assert_eq!(bench.ask(Command::GetPublicKey(chain(CHAIN))), Err(Status::UnknownChain));
        if forgotten {
            bench.approve(Command::ForgetChain(named));
        }
        bench.approve(with_index(index));
        assert_eq!(key(&mut bench) == seventh, index == 7, "key {index}");
        bench.sign(20 + u64::from(index)).unwrap();
        let expected = key(&mut bench);
        bench = bench.restarted();
        assert_eq!(key(&mut bench), expected, "the same as after a start");
    }
}
