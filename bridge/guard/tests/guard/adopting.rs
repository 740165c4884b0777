//! Another device takes the chain over.

use highwater_core::hrs::{Hrs, Step};
use highwater_guard::{BelowKnown, NotAdopted, Outcome, Refusal, Stopped};
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
        rig.guard.adopt(spare).unwrap();
        rig.drain();
        assert_eq!(rig.guard.installation(), spare);
        assert_eq!(refusal(rig.sign(prevote(5, 0, 2))), Refusal::ConflictWithReleased);
        assert!(is_signed(&rig.sign(prevote(6, 0, 1))));
        assert!(rig.durable.floor() >= hrs(6, 0, Step::Prevote));
    }
}

#[test]
fn adopting_is_refused_below_the_highest_requested_place() {
    let (mut rig, spare) = with_spare(hrs(5, 0, Step::Proposal));
    assert_eq!(rig.guard.adopt(spare), Err(NotAdopted::Low(BelowKnown { known: AT_5 })));
    assert_ne!(rig.guard.installation(), spare);
    // Unless the operator repeats it.
    rig.guard.intend(hrs(5, 0, Step::Proposal), Some(AT_5)).unwrap();
    rig.guard.adopt(spare).unwrap();
    assert!(is_signed(&rig.sign(prevote(5, 0, 2))));
}

#[test]
fn adopting_is_refused_with_a_request_under_way() {
    let mut rig = Rig::new();
    rig.cable = Cable::Slow;
    rig.submit("A", prevote(5, 0, 1));
    let pinned = rig.guard.installation();
    assert_eq!(rig.guard.adopt(pinned), Err(NotAdopted::UnderWay));
    rig.deliver();
    rig.look();
    rig.guard.adopt(pinned).unwrap();
}

#[test]
fn adopting_is_refused_for_what_is_not_there_and_not_armed() {
    let mut rig = Rig::new();
    assert_eq!(rig.guard.adopt([9; 16]), Err(NotAdopted::NotThere));
    rig.replug(SimDevice::in_memory(b"validator"));
    rig.look();
    let bare = installation(&mut rig.device);
    assert_eq!(rig.guard.adopt(bare), Err(NotAdopted::NotArmed));
}

#[test]
fn adopting_is_refused_for_the_device_whose_mark_fell_and_another_one_ends_the_stop() {
    let mut rig = Rig::new();
    let before = rig.device.world.medium.pages().to_vec();
    assert!(is_signed(&rig.sign(prevote(5, 0, 1))));
    rig.device.world.medium.restore(&before);
    let device = rig.replug(SimDevice::in_memory(b"none")).restart();
    rig.replug(device);
    rig.look();
    let fallen = rig.guard.installation();
    let shown = Hrs::ZERO;
    let stopped = Stopped::MarkRegressed { installation: fallen, released: AT_5, shown };
    rig.set_mark(hrs(9, 0, Step::None));
    rig.look();
    assert_eq!(rig.guard.adopt(fallen), Err(NotAdopted::SameDevice(stopped)));
    rig.replug(installed(hrs(9, 0, Step::None)));
    rig.look();
    let spare = installation(&mut rig.device);
    rig.guard.adopt(spare).unwrap();
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
    rig.guard.adopt(spare).unwrap();
    let before = rig.device.world.medium.pages().to_vec();
    assert!(is_signed(&rig.sign(prevote(6, 0, 1))));
    rig.device.world.medium.restore(&before);
    let device = rig.replug(SimDevice::in_memory(b"none")).restart();
    rig.replug(device);
    rig.look();
    assert!(matches!(rig.guard.adopt(spare), Err(NotAdopted::SameDevice(_))));
    rig.replug(first_device);
    rig.set_mark(hrs(7, 0, Step::None));
    rig.look();
    rig.guard.adopt(first).unwrap();
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
    rig.guard.adopt(spare).unwrap();
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
    assert_eq!(rig.guard.adopt(spare), Err(NotAdopted::Low(BelowKnown { known: AT_5 })));
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
            two.guard.adopt(pinned).unwrap();
        }
        let other = two.sign(prevote(height, 0, 2));
        assert!(!is_signed(&other), "{other:?}");
        assert!(is_signed(&two.sign(prevote(height, 0, 1))), "the same statement");
        std::mem::swap(&mut one.device, &mut two.device);
    }
}
