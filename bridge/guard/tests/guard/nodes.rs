//! Several nodes on one chain: whose height it is, what is locked there, and who is alive.

use std::time::Duration;

use highwater_core::canonical::Timestamp;
use highwater_core::hrs::Step;
use highwater_guard::{Cause, Lock, OWNER_DOWN, OWNER_SILENT, Outcome, Refusal, SignRequest, When};
use highwater_sim::sign_bytes;

use super::rig::*;

const SECOND: Duration = Duration::from_secs(1);

fn owned(outcome: Outcome, owner: &str) {
    assert_eq!(refusal(outcome), Refusal::Owned { owner: Rig::node(owner) });
}

fn locked(outcome: Outcome, owner: Option<&str>) {
    assert_eq!(refusal(outcome), Refusal::LockedBlock { owner: owner.map(Rig::node) });
}

fn unknown(outcome: Outcome) {
    let refused = refusal(outcome);
    assert!(matches!(refused, Refusal::LockUnknown { .. }), "{refused:?}");
}

/// Node A got a prevote of height 7, and its link goes down for so long.
fn left_by_a(away: Duration) -> Rig {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", prevote(7, 0, 1))));
    rig.link("A", false);
    rig.pass(away);
    rig.hear("B");
    rig
}

#[test]
fn a_second_node_gets_the_same_statement_or_an_error_until_the_next_height() {
    let mut rig = Rig::of_two_nodes();
    let first = rig.ask("A", prevote(5, 0, 1));
    let again = rig.ask("B", at(hrs(5, 0, Step::Prevote), 1, 103));
    let (Outcome::Signed { release, .. }, Outcome::Signed { release: kept, .. }) = (first, again) else {
        panic!("not signed");
    };
    assert_eq!(release, kept, "the kept signature, with its own time");
    let other = at(hrs(5, 0, Step::Precommit), 1, 103);
    owned(rig.ask("B", other), "A");
    assert_eq!(rig.signs, 1, "the device was not bothered");
    assert!(is_signed(&rig.ask("B", prevote(6, 0, 1))), "the next height is free");
    owned(rig.ask("A", precommit(6, 0, 2)), "B");
}

#[test]
fn whose_height_it_is_survives_a_restart_and_its_owner_has_its_grace_again() {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", prevote(5, 0, 1))));
    rig.restart();
    rig.link("B", true);
    assert_eq!(rig.ask("B", precommit(5, 0, 2)), Outcome::Silent(Cause::OwnerGrace));
    rig.link("A", true);
    rig.hear("A");
    owned(rig.ask("B", precommit(5, 0, 2)), "A");
}

#[test]
fn after_a_restart_an_owner_that_the_configuration_lost_is_gone_after_its_grace() {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", prevote(5, 0, 1))));
    rig.restart();
    rig.pass(4 * SECOND);
    assert_eq!(rig.ask("B", prevote(5, 1, 2)), Outcome::Silent(Cause::OwnerGrace));
    rig.pass(SECOND);
    assert!(is_signed(&rig.ask("B", prevote(5, 1, 2))));
}

#[test]
fn what_may_have_been_signed_makes_its_node_the_owner() {
    let mut rig = Rig::of_two_nodes();
    rig.cable = Cable::LosesReplies;
    assert!(matches!(rig.ask("A", prevote(5, 0, 1)), Outcome::Silent(_)));
    rig.cable = Cable::Sound;
    owned(rig.ask("B", prevote(5, 1, 2)), "A");
}

#[test]
fn a_precommit_that_never_was_on_a_cable_locks_nobody_out() {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", prevote(9, 0, 1))));
    let before = rig.floor();
    rig.cable = Cable::Out;
    assert!(matches!(rig.ask("A", precommit(10, 0, 1)), Outcome::Silent(_)));
    assert_eq!(rig.floor(), before, "it was never sent");
    rig.cable = Cable::Sound;
    rig.look();
    assert!(is_signed(&rig.ask("B", prevote(10, 0, 2))));
}

