//! A device that refuses, is away, is locked, is another one, or fell.

use std::time::Duration;

use highwater_core::apdu::Status;
use highwater_core::hrs::Step;
use highwater_guard::{Cause, Followed, Input, NoReply, OnAbsent, Outcome, Refusal, Stopped, View};

use super::rig::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_refusal_of_the_device_is_told_with_its_word_and_the_mark() {
    let mut rig = Rig::new();
    rig.set_mark(hrs(5, 0, Step::Prevote));
    let mark = Some(hrs(5, 0, Step::Prevote));
    let refused = Refusal::Device { status: Status::NoStatement, mark };
    assert_eq!(refusal(rig.sign(prevote(5, 0, 1))), refused);
    let refused = Refusal::Device { status: Status::HeightRegression, mark };
    assert_eq!(refusal(rig.sign(prevote(4, 0, 1))), refused);
}

#[test]
fn what_a_rule_refused_does_not_count_as_asked() {
    let mut rig = Rig::new();
    assert!(is_signed(&rig.sign(prevote(5, 0, 1))));
    let leap = refusal(rig.sign(prevote(900_000, 0, 1)));
    assert!(matches!(leap, Refusal::Device { status: Status::Leap, .. }), "{leap:?}");
    assert_eq!(rig.floor(), hrs(5, 0, Step::Prevote));
    assert_eq!(rig.durable.floor(), hrs(5, 0, Step::Precommit), "what is written is the round's end");
}

#[test]
fn a_locked_device_is_silence_and_what_was_asked_counts_as_signed() {
    let mut rig = Rig::new();
    rig.cable = Cable::Locked;
    let outcome = rig.sign(prevote(5, 0, 1));
    assert_eq!(outcome, Outcome::Silent(Cause::Status(Some(Status::Locked))));
    assert_eq!(rig.floor(), hrs(5, 0, Step::Prevote));
}

#[test]
fn another_installation_is_asked_for_nothing() {
    let mut rig = Rig::new();
    let pinned = rig.guard.installation();
    rig.replug(installed(hrs(0, 0, Step::None)));
    rig.look();
    let found = installation(&mut rig.device);
    assert_eq!(refusal(rig.sign(prevote(5, 0, 1))), Refusal::OtherInstallation { found, pinned });
    assert_eq!(rig.signs, 0);
}

#[test]
fn a_chain_that_waits_meets_a_spare_with_silence_until_it_is_adopted() {
    for content in [None, Some(9)] {
        let mut rig = Rig::with(|settings| settings.on_absent = OnAbsent::Wait);
        rig.replug(installed(hrs(0, 0, Step::None)));
        rig.look();
        let request = content.map_or(prevote(5, 0, 1), |length| with_extension(5, &vec![7; length]));
        assert_eq!(rig.sign(request.clone()), Outcome::Silent(Cause::OtherInstallation));
        assert_eq!(rig.signs, 0, "the spare was asked for nothing");
        let spare = installation(&mut rig.device);
        rig.adopt(spare).unwrap();
        assert!(is_signed(&rig.sign(request)));
    }
}

#[test]
fn a_device_that_comes_back_answers_the_waiting_request() {
    let mut rig = Rig::new();
    rig.cable = Cable::Out;
    rig.look();
    let id = rig.submit("A", prevote(5, 0, 1));
    rig.pass(SECOND);
    assert_eq!(rig.outcome(id), None);
    rig.cable = Cable::Sound;
    rig.look();
    assert!(is_signed(&rig.outcome(id).unwrap()));
}

#[test]
fn a_lost_reply_is_asked_for_again() {
    let mut rig = Rig::new();
    rig.cable = Cable::LosesReplies;
    let id = rig.submit("A", prevote(5, 0, 1));
    rig.pass(SECOND);
    assert_eq!(rig.outcome(id), None);
    rig.cable = Cable::Sound;
    rig.pass(SECOND);
    assert!(is_signed(&rig.outcome(id).unwrap()));
    assert!(rig.signs >= 2);
}

