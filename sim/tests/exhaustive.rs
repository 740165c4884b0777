//! Every state a small ring can reach. What each search covers, and how many states it closes with, stands in
//! docs/journal.md; the figures are printed (`--nocapture`).

use std::time::Instant;

use highwater_sim::explore::{Rot, Search, Visited};

const TEARS: Search = Search {
    rings: [2; 3],
    slot: 0,
    heights: 1,
    rot: Rot::Never,
    lies: false,
    stuck: false,
    lives: true,
    paced: false,
    keys: 0,
    chain: true,
    limit: 200_000_000,
};

/// Whether the long versions are asked for.
fn full() -> bool {
    std::env::var_os("HIGHWATER_FULL").is_some()
}

fn run(search: Search) -> Visited {
    let start = Instant::now();
    let visited = search.run().unwrap_or_else(|found| panic!("{search:?}: {found:#?}"));
    println!("{search:?}: {visited:?} in {:?}", start.elapsed());
    visited
}

fn visit(search: Search) -> Visited {
    let visited = run(search);
    assert!(visited.closed, "{search:?}: {visited:?}");
    visited
}

/// The whole if the long versions are asked for, else as many states as fit a minute.
fn visit_or_begin(search: Search) -> Visited {
    if full() { visit(search) } else { run(Search { limit: 40_000, ..search }) }
}

#[test]
fn g2_no_tear_in_any_state_of_a_ring_of_two_pairs_makes_the_mark_fall_or_unclear() {
    let visited = visit(TEARS);
    assert!(visited.states > 50_000 && visited.unclear > 0, "{visited:?}");
}

#[test]
fn g2_no_tear_and_rotten_page_of_a_chain_that_signs_makes_the_mark_fall() {
    let visited = visit_or_begin(Search { rot: Rot::Asleep, lives: false, ..TEARS });
    assert!(visited.unclear > 0, "a tear and a rotten page can be too much: {visited:?}");
}

#[test]
fn g2_no_lying_or_failing_write_of_a_chain_that_signs_makes_the_mark_fall() {
    visit(Search { lies: true, lives: false, ..TEARS });
}

#[test]
fn g2_no_page_that_takes_no_write_any_more_makes_the_mark_fall() {
    let stuck = Search { stuck: true, lives: false, limit: 8_000, ..TEARS };
    // With lives a path is never forgotten, so each state costs more than the last.
    for search in [stuck, Search { rings: [3; 3], ..stuck }, Search { lives: true, limit: 400, ..stuck }] {
        run(search);
    }
}

#[test]
fn g2_no_tear_at_more_heights_or_on_three_pairs_makes_the_mark_fall_or_unclear() {
    visit(Search { heights: 3, lives: false, ..TEARS });
    visit(Search { rings: [3; 3], lives: false, ..TEARS });
}

/// Rings of 2, 3 and 5 pairs, the chain in each slot in turn, with other chains in those before. A step that changes a page
/// of another slot is a violation of its own.
#[test]
fn g2_no_tear_in_any_slot_of_rings_of_uneven_length_makes_the_mark_fall_or_changes_another_slot() {
    let rings = [2, 3, 5];
    visit(Search { rings, slot: 0, heights: 3, lives: false, ..TEARS });
    visit(Search { rings, slot: 1, lives: false, ..TEARS });
    visit(Search { rings, slot: 2, lives: false, ..TEARS });
    // The shortest ring between longer ones.
    visit_or_begin(Search { rings: [3, 2, 5], slot: 1, ..TEARS });
}

#[test]
fn g2_no_tear_at_two_heights_with_remove_add_and_forget_makes_the_mark_fall_or_unclear() {
    visit_or_begin(Search { heights: 2, ..TEARS });
}

