//! State, key and chain that do not belong together.

use ed25519_dalek::{Signer, SigningKey};
use highwater_core::hrs::Step;
use highwater_moving::{PublicKey, Question, Refusal, Source, Verdict, Warning, judge};

use super::{holding, holding_by, one, with_key};
use crate::files::{
    SHARES, Written, at, base64, found, key, path, public, question, share, signed, somewhere,
};

#[test]
fn state_key_and_chain_belong_together_and_the_mark_is_the_precommit_of_the_round() {
    for source in [Source::CometBft, Source::Kms, Source::Tendermint027] {
        for step in [Step::Proposal, Step::Prevote, Step::Precommit] {
            let place = at(361_402, 1, step);
            let verdict = with_key(source, &holding_by(source, place)).unwrap();
            assert_eq!(
                verdict,
                Verdict { mark: somewhere(), highest: place, warnings: vec![Warning::MayLag { source }] }
            );
        }
    }
}

#[test]
fn trap_the_state_of_another_chain() {
    for source in [Source::CometBft, Source::Kms, Source::Tendermint027, Source::Horcrux] {
        let text = Written { chain: Some("other-1"), ..Written::default() }.by(source);
        for key in [None, Some(&public())] {
            let question = Question { key, threshold: Some(2), ..question(source) };
            let refusal = judge(&question, &[found(path(source), &text)]).unwrap_err();
            let (found, chain) = ("other-1".to_owned(), "demo-1".to_owned());
            assert_eq!(refusal, Refusal::OtherChain { file: path(source).to_owned(), found, chain });
        }
    }
}

#[test]
fn trap_several_validators_in_one_tmkms_toml_have_their_chain_in_the_name() {
    let text = Written::default().by(Source::Tmkms);
    let judged = |path| judge(&question(Source::Tmkms), &[found(path, &text)]);
    let refusal = judged("state/other-1_priv_validator_state.json").unwrap_err();
    assert!(matches!(refusal, Refusal::NamedForOtherChain { found, .. } if found == "other-1"));
    assert!(judged("demo-1_priv_validator_state.json").is_ok());
    assert!(judged("state/of-its-own.json").is_ok(), "state_file can be any name");
    // Nothing in it proves chain and key, and that is said.
    let warnings = judged("x").unwrap().warnings;
    assert!(warnings.iter().any(|warning| matches!(warning, Warning::NotSigned { .. })));
}

#[test]
fn trap_kms_has_the_chain_in_the_name_of_its_state() {
    let text = Written { chain: None, ..Written::default() }.by(Source::Kms);
    let judged = |source, path| judge(&question(source), &[found(path, &text)]);
    let refusal = judged(Source::Kms, "state/other-1.json");
    let (file, found, chain) = ("state/other-1.json".to_owned(), "other-1".to_owned(), "demo-1".to_owned());
    assert_eq!(refusal, Err(Refusal::NamedForOtherChain { file, found, chain }));
    assert!(judged(Source::Kms, "state/demo-1.json").is_ok());
    assert!(judged(Source::CometBft, "state/other-1.json").is_ok(), "a node's has any name");
}

#[test]
fn trap_signed_bytes_in_amino_say_nothing_of_the_chain_and_are_still_the_key_s() {
    let (ours, _) = signed(&key(), "other-1", somewhere());
    // Tendermint 0.33 has hash and total of the part set the other way round.
    let at = ours.windows(2).position(|pair| pair == [0x12, 0x24]).unwrap() + 2;
    let mut amino = ours.clone();
    amino[at..at + 36].copy_from_slice(&[&[0x0a, 0x20][..], &[0xbb; 32], &[0x10, 0x01]].concat());
    let text = holding(somewhere(), &amino);
    let verdict = with_key(Source::CometBft, &text).unwrap();
    assert_eq!(verdict.mark, somewhere());
    assert!(matches!(verdict.warnings[..], [Warning::NotRead { .. }, Warning::MayLag { .. }]));
    let other = PublicKey::new(SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes());
    let question = Question { key: Some(&other), ..question(Source::CometBft) };
    assert!(matches!(judge(&question, &[found("x", &text)]), Err(Refusal::OtherKey { .. })));
}

