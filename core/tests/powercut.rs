//! Power cut at every write of everything an owner and a node may ask for, and at every write of the recovery.
//!
//! On rings so small that they wrap at once; random walks over long lives stand in `lives`.

use highwater_core::apdu::{ChainState, Status};
use highwater_core::env::Cell;
use highwater_core::hrs::Step;
use highwater_core::layout;
use highwater_core::rings::Rings;
use highwater_sim::{Fault, SimDevice, Tear, World};

use crate::auditor::{Auditor, Op, boot, recover_to_cut};
use crate::stage::{Ask, PREVOTE, hrs, status};

/// A life: signed, raised, lowered, removed, added higher and lower, forgotten, added again.
fn life() -> Vec<Op> {
    let vote = |height, step, block| Op::Sign(Ask { step, height, block, ..PREVOTE });
    use Step::{Precommit, Prevote, Proposal};
    vec![
        Op::Add(0),
        vote(10, Prevote, 1),
        vote(10, Precommit, 1),
        Op::SetMark(50),
        Op::SetMark(20),
        vote(21, Proposal, 1),
        vote(21, Prevote, 0),
        Op::Remove,
        Op::Add(30),
        vote(31, Prevote, 1),
        Op::SetMark(40),
        Op::SetMark(33),
        Op::Remove,
        Op::Add(5),
        vote(6, Prevote, 2),
        vote(6, Precommit, 0),
        vote(7, Prevote, 1),
        Op::Remove,
        Op::Forget,
        Op::Add(3),
        vote(4, Prevote, 1),
        vote(4, Precommit, 1),
    ]
}

/// Walks through the life, doing each operation whole after `each` has had its way with it and the next one.
fn walk(pairs: u16, mut each: impl FnMut(&[Cell], &Auditor, &[Op])) {
    let mut device = SimDevice::boot(World::new(b"stage", pairs));
    let mut auditor = Auditor::default();
    let life = life();
    for (at, op) in life.iter().copied().enumerate() {
        let image = device.world.medium.pages().to_vec();
        each(&image, &auditor, &life[at..life.len().min(at + 2)]);
        auditor.watch(&mut device, op);
        auditor.account(&mut device, op);
        device = device.restart();
        let again = device.world.medium.pages().to_vec();
        device = device.restart();
        assert!(device.world.medium.pages() == again, "{op:?}: a boot after a boot has nothing to repair");
    }
    assert_eq!(auditor.highest(), hrs(4, 5, Step::Precommit), "the whole life was lived");
}

/// What a power cut left.
struct Cut {
    image: Vec<Cell>,
    seen: Auditor,
    /// The operation that was cut, or the last one.
    op: Op,
}

/// `ops` on `image` without a restart between them, the power cut at their `nth` write. `None` if they have fewer.
fn cut(
    image: &[Cell],
    pairs: u16,
    seen: &Auditor,
    ops: &[Op],
    rot: Option<(u16, Cell)>,
    (nth, tear): (u32, Tear),
) -> Option<Cut> {
    let mut device = boot(image, pairs);
    if let Some((page, cell)) = rot {
        device.world.medium.rot(page, cell);
    }
    device.world.medium.plan(nth, Fault::Cut(tear));
    let mut seen = seen.clone();
    for op in ops {
        seen.watch(&mut device, *op);
        if !device.world.medium.is_powered() {
            return Some(Cut { image: device.world.medium.pages().to_vec(), seen, op: *op });
        }
        seen.account(&mut device, *op);
    }
    None
}

const TEARS: [Tear; 5] = [Tear::Old, Tear::New, Tear::Mixed(1), Tear::Mixed(2), Tear::Garbage(3)];

/// Every recovery from `image`: whole, and cut at each of its writes.
fn every_recovery(image: &[Cell], pairs: u16, tears: &[Tear], mut then: impl FnMut(SimDevice, &str)) {
    then(boot(image, pairs), "recovery whole");
    for tear in tears {
        for nth in 0.. {
            let Some(device) = recover_to_cut(image, pairs, (nth, *tear)) else { break };
            then(device.restart(), &format!("recovery cut at write {nth}, {tear:?}"));
        }
    }
}

