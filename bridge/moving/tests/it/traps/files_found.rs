//! Files that are not the ones which the old signer writes, or that it still writes.

use std::time::Duration;

use highwater_core::hrs::Step;
use highwater_moving::{Found, Question, Refusal, Source, Warning, judge, never_signed, unchanged};

use super::one;
use crate::files::{Written, at, found, fresh, now, question, somewhere};

#[test]
fn trap_a_backup_beside_the_state() {
    let text = Written::default().by(Source::CometBft);
    for end in [".bak", ".BAK", ".old", ".orig", ".backup", "~", ".swp", ".tmp", ".before-highwater"] {
        let path = format!("data/priv_validator_state.json{end}");
        let refusal = judge(&question(Source::CometBft), &[found(&path, &text)]).unwrap_err();
        assert_eq!(refusal, Refusal::Copy { file: path });
    }
    let names = [
        "priv_validator_state.json.1",
        "priv_validator_state.json.20240313",
        "priv_validator_state.bak.json",
        "priv_validator_state.old.json",
        "priv_validator_state (1).json",
        "priv_validator_state(2).json",
        "priv_validator_state.json (1)",
        "priv_validator_state - Copy.json",
        "priv_validator_state_copy.json",
        "priv_validator_state_backup.json",
        "priv_validator_state-old.json",
        "Copy of priv_validator_state.json",
        "backup/priv_validator_state.json",
        "/srv/Backups/node/priv_validator_state.json",
        "c:\\bak\\priv_validator_state.json",
    ];
    for path in names {
        let refusal = judge(&question(Source::CometBft), &[found(path, &text)]);
        assert_eq!(refusal, Err(Refusal::Copy { file: path.to_owned() }));
    }
    for path in
        ["data/priv_validator_state.json", "node.1/state.json", "data/state-1.json", "scaffold/state.json"]
    {
        assert!(judge(&question(Source::CometBft), &[found(path, &text)]).is_ok(), "{path}");
    }
    // A folder of this name is no copy.
    assert!(judge(&question(Source::CometBft), &[found("old.bak/priv_validator_state.json", &text)]).is_ok());
}

#[test]
fn trap_a_signer_in_another_folder_makes_a_new_state_at_height_0() {
    for source in Source::ALL.into_iter().filter(|source| *source != Source::Horcrux) {
        assert!(matches!(one(source, &fresh(source)), Err(Refusal::Fresh { .. })), "{source}");
    }
    let nil = "{\"height\":\"0\",\"round\":\"0\",\"step\":0,\"block_id\":{\"hash\":\"\",\"parts\":{\"total\":0,\"hash\":\"\"}}}";
    assert!(matches!(one(Source::Tmkms, nil), Err(Refusal::Fresh { .. })));
    // Beside the right one it changes nothing.
    let right = Written::default().by(Source::Tmkms);
    let new = fresh(Source::Tmkms);
    for files in [[&right, &new], [&new, &right]] {
        let verdict = judge(&question(Source::Tmkms), &files.map(|text| found("x", text))).unwrap();
        assert_eq!(verdict.mark, somewhere());
        assert!(verdict.warnings.iter().any(|warning| matches!(warning, Warning::FreshAmongOthers { .. })));
    }
}

#[test]
fn trap_the_old_signer_still_runs() {
    let text = Written::default().by(Source::CometBft);
    let aged = |age| Found { changed: now() - age, ..found("x", &text) };
    let question = question(Source::CometBft);
    for seconds in [0, 1, 29] {
        let age = Duration::from_secs(seconds) + Duration::from_millis(999);
        let refusal = judge(&question, &[aged(age)]).unwrap_err();
        assert_eq!(refusal, Refusal::StillRuns { file: "x".to_owned(), seconds, wait: 30 });
        assert!(matches!(never_signed(&question, "demo-1", &[aged(age)]), Err(Refusal::StillRuns { .. })));
    }
    assert!(judge(&question, &[aged(Duration::from_secs(30))]).is_ok());
    let future = Found { changed: now() + Duration::from_millis(1), ..found("x", &text) };
    assert!(matches!(judge(&question, &[future]), Err(Refusal::FromTheFuture { .. })));
    // One of several is enough.
    let files = [found("x", &text), aged(Duration::ZERO)];
    assert!(matches!(judge(&question, &files), Err(Refusal::StillRuns { .. })));
}

