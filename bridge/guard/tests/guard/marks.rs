//! The record follows the device's mark, and what the owner does with it.

use highwater_core::apdu::Status;
use highwater_core::hrs::{Hrs, Step};
use highwater_guard::{BelowKnown, Followed, Refusal, Stopped, View};

use super::rig::*;

const AT_5: Hrs = match Hrs::new(5, 0, Step::Prevote) {
    Some(hrs) => hrs,
    None => Hrs::ZERO,
};

fn height(height: u64) -> Hrs {
    hrs(height, 0, Step::None)
}

/// A chain that was asked for 5/0/prevote.
fn at_5() -> Rig {
    let mut rig = Rig::new();
    assert!(is_signed(&rig.sign(prevote(5, 0, 1))));
    rig
}

#[test]
fn the_highest_place_follows_each_mark_that_the_pinned_device_shows() {
    let mut rig = at_5();
    rig.set_mark(height(1_000));
    rig.look();
    assert_eq!(rig.followed, [Followed::Raised { from: AT_5, to: height(1_000) }]);
    assert_eq!((rig.floor(), rig.durable.floor()), (height(1_000), height(1_000)));
    assert!(is_signed(&rig.sign(prevote(1_000, 0, 1))));
}

/// In one life a mark never falls, so a memory was put back: what another signer signed below the mark may be signed again.
#[test]
fn a_mark_that_falls_in_one_life_below_what_was_shown_stops_the_chain_though_nothing_was_released() {
    for restarted in [false, true] {
        let mut rig = at_5();
        rig.forgetting(|rig| {
            rig.set_mark(height(1_000));
            rig.look();
        });
        rig.followed.clear();
        if restarted {
            rig.restart();
        } else {
            rig.look();
        }
        let stopped = Stopped::MarkRegressed {
            installation: rig.guard.installation(),
            before: height(1_000),
            shown: AT_5,
        };
        assert_eq!(refusal(rig.sign(prevote(1_500, 0, 1))), Refusal::Stopped(stopped));
    }
}

#[test]
fn what_the_owner_set_while_no_bridge_ran_is_followed_at_the_first_look() {
    let mut rig = at_5();
    rig.set_mark(height(1_000));
    rig.restart();
    assert_eq!(rig.durable.floor(), height(1_000));
}

#[test]
fn a_spare_that_is_not_adopted_is_not_followed() {
    let mut rig = at_5();
    rig.replug(installed(height(1_000)));
    rig.look();
    assert_eq!((rig.floor(), rig.followed.len()), (AT_5, 0));
}

#[test]
fn an_intention_makes_a_spare_begin_no_lower_whoever_dies() {
    let mut rig = at_5();
    let seq = rig.guard.intend(height(1_000), None).unwrap();
    rig.drain();
    assert_eq!(rig.durable.floor(), height(1_000), "{seq:?}: before the question is put");
    // The bridge dies, and the device with it, whether the owner pressed or not.
    rig.restart();
    let spare = installed(height(999));
    rig.replug(spare);
    rig.look();
    let spare = installation(&mut rig.device);
    let low = highwater_guard::NotAdopted::Low(BelowKnown { known: height(1_000) });
    assert_eq!(rig.adopt(spare), Err(low));
}

#[test]
fn an_intention_ends_when_the_mark_is_seen_or_the_question_came_to_nothing() {
    let mut rig = at_5();
    rig.guard.intend(height(1_000), None).unwrap();
    rig.guard.forget_intention();
    rig.drain();
    assert_eq!((rig.floor(), rig.durable.intention), (AT_5, None));
    rig.guard.intend(height(1_000), None).unwrap();
    rig.look();
    assert_eq!(rig.floor(), height(1_000), "not pressed yet");
    rig.set_mark(height(1_000));
    rig.look();
    assert_eq!((rig.floor(), rig.durable.intention), (height(1_000), None));
}

#[test]
fn a_question_that_came_to_nothing_forgets_no_earlier_one_of_which_nothing_is_known() {
    let mut rig = at_5();
    rig.guard.intend(height(1_000), None).unwrap();
    // The owner presses, and before anybody looks the next question is put and refused.
    rig.set_mark(height(1_000));
    rig.guard.intend(height(2_000), None).unwrap();
    rig.guard.forget_intention();
    rig.drain();
    assert_eq!(rig.durable.floor(), height(1_000));
    rig.look();
    assert_eq!((rig.floor(), rig.durable.intention), (height(1_000), None));
}

