//! The fuzz targets as plain tests, over the committed corpora and over what a generator makes of them.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

// In its own workspace these are the parts of a library.
#[allow(unreachable_pub)]
#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

/// Every file of a target's corpus.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
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
fn changed(target: &'static str, most: usize) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>());
    (prop::sample::select(corpus(target)), prop::collection::vec(change, 0..most)).prop_map(
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

macro_rules! target {
    ($name:ident, $corpus:ident, $changed:ident) => {
        #[test]
        fn $corpus() {
            over(stringify!($name), fuzz::$name::run);
        }

        proptest! {
            #![proptest_config(ProptestConfig::with_cases(300))]

            #[test]
            fn $changed(data in changed(stringify!($name), 12)) {
                fuzz::$name::run(&data);
            }
        }
    };
}

target!(canonical, the_corpus_of_messages_holds, changed_messages_are_read_as_prost_reads_them);
target!(signer, the_corpus_of_apdus_holds, changed_apdus_release_nothing_that_conflicts);
target!(story, the_corpus_of_stories_holds, changed_stories_end_without_a_violation);
target!(hid, the_corpus_of_reports_holds, changed_reports_break_no_framing);
target!(flash, the_corpus_of_flash_holds, changed_flash_boots_and_keeps_one_statement_per_place);
target!(table, the_corpus_of_tables_holds, changed_tables_show_what_was_approved);
