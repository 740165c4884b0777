//! What is on the disk when a reply goes out, and what happens where it is not.

use std::time::Duration;

use highwater_core::hrs::{Hrs, Step};
use highwater_guard::{Cause, Input, Outcome, When};

use super::rig::*;

fn urgent(rig: &Rig) -> usize {
    rig.stores.iter().filter(|(when, _)| *when == When::BeforeReply).count()
}

#[test]
fn one_node_costs_one_durable_write_a_round_before_its_replies() {
    let mut rig = Rig::new();
    let mut rounds = 0;
    for height in 5..9 {
        for round in 0..2 {
            rounds += 1;
            for request in
                [proposal(height, round, 1), prevote(height, round, 1), precommit(height, round, 1)]
            {
                let place = request.hrs;
                assert!(is_signed(&rig.sign(request)));
                assert!(rig.durable.floor() >= place);
            }
            assert_eq!(urgent(&rig), rounds);
            assert_eq!(rig.durable.floor(), hrs(height, round, Step::Precommit));
        }
    }
}

#[test]
fn the_rest_of_a_round_costs_no_write_after_a_restart_either() {
    let mut rig = Rig::new();
    assert!(is_signed(&rig.sign(prevote(5, 0, 1))));
    rig.restart();
    let before = urgent(&rig);
    assert!(is_signed(&rig.sign(precommit(5, 0, 1))));
    assert_eq!(urgent(&rig), before);
}

#[test]
fn with_two_nodes_owner_and_lock_are_durable_before_each_reply() {
    let mut rig = Rig::of_two_nodes();
    for (node, height, round) in [("A", 5, 0), ("B", 6, 0), ("B", 6, 1), ("A", 7, 0)] {
        for request in [prevote(height, round, 1), precommit(height, round, 1)] {
            rig.disk = Disk::Hangs;
            let place = request.hrs;
            let id = rig.submit(node, request);
            assert_eq!(rig.outcome(id), None, "it waits for the disk");
            rig.disk = Disk::Stores;
            rig.write();
            rig.run();
            assert!(is_signed(&rig.outcome(id).unwrap()));
            assert_eq!(rig.durable.floor(), place);
            assert_eq!(rig.durable.ownership, rig.guard.record().ownership);
        }
    }
}

#[test]
fn with_two_nodes_and_a_failing_disk_there_is_silence_and_with_one_the_reply() {
    for disk in [Disk::Fails, Disk::Hangs] {
        let mut one = Rig::new();
        one.disk = disk;
        assert!(is_signed(&one.sign(precommit(5, 0, 1))), "{disk:?}: its device has the mark");
        let mut two = Rig::of_two_nodes();
        two.disk = disk;
        assert_eq!(two.ask("A", precommit(5, 0, 1)), Outcome::Silent(Cause::NotStored), "{disk:?}");
        assert_eq!(two.floor(), hrs(5, 0, Step::Precommit), "it is signed");
        two.disk = Disk::Stores;
        two.write();
        assert!(is_signed(&two.ask("A", precommit(5, 0, 1))), "{disk:?}: when the node asks again");
    }
}

#[test]
fn a_reply_waits_for_a_disk_that_hangs_no_longer_than_a_second() {
    let mut rig = Rig::new();
    rig.disk = Disk::Hangs;
    let id = rig.submit("A", prevote(5, 0, 1));
    rig.pass(Duration::from_millis(999));
    assert_eq!(rig.outcome(id), None);
    rig.pass(Duration::from_millis(1));
    assert!(is_signed(&rig.outcome(id).unwrap()));
}

#[test]
fn what_an_older_record_said_is_not_taken_for_what_a_newer_one_must_say() {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", prevote(5, 0, 1))));
    // B may have been signed for at 6, and after the look it is known; the disk hangs meanwhile.
    rig.disk = Disk::Hangs;
    rig.cable = Cable::Out;
    let id = rig.submit("B", prevote(6, 0, 1));
    rig.tell(Input::HungUp(id));
    rig.cable = Cable::Sound;
    let id = rig.submit("B", prevote(6, 0, 1));
    assert_eq!(rig.outcome(id), None, "the record of 6 is not on the disk");
    rig.disk = Disk::Stores;
    rig.write();
    rig.run();
    assert!(is_signed(&rig.outcome(id).unwrap()));
    assert_eq!(rig.durable.floor(), hrs(6, 0, Step::Prevote));
}

#[test]
fn a_record_that_may_wait_is_not_taken_for_one_that_is_on_the_disk() {
    let mut rig = Rig::of_two_nodes();
    // A's prevote is signed and its reply lost; B asks for another block there, which is on the disk as B's height.
    rig.cable = Cable::LosesReplies;
    let lost = rig.submit("A", prevote(5, 0, 1));
    rig.link("A", false);
    rig.tell(Input::HungUp(lost));
    rig.pass(Duration::from_secs(5));
    rig.cable = Cable::Slow;
    let refused = rig.submit("B", prevote(5, 0, 2));
    assert_eq!(rig.durable.ownership.owner, Some(Rig::node("B")));
    // The device refuses, so it is A's height again, and the disk does not know yet.
    rig.disk = Disk::Hangs;
    rig.deliver();
    assert!(matches!(rig.outcome(refused), Some(Outcome::Refused(_))));
    rig.cable = Cable::Sound;
    let id = rig.submit("A", prevote(5, 0, 1));
    assert_eq!(rig.outcome(id), None, "a restart would give the height to B");
    rig.disk = Disk::Stores;
    rig.write();
    rig.run();
    assert!(is_signed(&rig.outcome(id).unwrap()));
    assert_eq!(rig.durable.ownership.owner, Some(Rig::node("A")));
}

#[test]
fn a_state_file_rolled_back_lets_no_second_statement_out() {
    let mut rig = Rig::new();
    assert!(is_signed(&rig.sign(precommit(5, 0, 1))));
    let old = rig.durable.clone();
    assert!(is_signed(&rig.sign(precommit(6, 0, 1))));
    rig.durable = old;
    rig.restart();
    assert_eq!(rig.floor(), hrs(6, 0, Step::Precommit), "the device tells");
    assert!(!is_signed(&rig.sign(precommit(6, 0, 2))));
    assert!(!is_signed(&rig.sign(precommit(5, 0, 2))));
    assert!(is_signed(&rig.sign(at(hrs(6, 0, Step::Precommit), 1, 107))), "the same statement");
}

#[test]
fn a_new_record_says_that_nothing_is_known() {
    let rig = Rig::new();
    assert_eq!((rig.floor(), rig.durable.released.is_none()), (Hrs::ZERO, true));
}