#[test]
fn trap_a_signer_of_a_slow_chain_is_quiet_between_its_blocks() {
    let text = Written::default().by(Source::CometBft);
    let aged = |age| Found { changed: now() - Duration::from_secs(age), ..found("x", &text) };
    let slow = Question { block_time: Duration::from_secs(60), ..question(Source::CometBft) };
    assert!(matches!(judge(&slow, &[aged(299)]), Err(Refusal::StillRuns { seconds: 299, wait: 300, .. })));
    assert!(judge(&slow, &[aged(300)]).is_ok());
    let fast = Question { block_time: Duration::from_secs(1), ..question(Source::CometBft) };
    assert!(matches!(judge(&fast, &[aged(29)]), Err(Refusal::StillRuns { wait: 30, .. })));
}

#[test]
fn trap_a_file_whose_time_of_change_was_restored_is_seen_to_change_all_the_same() {
    let [text, next] = [1, 2].map(|round| {
        Written { place: at(361_402, round, Step::Precommit), ..Written::default() }.by(Source::CometBft)
    });
    let before = [found("x", &text), found("y", &text)];
    assert_eq!(unchanged(&before, &before), Ok(()));
    let missing = Found { bytes: None, ..found("y", "") };
    let touched = Found { changed: now() - Duration::from_secs(3_599), ..found("y", &text) };
    for later in [found("y", &next), missing, touched] {
        let refusal = unchanged(&before, &[found("x", &text), later]);
        assert_eq!(refusal, Err(Refusal::Changed { file: "y".to_owned() }));
    }
}

#[test]
fn trap_an_empty_or_missing_state_is_not_one_that_never_signed() {
    let question = question(Source::CometBft);
    for text in ["", "\n"] {
        assert!(matches!(one(Source::CometBft, text), Err(Refusal::Empty { .. })));
    }
    let missing = Found { bytes: None, ..found("x", "") };
    assert!(matches!(judge(&question, &[missing]), Err(Refusal::Missing { .. })));
    assert_eq!(judge(&question, &[]), Err(Refusal::NoState(Source::CometBft)));
    // One that is missing among several may be the one that signed highest.
    let text = Written::default().by(Source::CometBft);
    assert!(matches!(judge(&question, &[found("x", &text), missing]), Err(Refusal::Missing { .. })));
}

#[test]
fn a_chain_that_was_never_signed_for_begins_at_1_if_its_id_was_typed() {
    let question = question(Source::CometBft);
    let new = fresh(Source::CometBft);
    let files = [Found { bytes: None, ..found("x", "") }, found("z", &new)];
    for files in [&files[..], &[]] {
        let verdict = never_signed(&question, "demo-1", files).unwrap();
        assert_eq!((verdict.mark, verdict.warnings), (at(1, 0, Step::None), vec![Warning::NeverSigned]));
    }
    for typed in ["", "demo", "Demo-1", "demo-1 "] {
        assert!(matches!(never_signed(&question, typed, &files), Err(Refusal::NotTyped { .. })));
    }
    let signed = Written::default().by(Source::CometBft);
    let refusal = never_signed(&question, "demo-1", &[found("x", &signed)]).unwrap_err();
    assert_eq!(refusal, Refusal::WasSigned { file: "x".to_owned(), place: somewhere() });
    assert!(matches!(never_signed(&question, "demo-1", &[found("x", "{")]), Err(Refusal::Form { .. })));
    let young = Found { changed: now(), ..found("x", &new) };
    assert!(matches!(never_signed(&question, "demo-1", &[young]), Err(Refusal::StillRuns { .. })));
}

#[test]
fn trap_an_empty_state_is_of_a_signer_that_crashed() {
    for text in ["", "\n"] {
        let refusal = never_signed(&question(Source::CometBft), "demo-1", &[found("x", text)]);
        assert_eq!(refusal, Err(Refusal::EmptyNeverSigned { file: "x".to_owned() }));
    }
}

/// `kms state init` writes step 3 at every height.
#[test]
fn trap_a_new_state_of_kms_has_a_step() {
    let new = fresh(Source::Kms).replace("\"step\": 0", "\"step\": 3");
    let file = found("state/demo-1.json", &new);
    let path = file.path.to_owned();
    assert_eq!(judge(&question(Source::Kms), &[file]), Err(Refusal::Fresh { file: path.clone() }));
    assert!(never_signed(&question(Source::Kms), "demo-1", &[file]).is_ok());
    let question = question(Source::CometBft);
    assert_eq!(judge(&question, &[file]), Err(Refusal::ZeroHeight { file: path }));
}
