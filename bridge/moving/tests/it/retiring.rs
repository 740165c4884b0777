//! The plan by which the old signer is retired.

use highwater_moving::{
    Act, Decoy, Found, Key, Plan, PublicKey, Question, Refusal, Remains, Source, poison, remains,
};

use crate::files::{Written, base64, found, key_file, now, path, public, question};

/// Random, as far as a plan knows.
const FRESH: [u8; 32] = [3; 32];

fn retire(question: &Question<'_>, states: &[Found<'_>], key: Option<Found<'_>>) -> Result<Plan, Refusal> {
    highwater_moving::retire(question, states, key, &FRESH)
}

/// Which act on which file, in order.
fn order(acts: &[Act]) -> Vec<(&'static str, String)> {
    let said = |act: &Act| match act {
        Act::Copy { from, to } => {
            assert_eq!(*to, format!("{from}.before-highwater"));
            ("copy", from.clone())
        }
        Act::Write { to, .. } => ("write", to.clone()),
        Act::Move { from, to, .. } => {
            assert_eq!(*to, format!("{from}.moved-to-highwater"));
            ("move", from.clone())
        }
    };
    acts.iter().map(said).collect()
}

#[test]
fn all_copies_are_made_before_the_first_state_is_written_and_the_key_moves_last() {
    let [share, state] = ["a/demo-1_share_sign_state.json", "a/demo-1_priv_validator_state.json"];
    let text = Written::default().by(Source::Horcrux);
    let key = key_file();
    let question = Question { key: Some(&public()), ..question(Source::Horcrux) };
    let plan =
        retire(&question, &[found(share, &text), found(state, &text)], Some(found("key", &key))).unwrap();
    let expected = [("copy", share), ("copy", state), ("write", share), ("write", state), ("move", "key")];
    assert_eq!(order(&plan.acts), expected.map(|(act, file)| (act, file.to_owned())));
}

#[test]
fn what_is_written_is_what_retires_each_signer() {
    for source in Source::ALL.into_iter().filter(|source| *source != Source::Horcrux) {
        let text = Written::default().by(source);
        let question = Question { key: Some(&public()), ..question(source) };
        let key = if source == Source::Tendermint027 { text.clone() } else { key_file() };
        let plan = retire(&question, &[found(path(source), &text)], Some(found("key.json", &key))).unwrap();
        let Some(Act::Write { what, .. }) = plan.acts.get(1) else { panic!("{source}") };
        assert_eq!(*what, poison(source, path(source), text.as_bytes()).unwrap());
        // The one file of Tendermint 0.27 is the key file, and a node without one makes a new key.
        assert_eq!(plan.acts.len(), if source == Source::Tendermint027 { 2 } else { 3 });
    }
}

#[test]
fn a_plan_that_was_cut_goes_on_where_it_was() {
    let text = Written::default().by(Source::Tmkms);
    let retired = poison(Source::Tmkms, "x", text.as_bytes()).unwrap();
    let just_now = Found { path: "x", bytes: Some(retired.as_bytes()), changed: now() };
    let plan = retire(&question(Source::Tmkms), &[just_now, found("y", &text)], None).unwrap();
    assert_eq!(order(&plan.acts), [("copy", "y".to_owned()), ("write", "y".to_owned())]);
    assert_eq!(retire(&question(Source::Tmkms), &[just_now], None).unwrap().acts, []);
}

/// The plan is cut after its last act, too.
#[test]
fn a_key_that_was_moved_already_is_not_moved_and_that_is_told() {
    let text = Written::default().by(Source::CometBft);
    let question = Question { key: Some(&public()), ..question(Source::CometBft) };
    let away = Found { bytes: None, ..found("key.json", "") };
    let plan = retire(&question, &[found("x", &text)], Some(away)).unwrap();
    assert_eq!(order(&plan.acts), [("copy", "x".to_owned()), ("write", "x".to_owned())]);
    let told = Remains::KeyAway { file: "key.json".to_owned() };
    assert!(plan.remains.contains(&told));
    assert!(told.to_string().contains("key.json.moved-to-highwater"));
    let key = key_file();
    let plan = retire(&question, &[found("x", &text)], Some(found("key.json", &key))).unwrap();
    assert!(!plan.remains.contains(&told));
}