#[test]
fn a_standby_within_the_owner_s_grace_gets_silence_and_the_height_afterwards() {
    let mut rig = left_by_a(Duration::from_millis(4_999));
    assert_eq!(rig.ask("B", prevote(7, 1, 2)), Outcome::Silent(Cause::OwnerGrace));
    rig.pass(Duration::from_millis(1));
    assert!(is_signed(&rig.ask("B", prevote(7, 1, 2))));
    rig.link("A", true);
    rig.hear("A");
    owned(rig.ask("A", precommit(7, 1, 2)), "B");
}

#[test]
fn an_owner_that_comes_back_in_time_keeps_its_height() {
    let mut rig = left_by_a(4 * SECOND);
    rig.link("A", true);
    rig.hear("A");
    for _ in 0..20 {
        rig.pass(3 * SECOND);
        rig.hear("A");
        owned(rig.ask("B", prevote(7, 1, 1)), "A");
    }
}

#[test]
fn a_bare_reconnect_is_no_life_sign() {
    let mut rig = left_by_a(SECOND);
    for _ in 0..4 {
        rig.link("A", true);
        rig.pass(SECOND / 2);
        rig.link("A", false);
        rig.pass(SECOND / 2);
    }
    rig.link("A", true);
    assert!(is_signed(&rig.ask("B", prevote(7, 1, 2))));
}

#[test]
fn an_owner_that_hangs_loses_its_height_after_two_ping_intervals_and_its_grace() {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", prevote(7, 0, 1))));
    rig.pass(Duration::from_millis(6_600));
    owned(rig.ask("B", prevote(7, 1, 2)), "A");
    rig.pass(Duration::from_millis(67));
    assert_eq!(rig.ask("B", prevote(7, 1, 2)), Outcome::Silent(Cause::OwnerGrace));
    rig.pass(5 * SECOND);
    assert!(is_signed(&rig.ask("B", prevote(7, 1, 2))));
}

#[test]
fn a_node_is_silent_from_its_last_word_on_and_a_bare_reconnect_is_no_word() {
    let mut rig = Rig::of_two_nodes();
    let silence = |rig: &Rig| rig.guard.silence(&Rig::node("A"), rig.now);
    rig.pass(9 * SECOND);
    assert_eq!(silence(&rig), Some(9 * SECOND));
    rig.link("A", false);
    assert_eq!(silence(&rig), None, "it is not connected");
    rig.pass(SECOND);
    rig.link("A", true);
    assert_eq!(silence(&rig), Some(10 * SECOND));
    rig.hear("A");
    assert_eq!(silence(&rig), Some(Duration::ZERO));
    // It waits for an answer: it sends nothing meanwhile.
    rig.cable = Cable::Slow;
    rig.submit("A", prevote(7, 0, 1));
    rig.pass(100 * SECOND);
    assert_eq!(silence(&rig), None);
    rig.pass(155 * SECOND);
    assert_eq!(silence(&rig), Some(255 * SECOND), "longer than any node waits");
}

#[test]
fn an_owner_loses_its_height_after_the_times_that_are_told_and_no_sooner() {
    let almost = |time: Duration| time - Duration::from_millis(1);
    let in_grace = Outcome::Silent(Cause::OwnerGrace);
    assert_eq!(left_by_a(almost(OWNER_DOWN)).ask("B", prevote(7, 1, 2)), in_grace);
    assert!(is_signed(&left_by_a(OWNER_DOWN).ask("B", prevote(7, 1, 2))));
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", prevote(7, 0, 1))));
    rig.pass(almost(OWNER_SILENT));
    assert_eq!(rig.ask("B", prevote(7, 1, 2)), in_grace);
    rig.pass(Duration::from_millis(1));
    assert!(is_signed(&rig.ask("B", prevote(7, 1, 2))));
}