#[test]
fn g2_no_request_between_two_turns_makes_the_mark_fall() {
    // Of what was approved: cut at every write, with a vote after each turn of its work.
    visit(Search { paced: true, ..TEARS });
    // Of a slot that is read again since a write failed or lied, or its newest pair rotted.
    let paced = Search { paced: true, lives: false, limit: 8_000, ..TEARS };
    for search in [
        Search { lies: true, ..paced },
        Search { rot: Rot::Anytime, ..paced },
        Search { stuck: true, limit: 1_000, ..paced },
    ] {
        run(search);
    }
}

/// The vault alone: more keys are imported than it has places.
const VAULT: Search = Search { keys: 4, chain: false, ..TEARS };
/// A chain with the one key that is imported and forgotten.
const WITH_KEY: Search = Search { keys: 1, ..TEARS };

#[test]
fn no_tear_rotten_page_or_failing_write_makes_a_place_of_the_vault_hold_a_third() {
    let torn = visit(VAULT);
    assert_eq!(torn.lost, 0, "a tear alone loses no key: {torn:?}");
    let rotten = visit(Search { rot: Rot::Anytime, keys: 1, ..VAULT });
    assert!(rotten.lost > 0, "a tear and a rotten page can be too much: {rotten:?}");
    visit(Search { lies: true, keys: 1, ..VAULT });
}

#[test]
fn g2_no_tear_from_an_import_to_its_forgetting_moves_a_mark_or_changes_a_key() {
    let visited = visit(WITH_KEY);
    assert_eq!((visited.lost, visited.unclear), (0, 0), "{visited:?}");
}

#[test]
fn g2_no_rotten_page_or_failing_write_beside_an_imported_key_moves_a_mark_or_changes_the_key() {
    let rotten = run(Search { rot: Rot::Asleep, limit: 40_000, ..WITH_KEY });
    assert!(rotten.lost > 0, "{rotten:?}");
    run(Search { lies: true, limit: 2_000, ..WITH_KEY });
    run(Search { paced: true, limit: 10_000, ..WITH_KEY });
}

const ASLEEP: Search = Search { rot: Rot::Asleep, ..TEARS };
const ANYTIME: Search = Search { rot: Rot::Anytime, lives: false, ..TEARS };
const LIES: Search = Search { lies: true, ..TEARS };
const THREE_PAIRS: Search = Search { rings: [3; 3], ..TEARS };

#[test]
fn g2_the_first_states_of_the_searches_of_hours_hold() {
    // After a lie a path is forgotten at the next clean start alone, so with lives each state costs more than the last.
    for (search, limit) in [(ASLEEP, 20_000), (ANYTIME, 20_000), (LIES, 2_000), (THREE_PAIRS, 20_000)] {
        let visited = run(Search { limit, ..search });
        assert!(!visited.closed, "it does not take hours any more: {visited:?}");
    }
}

// To their end, each its own test so that one can be asked for alone:
// `cargo test --release -p highwater-sim --test exhaustive -- --ignored --nocapture NAME`.

#[test]
#[ignore = "hours"]
fn g2_to_the_end_a_rotten_page_while_asleep_with_remove_add_and_forget() {
    visit(ASLEEP);
}

#[test]
#[ignore = "hours"]
fn g2_to_the_end_a_rotten_page_at_any_time() {
    visit(ANYTIME);
}

#[test]
#[ignore = "hours"]
fn g2_to_the_end_a_lying_write_with_remove_add_and_forget() {
    visit(LIES);
}

#[test]
#[ignore = "hours"]
fn g2_to_the_end_a_page_that_takes_no_write_any_more() {
    visit(Search { stuck: true, lives: false, ..TEARS });
    visit(Search { rings: [3; 3], stuck: true, lives: false, ..TEARS });
}

#[test]
#[ignore = "hours"]
fn g2_to_the_end_a_rotten_page_while_asleep_beside_an_imported_key() {
    visit(Search { rot: Rot::Asleep, ..WITH_KEY });
}

#[test]
#[ignore = "hours"]
fn g2_to_the_end_three_pairs_with_remove_add_and_forget() {
    visit(THREE_PAIRS);
}
