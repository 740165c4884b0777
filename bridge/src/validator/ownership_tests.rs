use highwater_core::canonical::{ChainId, Timestamp};

use super::*;

const HASHES: [[u8; 32]; 3] = [[0; 32], [1; 32], [2; 32]];

fn block(number: usize) -> Option<BlockId<'static>> {
    (number > 0).then(|| BlockId { hash: &HASHES[number], total: 1, parts_hash: &HASHES[number] })
}

/// For block `number`, 0 for nil.
fn vote(height: u64, round: u32, step: Step, number: usize) -> Message<'static> {
    Message {
        hrs: Hrs::new(height, round, step).unwrap(),
        pol_round: None,
        block: block(number),
        timestamp: Timestamp::default(),
        chain: ChainId::new(b"alpha-1").unwrap(),
    }
}

fn proposal(height: u64, round: u32, number: usize) -> Message<'static> {
    vote(height, round, Step::Proposal, number)
}

/// Node A got the first signature of height 7, a prevote for block 1; both links are up.
fn owned_by_a(now: Instant) -> (Ownership, Links) {
    let (mut ownership, mut links) = (Ownership::default(), Links::new(now));
    links.set("A", true, now);
    links.set("B", true, now);
    ownership.released("A", &vote(7, 0, Step::Prevote, 1));
    (ownership, links)
}

#[test]
fn the_node_of_the_first_signature_owns_its_height_and_no_other() {
    let now = Instant::now();
    let (ownership, links) = owned_by_a(now);
    let next = vote(7, 0, Step::Precommit, 1);
    assert_eq!(ownership.admits("A", &next, &links, now), Ok(()));
    assert_eq!(ownership.admits("B", &next, &links, now), Err(Foreign::Owned { owner: "A".into() }));
    assert_eq!(ownership.admits("B", &proposal(8, 0, 2), &links, now), Ok(()), "the next height is free");
}

#[test]
fn a_height_is_free_again_five_seconds_after_its_owner_went() {
    let now = Instant::now();
    let (mut ownership, mut links) = owned_by_a(now);
    links.set("A", false, now);
    let next = vote(7, 1, Step::Prevote, 2);
    let almost = now + GRACE - Duration::from_millis(1);
    assert!(ownership.admits("B", &next, &links, almost).is_err());
    assert_eq!(ownership.admits("B", &next, &links, now + GRACE), Ok(()));
    ownership.released("B", &next);
    links.set("A", true, now + GRACE);
    let precommit = vote(7, 1, Step::Precommit, 2);
    assert_eq!(
        ownership.admits("A", &precommit, &links, now + GRACE),
        Err(Foreign::Owned { owner: "B".into() }),
        "it is B's now"
    );
}

#[test]
fn an_owner_that_comes_back_in_time_keeps_its_height() {
    let now = Instant::now();
    let (ownership, mut links) = owned_by_a(now);
    links.set("A", false, now);
    links.set("A", true, now + Duration::from_secs(4));
    let later = now + Duration::from_secs(60);
    assert!(ownership.admits("B", &vote(7, 1, Step::Prevote, 1), &links, later).is_err());
}

#[test]
fn after_a_block_precommit_others_get_that_block_or_nil_and_never_the_height() {
    let now = Instant::now();
    let (mut ownership, mut links) = owned_by_a(now);
    ownership.released("A", &vote(7, 0, Step::Precommit, 1));
    links.set("A", false, now);
    let later = now + GRACE;
    let locked = Err(Foreign::Locked { owner: "A".into() });
    for allowed in [vote(7, 1, Step::Prevote, 1), vote(7, 1, Step::Precommit, 0)] {
        assert!(ownership.admits("B", &allowed, &links, now).is_err(), "not while A may come back");
        assert_eq!(ownership.admits("B", &allowed, &links, later), Ok(()));
        ownership.released("B", &allowed);
        assert_eq!(ownership.admits("B", &vote(7, 2, Step::Prevote, 2), &links, later), locked);
    }
    assert_eq!(ownership.admits("B", &proposal(7, 2, 1), &links, later), locked, "nor a proposal");
    assert_eq!(ownership.admits("A", &vote(7, 2, Step::Prevote, 2), &links, later), Ok(()), "A may unlock");
}

#[test]
fn a_block_is_told_by_all_of_its_id() {
    let now = Instant::now();
    let (mut ownership, mut links) = owned_by_a(now);
    ownership.released("A", &vote(7, 0, Step::Precommit, 1));
    links.set("A", false, now);
    let mut other = vote(7, 1, Step::Prevote, 1);
    other.block = Some(BlockId { hash: &HASHES[1], total: 2, parts_hash: &HASHES[1] });
    assert!(ownership.admits("B", &other, &links, now + GRACE).is_err());
}

#[test]
fn a_nil_precommit_locks_nobody() {
    let now = Instant::now();
    let (mut ownership, mut links) = owned_by_a(now);
    ownership.released("A", &vote(7, 0, Step::Precommit, 0));
    links.set("A", false, now);
    assert_eq!(ownership.admits("B", &proposal(7, 1, 2), &links, now + GRACE), Ok(()));
}

#[test]
fn after_a_restart_the_owner_has_its_grace_again_even_if_the_config_lost_it() {
    let now = Instant::now();
    let (ownership, _) = owned_by_a(now);
    let mut links = Links::new(now);
    links.set("B", true, now);
    let next = vote(7, 1, Step::Prevote, 2);
    assert!(ownership.admits("B", &next, &links, now).is_err());
    assert_eq!(ownership.admits("B", &next, &links, now + GRACE), Ok(()));
}

#[test]
fn a_lagging_node_s_request_would_change_nothing_of_the_height_and_its_lock() {
    let (mut ownership, _) = owned_by_a(Instant::now());
    ownership.released("A", &vote(7, 0, Step::Precommit, 1));
    assert_eq!(ownership.if_released("B", &vote(6, 3, Step::Precommit, 2)), None);
    let next = ownership.if_released("B", &vote(8, 0, Step::Prevote, 2)).unwrap();
    assert_eq!((next.height, next.owner.as_str(), next.precommitted), (8, "B", None));
}

#[test]
fn a_height_far_above_that_was_only_asked_for_gives_way_to_a_signature_below_it() {
    let now = Instant::now();
    let (mut ownership, links) = owned_by_a(now);
    // Asked by B while the device did not answer; the device's mark is at 7 still.
    ownership = ownership.if_released("B", &vote(900_000, 0, Step::Prevote, 2)).unwrap();
    ownership.released("A", &vote(8, 0, Step::Prevote, 1));
    let other = vote(8, 0, Step::Precommit, 2);
    assert_eq!(ownership.admits("B", &other, &links, now), Err(Foreign::Owned { owner: "A".into() }));
}
