use super::*;

/// Whatever the height, it was signed or approved here.
const ALL: u64 = u64::MAX;

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
        (8, Ours::Block, Fate::Elsewhere),
    ] {
        let known = 7;
        assert_eq!(inclusion.committed(block(height, ours), known), fate, "{height}");
    }
    assert_eq!(counted(&inclusion), Fate::ALL.map(|fate| (fate, 1)));
    let counts = inclusion.counts();
    assert_eq!((counts.blocks(), counts.missed(), inclusion.last()), (8, 4, Some(8)));
}

#[test]
fn a_signature_that_comes_when_its_block_was_told_already_is_late() {
    let mut inclusion = Inclusion::default();
    inclusion.asked(7);
    assert_eq!(inclusion.committed(block(7, Ours::Absent), ALL), Fate::Unsigned);
    inclusion.signed(7, Some(0));
    assert_eq!(counted(&inclusion), [(Fate::Late, 1)]);
}

#[test]
fn a_precommit_of_an_earlier_round_than_the_commit_s_was_not_late_for_it() {
    let mut inclusion = Inclusion::default();
    inclusion.signed(7, Some(1));
    let of_round = |round| Block { round, ..block(7, Ours::Absent) };
    assert_eq!(inclusion.committed(of_round(2), ALL), Fate::Behind);
    assert_eq!(inclusion.committed(of_round(1), ALL), Fate::Late);
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
        inclusion.committed(block(height, if late { Ours::Absent } else { Ours::Block }), ALL);
    }
    assert_eq!(counted(&inclusion), [(Fate::Present, 88), (Fate::Late, 12)]);
}

#[test]
fn nothing_grows_without_end() {
    let mut inclusion = Inclusion::default();
    for height in 1..=10_000 {
        inclusion.asked(height);
        inclusion.signed(height, Some(0));
        inclusion.committed(block(height, Ours::Absent), ALL);
    }
    assert_eq!((inclusion.blocks.len(), inclusion.asked.len()), (WINDOW, REMEMBERED));
    // As old as the window is, what was asked is still known.
    assert_eq!(counted(&inclusion), [(Fate::Late, WINDOW as u64)]);
}

#[test]
fn a_chain_that_begins_anew_is_counted_anew() {
    let mut inclusion = Inclusion::default();
    inclusion.committed(block(500, Ours::Absent), ALL);
    inclusion.committed(block(3, Ours::Block), ALL);
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
        inclusion.committed(at(height, time), ALL);
        assert_eq!(inclusion.pace(), None, "{height}");
    }
    // A gap says nothing, nor does a clock that goes back more than nothing.
    inclusion.committed(at(20, 9_000), ALL);
    assert_eq!(inclusion.pace(), None);
    inclusion.committed(at(21, 8_000), ALL);
    assert_eq!(inclusion.pace(), Some(Duration::from_secs(6)));
}

#[test]
fn a_signature_above_all_that_is_known_here_was_made_elsewhere() {
    for (height, ours, elsewhere) in [
        (198, Ours::Block, false),
        (199, Ours::Block, true),
        (199, Ours::Nil, true),
        (199, Ours::Absent, false),
        (199, Ours::NotInSet, false),
    ] {
        assert_eq!(is_elsewhere(&block(height, ours), 198), elsewhere, "{height} {ours:?}");
    }
}

#[test]
fn what_was_made_elsewhere_stays_so_when_this_signer_goes_on_above_it() {
    let mut inclusion = Inclusion::default();
    for height in 197..=213 {
        inclusion.committed(block(height, Ours::Block), 198);
    }
    let found = Elsewhere { blocks: 15, first: 199, last: 213 };
    assert_eq!(inclusion.elsewhere(), Some(found));
    for height in 214..=216 {
        inclusion.signed(height, Some(0));
        assert_eq!(inclusion.committed(block(height, Ours::Block), height + 1), Fate::Present);
    }
    assert_eq!(counted(&inclusion), [(Fate::Present, 5), (Fate::Elsewhere, 15)]);
    // Also when a hundred blocks have passed.
    for height in 217..=400 {
        inclusion.committed(block(height, Ours::Absent), height);
    }
    assert_eq!(inclusion.counts().of(Fate::Elsewhere), 0);
    assert_eq!(inclusion.elsewhere(), Some(found));
}

#[test]
fn a_mark_of_the_owner_explains_what_lies_below_it_and_nothing_above() {
    let mut inclusion = Inclusion::default();
    inclusion.committed(block(199, Ours::Block), 198);
    inclusion.committed(block(200, Ours::Nil), 198);
    inclusion.explained(199);
    assert_eq!(inclusion.elsewhere(), Some(Elsewhere { blocks: 2, first: 199, last: 200 }));
    inclusion.explained(200);
    assert_eq!(
        (inclusion.elsewhere(), counted(&inclusion)),
        (None, vec![(Fate::Present, 1), (Fate::Nil, 1)])
    );
    // The other signer signs on.
    inclusion.committed(block(201, Ours::Block), 200);
    assert_eq!(inclusion.elsewhere(), Some(Elsewhere { blocks: 1, first: 201, last: 201 }));
}

#[test]
fn what_a_node_told_of_heights_that_its_chain_does_not_have_is_forgotten() {
    let mut inclusion = Inclusion::default();
    inclusion.committed(block(1 << 40, Ours::Block), 198);
    inclusion.committed(block(300, Ours::Absent), 300);
    assert_eq!(inclusion.elsewhere(), None);
    // What is below the block that was told again is still there.
    inclusion.committed(block(301, Ours::Block), 300);
    inclusion.committed(block(310, Ours::Absent), 310);
    inclusion.committed(block(305, Ours::Absent), 310);
    assert_eq!(inclusion.elsewhere(), Some(Elsewhere { blocks: 1, first: 301, last: 301 }));
}
