//! Every call that may fail, failing under the whole app: what it answers then, and that it recovers.

use highwater_core::apdu::{Command, PromptState, Seed, Status, Version};
use nanos_sdk::Button;
use nanos_sdk::target::Call;

use crate::bench::{Bench, kernel};
use crate::words::{CHAIN, add, apdu, chain, prevote};

const ALWAYS: usize = usize::MAX;

fn fail(call: Call, times: usize) {
    kernel(|kernel| kernel.fail(call, times));
}

fn mend() {
    kernel(nanos_sdk::fake::Kernel::mend);
}

fn standing(bench: &mut Bench) -> u8 {
    Version::parse(&bench.ask(Command::GetVersion).unwrap()).unwrap().standing
}

#[test]
fn one_failed_write_costs_a_page_and_no_signature() {
    let mut bench = Bench::armed();
    for (height, spared) in [(10, 0), (11, 1)] {
        kernel(|kernel| kernel.fail_later(Call::NvmWrite, spared, 1));
        bench.sign(height).unwrap();
        assert_eq!(bench.mark().height.value(), height);
    }
}

#[test]
fn while_writes_fail_nothing_is_signed_and_afterwards_it_is() {
    for spared in 0..3 {
        let mut bench = Bench::armed();
        bench.sign(10).unwrap();
        kernel(|kernel| kernel.fail_later(Call::NvmWrite, spared, ALWAYS));
        let expected = if spared < 2 { Err(Status::StorageFault) } else { Ok(()) };
        assert_eq!(bench.sign(11).map(drop), expected, "{spared} writes went well");
        assert_eq!(bench.sign(12), Err(Status::StorageFault));
        mend();
        bench.settle(12);
        bench.sign(12).unwrap();
        let mut bench = bench.restarted();
        assert_eq!(bench.mark().height.value(), 12);
        assert_eq!(bench.sign(11), Err(Status::HeightRegression));
    }
}

#[test]
fn a_chain_whose_ring_cannot_be_written_is_not_added_until_it_can() {
    // Formatting takes 512 writes and more; a fault may come at its beginning, in the mark, or in the entry.
    for spared in [0, 1, 511, 512, 513, 514, 516, 517] {
        let mut bench = Bench::new();
        let ticket = bench.prompt(add(CHAIN)).unwrap();
        bench.turn_to("Approve");
        kernel(|kernel| kernel.fail_later(Call::NvmWrite, spared, ALWAYS));
        bench.press(Button::Both);
        bench.wait(200);
        assert_eq!(bench.outcome(ticket), (PromptState::Failed, Status::StorageFault.word()), "{spared}");
        assert!(bench.sign(10).is_err());
        mend();
        let mut bench = bench.restarted();
        if bench.ask(Command::GetPublicKey(chain(CHAIN))).is_err() {
            bench.approve(add(CHAIN));
        }
        bench.sign(10).unwrap();
    }
}

#[test]
fn an_installation_that_cannot_be_written_signs_nothing_and_says_so() {
    let mut bench = Bench::installed(|kernel| kernel.fail(Call::NvmWrite, ALWAYS));
    assert_eq!(standing(&mut bench), 3);
    assert_eq!(bench.prompt(add(CHAIN)), Err(Status::StorageFault));
    assert_eq!(bench.sign(1), Err(Status::StorageFault));
    mend();
    let mut bench = bench.restarted();
    assert_eq!(standing(&mut bench), 0);
    bench.approve(add(CHAIN));
    bench.sign(1).unwrap();
}

#[test]
fn a_seed_that_cannot_be_read_at_start_signs_nothing_and_writes_nothing() {
    for call in [Call::Derive, Call::GeneratePair] {
        let mut bench = Bench::installed(|kernel| kernel.fail(call, 1));
        assert_eq!(standing(&mut bench), 3);
        assert_eq!(bench.sign(1), Err(Status::StorageFault));
        assert_eq!(kernel(|kernel| kernel.count(Call::NvmWrite)), 0);
        assert_eq!(standing(&mut bench.restarted()), 0);
    }
}