#[test]
fn trap_the_state_of_another_key() {
    let other = PublicKey::new(SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes());
    for source in [Source::CometBft, Source::Kms, Source::Tendermint027] {
        let question = Question { key: Some(&other), ..question(source) };
        let text = Written::default().by(source);
        assert!(matches!(judge(&question, &[found("x", &text)]), Err(Refusal::OtherKey { .. })), "{source}");
    }
    // The one file has its key in it, signature or none.
    let text = Written { chain: None, ..Written::default() }.by(Source::Tendermint027);
    let question = Question { key: Some(&other), ..question(Source::Tendermint027) };
    assert!(matches!(judge(&question, &[found("x", &text)]), Err(Refusal::OtherKey { .. })));
    // Without a key nothing is verified, and that is said; the one file brings its own.
    let warnings = one(Source::CometBft, &Written::default().by(Source::CometBft)).unwrap().warnings;
    assert!(matches!(warnings[..], [Warning::NotVerified { .. }, Warning::MayLag { .. }]));
    let text = Written::default().by(Source::Tendermint027);
    let source = Source::Tendermint027;
    assert_eq!(one(source, &text).unwrap().warnings, [Warning::MayLag { source }]);
}

#[test]
fn a_key_that_is_no_point_or_of_small_order_verifies_nothing() {
    let text = Written::default().by(Source::CometBft);
    for bytes in [[0; 32], [0xff; 32], [2; 32]] {
        let key = PublicKey::new(bytes);
        let question = Question { key: Some(&key), ..question(Source::CometBft) };
        assert!(matches!(judge(&question, &[found("x", &text)]), Err(Refusal::OtherKey { .. })));
    }
    // Under the point of order 1, the signature of zeros is one over everything by the lax rule.
    let mut identity = [0; 32];
    identity[0] = 1;
    let (bytes, _) = signed(&key(), "demo-1", somewhere());
    let zeros = [&identity[..], &[0; 32]].concat();
    let text = holding(somewhere(), &bytes).replace(&base64(&key().sign(&bytes).to_bytes()), &base64(&zeros));
    let key = PublicKey::new(identity);
    let question = Question { key: Some(&key), ..question(Source::CometBft) };
    assert!(matches!(judge(&question, &[found("x", &text)]), Err(Refusal::OtherKey { .. })));
}

#[test]
fn trap_the_numbers_of_a_state_are_not_those_that_it_signed() {
    let (bytes, _) = signed(&key(), "demo-1", somewhere());
    let lower = [
        at(361_402, 1, Step::Prevote),
        at(361_402, 0, Step::Precommit),
        at(361_401, 1, Step::Precommit),
        at(361_403, 1, Step::Precommit),
    ];
    for place in lower {
        let refusal = with_key(Source::CometBft, &holding(place, &bytes)).unwrap_err();
        let file = path(Source::CometBft).to_owned();
        assert_eq!(refusal, Refusal::OtherPlace { file, place, signed: somewhere() });
    }
}

#[test]
fn a_cosigner_s_share_verifies_under_no_key_and_the_leader_s_signature_does() {
    let [share, other] = [share(8, somewhere()), share(9, somewhere())];
    let leader = Written::default().by(Source::Horcrux);
    let question = Question { threshold: Some(2), key: Some(&public()), ..question(Source::Horcrux) };
    let files = [
        found(SHARES[0], &share),
        found(SHARES[1], &other),
        found("demo-1_priv_validator_state.json", &leader),
    ];
    let verdict = judge(&question, &files).unwrap();
    let told = verdict.warnings.iter().filter(|warning| matches!(warning, Warning::Share { .. })).count();
    assert_eq!((verdict.mark, told), (somewhere(), 2));
    let files = [files[0], files[1], found("demo-1_priv_validator_state.json", &share)];
    assert!(matches!(judge(&question, &files), Err(Refusal::OtherKey { .. })));
}
