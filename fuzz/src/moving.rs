//! The files of other signers: any bytes are a key that agrees with itself or none, and a state of one signer or none.

use std::time::{Duration, SystemTime};

use highwater_core::canonical::ChainId;
use highwater_core::hrs::{Height, Hrs};
use highwater_moving::{Found, Key, MarkRule, Question, Refusal, Source, State, judge, poison};

/// As a key file of each signer.
pub fn key(data: &[u8]) {
    let read = Source::ALL.map(|source| Key::read(source, "key", data).ok());
    let [comet, one, tmkms, kms, horcrux] = &read;
    let keys = || read.iter().flatten();
    assert!(keys().all(|key| keys().all(|other| key.public == other.public)), "one file, one key");
    // A file of JSON is that of all four, and the one file of Tendermint 0.27 of no other.
    assert!(comet.is_some() == horcrux.is_some() && (comet.is_none() || tmkms.is_some() && kms.is_some()));
    assert!(one.is_none() || read.iter().flatten().count() == 1);
}

/// What is read as a state. The name lets shares of both lengths through.
const NAME: &str = "demo-1_share_sign_state.json";

/// As a state file of each signer.
pub fn state(data: &[u8]) {
    let read = Source::ALL.map(|source| State::read(source, NAME, data).ok());
    let [comet, one, tmkms, kms, horcrux] = &read;
    // A new one of kms has a step.
    let new = comet.is_none() && kms.as_ref().is_some_and(|state| state.place == Hrs::ZERO);
    assert!(new || comet == kms);
    assert!([comet, one, tmkms, horcrux].into_iter().flatten().count() <= 1, "two signers");
    for (source, state) in Source::ALL.into_iter().zip(&read) {
        if let Some(state) = state {
            retires(source, state, data);
            judged(source, state, data);
        }
    }
}

fn retires(source: Source, state: &State, data: &[u8]) {
    match poison(source, NAME, data) {
        Ok(after) => {
            let after = State::read(source, NAME, after.as_bytes()).expect("what we write we read");
            assert!(after.place.height == Height::MAX && after.signed.is_none());
        }
        Err(Refusal::Retired { .. }) => assert_eq!(state.place.height, Height::MAX),
        Err(other) => panic!("{other}"),
    }
}

/// A share of another cosigner, far below, so that the one before it decides.
const OTHER_SHARE: &str = concat!(
    r#"{"height": "1", "round": "0", "step": 3, "nonce_public": null, "signbytes": "00", "signature": "#,
    r#""BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=="}"#
);

fn judged(source: Source, state: &State, data: &[u8]) {
    let chain = ChainId::new(b"demo-1").expect("a chain id");
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 31);
    let found = |path, data| Found { path, bytes: Some(data), changed: SystemTime::UNIX_EPOCH };
    let files = match source {
        Source::Horcrux => vec![
            found("a/demo-1_share_sign_state.json", data),
            found("b/demo-1_share_sign_state.json", OTHER_SHARE.as_bytes()),
        ],
        _ => vec![found("state/demo-1.json", data)],
    };
    for rule in [MarkRule::RoundDone, MarkRule::Exact] {
        let question =
            Question { source, chain, key: None, rule, threshold: Some(2), now, block_time: Duration::ZERO };
        if let Ok(verdict) = judge(&question, &files) {
            assert!(verdict.mark >= state.place && verdict.mark > Hrs::ZERO);
            assert!(
                state.signed.is_some() || source == Source::Tmkms || verdict.mark.height > state.place.height
            );
        }
    }
}