/// A node alone makes a key where it finds none; tmkms and kms end.
#[test]
fn trap_a_node_finds_a_key_of_no_validator_where_its_key_was() {
    for source in [Source::CometBft, Source::Tmkms, Source::Kms] {
        let (text, key) = (Written::default().by(source), key_file());
        let question = Question { key: Some(&public()), ..question(source) };
        let plan = retire(&question, &[found(path(source), &text)], Some(found("key.json", &key))).unwrap();
        let Some(Act::Move { leaves, .. }) = plan.acts.last() else { panic!("{plan:?}") };
        let expected = (source == Source::CometBft).then(|| Decoy::new(&FRESH));
        assert_eq!(*leaves, expected, "{source}");
    }
}

#[test]
fn trap_a_key_does_not_move_away_from_a_state_that_lets_it_sign() {
    let key = key_file();
    let question = Question { key: Some(&public()), ..question(Source::CometBft) };
    let refusal = retire(&question, &[], Some(found("key.json", &key)));
    assert_eq!(refusal, Err(Refusal::NoState(Source::CometBft)));
}

#[test]
fn the_key_of_no_validator_is_known_again_moves_nowhere_and_is_not_moved_away() {
    let decoy = Decoy::new(&FRESH);
    let decoy = std::str::from_utf8(decoy.as_bytes()).unwrap();
    let refusal = Key::read(Source::CometBft, "key.json", decoy.as_bytes()).unwrap_err();
    assert_eq!(refusal, Refusal::Decoy { file: "key.json".to_owned() });
    assert!(refusal.to_string().contains("key.json.moved-to-highwater"), "{refusal}");
    // But for the field that tells it, a node's key file.
    let told = ",\n  \"highwater\": \"a key of no validator: the one that was here was moved\"";
    let plain = decoy.replace(told, "");
    assert_ne!(plain, decoy);
    let key = Key::read(Source::CometBft, "key.json", plain.as_bytes()).unwrap();
    assert_eq!(key.seed.expose(), &FRESH);

    let text = Written::default().by(Source::CometBft);
    let retired = poison(Source::CometBft, "x", text.as_bytes()).unwrap();
    let states = [Found { bytes: Some(retired.as_bytes()), ..found("x", "") }];
    let question = Question { key: Some(&public()), ..question(Source::CometBft) };
    let plan = retire(&question, &states, Some(found("key.json", decoy))).unwrap();
    assert_eq!(plan.acts, [], "all was done");
    assert!(!format!("{:?}", Decoy::new(&FRESH)).contains(&base64(&FRESH)[..8]));
}

#[test]
fn trap_the_key_file_of_another_key_is_not_moved() {
    let [text, key] = [Written { chain: None, ..Written::default() }.by(Source::CometBft), key_file()];
    let (states, file) = ([found("x", &text)], found("key.json", &key));
    let moved = PublicKey::new([9; 32]);
    let other = Question { key: Some(&moved), ..question(Source::CometBft) };
    let refusal = retire(&other, &states, Some(file));
    assert_eq!(refusal, Err(Refusal::OtherKeyFile { file: "key.json".to_owned() }));
    let refusal = retire(&question(Source::CometBft), &states, Some(file));
    assert_eq!(refusal, Err(Refusal::KeyNotNamed { file: "key.json".to_owned() }));
    let none = Found { bytes: Some(b"{"), ..file };
    assert!(matches!(retire(&other, &states, Some(none)), Err(Refusal::NotAKey { .. })));
}

