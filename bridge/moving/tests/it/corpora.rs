//! The fuzz targets of this crate as plain tests, over the committed corpora and over what a generator makes of them.

use proptest::prelude::*;

// In its own workspace this is a part of a library.
#[allow(unreachable_pub)]
#[path = "../../../../fuzz/src/moving.rs"]
mod moving;

#[path = "../../../../fuzz/corpora.rs"]
mod committed;

use committed::{changed, over};

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
    fn changed_keys_give_a_seed_that_agrees_or_none(data in changed("moving_key", 6)) {
        moving::key(&data);
    }

    #[test]
    fn changed_states_are_of_one_signer_and_marked_no_lower(data in changed("moving_state", 6)) {
        moving::state(&data);
    }
}
