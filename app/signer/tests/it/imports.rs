//! A private key that comes in by a command: what is left of it, and what happens when the library fails.

use highwater_core::apdu::{Command, KeyList, Seed, Status};
use nanos_sdk::Button;
use nanos_sdk::target::Call;

use crate::bench::{Bench, kernel};

/// Bytes that stand nowhere else in this order.
fn key() -> [u8; 32] {
    std::array::from_fn(|at| 0xa1 + 3 * at as u8)
}

/// No eight bytes of the key stand in what the app keeps, in the last event, or in flash.
#[track_caller]
fn is_nowhere(bench: &Bench, when: &str) {
    let memory = bench.memory();
    let flash = kernel(|kernel| kernel.nvm.concat());
    for part in key().windows(8) {
        let text = format!("{part:?}");
        assert!(!memory.contains(text.trim_matches(['[', ']'])), "{when}: {memory}");
        assert!(!flash.windows(8).any(|bytes| bytes == part), "{when}: in flash");
    }
}

fn held(bench: &mut Bench) -> usize {
    let list = KeyList::parse(&bench.ask(Command::GetKeys).unwrap()).unwrap();
    list.keys.iter().flatten().count()
}

#[test]
fn nothing_of_a_key_stays_once_its_command_was_answered() {
    let mut bench = Bench::new();
    bench.prompt(Command::ImportKey(Seed(&key()))).unwrap();
    is_nowhere(&bench, "while the owner is asked");
    bench.turn_to("Reject");
    bench.press(Button::Both);
    is_nowhere(&bench, "after a refusal");
    assert_eq!(bench.ask(Command::ImportKey(Seed(&key()))), Err(Status::PromptsPaused));
    is_nowhere(&bench, "after it was not taken");
    bench.press(Button::Both);
    bench.approve(Command::ImportKey(Seed(&key())));
    is_nowhere(&bench, "after an import");
    assert_eq!(held(&mut bench), 1);
    let mut cut = [&[0xe0, 0x30, 0, 0, 32][..], &key()].concat();
    cut.pop();
    assert_eq!(bench.raw(&cut).1, Status::Length.word());
    is_nowhere(&bench, "after a command of a wrong length");
}

#[test]
fn whatever_fails_once_while_a_key_is_sealed_keeps_nothing() {
    for (call, calls) in [(Call::Derive, 4), (Call::GeneratePair, 2)] {
        for spared in 0..12 {
            let mut bench = Bench::new();
            let before = kernel(|kernel| kernel.nvm.clone());
            kernel(|kernel| kernel.fail_later(call, spared, 1));
            let asked = bench.prompt(Command::ImportKey(Seed(&key())));
            if asked.is_ok() {
                assert_eq!(spared, calls, "the first that was not met");
                break;
            }
            assert_eq!(asked, Err(Status::StorageFault), "{spared}");
            is_nowhere(&bench, "after a failure");
            assert!(kernel(|kernel| kernel.nvm.clone()) == before);
            assert_eq!(held(&mut bench), 0);
            bench.approve(Command::ImportKey(Seed(&key())));
            assert_eq!(held(&mut bench), 1);
        }
    }
}

#[test]
fn a_key_that_came_out_wrong_at_the_press_is_told_as_failed() {
    for spared in 0..2 {
        let mut bench = Bench::new();
        let ticket = bench.prompt(Command::ImportKey(Seed(&key()))).unwrap();
        bench.turn_to("Approve");
        kernel(|kernel| kernel.fail_later(Call::Derive, spared, 1));
        bench.press(Button::Both);
        bench.wait(20);
        let (state, word) = bench.outcome(ticket);
        assert_eq!((state as u8, word), (6, Status::StorageFault.word()), "{spared}");
        bench.approve(Command::ImportKey(Seed(&key())));
        assert_eq!(held(&mut bench), 1);
    }
}