#[test]
fn an_owner_that_waits_for_an_answer_is_alive_for_as_long_as_a_node_waits() {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", prevote(7, 0, 1))));
    rig.cable = Cable::Slow;
    rig.submit("A", precommit(7, 0, 1));
    rig.pass(254 * SECOND);
    rig.hear("B");
    owned(rig.ask("B", prevote(7, 1, 2)), "A");
    rig.pass(2 * SECOND);
    assert_eq!(rig.ask("B", prevote(7, 1, 2)), Outcome::Silent(Cause::OwnerGrace));
}

#[test]
fn after_a_block_precommit_others_get_that_block_or_nil_and_never_another() {
    for allowed in [prevote(7, 1, 1), prevote(7, 1, 0), precommit(7, 1, 0)] {
        let mut rig = Rig::of_two_nodes();
        assert!(is_signed(&rig.ask("A", precommit(7, 0, 1))));
        owned(rig.ask("B", allowed.clone()), "A");
        rig.link("A", false);
        assert_eq!(rig.ask("B", allowed.clone()), Outcome::Silent(Cause::OwnerGrace));
        rig.pass(5 * SECOND);
        assert!(is_signed(&rig.ask("B", allowed)));
        locked(rig.ask("B", prevote(7, 2, 2)), Some("A"));
        locked(rig.ask("B", proposal(7, 2, 1)), Some("A"));
        rig.link("A", true);
        assert!(is_signed(&rig.ask("A", prevote(7, 2, 2))), "A knows its own lock, and may unlock");
    }
}

#[test]
fn a_block_is_told_by_all_of_its_id() {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", precommit(7, 0, 1))));
    rig.link("A", false);
    rig.pass(5 * SECOND);
    let place = hrs(7, 1, Step::Prevote);
    for (parts, total) in [([1, 1], 2), ([1, 2], 1)] {
        let sign_bytes = sign_bytes(place, None, parts, total, Timestamp::default(), CHAIN);
        locked(rig.ask("B", SignRequest { hrs: place, sign_bytes, extension: None }), Some("A"));
    }
    assert!(is_signed(&rig.ask("B", prevote(7, 1, 1))));
}

#[test]
fn a_nil_precommit_locks_nobody() {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", precommit(7, 0, 0))));
    rig.link("A", false);
    rig.pass(5 * SECOND);
    assert!(is_signed(&rig.ask("B", proposal(7, 1, 2))));
}

#[test]
fn the_precommit_of_a_node_that_is_not_the_owner_ends_the_ownership_until_the_next_height() {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", precommit(7, 0, 1))));
    rig.link("A", false);
    rig.pass(5 * SECOND);
    assert!(is_signed(&rig.ask("B", precommit(7, 2, 1))), "voting along");
    // A is back, and with a polka of round 1 it would unlock what it does not know to be locked again.
    rig.link("A", true);
    rig.hear("A");
    for request in [proposal(7, 3, 2), prevote(7, 3, 2), precommit(7, 3, 2)] {
        locked(rig.ask("A", request), None);
    }
    locked(rig.ask("B", prevote(7, 3, 2)), None);
    // The locked block or nil, for anybody, whoever lives.
    assert!(is_signed(&rig.ask("A", prevote(7, 3, 1))));
    assert!(is_signed(&rig.ask("B", precommit(7, 3, 0))));
    rig.restart();
    locked(rig.ask("A", prevote(7, 4, 2)), None);
    assert!(is_signed(&rig.ask("A", prevote(8, 0, 2))));
}

#[test]
fn an_unlocking_precommit_that_may_be_signed_leaves_others_nil_only() {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", precommit(7, 0, 1))));
    // A unlocks, and whether block 2 is locked now nobody knows.
    rig.cable = Cable::LosesReplies;
    assert!(matches!(rig.ask("A", precommit(7, 1, 2)), Outcome::Silent(_)));
    rig.cable = Cable::Sound;
    rig.link("A", false);
    rig.pass(5 * SECOND);
    for block in [1, 2] {
        unknown(rig.ask("B", prevote(7, 2, block)));
    }
    assert!(is_signed(&rig.ask("B", prevote(7, 2, 0))));
}

