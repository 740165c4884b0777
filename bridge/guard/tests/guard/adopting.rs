//! Another device takes the chain over.

use highwater_core::hrs::{Hrs, Step};
use highwater_guard::{BelowKnown, Guard, Input, NotAdopted, Outcome, Output, Refusal, Stopped};
use highwater_sim::SimDevice;

use super::rig::*;

const AT_5: Hrs = match Hrs::new(5, 0, Step::Prevote) {
    Some(hrs) => hrs,
    None => Hrs::ZERO,
};

/// 5/0/prevote is signed and the device is gone; a spare with this mark is plugged in.
fn with_spare(mark: Hrs) -> (Rig, [u8; 16]) {
    let mut rig = Rig::new();
    assert!(is_signed(&rig.sign(prevote(5, 0, 1))));
    rig.replug(installed(mark));
    rig.look();
    let spare = installation(&mut rig.device);
    (rig, spare)
}

#[test]
fn a_spare_is_adopted_at_the_highest_requested_place_or_above_and_goes_on_from_there() {
    for mark in [AT_5, hrs(6, 0, Step::None)] {
        let (mut rig, spare) = with_spare(mark);
        rig.adopt(spare).unwrap();
        rig.drain();
        assert_eq!(rig.guard.installation(), spare);
        assert_eq!(refusal(rig.sign(prevote(5, 0, 2))), Refusal::BelowAdopted(mark));
        assert!(is_signed(&rig.sign(prevote(6, 0, 1))));
        assert!(rig.durable.floor() >= hrs(6, 0, Step::Prevote));
    }
}

#[test]
fn adopting_is_refused_below_the_highest_requested_place() {
    let (mut rig, spare) = with_spare(hrs(5, 0, Step::Proposal));
    assert_eq!(rig.adopt(spare), Err(NotAdopted::Low(BelowKnown { known: AT_5 })));
    assert_ne!(rig.guard.installation(), spare);
    // Unless the operator repeats it.
    rig.guard.intend(hrs(5, 0, Step::Proposal), Some(AT_5)).unwrap();
    rig.adopt(spare).unwrap();
    assert!(is_signed(&rig.sign(prevote(5, 0, 2))));
}

#[test]
fn adopting_is_refused_with_a_request_under_way() {
    let mut rig = Rig::new();
    rig.cable = Cable::Slow;
    rig.submit("A", prevote(5, 0, 1));
    let pinned = rig.guard.installation();
    assert_eq!(rig.adopt(pinned), Err(NotAdopted::UnderWay));
    rig.deliver();
    rig.look();
    rig.adopt(pinned).unwrap();
}

#[test]
fn adopting_is_refused_for_what_is_not_there_and_not_armed() {
    let mut rig = Rig::new();
    assert_eq!(rig.adopt([9; 16]), Err(NotAdopted::NotThere));
    rig.replug(SimDevice::in_memory(b"validator"));
    rig.look();
    let bare = installation(&mut rig.device);
    assert_eq!(rig.adopt(bare), Err(NotAdopted::NotArmed));
}

#[test]
fn adopting_is_refused_for_the_device_whose_mark_fell_and_another_one_ends_the_stop() {
    let mut rig = Rig::new();
    rig.sign_and_forget(prevote(5, 0, 1));
    rig.look();
    let fallen = rig.guard.installation();
    let shown = Hrs::ZERO;
    let stopped = Stopped::MarkRegressed { installation: fallen, before: AT_5, shown };
    rig.set_mark(hrs(9, 0, Step::None));
    rig.look();
    assert_eq!(rig.adopt(fallen), Err(NotAdopted::SameDevice(stopped)));
    rig.replug(installed(hrs(9, 0, Step::None)));
    rig.look();
    let spare = installation(&mut rig.device);
    rig.adopt(spare).unwrap();
    assert!(is_signed(&rig.sign(prevote(9, 0, 1))));
}

#[test]
fn a_stop_outlives_a_cut_between_the_record_and_the_pin_of_the_device_that_takes_over() {
    let mut rig = Rig::new();
    rig.sign_and_forget(prevote(5, 0, 1));
    rig.look();
    let fallen = rig.guard.installation();
    let stopped = Some(Stopped::MarkRegressed { installation: fallen, before: AT_5, shown: Hrs::ZERO });
    assert_eq!(rig.durable.stopped, stopped);
    rig.replug(installed(hrs(9, 0, Step::None)));
    // It is in another life there, so that after the cut the fallen device seems to be in a new one.
    rig.begin_again(hrs(9, 0, Step::None));
    rig.look();
    let spare = installation(&mut rig.device);
    rig.guard.adopt(spare).unwrap();
    let Some(Output::Store { seq, record, .. }) = rig.guard.output() else { panic!("no record") };
    assert_eq!((record.stopped, record.begins_above), (stopped, hrs(9, 0, Step::None)));
    // Here the host may die: the fallen device is pinned still, and asked for nothing.
    let mut cut = Guard::new(rig.settings.clone(), fallen, (*record).clone(), rig.now);
    cut.handle(rig.now, Input::Tick);
    assert_eq!(cut.record().stopped, stopped);
    rig.guard.handle(rig.now, Input::Stored(seq));
    rig.run();
    assert_eq!(rig.guard.installation(), spare);
    assert_eq!((rig.guard.record().stopped, rig.durable.stopped), (None, None));
    assert!(is_signed(&rig.sign(prevote(9, 0, 1))));
}