#[test]
fn a_long_absence_ends_in_errors_unless_the_chain_waits() {
    for (on_absent, patient) in [(OnAbsent::Error, false), (OnAbsent::Wait, true)] {
        let mut rig = Rig::with(|settings| settings.on_absent = on_absent);
        rig.cable = Cable::Out;
        rig.look();
        let silent = Outcome::Silent(Cause::NoReply(NoReply::Away));
        assert_eq!(rig.sign(prevote(5, 0, 1)), silent);
        rig.pass(17 * SECOND);
        let outcome = rig.sign(prevote(5, 0, 1));
        match patient {
            true => assert_eq!(outcome, silent),
            false => assert!(matches!(refusal(outcome), Refusal::Absent { .. })),
        }
    }
}

#[test]
fn an_absence_is_over_when_the_device_was_back_and_no_request_missed_it() {
    let mut rig = Rig::new();
    rig.cable = Cable::Out;
    rig.look();
    assert!(matches!(rig.sign(prevote(5, 0, 1)), Outcome::Silent(_)));
    rig.pass(SECOND);
    rig.cable = Cable::Sound;
    rig.look();
    rig.pass(21 * SECOND);
    // One hiccup, long after: tried again, and no error.
    rig.cable = Cable::LosesReplies;
    let id = rig.submit("A", prevote(6, 0, 1));
    rig.cable = Cable::Sound;
    rig.pass(SECOND);
    assert!(is_signed(&rig.outcome(id).unwrap()));
}

#[test]
fn a_device_that_says_who_it_is_and_fails_each_request_is_not_back() {
    let mut rig = Rig::new();
    rig.cable = Cable::LosesReplies;
    for second in 0..40 {
        let id = rig.submit("A", prevote(5, 0, 1));
        rig.pass(5 * SECOND);
        rig.tell(Input::Seen(rig.guard.view()));
        match rig.outcome(id).unwrap() {
            Outcome::Silent(_) => assert!(second <= 4, "silence without end"),
            outcome => {
                assert!(matches!(refusal(outcome), Refusal::Absent { .. }));
                assert!(second >= 3, "an error too early");
            }
        }
    }
}

#[test]
fn a_request_that_waits_wakes_nobody_in_vain() {
    let mut rig = Rig::new();
    assert_eq!(rig.guard.timeout(), None, "nothing waits");
    rig.cable = Cable::Slow;
    rig.submit("A", prevote(5, 0, 1));
    assert_eq!(rig.guard.timeout(), None, "the cable wakes");
    rig.tell(Input::Seen(View::Away(NoReply::Away)));
    assert_eq!(rig.guard.timeout(), None, "the cable still has the command");
    rig.deliver();
    rig.look();
    // The cable is another chain's: this chain's command is due, and the cable wakes.
    let request = prevote(5, 1, 1);
    let id = highwater_guard::Id(77);
    rig.tell(Input::Request { id, node: Rig::node("A"), request });
    assert_eq!(rig.guard.timeout(), None);
    assert!(rig.guard.next(rig.now).is_some());
}

#[test]
fn a_device_whose_mark_is_below_what_it_released_is_caught_at_the_look_and_stays_caught() {
    let mut rig = Rig::new();
    rig.sign_and_forget(prevote(5, 0, 1));
    rig.look();
    let (released, shown) = (hrs(5, 0, Step::Prevote), hrs(0, 0, Step::None));
    let stopped = Stopped::MarkRegressed { installation: rig.guard.installation(), before: released, shown };
    assert_eq!(rig.followed, [Followed::Regressed(stopped)]);
    assert_eq!(refusal(rig.sign(prevote(6, 0, 1))), Refusal::Stopped(stopped));
    rig.restart();
    assert_eq!(refusal(rig.sign(prevote(7, 0, 1))), Refusal::Stopped(stopped), "a restart does not forget");
    assert_eq!(rig.signs, 1);
}

#[test]
fn a_node_that_asks_and_hangs_up_keeps_no_more_than_a_few_requests_here() {
    let mut rig = Rig::of_two_nodes();
    rig.cable = Cable::Slow;
    let ids: Vec<_> = (1..100).map(|height| rig.submit("A", prevote(height, 0, 1))).collect();
    let turned_away =
        ids.iter().filter(|id| rig.outcome(**id) == Some(Outcome::Silent(Cause::TooMany))).count();
    assert_eq!(turned_away, 91);
    ids.iter().for_each(|id| rig.tell(Input::HungUp(*id)));
    rig.deliver();
    rig.cable = Cable::Sound;
    // Another node is served, and so is this one.
    assert!(is_signed(&rig.ask("B", prevote(200, 0, 1))));
    assert!(is_signed(&rig.ask("A", prevote(201, 0, 1))));
}