#[test]
fn a_state_of_another_chain_or_of_a_signer_that_runs_is_not_retired() {
    let question = question(Source::CometBft);
    let other = Written { chain: Some("other-1"), ..Written::default() }.by(Source::CometBft);
    assert!(matches!(retire(&question, &[found("x", &other)], None), Err(Refusal::OtherChain { .. })));
    let text = Written::default().by(Source::CometBft);
    // It would write its own state over the new one.
    let young = Found { changed: now(), ..found("x", &text) };
    assert!(matches!(retire(&question, &[young], None), Err(Refusal::StillRuns { .. })));
    let missing = Found { bytes: None, ..young };
    assert!(matches!(retire(&question, &[missing], None), Err(Refusal::Missing { .. })));
}

#[test]
fn both_states_of_a_cosigner_are_retired_or_none() {
    let text = Written::default().by(Source::Horcrux);
    let paths = ["a/demo-1_share_sign_state.json", "a/demo-1_priv_validator_state.json"];
    for (path, other) in [(paths[0], paths[1]), (paths[1], paths[0])] {
        let refusal = retire(&question(Source::Horcrux), &[found(path, &text)], None).unwrap_err();
        assert_eq!(refusal, Refusal::OneOfTwo { file: path.to_owned(), other: other.to_owned() });
    }
    let elsewhere = [found(paths[0], &text), found("b/demo-1_priv_validator_state.json", &text)];
    assert!(matches!(retire(&question(Source::Horcrux), &elsewhere, None), Err(Refusal::OneOfTwo { .. })));
}

/// What no file can prevent, by signer.
#[test]
fn what_brings_the_old_signer_back_is_told() {
    let told = |source| {
        let text = Written::default().by(source);
        let paths = ["demo-1_share_sign_state.json", "demo-1_priv_validator_state.json"];
        let files = paths.map(|path| found(path, &text));
        let own = [found(path(source), &text)];
        let files = if source == Source::Horcrux { &files[..] } else { &own };
        retire(&question(source), files, None).unwrap().remains
    };
    for source in Source::ALL {
        let told = told(source);
        // trap: a snapshot; a backup of the key; a key file that nobody thought of
        assert!([Remains::Copies, Remains::KeyCopies, Remains::KeyFile].iter().all(|one| told.contains(one)));
        assert!(!remains(source, true).contains(&Remains::KeyFile), "it was named");
        // trap: a container that restarts the old signer; a node has to be started again
        let by_node = matches!(source, Source::CometBft | Source::Tendermint027);
        assert_eq!(told.contains(&Remains::Restarts), !by_node);
        // trap: a new key is made where the file is gone, and a new state with it
        assert_eq!(told.contains(&Remains::NewKey), by_node);
        // trap: a second sentry that the old signer still dials
        assert_eq!(told.contains(&Remains::OtherNodes), !by_node);
    }
    assert!(told(Source::Tmkms).contains(&Remains::YubiHsm));
    assert!(told(Source::Kms).contains(&Remains::Hsm) && !told(Source::CometBft).contains(&Remains::Hsm));
    assert!(told(Source::Horcrux).contains(&Remains::Shards));
    assert!(Remains::NewKey.to_string().contains("Never put the moved key back"));
}

/// The one file of Tendermint 0.27 holds the key, and so does what takes its place.
#[test]
fn no_debug_text_of_a_file_or_a_plan_holds_a_piece_of_the_secret() {
    let text = Written::default().by(Source::Tendermint027);
    let file = found("F", &text);
    let plan = retire(&question(Source::Tendermint027), &[file], None).unwrap();
    let Some(Act::Write { what, .. }) = plan.acts.get(1) else { panic!("{plan:?}") };
    let secret = base64(&[7; 30]);
    assert!(std::str::from_utf8(what.as_bytes()).unwrap().contains(&secret));
    let said = format!("{file:?} {plan:?}");
    let as_numbers = format!("{:?}", secret.as_bytes());
    assert!(!said.contains(&secret) && !said.contains(as_numbers.trim_matches(['[', ']'])), "{said}");
}
