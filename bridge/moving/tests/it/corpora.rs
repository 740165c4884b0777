//! The fuzz targets of this crate as plain tests, over the committed corpora and over what a generator makes of them.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

// In its own workspace this is a part of a library.
#[allow(unreachable_pub)]
#[path = "../../../../fuzz/src/moving.rs"]
mod moving;

/// Every file of a target's corpus.
#[allow(clippy::disallowed_methods, reason = "a test reads its files itself")]
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let found: Vec<Vec<u8>> = files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    assert!(found.len() >= 8, "{target}: a corpus of {}", found.len());
    found
}

/// Runs a target over its corpus, whole and cut short.
fn over(target: &str, run: impl Fn(&[u8])) {
    for data in corpus(target) {
        run(&data);
        run(&data[..data.len() / 2]);
    }
}

/// A file of the corpus with some bytes changed.
fn changed(target: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>());
    (prop::sample::select(corpus(target)), prop::collection::vec(change, 0..6)).prop_map(
        |(mut data, changes)| {
            for (at, byte) in changes {
                if !data.is_empty() {
                    let at = at.index(data.len());
                    data[at] = byte;
                }
            }
            data
        },
    )
}

#[test]
fn the_corpus_of_keys_holds() {
    over("moving_key", moving::key);
}

#[test]
fn the_corpus_of_states_holds() {
    over("moving_state", moving::state);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn changed_keys_give_a_seed_that_agrees_or_none(data in changed("moving_key")) {
        moving::key(&data);
    }

    #[test]
    fn changed_states_are_of_one_signer_and_marked_no_lower(data in changed("moving_state")) {
        moving::state(&data);
    }
}