#[test]
fn a_secret_of_the_checks_that_cannot_be_derived_is_a_fault_and_the_next_start_helps() {
    let mut bench = Bench::armed();
    let signature = bench.sign(10).unwrap();
    let pages = kernel(|kernel| kernel.nvm.clone());
    let mut bench = bench.restarted_on(|kernel| kernel.fail_later(Call::Derive, 1, 1));
    assert_eq!(standing(&mut bench), 3);
    assert_eq!(bench.sign(10), Err(Status::StorageFault));
    assert!(kernel(|kernel| kernel.nvm == pages), "nothing is written");
    assert_eq!(bench.restarted().sign(10), Ok(signature));
}

#[test]
fn a_chain_key_that_cannot_be_derived_signs_nothing_until_it_can() {
    // At a start the first derivation is for the installation, and makes two pairs; the second is for the secret of its
    // checks, of which no point is made; the third loads the key.
    for (call, spared) in [(Call::Derive, 2), (Call::GeneratePair, 2), (Call::GeneratePair, 3)] {
        let mut bench = Bench::armed();
        bench.sign(10).unwrap();
        let mut bench = bench.restarted_on(|kernel| kernel.fail_later(call, spared, ALWAYS));
        assert_eq!(bench.sign(11), Err(Status::StorageFault));
        assert_eq!(bench.ask(Command::GetPublicKey(chain(CHAIN))), Err(Status::StorageFault));
        mend();
        bench.settle(11);
        bench.sign(11).unwrap();
    }
}

#[test]
fn a_key_that_cannot_be_derived_is_not_shown_as_zeros() {
    let mut bench = Bench::new();
    fail(Call::Derive, ALWAYS);
    bench.prompt(add(CHAIN)).unwrap();
    bench.turn_to("Public key");
    assert_eq!(bench.lines(), ["Public key fails"]);
}

#[test]
fn the_pages_of_a_question_derive_nothing() {
    let mut bench = Bench::new();
    for command in [add(CHAIN), Command::ImportKey(Seed(&[7; 32]))] {
        bench.prompt(command).unwrap();
        // A turn of its own has derived it by then.
        bench.turn_to("Public key");
        let derived = || kernel(|kernel| [Call::Derive, Call::GeneratePair].map(|call| kernel.count(call)));
        let before = derived();
        bench.turn_to("Reject");
        bench.wait(100);
        assert_eq!(derived(), before, "{command:?}");
        bench.press(Button::Both);
        bench.press(Button::Both);
    }
}

#[test]
fn a_failed_signature_gives_no_bytes_and_costs_no_second_mark() {
    let mut bench = Bench::armed();
    fail(Call::PointMultiply, 1);
    let (data, word) = bench.raw(&apdu(Command::Sign(&prevote(CHAIN, 10))));
    assert_eq!((data, word), (vec![], Status::StorageFault.word()));
    assert_eq!(bench.mark().height.value(), 10, "its mark stood before");
    let writes = || kernel(|kernel| kernel.count(Call::NvmWrite));
    let before = writes();
    bench.sign(10).unwrap();
    assert_eq!(writes(), before);
}

#[test]
fn the_third_error_of_the_library_in_a_signature_is_the_last_until_a_restart() {
    let mut bench = Bench::armed();
    let derived = || kernel(|kernel| kernel.count(Call::Derive) + kernel.count(Call::GeneratePair));
    for (nth, height) in (1..=3).zip(10..) {
        fail(Call::PointDecompress, 1);
        let before = derived();
        assert_eq!(bench.sign(height), Err(Status::StorageFault), "{nth}");
        // The key is gone, and the turns that follow derive it anew.
        bench.wait(60);
        let again = bench.sign(height);
        assert_eq!(again.is_ok(), nth < 3, "{nth}: {again:?}");
        assert_eq!(derived() == before, nth == 3, "{nth}");
    }
    bench.restarted().sign(12).unwrap();
}

#[test]
#[should_panic(expected = "exit(255)")]
fn a_hash_that_fails_ends_the_app() {
    let mut bench = Bench::armed();
    fail(Call::Sha256, 1);
    bench.send(&apdu(Command::Sign(&prevote(CHAIN, 10))));
    bench.wait(5);
}

