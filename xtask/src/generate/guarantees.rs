//! The guarantees, each with the type that carries it and the tests that fail when it is broken.

use anyhow::Result;

use super::sources::Sources;

struct Guarantee {
    name: &'static str,
    says: &'static str,
    /// What it does not compile without.
    held_by: &'static str,
    tests: &'static [&'static str],
}

const GUARANTEES: [Guarantee; 5] = [
    Guarantee {
        name: "G1",
        says: "Mark before signature: a signature leaves only after two copies of a record of its height, round and \
               step stand in flash, each read back; a vote extension's only while the mark stands at its own precommit",
        held_by: "type `journal::Durable`",
        tests: &[
            "g1_no_signature_before_its_mark_is_durable",
            "g1_an_extension_leaves_only_while_the_mark_is_its_own_precommit",
            "a_mark_raised_in_between_ends_the_stream",
        ],
    },
    Guarantee {
        name: "G2",
        says: "The mark never falls; when it cannot be told, nothing is signed until the owner sets it",
        held_by: "the rules of [the journal](journal.md)",
        tests: &[
            "g2_the_mark_never_falls",
            "g2_the_mark_never_falls_and_tears_alone_never_make_it_unclear",
            "g2_no_tear_in_any_state_of_a_ring_of_two_pairs_makes_the_mark_fall_or_unclear",
            "the_mark_and_the_repeat_survive_a_restart",
        ],
    },
    Guarantee {
        name: "G3",
        says: "One statement per chain, height, round and step",
        held_by: "`judge::judge`, one `match`",
        tests: &[
            "g3_one_statement_per_hrs",
            "another_statement_at_the_mark_is_a_conflict",
            "g3_host_spare_takes_over_and_the_first_device_comes_back",
        ],
    },
    Guarantee {
        name: "G4",
        says: "Votes only: canonical votes, proposals and vote extensions of an approved chain; there is no raw signing",
        held_by: "`canonical::Message`, `canonical::Extension`",
        tests: &[
            "g4_votes_only",
            "bytes_that_are_not_canonical_are_refused_with_the_rule_they_break",
            "bytes_that_are_no_canonical_extension_are_refused_with_the_rule_they_break",
        ],
    },
    Guarantee {
        name: "G5",
        says: "Lowering needs a finger: adding, moving, removing and forgetting are approved on the device, with the \
               PIN valid at the press",
        held_by: "type `signer::permit::Approved`",
        tests: &[
            "g5_lowering_needs_a_finger",
            "the_press_counts_only_while_the_pin_is_valid",
            "the_screen_follows_the_buttons_while_a_host_holds_the_link",
            "a_rejected_chain_is_not_added",
        ],
    },
];

/// The table, a row a guarantee.
///
/// # Errors
/// If a test that is named does not exist.
pub(super) fn table(sources: &Sources) -> Result<String> {
    let mut table = "| # | guarantee | held by | tests |\n| --- | --- | --- | --- |\n".to_owned();
    for Guarantee { name, says, held_by, tests } in &GUARANTEES {
        table += &format!("| {name} | {says} | {held_by} | {} |\n", sources.cite(tests, "../")?);
    }
    Ok(table)
}