#[test]
fn a_record_that_is_behind_the_device_knows_no_lock() {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", prevote(7, 0, 1))));
    let old = rig.durable.clone();
    assert!(is_signed(&rig.ask("A", precommit(7, 0, 1))));
    rig.durable = old;
    rig.restart();
    assert_eq!(rig.guard.record().ownership.lock, Lock::Unknown);
    rig.pass(5 * SECOND);
    for block in [1, 2] {
        unknown(rig.ask("B", prevote(7, 1, block)));
    }
    assert!(is_signed(&rig.ask("B", prevote(7, 1, 0))));
    // The recorded node knows its own lock.
    assert!(is_signed(&rig.ask("A", precommit(7, 1, 1))));
    assert!(is_signed(&rig.ask("B", prevote(8, 0, 2))), "the next height is free");
}

#[test]
fn a_round_that_was_written_ahead_knows_no_lock() {
    let mut rig = Rig::new();
    rig.disk = Disk::Stores;
    assert!(is_signed(&rig.ask("n1", prevote(7, 0, 1))));
    let ahead = rig.stores.iter().rev().find(|(_, record)| record.written_ahead).unwrap().1.clone();
    assert_eq!(ahead.highest_requested, hrs(7, 0, Step::Precommit));
    assert!(is_signed(&rig.ask("n1", precommit(7, 0, 1))));
    rig.durable = ahead;
    rig.restart();
    rig.pass(5 * SECOND);
    unknown(rig.ask("n2", prevote(7, 1, 2)));
    assert!(is_signed(&rig.ask("n1", prevote(7, 1, 2))), "the node that has the height goes on");
    assert!(is_signed(&rig.ask("n2", prevote(8, 0, 2))));
}

#[test]
fn the_one_node_of_a_chain_goes_on_after_a_record_that_was_cut_off() {
    for known in [false, true] {
        let mut rig = Rig::new();
        if known {
            assert!(is_signed(&rig.sign(prevote(6, 0, 1))));
        }
        rig.disk = Disk::Hangs;
        rig.submit("A", prevote(7, 0, 1));
        assert_eq!(rig.mark(), hrs(7, 0, Step::Prevote));
        rig.disk = Disk::Stores;
        rig.restart();
        // Were it to get nothing but nil, a chain of one validator would stand still for good.
        assert!(is_signed(&rig.sign(prevote(7, 0, 1))), "{known}");
        assert!(is_signed(&rig.sign(precommit(7, 0, 1))), "{known}");
        // Nor does another node in its place get what may break a lock that the record does not know.
        if known {
            rig.restart();
            rig.pass(5 * SECOND);
            assert!(!is_signed(&rig.ask("n2", prevote(7, 1, 2))));
        }
    }
}

#[test]
fn a_height_far_above_that_may_have_been_asked_for_takes_neither_owner_nor_lock_from_the_one_below() {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", precommit(7, 0, 1))));
    // B is ahead, or broken, and whether the device did what it asked for nobody knows.
    rig.cable = Cable::Locked;
    assert!(!is_signed(&rig.ask("B", prevote(900, 0, 2))));
    rig.cable = Cable::Sound;
    owned(rig.ask("B", prevote(7, 1, 2)), "A");
    rig.restart();
    rig.pass(5 * SECOND);
    locked(rig.ask("B", prevote(7, 1, 2)), Some("A"));
    owned_by_b_at_900(&mut rig);
    // The device signs below, so 900 was never begun, and 8 is whoever's signs there first.
    rig.hear("A");
    assert!(is_signed(&rig.ask("A", prevote(8, 0, 1))));
    owned(rig.ask("B", prevote(8, 1, 2)), "A");
}

#[test]
fn a_lagging_node_s_request_takes_nothing_from_a_height_that_the_device_s_mark_shows_begun() {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", precommit(10, 0, 1))));
    // The host dies before it writes down that this was released, and only then.
    let before = rig.stores.iter().rev().find(|(when, _)| *when == When::BeforeReply);
    rig.durable = before.unwrap().1.clone();
    assert_eq!(rig.durable.released, None);
    rig.restart();
    rig.cable = Cable::LosesReplies;
    assert!(!is_signed(&rig.ask("B", prevote(9, 0, 1))));
    rig.cable = Cable::Sound;
    rig.pass(5 * SECOND);
    locked(rig.ask("B", prevote(10, 1, 2)), Some("A"));
    assert!(is_signed(&rig.ask("B", prevote(10, 1, 1))));
}