#[test]
fn a_report_that_was_not_taken_loses_one_reply_and_no_more() {
    let mut bench = Bench::armed();
    bench.wait(20);
    // Three statuses and three arming packets for three reports; then the reply.
    for spared in 0..8 {
        kernel(|kernel| kernel.fail_later(Call::Send, spared, 1));
        bench.send(&apdu(Command::Sign(&prevote(CHAIN, 10))));
        let _ = bench.reply();
        bench.wait(25);
        mend();
        // A host that hears nothing opens the device again.
        bench.connect();
        bench.sign(10).unwrap_or_else(|status| panic!("{spared} packets went well: {status:?}"));
    }
}

#[test]
fn events_that_cannot_be_fetched_are_fetched_again() {
    let mut bench = Bench::armed();
    fail(Call::Receive, 10);
    bench.sign(10).unwrap();
}

#[test]
fn a_system_that_never_says_whether_there_is_a_status_gets_one_for_every_event() {
    let mut bench = Bench::armed();
    fail(Call::StatusSent, ALWAYS);
    bench.sign(10).unwrap();
    bench.press(Button::Right);
    bench.sign(11).unwrap();
}

#[test]
fn without_a_verdict_nothing_is_drawn_no_button_counts_and_votes_are_signed() {
    for call in [Call::Ux, Call::LastStatus] {
        let mut bench = Bench::armed();
        let ticket = bench.prompt(add("other-1")).unwrap();
        bench.turn_to("Approve");
        fail(call, ALWAYS);
        bench.press(Button::Both);
        bench.wait(200);
        assert_eq!(bench.outcome(ticket).0, PromptState::Pending);
        bench.sign(10).unwrap();
        mend();
        bench.wait(3);
        bench.press(Button::Both);
        bench.wait(200);
        assert_eq!(bench.outcome(ticket).0, PromptState::Approved);
    }
}

#[test]
fn a_pin_nobody_can_ask_for_is_a_locked_device() {
    let mut bench = Bench::new();
    fail(Call::PinIsValidated, 1);
    assert_eq!(bench.prompt(add(CHAIN)), Err(Status::Locked));
    let ticket = bench.prompt(add(CHAIN)).unwrap();
    bench.turn_to("Approve");
    fail(Call::PinIsValidated, 1);
    bench.press(Button::Both);
    assert_eq!(bench.outcome(ticket).0, PromptState::Pending);
}

#[test]
fn what_the_system_does_not_tell_of_the_app_is_empty() {
    let mut bench = Bench::new();
    fail(Call::AppTag, 2);
    fail(Call::Flags, 1);
    assert_eq!(bench.raw(&[0xb0, 0x01, 0, 0, 0]), (vec![1, 0, 0, 1, 0], 0x9000));
    assert_eq!(bench.raw(&[0xb0, 0x01, 0, 0, 0]).0.len(), 1 + 5 + 6 + 2);
}

#[test]
fn an_old_jump_buffer_that_cannot_be_forgotten_changes_nothing() {
    let bench = Bench::armed();
    // It is forgotten before the app begins: the failure is planned before the power comes back.
    fail(Call::TryContext, 1);
    bench.restarted().sign(10).unwrap();
}

#[test]
fn the_stack_is_scrubbed_after_the_start_and_after_every_turn() {
    let scrubs = || kernel(|kernel| kernel.scrubs);
    let mut bolos = nanos_sdk::fake::boot();
    let mut app = highwater_signer::App::default();
    // The last thing of a start, before a host sees the device.
    kernel(|kernel| kernel.scrubs = 0);
    app.boot(&mut bolos);
    let of_keys = kernel(|kernel| kernel.count(Call::Derive));
    assert_eq!(scrubs(), of_keys + 1);
    for _ in 0..10 {
        let before = scrubs();
        app.turn(&mut bolos);
        assert_eq!(scrubs() - before, 1);
    }
}

#[test]
fn an_overrun_stack_releases_nothing_not_even_a_repeat() {
    let mut bench = Bench::armed();
    bench.sign(10).unwrap();
    kernel(|kernel| kernel.stack[0] ^= 1);
    for height in [10, 11] {
        let (data, word) = bench.raw(&apdu(Command::Sign(&prevote(CHAIN, height))));
        assert_eq!((data, word), (vec![], Status::Internal.word()), "{height}");
    }
}
