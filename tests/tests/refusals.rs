//! What is refused, by the signer itself: each refusal with its own status word, and the mark beside it.

use highwater_core::apdu::{Command, Status};
use highwater_core::hrs::Step;
use highwater_core::signer::LEAP_CREDIT;
use highwater_tests::on_every_device;
use highwater_tests::request::{Request, precommit, prevote, proposal};
use highwater_tests::stage::{CHAIN, Stage, hrs};

on_every_device! {
    another_statement_at_the_mark_is_a_conflict,
    a_lower_height_round_or_step_is_a_regression,
    a_leap_is_refused_until_the_owner_sets_the_mark,
    a_chain_nobody_approved_is_unknown,
    bytes_that_are_not_canonical_are_refused_with_the_rule_they_break,
    a_mark_without_a_statement_repeats_nothing,
    a_refusal_is_remembered_and_changes_nothing,
}

fn another_statement_at_the_mark_is_a_conflict(stage: &mut Stage) {
    let height = stage.fresh_height();
    let signed = prevote(CHAIN, height, 0);
    stage.sign(&signed);
    let others = [
        Request { block: 0xb2, ..signed.clone() },
        Request { block: 0, ..signed.clone() },
        Request { parts: 0x9b, ..signed.clone() },
        Request { total: 2, ..signed.clone() },
        Request { block: 0xb2, ..signed.later() },
    ];
    for other in &others {
        assert_eq!(stage.refused(other), (Status::Conflict, Some(signed.hrs())), "{other:?}");
    }
    let signed = proposal(CHAIN, height + 1, 2);
    stage.sign(&signed);
    let other = Request { pol: Some(1), ..signed.clone() };
    assert_eq!(stage.refused(&other), (Status::Conflict, Some(signed.hrs())));
}

fn a_lower_height_round_or_step_is_a_regression(stage: &mut Stage) {
    let height = stage.fresh_height();
    let mark = precommit(CHAIN, height, 3);
    stage.sign(&mark);
    let lower = [
        (prevote(CHAIN, height, 3), Status::StepRegression),
        (proposal(CHAIN, height, 3), Status::StepRegression),
        (precommit(CHAIN, height, 2), Status::RoundRegression),
        (precommit(CHAIN, height - 1, 3), Status::HeightRegression),
        (precommit(CHAIN, height - 1, 9), Status::HeightRegression),
        (proposal(CHAIN, 1, 0), Status::HeightRegression),
    ];
    for (request, status) in &lower {
        assert_eq!(stage.refused(request), (*status, Some(mark.hrs())), "{request:?}");
    }
}

fn a_leap_is_refused_until_the_owner_sets_the_mark(stage: &mut Stage) {
    let height = stage.fresh_height();
    stage.sign(&prevote(CHAIN, height, 0));
    let mark = hrs(height, 0, Step::Prevote);
    // The credit regains four heights a second, up to its full sum, but never beyond.
    let far = height + u64::from(LEAP_CREDIT) + 1;
    assert_eq!(stage.refused(&prevote(CHAIN, far, 0)), (Status::Leap, Some(mark)));
    assert_eq!(stage.refused(&prevote(CHAIN, i64::MAX as u64, 0)), (Status::Leap, Some(mark)));
    assert_eq!(stage.refused(&prevote(CHAIN, height, 1_001)), (Status::Leap, Some(mark)));
    assert_eq!(stage.refused(&prevote(CHAIN, height + 1, 1_001)), (Status::Leap, Some(mark)));
    stage.set_mark(hrs(far - 1, 0, Step::None));
    stage.sign(&prevote(CHAIN, far, 0));
}

fn a_chain_nobody_approved_is_unknown(stage: &mut Stage) {
    for id in ["stage-2", "Stage-1", "stage-1.", "s"] {
        assert_eq!(stage.refused(&prevote(id, 5, 0)), (Status::UnknownChain, None), "{id}");
    }
}

fn bytes_that_are_not_canonical_are_refused_with_the_rule_they_break(stage: &mut Stage) {
    let height = stage.fresh_height();
    let good = prevote(CHAIN, height, 0).bytes();
    let mut reasons = Vec::new();
    let mut refuse = |stage: &mut Stage, bytes: &[u8]| {
        let (data, status) = stage.command(Command::Sign(bytes));
        assert_eq!((status, data.len()), (Status::NotCanonical, 1), "{}", hex::encode(bytes));
        reasons.push(data[0]);
    };
    // Empty, cut short, something behind the end, type 0, height 0.
    refuse(stage, &[]);
    refuse(stage, &good[..good.len() - 1]);
    refuse(stage, &[&good[..], &[0]].concat());
    let spoilt = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    assert_eq!(good[1..3], [0x08, 1], "the type stands first");
    refuse(stage, &spoilt(2, 0));
    refuse(stage, &spoilt(2, 3));
    assert_eq!(good[3], 0x11, "then the height");
    refuse(stage, &[&good[..4], &[0; 8], &good[12..]].concat());
    refuse(stage, &[&good[..4], &[0xff; 8], &good[12..]].concat());
    // docs/protocol.md, "SIGN at the mark": truncated, truncated, trailing, type, type, height, height.
    assert_eq!(reasons, [1, 1, 2, 4, 4, 5, 5]);
    stage.sign(&prevote(CHAIN, height, 0));
}

fn a_mark_without_a_statement_repeats_nothing(stage: &mut Stage) {
    let height = stage.fresh_height();
    let to = hrs(height, 0, Step::Prevote);
    stage.set_mark(to);
    assert_eq!(stage.refused(&prevote(CHAIN, height, 0)), (Status::NoStatement, Some(to)));
    assert_eq!(stage.refused(&proposal(CHAIN, height, 0)), (Status::StepRegression, Some(to)));
    stage.sign(&precommit(CHAIN, height, 0));
}

fn a_refusal_is_remembered_and_changes_nothing(stage: &mut Stage) {
    let height = stage.fresh_height();
    stage.sign(&prevote(CHAIN, height, 0));
    let before = (stage.slot(0), stage.counters().page_writes);
    // Another one first: the same in a row counts on, whoever asked for it.
    stage.refused(&prevote(CHAIN, height - 1, 0));
    for _ in 0..3 {
        stage.refused(&proposal(CHAIN, height, 0));
    }
    let event = stage.events().events[0].unwrap();
    assert_eq!((event.status, event.slot, event.count), (Status::StepRegression, 0, 3));
    assert_eq!(event.asked, hrs(height, 0, Step::Proposal).to_bytes());
    let after = (stage.slot(0), stage.counters().page_writes);
    assert_eq!(after.0.last_refusal, Status::StepRegression.word());
    assert_eq!((after.0.mark, after.0.writes, after.1), (before.0.mark, before.0.writes, before.1));
}
