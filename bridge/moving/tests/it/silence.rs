//! The two-block rule.

use highwater_core::hrs::Step;
use highwater_moving::{Commit, Ours, Refusal, next_height};

use crate::files::at;

fn commits(blocks: &[(u64, Ours)]) -> Vec<Commit> {
    blocks.iter().map(|(height, ours)| Commit { height: *height, ours: *ours }).collect()
}

#[test]
fn after_two_silent_blocks_the_next_height_is_free() {
    let two = commits(&[(7, Ours::Absent), (8, Ours::Absent)]);
    assert_eq!(next_height(&two), Ok(at(9, 0, Step::None)));
    let more = commits(&[(6, Ours::Block), (7, Ours::Absent), (8, Ours::Absent)]);
    assert_eq!(next_height(&more), Ok(at(9, 0, Step::None)));
}

#[test]
fn one_block_two_apart_and_no_silence_are_refused() {
    for few in [&[][..], &[(8, Ours::Absent)]] {
        assert_eq!(next_height(&commits(few)), Err(Refusal::FewBlocks(few.len())));
    }
    for (before, last) in [(7, 9), (8, 8), (8, 7), (u64::MAX, 0)] {
        let apart = commits(&[(before, Ours::Absent), (last, Ours::Absent)]);
        assert_eq!(next_height(&apart), Err(Refusal::NotInARow(before, last)));
    }
    // A precommit for nil is a signature too.
    for ours in [Ours::Nil, Ours::Block] {
        assert_eq!(next_height(&commits(&[(7, ours), (8, Ours::Absent)])), Err(Refusal::NotSilent(7)));
        assert_eq!(next_height(&commits(&[(7, Ours::Absent), (8, ours)])), Err(Refusal::NotSilent(8)));
    }
}

#[test]
fn the_silence_of_a_validator_that_nobody_asked_shows_nothing() {
    for blocks in [[Ours::NotInSet, Ours::Absent], [Ours::Absent, Ours::NotInSet]] {
        let [before, last] = blocks;
        let refusal = next_height(&commits(&[(7, before), (8, last)])).unwrap_err();
        assert!(matches!(refusal, Refusal::NotInSet(7 | 8)));
    }
}

#[test]
fn heights_that_no_chain_has_are_refused() {
    let top = i64::MAX as u64;
    for height in [0, top - 1, top, u64::MAX - 1] {
        let silent = commits(&[(height, Ours::Absent), (height + 1, Ours::Absent)]);
        assert_eq!(next_height(&silent), Err(Refusal::NoHeight(height)));
    }
    let highest = commits(&[(top - 2, Ours::Absent), (top - 1, Ours::Absent)]);
    assert_eq!(next_height(&highest), Ok(at(top, 0, Step::None)));
}