fn owned_by_b_at_900(rig: &mut Rig) {
    rig.link("B", true);
    rig.link("A", true);
    rig.hear("B");
    owned(rig.ask("A", prevote(900, 0, 1)), "B");
}

#[test]
fn a_request_below_the_owned_height_takes_nothing_from_its_owner_though_the_device_hiccups() {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", precommit(10, 0, 1))));
    rig.restart();
    rig.link("A", true);
    rig.hear("A");
    rig.cable = Cable::LosesReplies;
    rig.ask("B", prevote(9, 0, 1));
    rig.cable = Cable::Sound;
    rig.hear("A");
    owned(rig.ask("B", prevote(10, 1, 2)), "A");
    let ownership = rig.durable.ownership.clone();
    assert_eq!((ownership.height, ownership.owner), (10, Some(Rig::node("A"))));
    assert!(matches!(ownership.lock, Lock::Block(_)));
}

#[test]
fn releasing_the_owner_drops_the_owner_and_never_the_lock() {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", precommit(7, 0, 1))));
    owned(rig.ask("B", prevote(7, 1, 1)), "A");
    let (owner, _) = rig.guard.release_owner();
    rig.drain();
    assert_eq!(owner, Some(Rig::node("A")));
    locked(rig.ask("B", prevote(7, 1, 2)), None);
    assert!(is_signed(&rig.ask("B", prevote(7, 1, 1))));
    locked(rig.ask("A", prevote(7, 2, 2)), None);
    assert_eq!(rig.durable.ownership.owner, None);
}

#[test]
fn a_lock_that_only_the_owner_knows_outlives_a_release_and_the_loss_of_all_other_nodes() {
    // One node, whose round is written ahead; the host dies after its precommit.
    let mut rig = Rig::new();
    assert!(is_signed(&rig.ask("A", prevote(7, 0, 1))));
    let ahead = rig.durable.clone();
    assert!(ahead.written_ahead);
    assert!(is_signed(&rig.ask("A", precommit(7, 0, 1))));
    rig.durable = ahead;
    rig.restart();
    assert_eq!(rig.guard.release_owner().0, None);
    rig.drain();
    rig.restart();
    // The config names another node now, and that one alone.
    rig.pass(SECOND * 6);
    unknown(rig.ask("B", prevote(7, 1, 2)));
    unknown(rig.ask("B", precommit(7, 1, 2)));
    assert!(is_signed(&rig.ask("B", prevote(8, 0, 2))));
}

#[test]
fn a_block_that_nobody_owns_stays_locked_when_one_node_is_left_and_the_host_dies() {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", precommit(7, 0, 1))));
    rig.guard.release_owner();
    rig.drain();
    // One node is left. Its round is written ahead.
    rig.settings.one_node = true;
    rig.restart();
    assert!(is_signed(&rig.ask("B", prevote(7, 1, 1))));
    assert!(rig.durable.written_ahead);
    rig.restart();
    locked(rig.ask("B", prevote(7, 2, 2)), None);
}

#[test]
fn an_owner_that_is_released_with_a_request_at_the_device_does_not_come_back_by_its_reply() {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", precommit(7, 0, 1))));
    rig.cable = Cable::Slow;
    rig.submit("A", precommit(7, 1, 1));
    rig.guard.release_owner();
    rig.deliver();
    assert_eq!(rig.guard.record().ownership.owner, None);
}

#[test]
fn a_released_height_without_a_lock_is_the_next_node_s() {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", prevote(7, 0, 1))));
    rig.guard.release_owner();
    assert!(is_signed(&rig.ask("B", prevote(7, 1, 2))));
    owned(rig.ask("A", prevote(7, 2, 1)), "B");
}