#[test]
fn g2_the_mark_never_falls() {
    let (mut cuts, mut recoveries) = (0, 0);
    for pairs in [2, 3] {
        walk(pairs, |image, seen, ops| {
            for tear in TEARS {
                for nth in 0.. {
                    let Some(Cut { image, seen, op }) = cut(image, pairs, seen, &ops[..1], None, (nth, tear))
                    else {
                        break;
                    };
                    cuts += 1;
                    every_recovery(&image, pairs, &TEARS, |mut device, recovery| {
                        recoveries += 1;
                        let what = format!("{pairs} pairs, {op:?} cut at write {nth}, {tear:?}, {recovery}");
                        if let Op::Sign(_) = op {
                            assert_eq!(status(&mut device, 0).0, ChainState::Armed, "{what}");
                        }
                        let found = seen.clone().audit(&mut device, op, &what);
                        // A tear alone asks for the owner only where the owner was about to lower the mark.
                        assert_ne!(found, ChainState::Damaged, "{what}");
                        if found == ChainState::Unclear {
                            assert!(matches!(op, Op::SetMark(20 | 33)), "{what}: unclear");
                        }
                    });
                }
            }
        });
    }
    assert!(cuts > 500 && recoveries > cuts, "{cuts} cuts, {recoveries} recoveries");
}

#[test]
fn a_cut_signature_is_signed_after_all_and_no_other_in_its_place() {
    for pairs in [2, 3, 8] {
        walk(pairs, |image, seen, ops| {
            let Op::Sign(ask) = ops[0] else { return };
            for tear in TEARS {
                for nth in 0..2 {
                    let what = format!("{ask:?}, write {nth}, {tear:?}");
                    let torn = cut(image, pairs, seen, &ops[..1], None, (nth, tear)).expect("two writes");
                    let mut device = boot(&torn.image, pairs);
                    ask.sign(&mut device).unwrap_or_else(|e| panic!("{what}: {e:?}"));
                    assert_eq!(Ask { block: 3, ..ask }.sign(&mut device), Err(Status::Conflict), "{what}");
                }
            }
        });
    }
}

#[test]
fn a_cut_and_one_rotten_page_leave_the_mark_right_or_unclear() {
    let (mut right, mut owner) = (0, 0);
    let mut audit = |pairs: u16, Cut { image, seen, op }: Cut, what: &str| {
        every_recovery(&image, pairs, &[Tear::Garbage(9)], |mut device, recovery| {
            let what = format!("{pairs} pairs, {op:?} {what}, {recovery}");
            match seen.clone().audit(&mut device, op, &what) {
                ChainState::Armed => right += 1,
                _ => owner += 1,
            }
        });
    };
    for pairs in [2, 3] {
        let pages: Vec<u16> = (0..2)
            .chain((0..2).flat_map(|copy| [0, 1].map(|half| layout::entry_page(0, copy) + half)))
            .chain((0..2 * pairs).map(|index| Rings::equal(pairs).page(0, index)))
            .collect();
        walk(pairs, |image, seen, ops| {
            for page in &pages {
                // Zeros and others in turn: blank pages must be no better than garbage.
                let rotten = if page % 3 == 0 { [0; 64] } else { [0xa5; 64] };
                for (nth, tear) in (0..).flat_map(|nth| [(nth, Tear::Old), (nth, Tear::Garbage(3))]) {
                    let what = format!("cut at write {nth}, {tear:?}, page {page} rots");
                    let Some(mut after) = cut(image, pairs, seen, ops, None, (nth, tear)) else { break };
                    after.image[usize::from(*page)] = rotten;
                    audit(pairs, after, &format!("{what} after"));
                    if pairs == 2
                        && let Some(before) = cut(image, pairs, seen, ops, Some((*page, rotten)), (nth, tear))
                    {
                        audit(pairs, before, &format!("{what} before"));
                    }
                }
            }
        });
    }
    assert!(right > owner, "{right} went on by themselves, {owner} needed their owner");
}
