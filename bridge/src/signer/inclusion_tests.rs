use super::*;

/// A block each 6 s.
fn block(height: u64, ours: Ours) -> Block {
    Block { height, round: 0, time: Duration::from_secs(6 * height), ours }
}

fn counted(inclusion: &Inclusion) -> Vec<(Fate, u64)> {
    let counts = inclusion.counts();
    let all = Fate::ALL.into_iter().map(|fate| (fate, counts.of(fate)));
    all.filter(|(_, count)| *count > 0).collect()
}

#[test]
fn a_block_without_our_signature_was_late_unsigned_or_not_asked_for() {
    let mut inclusion = Inclusion::default();
    inclusion.asked(2);
    inclusion.asked(3);
    inclusion.signed(3, Some(0));
    inclusion.signed(4, None);
    for (height, ours, fate) in [
        (1, Ours::Absent, Fate::Unasked),
        (2, Ours::Absent, Fate::Unsigned),
        (3, Ours::Absent, Fate::Late),
        (4, Ours::Absent, Fate::Behind),
        (5, Ours::Nil, Fate::Nil),
        (6, Ours::NotInSet, Fate::NotInSet),
        // Whoever asked: the chain has it.
        (7, Ours::Block, Fate::Present),
    ] {
        assert_eq!(inclusion.committed(block(height, ours)), fate, "{height}");
    }
    assert_eq!(counted(&inclusion), Fate::ALL.map(|fate| (fate, 1)));
    let counts = inclusion.counts();
    assert_eq!((counts.blocks(), counts.missed(), inclusion.last()), (7, 4, Some(7)));
}

#[test]
fn a_signature_that_comes_when_its_block_was_told_already_is_late() {
    let mut inclusion = Inclusion::default();
    inclusion.asked(7);
    assert_eq!(inclusion.committed(block(7, Ours::Absent)), Fate::Unsigned);
    inclusion.signed(7, Some(0));
    assert_eq!(counted(&inclusion), [(Fate::Late, 1)]);
}

#[test]
fn a_precommit_of_an_earlier_round_than_the_commit_s_was_not_late_for_it() {
    let mut inclusion = Inclusion::default();
    inclusion.signed(7, Some(1));
    let of_round = |round| Block { round, ..block(7, Ours::Absent) };
    assert_eq!(inclusion.committed(of_round(2)), Fate::Behind);
    assert_eq!(inclusion.committed(of_round(1)), Fate::Late);
    // An earlier one that is signed again changes nothing.
    inclusion.signed(7, Some(0));
    assert_eq!(counted(&inclusion), [(Fate::Late, 1)]);
}

#[test]
fn twelve_of_the_last_hundred_are_told_as_twelve_of_a_hundred() {
    let mut inclusion = Inclusion::default();
    for height in 1..=250 {
        inclusion.asked(height);
        inclusion.signed(height, Some(0));
        let late = height > 150 && height <= 162;
        inclusion.committed(block(height, if late { Ours::Absent } else { Ours::Block }));
    }
    assert_eq!(counted(&inclusion), [(Fate::Present, 88), (Fate::Late, 12)]);
}

#[test]
fn nothing_grows_without_end() {
    let mut inclusion = Inclusion::default();
    for height in 1..=10_000 {
        inclusion.asked(height);
        inclusion.signed(height, Some(0));
        inclusion.committed(block(height, Ours::Absent));
    }
    assert_eq!((inclusion.blocks.len(), inclusion.asked.len()), (WINDOW, REMEMBERED));
    // As old as the window is, what was asked is still known.
    assert_eq!(counted(&inclusion), [(Fate::Late, WINDOW as u64)]);
}

#[test]
fn a_chain_that_begins_anew_is_counted_anew() {
    let mut inclusion = Inclusion::default();
    inclusion.committed(block(500, Ours::Absent));
    inclusion.committed(block(3, Ours::Block));
    assert_eq!((counted(&inclusion), inclusion.last()), (vec![(Fate::Present, 1)], Some(3)));
}

#[test]
fn the_pace_is_the_median_between_blocks_in_a_row() {
    let mut inclusion = Inclusion::default();
    let at = |height, time| Block { time: Duration::from_secs(time), ..block(height, Ours::Block) };
    let mut time = 0;
    for height in 1..=10 {
        // One block took ten minutes.
        time += if height == 5 { 600 } else { 6 };
        inclusion.committed(at(height, time));
        assert_eq!(inclusion.pace(), None, "{height}");
    }
    // A gap says nothing, nor does a clock that goes back more than nothing.
    inclusion.committed(at(20, 9_000));
    assert_eq!(inclusion.pace(), None);
    inclusion.committed(at(21, 8_000));
    assert_eq!(inclusion.pace(), Some(Duration::from_secs(6)));
}
