//! What becomes the mark.

use highwater_core::hrs::Step;
use highwater_moving::{MarkRule, Question, Refusal, Source, State, Verdict, Warning, judge};

use super::{holding_by, one};
use crate::files::{SHARES, Written, at, found, path, public, question, share, somewhere};

#[test]
fn trap_a_hook_raises_the_height_alone() {
    for nil in ["null", "{\"hash\":\"\",\"parts\":{\"total\":0,\"hash\":\"\"}}"] {
        let hook = format!("{{\"height\":\"361402\",\"round\":\"0\",\"step\":0,\"block_id\":{nil}}}");
        let verdict = one(Source::Tmkms, &hook).unwrap();
        assert_eq!(verdict.mark, at(361_403, 0, Step::None));
        assert!(verdict.warnings.iter().any(|warning| matches!(warning, Warning::RaisedByHand { .. })));
        let exact = Question { rule: MarkRule::Exact, ..question(Source::Tmkms) };
        assert!(matches!(judge(&exact, &[found("x", &hook)]), Err(Refusal::NotExact { .. })));
    }
    // `horcrux state set` writes step 0.
    let place = at(361_403, 0, Step::None);
    let set = Written { place, chain: None, ..Written::default() }.by(Source::Horcrux);
    let [one, other] = [share(8, somewhere()), share(9, somewhere())];
    let files =
        [found(SHARES[0], &one), found(SHARES[1], &other), found("a/demo-1_priv_validator_state.json", &set)];
    let question = Question { threshold: Some(2), ..question(Source::Horcrux) };
    let verdict = judge(&question, &files).unwrap();
    assert_eq!((verdict.mark, verdict.highest), (at(361_404, 0, Step::None), place));
    assert!(verdict.warnings.iter().any(|warning| matches!(warning, Warning::RaisedByHand { .. })));
}

/// `kms state init --height H` writes round 0 and step 3, and so does who follows the guide of horcrux.
#[test]
fn trap_a_place_without_a_signature_is_no_place_that_was_signed() {
    for source in [Source::CometBft, Source::Kms, Source::Tendermint027] {
        for step in [Step::None, Step::Proposal, Step::Prevote, Step::Precommit] {
            let place = at(361_402, 0, step);
            let text = Written { place, chain: None, ..Written::default() }.by(source);
            let verdict = one(source, &text).unwrap();
            assert_eq!((verdict.mark, verdict.highest), (at(361_403, 0, Step::None), place), "{source}");
            let file = path(source).to_owned();
            assert!(verdict.warnings.contains(&Warning::RaisedByHand { file: file.clone(), place }));
            let exact = Question { rule: MarkRule::Exact, ..question(source) };
            let refusal = judge(&exact, &[found(path(source), &text)]);
            assert_eq!(refusal, Err(Refusal::NotExact { file, place }));
        }
    }
}

#[test]
fn trap_a_height_set_by_hand_in_one_file_is_of_all_files() {
    let place = at(361_402, 0, Step::Precommit);
    let hand = Written { place, chain: None, ..Written::default() }.by(Source::CometBft);
    let signed = Written::default().by(Source::CometBft);
    let below = at(361_401, 0, Step::Precommit);
    let below = Written { place: below, chain: None, ..Written::default() }.by(Source::CometBft);
    let raised = Warning::RaisedByHand { file: "hand".to_owned(), place };
    for [first, second] in [[0, 1], [1, 0]] {
        let files = [found("hand", &hand), found("signed", &signed)];
        let files = [files[first], files[second], found("below", &below)];
        let verdict = judge(&question(Source::CometBft), &files).unwrap();
        assert_eq!((verdict.mark, verdict.highest), (at(361_403, 0, Step::None), somewhere()));
        let told: Vec<_> = verdict
            .warnings
            .iter()
            .filter(|warning| matches!(warning, Warning::RaisedByHand { .. }))
            .collect();
        assert_eq!(told, [&raised], "of the file that decides alone");
        let exact = Question { rule: MarkRule::Exact, ..question(Source::CometBft) };
        assert_eq!(judge(&exact, &files), Err(Refusal::NotExact { file: "hand".to_owned(), place }));
    }
}

