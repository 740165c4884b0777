//! What holds for every place, and for any bytes at all.

use highwater_core::hrs::{Hrs, Step};
use highwater_moving::{Key, MarkRule, Question, Source, State, judge, never_signed, poison};
use proptest::prelude::*;

use crate::files::{CHAIN, Written, found, key_file, path, question};

fn places() -> impl Strategy<Value = Hrs> {
    let heights = prop_oneof![1..i64::MAX as u64, 1..1000_u64];
    let rounds = prop_oneof![0..=i32::MAX as u32, 0..9_u32];
    let steps = prop::sample::select(vec![Step::Proposal, Step::Prevote, Step::Precommit]);
    (heights, rounds, steps).prop_map(|(height, round, step)| Hrs::new(height, round, step).unwrap())
}

fn sources() -> impl Strategy<Value = Source> {
    prop::sample::select(Source::ALL.to_vec())
}

fn written() -> impl Strategy<Value = Written<'static>> {
    (places(), any::<[bool; 4]>()).prop_map(|(place, [round_as_text, signed, old_names, nil])| Written {
        place,
        round_as_text,
        chain: signed.then_some(CHAIN),
        old_names,
        nil,
    })
}

/// A file of a signer with some bytes changed, or cut.
fn changed() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), prop_oneof![any::<u8>(), Just(b'"'), Just(b'0')]);
    (written(), sources(), prop::collection::vec(change, 0..4), any::<prop::sample::Index>(), any::<bool>())
        .prop_map(|(written, source, changes, cut, whole)| {
            let mut bytes = written.by(source).into_bytes();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if !whole {
                bytes.truncate(cut.index(bytes.len()));
            }
            bytes
        })
}

/// Nothing panics, and what is read is never marked below itself.
fn holds(source: Source, bytes: &[u8]) {
    let _ = Key::read(source, "x", bytes).map(|key| assert_eq!(key.seed.expose().len(), 32));
    let _ = poison(source, "x", bytes);
    let text = String::from_utf8_lossy(bytes);
    let file = found(path(source), &text);
    let _ = never_signed(&question(source), CHAIN, &[file]);
    for rule in [MarkRule::RoundDone, MarkRule::Exact] {
        let question = Question { rule, ..question(source) };
        if let Ok(verdict) = judge(&question, &[file]) {
            let state = State::read(source, "x", text.as_bytes()).unwrap();
            assert!(verdict.highest == state.place && verdict.mark >= state.place);
            assert!(verdict.mark > Hrs::ZERO);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_state_is_read_back_as_its_writer_s_and_as_nobody_else_s(written in written(), writer in sources()) {
        let text = written.by(writer);
        for source in Source::ALL {
            let read = State::read(source, "x", text.as_bytes());
            // kms has the files of CometBFT.
            let kin = |source| matches!(source, Source::CometBft | Source::Kms);
            if source == writer || kin(source) && kin(writer) {
                let by_hand = match source {
                    Source::Tmkms => written.nil && written.place.step == Step::Proposal,
                    _ => written.chain.is_none(),
                };
                let read = read.unwrap();
                prop_assert_eq!((read.place, read.by_hand, read.pasted), (written.place, by_hand, false));
            } else {
                prop_assert!(read.is_err(), "{} read as {}", writer, source);
            }
        }
    }

    #[test]
    fn a_mark_is_never_below_what_was_signed(written in written(), writer in sources()) {
        holds(writer, written.by(writer).as_bytes());
    }

    #[test]
    fn changed_states_are_read_without_a_panic(bytes in changed(), source in sources()) {
        holds(source, &bytes);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), source in sources()) {
        holds(source, &bytes);
    }

    #[test]
    fn a_changed_key_file_gives_the_same_seed_or_none(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = key_file().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(key) = Key::read(Source::CometBft, "x", &bytes) {
            prop_assert_eq!(key.seed.expose(), &[7; 32]);
        }
    }
}
