//! Cosigners of horcrux: one alone tells nothing, whatever its file is called.

use highwater_core::hrs::{Hrs, Step};
use highwater_moving::{Found, Question, Refusal, Source, Verdict, Warning, judge};

use crate::files::{SHARES, Written, at, found, fresh, path, public, question, share, somewhere};

fn judged(files: &[Found<'_>]) -> Result<Verdict, Refusal> {
    judge(&Question { threshold: Some(2), key: Some(&public()), ..question(Source::Horcrux) }, files)
}

#[test]
fn trap_a_cosigner_of_horcrux_lags() {
    let [lagging, ahead] = [share(8, somewhere()), share(9, at(361_403, 0, Step::Prevote))];
    for texts in [[&lagging, &ahead], [&ahead, &lagging]] {
        let files: Vec<_> = SHARES.iter().zip(texts).map(|(path, text)| found(path, text)).collect();
        let verdict = judged(&files).unwrap();
        assert_eq!(verdict.mark, at(361_403, 0, Step::Precommit));
        assert!(verdict.warnings.contains(&Warning::OtherCosigners { read: 2 }));
        assert!(verdict.warnings.contains(&Warning::MayLag { source: Source::Horcrux }));
    }
    let one = Refusal::FewCosigners { found: 1, threshold: 2 };
    assert_eq!(judged(&[found(SHARES[0], &ahead)]), Err(one.clone()));
    // The state of a leader is none of its share.
    let signed = Written::default().by(Source::Horcrux);
    let leader = [found(SHARES[0], &ahead), found("demo-1_priv_validator_state.json", &signed)];
    assert_eq!(judged(&leader), Err(one));
    let question = Question { key: Some(&public()), ..question(Source::Horcrux) };
    assert_eq!(judge(&question, &leader), Err(Refusal::NoThreshold));
    for none in [0, 1] {
        let question = Question { threshold: Some(none), ..question };
        assert_eq!(judge(&question, &leader), Err(Refusal::NotAThreshold(none)));
    }
}

#[test]
fn trap_one_cosigner_under_two_paths_is_one() {
    let text = share(8, somewhere());
    for other in [SHARES[0], SHARES[1], "./a/demo-1_share_sign_state.json", "a//demo-1_share_sign_state.json"]
    {
        let refusal = judged(&[found(SHARES[0], &text), found(other, &text)]);
        assert_eq!(refusal, Err(Refusal::FewCosigners { found: 1, threshold: 2 }), "{other}");
    }
    let two = [text, share(9, somewhere())];
    assert!(judged(&[found(SHARES[0], &two[0]), found(SHARES[1], &two[1])]).is_ok());
}

#[test]
fn trap_a_cosigner_without_a_signature_counts_for_none() {
    let signed = share(8, somewhere());
    for step in [Step::None, Step::Precommit] {
        let place = Hrs { step, ..somewhere() };
        let unsigned = Written { place, chain: None, ..Written::default() }.by(Source::Horcrux);
        let refusal = judged(&[found(SHARES[0], &signed), found(SHARES[1], &unsigned)]);
        assert_eq!(refusal, Err(Refusal::FewCosigners { found: 1, threshold: 2 }));
    }
}

#[test]
fn trap_a_cosigner_at_height_0_is_refused_by_name() {
    let [signed, new] = [share(8, somewhere()), fresh(Source::Horcrux)];
    let refusal = judged(&[found(SHARES[0], &signed), found(SHARES[1], &new)]);
    assert_eq!(refusal, Err(Refusal::FreshShare { file: SHARES[1].to_owned() }));
}

#[test]
fn trap_a_cosigner_s_state_alone_under_the_name_of_another_signer() {
    for named in Source::ALL.into_iter().filter(|source| *source != Source::Horcrux) {
        let refused = Refusal::OfHorcrux { file: SHARES[0].to_owned(), named };
        // By its name: one that a person wrote, as horcrux tells to, has the form of CometBFT.
        let judged = |text: &str| judge(&question(named), &[found(SHARES[0], text)]);
        assert_eq!(judged(&Written::default().by(named)), Err(refused.clone()), "{named}");
        assert_eq!(judged(&share(8, somewhere())), Err(refused.clone()), "{named}");
        // By its form.
        let refusal = judge(&question(named), &[found(path(named), &share(8, somewhere()))]);
        assert_eq!(refusal, Err(Refusal::OfHorcrux { file: path(named).to_owned(), named }));
        assert!(refused.to_string().contains("Use --from horcrux with --threshold"));
    }
}

#[test]
fn trap_a_state_that_a_person_wrote_for_horcrux_is_not_said_to_be_of_cometbft() {
    let text = Written { chain: None, round_as_text: true, ..Written::default() }.by(Source::CometBft);
    for file in [SHARES[0], "demo-1_priv_validator_state.json"] {
        let refusal = judged(&[found(file, &text)]);
        assert_eq!(refusal, Err(Refusal::HandWritten { file: file.to_owned() }));
    }
}

#[test]
fn trap_a_state_of_horcrux_under_a_name_of_its_own_is_neither_share_nor_none() {
    let [one, other] = [share(8, somewhere()), share(9, somewhere())];
    let signed = Written::default().by(Source::Horcrux);
    let files = [found(SHARES[0], &one), found(SHARES[1], &other), found("state.json", &signed)];
    assert_eq!(judged(&files), Err(Refusal::NoHorcruxName { file: "state.json".to_owned() }));
}