#[test]
fn trap_height_and_round_in_quotes_or_not() {
    for source in Source::ALL {
        for (from, to) in [("\"361402\"", "361402"), ("361402", "361402")] {
            for round_as_text in [false, true] {
                let text = Written { round_as_text, chain: None, ..Written::default() }.by(source);
                let state = State::read(source, "x", text.replace(from, to).as_bytes());
                assert_eq!(state.unwrap().place, somewhere(), "{source}");
            }
        }
    }
}

#[test]
fn trap_tmkms_counts_from_0_and_all_others_from_1() {
    let exact = |source| Question { rule: MarkRule::Exact, ..question(source) };
    for (number, step) in [(0, Step::Proposal), (1, Step::Prevote), (2, Step::Precommit)] {
        let text = Written::default().by(Source::Tmkms);
        let text = text.replace("\"step\":2", &format!("\"step\":{number}"));
        let verdict = judge(&exact(Source::Tmkms), &[found("x", &text)]).unwrap();
        assert_eq!(verdict.mark, at(361_402, 1, step));
        let text = holding_by(Source::CometBft, at(361_402, 1, step));
        assert!(text.contains(&format!("\"step\": {}", number + 1)));
        let verdict = judge(&exact(Source::CometBft), &[found("x", &text)]).unwrap();
        assert_eq!(verdict.mark, at(361_402, 1, step));
    }
}

#[test]
fn trap_a_step_3_pasted_into_the_state_of_tmkms() {
    let text = "{\"height\": \"361402\", \"round\": \"1\", \"step\": 3, \"block_id\": null}";
    for rule in [MarkRule::RoundDone, MarkRule::Exact] {
        let verdict = judge(&Question { rule, ..question(Source::Tmkms) }, &[found("x", text)]).unwrap();
        assert_eq!(verdict.mark, somewhere());
        assert!(verdict.warnings.contains(&Warning::PastedStep { file: "x".to_owned() }));
    }
    assert!(matches!(one(Source::Tmkms, &text.replace('3', "4")), Err(Refusal::Form { .. })));
}

#[test]
fn trap_a_vote_for_nil_in_every_form_counts_as_a_vote() {
    for old_names in [false, true] {
        for step in [Step::Prevote, Step::Precommit] {
            let place = at(361_402, 1, step);
            let text = Written { place, nil: true, old_names, ..Written::default() }.by(Source::Tmkms);
            let question = Question { rule: MarkRule::Exact, ..question(Source::Tmkms) };
            assert_eq!(judge(&question, &[found("x", &text)]).unwrap().mark, place);
        }
    }
}

#[test]
fn the_highest_of_several_states_decides() {
    let places = [
        at(361_402, 1, Step::Precommit),
        at(361_402, 1, Step::Prevote),
        at(361_402, 0, Step::Precommit),
        at(361_401, 9, Step::Precommit),
    ];
    let texts = places.map(|place| holding_by(Source::CometBft, place));
    for first in 0..texts.len() {
        let mut files: Vec<_> = texts.iter().map(|text| found("x", text)).collect();
        files.rotate_left(first);
        for rule in [MarkRule::RoundDone, MarkRule::Exact] {
            let question = Question { rule, key: Some(&public()), ..question(Source::CometBft) };
            assert_eq!(judge(&question, &files).unwrap().highest, somewhere());
        }
    }
}

#[test]
fn the_bare_place_becomes_the_mark_only_where_it_is_asked_for_and_that_is_said() {
    let place = at(361_402, 1, Step::Prevote);
    let text = holding_by(Source::CometBft, place);
    let question = Question { rule: MarkRule::Exact, key: Some(&public()), ..question(Source::CometBft) };
    let verdict = judge(&question, &[found("x", &text)]).unwrap();
    let warnings = vec![Warning::MayLag { source: Source::CometBft }, Warning::Exact { mark: place }];
    assert_eq!(verdict, Verdict { mark: place, highest: place, warnings });
    assert_eq!(MarkRule::default(), MarkRule::RoundDone);
}
