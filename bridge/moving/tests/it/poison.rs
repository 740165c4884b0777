//! States that retire the old signer.

use highwater_core::hrs::Hrs;
use highwater_moving::{Key, Refusal, Source, State, judge, poison};

use crate::files::{Written, found, fresh, path, question};

fn poisoned(source: Source, original: &str) -> String {
    let bytes = poison(source, path(source), original.as_bytes()).unwrap();
    String::from_utf8(bytes.as_bytes().to_vec()).unwrap()
}

#[test]
fn it_is_byte_for_byte_what_each_signer_was_seen_to_take() {
    let of = |source| poisoned(source, &Written { chain: None, ..Written::default() }.by(source));
    let file_pv = "{\n  \"height\": \"9223372036854775807\",\n  \"round\": 0,\n  \"step\": 3\n}";
    assert_eq!(of(Source::CometBft), file_pv);
    assert_eq!(of(Source::Kms), file_pv);
    assert_eq!(
        of(Source::Tmkms),
        "{\"height\":\"9223372036854775807\",\"round\":\"0\",\"step\":2,\
         \"block_id\":{\"hash\":\"\",\"parts\":{\"total\":0,\"hash\":\"\"}}}"
    );
    assert_eq!(
        of(Source::Horcrux),
        "{\n  \"height\": \"9223372036854775807\",\n  \"round\": \"0\",\n  \"step\": 3,\n  \"nonce_public\": null\n}"
    );
}

#[test]
fn tendermint_before_0_34_gets_its_round_in_quotes() {
    let original = Written { round_as_text: true, ..Written::default() }.by(Source::CometBft);
    assert!(poisoned(Source::CometBft, &original).contains("\"round\": \"0\""));
}

#[test]
fn the_one_file_of_tendermint_0_27_keeps_its_key() {
    let original = Written::default().by(Source::Tendermint027);
    let after = poisoned(Source::Tendermint027, &original);
    assert_eq!(Key::read(Source::Tendermint027, "x", after.as_bytes()).unwrap().seed.expose(), &[7; 32]);
    let keys = |text: &str| {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).unwrap();
        ["address", "pub_key", "priv_key"].map(|key| object[key].clone())
    };
    assert_eq!(keys(&after), keys(&original));
}

#[test]
fn a_retired_state_is_read_by_its_own_signer_s_rule_and_refused_by_its_own_name() {
    for source in Source::ALL {
        for original in [Written::default().by(source), fresh(source)] {
            let after = poisoned(source, &original);
            let place = State::read(source, path(source), after.as_bytes()).unwrap().place;
            assert!(place > Hrs::new(i64::MAX as u64 - 1, i32::MAX as u32, place.step).unwrap());
            for threshold in [Some(2), None] {
                let mut question = question(source);
                question.threshold = threshold;
                match judge(&question, &[found(path(source), &after)]) {
                    Err(Refusal::Retired { .. }) => {}
                    Err(Refusal::NoThreshold) => assert_eq!((source, threshold), (Source::Horcrux, None)),
                    other => panic!("{source}: {other:?}"),
                }
            }
            let again = poison(source, path(source), after.as_bytes());
            assert!(matches!(again, Err(Refusal::Retired { .. })));
        }
    }
}

#[test]
fn only_the_state_of_the_signer_named_is_retired() {
    for source in Source::ALL {
        let other = if source == Source::Tmkms { Source::CometBft } else { Source::Tmkms };
        let text = Written::default().by(other);
        assert!(matches!(poison(source, "x", text.as_bytes()), Err(Refusal::OtherShape { .. })));
    }
}