#[test]
fn a_mark_below_the_known_place_is_refused_with_the_place_named_unless_it_is_repeated() {
    let mut rig = at_5();
    let known = Err(BelowKnown { known: AT_5 });
    assert_eq!(rig.guard.intend(height(3), None), known);
    assert_eq!(rig.guard.intend(height(3), Some(height(4))), known, "another place");
    rig.drain();
    assert_eq!(rig.durable.intention, None, "nothing was changed");
    rig.guard.intend(height(3), Some(AT_5)).unwrap();
    rig.drain();
    assert_eq!(rig.floor(), AT_5, "nothing is lowered by asking");
    rig.guard.forget_intention();
    // What is intended counts as known, and so does what is at the device.
    rig.guard.intend(height(8), None).unwrap();
    assert_eq!(rig.guard.intend(height(7), Some(AT_5)), Err(BelowKnown { known: height(8) }));
    rig.guard.forget_intention();
    rig.cable = Cable::Slow;
    rig.submit("A", prevote(6, 0, 1));
    let known = hrs(6, 0, Step::Prevote);
    assert_eq!(rig.guard.intend(height(3), Some(AT_5)), Err(BelowKnown { known }));
}

#[test]
fn a_raise_by_mistake_can_be_taken_back_with_the_place_repeated() {
    let mut rig = at_5();
    rig.set_mark(height(1_000));
    rig.look();
    rig.guard.intend(height(6), Some(height(1_000))).unwrap();
    rig.set_mark(height(6));
    rig.look();
    let lowered = Followed::Lowered { from: height(1_000), to: height(6) };
    assert_eq!(rig.followed.last(), Some(&lowered));
    assert_eq!(rig.durable.floor(), height(6));
    assert!(is_signed(&rig.sign(prevote(6, 0, 2))));
}

#[test]
fn a_raise_asked_for_by_mistake_and_taken_back_leaves_nothing_behind() {
    let mut rig = at_5();
    // Nobody told what came of the first question.
    rig.guard.intend(height(1_000), None).unwrap();
    rig.drain();
    assert_eq!(rig.guard.intend(height(6), None), Err(BelowKnown { known: height(1_000) }));
    rig.guard.intend(height(6), Some(height(1_000))).unwrap();
    rig.look();
    assert_eq!(rig.durable.floor(), height(1_000), "the owner has not answered");
    // The node may ask for the same again meanwhile: this question lowers nothing.
    let message = prevote(5, 0, 1);
    rig.restart();
    assert!(is_signed(&rig.sign(message)));
    rig.set_mark(height(6));
    rig.look();
    assert_eq!((rig.durable.intention, rig.durable.floor()), (None, height(6)));
    rig.restart();
    assert!(is_signed(&rig.sign(prevote(6, 0, 1))));
    assert!(is_signed(&rig.sign(precommit(6, 0, 1))));
}

#[test]
fn taking_back_a_raise_goes_never_below_an_open_claim() {
    let mut rig = at_5();
    rig.set_mark(height(1_000));
    rig.look();
    rig.cable = Cable::Slow;
    rig.submit("A", prevote(1_001, 0, 1));
    let place = hrs(1_001, 0, Step::Prevote);
    rig.guard.intend(height(6), Some(place)).unwrap();
    rig.begin_again(height(6));
    rig.look();
    assert_eq!(rig.floor(), place, "its reply is not there yet");
    rig.deliver();
    assert!(rig.floor() >= place);
}

#[test]
fn a_lowering_confirmed_for_one_place_gives_up_nothing_above_it() {
    let mut rig = at_5();
    rig.guard.intend(height(3), Some(AT_5)).unwrap();
    // The question stands on the screen, and the chain goes on meanwhile.
    assert!(is_signed(&rig.sign(precommit(6, 0, 1))));
    rig.begin_again(height(3));
    rig.look();
    assert_eq!(rig.followed.last(), Some(&Followed::TakenBack));
    assert_eq!(rig.floor(), hrs(6, 0, Step::Precommit));
    let outcome = rig.sign(precommit(6, 0, 2));
    assert_eq!(refusal(outcome), Refusal::ConflictWithReleased);
    // Repeated with the new place, it is followed.
    rig.guard.intend(height(3), Some(hrs(6, 0, Step::Precommit))).unwrap();
    rig.look();
    assert_eq!(rig.floor(), height(3));
}

#[test]
fn while_a_lowering_is_asked_for_nothing_up_to_the_known_place_is_asked() {
    for dies in [false, true] {
        let mut rig = at_5();
        rig.guard.intend(height(3), Some(AT_5)).unwrap();
        rig.drain();
        assert!(is_signed(&rig.sign(prevote(6, 0, 1))));
        if dies {
            // And with the host what it released last.
            rig.durable.released = None;
            rig.restart();
        }
        // The owner has pressed, and no look showed it yet.
        rig.begin_again(height(3));
        let refused = refusal(rig.sign(prevote(6, 0, 2)));
        match dies {
            true => {
                assert!(matches!(refused, Refusal::Lowering { to, .. } if to == height(3)), "{refused:?}")
            }
            false => assert_eq!(refused, Refusal::ConflictWithReleased),
        }
        assert!(is_signed(&rig.sign(prevote(7, 0, 1))), "above it the chain goes on");
    }
}