#[test]
fn after_a_stop_the_device_of_before_may_come_back() {
    // The spare's mark falls after it was adopted, before it signed anything that was released.
    let mut rig = Rig::new();
    assert!(is_signed(&rig.sign(prevote(5, 0, 1))));
    let first = rig.guard.installation();
    let first_device = rig.replug(installed(AT_5));
    rig.look();
    let spare = installation(&mut rig.device);
    rig.adopt(spare).unwrap();
    let before = rig.device.world.medium.pages().to_vec();
    assert!(is_signed(&rig.sign(prevote(6, 0, 1))));
    rig.device.world.medium.restore(&before);
    let device = rig.replug(SimDevice::in_memory(b"none")).restart();
    rig.replug(device);
    rig.look();
    assert!(matches!(rig.adopt(spare), Err(NotAdopted::SameDevice(_))));
    rig.replug(first_device);
    rig.set_mark(hrs(7, 0, Step::None));
    rig.look();
    rig.adopt(first).unwrap();
    assert!(is_signed(&rig.sign(prevote(7, 0, 1))));
}

#[test]
fn the_lock_goes_with_the_chain_to_another_device() {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", precommit(5, 0, 1))));
    rig.link("A", false);
    rig.replug(installed(hrs(5, 0, Step::Precommit)));
    rig.look();
    let spare = installation(&mut rig.device);
    rig.adopt(spare).unwrap();
    rig.pass(std::time::Duration::from_secs(5));
    let refused = refusal(rig.ask("B", prevote(5, 1, 2)));
    assert_eq!(refused, Refusal::LockedBlock { owner: Some(Rig::node("A")) });
    assert!(is_signed(&rig.ask("B", prevote(5, 1, 1))));
}

#[test]
fn what_was_signed_before_its_reply_was_lost_counts_as_asked_though_a_spare_is_plugged_in() {
    let mut rig = Rig::new();
    rig.cable = Cable::LosesReplies;
    let id = rig.submit("A", prevote(5, 0, 1));
    rig.cable = Cable::Sound;
    rig.replug(installed(Hrs::ZERO));
    rig.look();
    assert!(matches!(rig.outcome(id), Some(Outcome::Refused(Refusal::OtherInstallation { .. }))));
    assert_eq!(rig.signs, 1, "the spare was asked for nothing");
    assert_eq!(rig.floor(), AT_5);
    assert!(rig.durable.floor() >= AT_5);
    let spare = installation(&mut rig.device);
    assert_eq!(rig.adopt(spare), Err(NotAdopted::Low(BelowKnown { known: AT_5 })));
}

#[test]
fn two_bridges_of_one_device_give_out_one_statement_between_them() {
    let mut one = Rig::new();
    let mut two = Rig::new();
    // The second bridge is pinned to the same device, which goes to and fro between them.
    let elsewhere = std::mem::replace(&mut two.device, SimDevice::in_memory(b"none"));
    drop(elsewhere);
    for height in 5..8 {
        let first = one.sign(prevote(height, 0, 1));
        assert!(is_signed(&first));
        std::mem::swap(&mut one.device, &mut two.device);
        let pinned = installation(&mut two.device);
        if two.guard.installation() != pinned {
            two.look();
            two.adopt(pinned).unwrap();
        }
        let other = two.sign(prevote(height, 0, 2));
        assert!(!is_signed(&other), "{other:?}");
        // What stands where it took the chain over is not known to be what the host released.
        let same = two.sign(prevote(height, 0, 1));
        assert_eq!(is_signed(&same), height > 5, "{same:?}");
        std::mem::swap(&mut one.device, &mut two.device);
    }
}

#[test]
fn a_device_that_takes_over_repeats_nothing_that_another_one_may_have_said_otherwise() {
    for restarts in [false, true] {
        let mut rig = Rig::of_two_nodes();
        // The first device signs block 1, and nobody gets that; the host dies before its record is written.
        rig.disk = Disk::Hangs;
        rig.submit("A", precommit(5, 0, 1));
        let first = rig.replug(installed(Hrs::ZERO));
        rig.disk = Disk::Stores;
        rig.restart();
        let spare = installation(&mut rig.device);
        rig.adopt(spare).unwrap();
        rig.hear("B");
        assert!(is_signed(&rig.ask("B", precommit(5, 0, 2))));
        rig.replug(first);
        rig.look();
        let old = highwater_guard::Record { released: None, ..rig.durable.clone() };
        let first = installation(&mut rig.device);
        rig.adopt(first).unwrap();
        if restarts {
            // What was released last is written when there is time.
            rig.durable = highwater_guard::Record { released: old.released, ..rig.durable.clone() };
            rig.restart();
            rig.pass(std::time::Duration::from_secs(5));
        }
        for node in ["A", "B"] {
            assert!(!is_signed(&rig.ask(node, precommit(5, 0, 1))));
        }
        assert!(is_signed(&rig.ask("B", precommit(6, 0, 1))));
    }
}

#[test]
fn nothing_is_asked_of_an_adopted_device_before_its_record_and_then_its_pin_are_on_the_disk() {
    let (mut rig, spare) = with_spare(hrs(6, 0, Step::None));
    rig.disk = Disk::Hangs;
    rig.guard.adopt(spare).unwrap();
    let mut outputs = Vec::new();
    outputs.extend(std::iter::from_fn(|| rig.guard.output()));
    let [Output::Store { seq, .. }] = outputs[..] else { panic!("{outputs:?}") };
    assert_eq!(rig.guard.adopt(spare), Err(NotAdopted::Pinning));
    rig.guard.handle(rig.now, Input::Stored(seq));
    assert!(matches!(rig.guard.output(), Some(Output::Pin(pin)) if pin == spare));
    assert_ne!(rig.guard.installation(), spare);
    rig.guard.handle(rig.now, Input::Pinned(spare));
    assert_eq!(rig.guard.installation(), spare);
    rig.disk = Disk::Stores;
    assert!(is_signed(&rig.sign(prevote(6, 0, 1))));
}
