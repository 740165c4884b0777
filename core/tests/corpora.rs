//! The fuzz targets as plain tests, over the committed corpora and over what a generator makes of them.

use proptest::prelude::*;

// In its own workspace these are the parts of a library.
#[allow(unreachable_pub)]
#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

#[path = "../../fuzz/corpora.rs"]
mod committed;

use committed::{changed, over};

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