#[test]
fn a_lowering_that_was_confirmed_is_followed_and_what_is_above_is_given_up() {
    let mut rig = at_5();
    rig.guard.intend(height(3), Some(AT_5)).unwrap();
    rig.begin_again(height(3));
    rig.look();
    assert_eq!(rig.durable.floor(), height(3));
    assert!(is_signed(&rig.sign(prevote(4, 0, 2))));
    assert!(is_signed(&rig.sign(prevote(5, 0, 2))), "confirmed twice, by the operator and on the device");
}

#[test]
fn a_mark_taken_back_behind_the_host_s_back_signs_nothing_up_to_the_highest_place() {
    for dies in [false, true] {
        let mut rig = at_5();
        // Asked for, and maybe signed: no node got it.
        rig.cable = Cable::LosesReplies;
        rig.sign(precommit(8, 0, 1));
        rig.cable = Cable::Sound;
        rig.look();
        rig.begin_again(height(2));
        if dies {
            rig.restart();
        } else {
            rig.look();
        }
        assert_eq!(rig.followed.last(), Some(&Followed::TakenBack));
        let (requested, mark) = (hrs(8, 0, Step::Precommit), height(2));
        let signs = rig.signs;
        for request in [prevote(7, 0, 2), precommit(8, 0, 2), precommit(8, 0, 1)] {
            assert_eq!(refusal(rig.sign(request)), Refusal::TakenBack { requested, mark });
        }
        assert_eq!(rig.signs, signs);
        assert!(is_signed(&rig.sign(prevote(9, 0, 1))), "above it the chain goes on");
        rig.look();
        assert!(is_signed(&rig.sign(precommit(9, 0, 1))));
    }
}

#[test]
fn a_chain_that_is_unclear_at_a_look_and_armed_lower_later_is_taken_back_all_the_same() {
    let mut rig = at_5();
    rig.cable = Cable::LosesReplies;
    rig.sign(precommit(8, 0, 1));
    rig.cable = Cable::Sound;
    rig.begin_again(height(2));
    rig.look();
    let View::Here(shown) = rig.guard.view() else { panic!("away") };
    let unclear = shown.slot.map(|slot| highwater_guard::Slot { armed: false, ..slot });
    let shown = View::Here(highwater_guard::Shown { slot: unclear, ..shown });
    rig.tell(highwater_guard::Input::Seen(shown));
    let refused = refusal(rig.sign(prevote(7, 0, 1)));
    assert!(matches!(refused, Refusal::TakenBack { .. }), "{refused:?}");
}

#[test]
fn what_the_owner_raised_outlasts_a_refusal_under_way() {
    let mut rig = at_5();
    rig.cable = Cable::Slow;
    let id = rig.submit("A", prevote(900_000, 0, 1));
    rig.set_mark(height(9));
    rig.deliver();
    assert!(matches!(refusal(rig.outcome(id).unwrap()), Refusal::Device { .. }), "a leap");
    rig.look();
    assert_eq!(rig.durable.floor(), height(9));
}

#[test]
fn what_the_device_signed_though_its_reply_was_lost_is_its_node_s_when_the_look_shows_it() {
    let mut rig = Rig::of_two_nodes();
    rig.cable = Cable::LosesReplies;
    rig.submit("A", prevote(5, 0, 1));
    rig.look();
    let record = rig.guard.record();
    assert_eq!((record.highest_requested, record.ownership.owner), (AT_5, Some(Rig::node("A"))));
    assert_eq!(rig.followed.len(), 0, "nothing that the host did not know");
}

#[test]
fn a_mark_seen_above_keeps_the_lock_unknown_whatever_an_older_claim_says() {
    let mut rig = Rig::of_two_nodes();
    assert!(is_signed(&rig.ask("A", prevote(7, 0, 1))));
    rig.cable = Cable::LosesReplies;
    rig.submit("A", precommit(7, 0, 1));
    // Another host's bridge, or the owner, brought the mark above.
    rig.set_mark(hrs(7, 3, Step::Precommit));
    rig.look();
    rig.pass(std::time::Duration::from_secs(5));
    assert_eq!(rig.guard.record().ownership.lock, highwater_guard::Lock::Unknown);
}

#[test]
fn what_was_signed_before_its_reply_was_lost_counts_as_asked_though_the_chain_is_removed() {
    let mut rig = Rig::new();
    rig.cable = Cable::LosesReplies;
    let id = rig.submit("A", prevote(5, 0, 1));
    rig.cable = Cable::Sound;
    rig.remove();
    rig.pass(std::time::Duration::from_secs(1));
    let refused = refusal(rig.outcome(id).unwrap());
    assert!(matches!(refused, Refusal::Device { status: Status::UnknownChain, .. }), "{refused:?}");
    assert_eq!(rig.floor(), AT_5);
    assert!(rig.durable.floor() >= AT_5);
}
