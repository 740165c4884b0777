//! The host's guard and the device's signer together, in every state that small worlds can reach. What each search covers,
//! and how many states it closes with, stands in docs/host-search.md; the figures are printed (`--nocapture`).

use std::time::Instant;

use highwater_sim::host::{Search, Visited};

const ONE: Search = Search::CALM;
const TWO: Search = Search { nodes: 2, time: true, ..ONE };
/// One kind of vote is enough where owners and spares are the subject.
const PREVOTES: Search = Search { precommits: false, ..ONE };
const PRECOMMITS: Search = Search { prevotes: false, rounds: 2, ..TWO };

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

fn visit(search: Search) {
    let visited = run(search);
    assert!(visited.closed, "{search:?}: {visited:?}");
}

/// The whole if the long versions are asked for, else the states that are nearest to the beginning.
fn visit_or_begin(search: Search) {
    if full() {
        visit(search);
    } else {
        run(Search { limit: 150_000, ..search });
    }
}

/// Of a search that memory does not hold to its end: the states that are nearest to the beginning.
fn begin(search: Search) {
    run(Search { limit: if full() { 4_000_000 } else { 150_000 }, ..search });
}

#[test]
fn g3_host_one_node_through_cuts_and_losses() {
    visit(Search { cuts: true, losses: true, ..ONE });
}

#[test]
fn g3_host_one_node_through_wrong_replies_and_a_failing_disk() {
    visit(Search { losses: true, wrong: true, failing: true, time: true, ..ONE });
    visit(Search { losses: true, wrong: true, cuts: true, failing: true, time: true, ..PREVOTES });
}

#[test]
fn g3_host_two_nodes_keep_a_height_to_one_of_them() {
    visit(Search { links: true, time: false, ..TWO });
    visit(Search { release: true, ..TWO });
    visit(Search { precommits: false, losses: true, cuts: true, failing: true, ..TWO });
    begin(Search { heights: 2, rounds: 2, blocks: 1, precommits: false, losses: true, ..TWO });
}

#[test]
fn g3_host_two_nodes_keep_a_lock_through_takeovers_and_cuts() {
    visit(PRECOMMITS);
    visit_or_begin(Search { links: true, ..PRECOMMITS });
    visit_or_begin(Search { losses: true, ..PRECOMMITS });
    begin(Search { cuts: true, losses: true, failing: true, ..PRECOMMITS });
    visit_or_begin(Search { rounds: 2, ..TWO });
}

#[test]
fn g3_host_owner_raises_and_lowers_marks_with_the_host_s_knowledge_and_without() {
    visit(Search { owner: true, lives: 1, cuts: true, ..PREVOTES });
    visit(Search { owner: true, questions: true, heights: 2, blocks: 1, ..PREVOTES });
    visit(Search { owner: true, questions: true, cuts: true, blocks: 1, ..PREVOTES });
    visit(Search { owner: true, questions: true, lives: 1, ..PREVOTES });
    visit_or_begin(Search { questions: true, lives: 1, cuts: true, ..PREVOTES });
}

#[test]
fn g3_host_spare_takes_over_and_the_first_device_comes_back() {
    visit(Search { spare: true, blocks: 1, ..PREVOTES });
    visit(Search { spare: true, cuts: true, ..PREVOTES });
    begin(Search { spare: true, owner: true, questions: true, lives: 1, cuts: true, blocks: 1, ..PREVOTES });
}

// To their end, each its own test so that one can be asked for alone:
// `cargo test --release -p highwater-sim --test host -- --ignored --nocapture NAME`.

#[test]
#[ignore = "hours"]
fn g3_host_to_the_end_two_nodes_with_both_kinds_of_votes_and_links() {
    visit(Search { rounds: 2, links: true, nil: true, requests: 2, ..TWO });
}

#[test]
#[ignore = "hours"]
fn g3_host_to_the_end_two_nodes_with_a_spare_and_cuts() {
    visit(Search { spare: true, cuts: true, losses: true, ..TWO });
}

#[test]
#[ignore = "hours"]
fn g3_host_to_the_end_two_heights_with_a_spare_and_an_owner() {
    visit(Search { spare: true, owner: true, questions: true, lives: 1, cuts: true, heights: 2, ..PREVOTES });
}
