//! Every refusal of the guard, by its reason.

use std::time::Duration;

use highwater_core::apdu::Status;
use highwater_core::hrs::{Hrs, Step};
use highwater_guard::{Answer, Cause, Id, Moment, NoReply, OnAbsent, Outcome, Refusal, Stopped};

use super::super::Served;
use super::super::chain::Chain;
use crate::admin::Counters;
use crate::store::{ChainFile, Pin};

const NODE: &str = "unix:///run/a.sock";

pub(crate) fn hrs(height: u64) -> Hrs {
    Hrs::new(height, 0, Step::Prevote).unwrap()
}

/// One of each.
pub(crate) fn every_refusal() -> Vec<Refusal> {
    let stopped = Stopped::MarkRegressed { installation: [9; 16], before: hrs(8), shown: hrs(3) };
    let refusals = vec![
        Refusal::NotCanonical,
        Refusal::OtherChain,
        Refusal::BeyondStop(6),
        Refusal::Stopped(stopped),
        Refusal::LongExtension(2_000_000),
        Refusal::LongForDevice { length: 5_000, longest: 1_900 },
        Refusal::BelowReleased(hrs(8)),
        Refusal::BelowAdopted(hrs(8)),
        Refusal::ConflictWithReleased,
        Refusal::TakenBack { requested: hrs(8), mark: hrs(2) },
        Refusal::Lowering { requested: hrs(8), to: hrs(2), below: Some(hrs(8)) },
        Refusal::Owned { owner: "unix:///run/b.sock".into() },
        Refusal::LockedBlock { owner: None },
        Refusal::LockUnknown { owner: Some("unix:///run/b.sock".into()) },
        Refusal::DeviceExtension(Status::NotCanonical),
        Refusal::OtherInstallation { found: [8; 16], pinned: [9; 16] },
        Refusal::WrongSignature,
        Refusal::WrongExtension,
        Refusal::Absent { away: Duration::from_secs(20), cause: Cause::NoReply(NoReply::Away) },
    ];
    let device = Status::ALL.into_iter().filter(|status| status.is_decided());
    let refusals: Vec<_> = refusals
        .into_iter()
        .chain(device.map(|status| Refusal::Device { status, mark: Some(hrs(8)) }))
        .collect();
    let mut kinds: Vec<_> = refusals.iter().map(number).collect();
    kinds.dedup();
    assert_eq!(kinds, (0..20).collect::<Vec<_>>(), "one of each, in this order");
    refusals
}

/// A refusal that is new is added above: without a number this does not compile, and without a row the numbers have a gap.
fn number(refusal: &Refusal) -> usize {
    match refusal {
        Refusal::NotCanonical => 0,
        Refusal::OtherChain => 1,
        Refusal::BeyondStop(_) => 2,
        Refusal::Stopped(_) => 3,
        Refusal::LongExtension(_) => 4,
        Refusal::LongForDevice { .. } => 5,
        Refusal::BelowReleased(_) => 6,
        Refusal::BelowAdopted(_) => 7,
        Refusal::ConflictWithReleased => 8,
        Refusal::TakenBack { .. } => 9,
        Refusal::Lowering { .. } => 10,
        Refusal::Owned { .. } => 11,
        Refusal::LockedBlock { .. } => 12,
        Refusal::LockUnknown { .. } => 13,
        Refusal::DeviceExtension(_) => 14,
        Refusal::OtherInstallation { .. } => 15,
        Refusal::WrongSignature => 16,
        Refusal::WrongExtension => 17,
        Refusal::Absent { .. } => 18,
        Refusal::Device { .. } => 19,
    }
}

/// A chain whose node was refused each of them, the last one twice.
pub(crate) fn refused_all() -> Vec<super::super::Refused> {
    let served = Served {
        id: "alpha-1".to_owned(),
        pin: Pin { key: [7; 32], installation: [9; 16], imported: false },
        file: ChainFile::new("alpha-1", [7; 32], Hrs::default()),
        on_absent: OnAbsent::Error,
        stop_height: None,
        nodes: vec![NODE.into()],
        rpc: None,
    };
    let mut chain = Chain::new(served, None, Counters::new(), Moment::BEGIN);
    let all = every_refusal();
    for (number, refusal) in all.iter().chain(all.last()).enumerate() {
        let answer = Answer {
            id: Id(number as u64),
            node: NODE.into(),
            hrs: hrs(7),
            for_block: true,
            outcome: Outcome::Refused(refusal.clone()),
            awaited: true,
            took: Duration::from_millis(1),
            extension: None,
        };
        chain.answer(answer, Moment::BEGIN);
        chain.tell();
    }
    chain.view(Moment::BEGIN).refused
}

#[test]
fn every_refusal_stands_in_the_events_by_its_reason_with_place_node_and_cure() {
    let found = refused_all();
    let all = every_refusal();
    assert_eq!(found.len(), all.len(), "each has a reason of its own");
    assert_eq!(found[0].times, 2);
    for refusal in &all {
        let word = super::reason_of(refusal).word();
        let row = found.iter().find(|row| row.reason == word).unwrap_or_else(|| panic!("{word}"));
        assert_eq!((row.asked, &*row.node), (Some(hrs(7)), NODE), "{word}");
        assert_eq!(row.text, crate::advice::refusal("alpha-1", hrs(7), NODE, refusal), "{word}");
    }
    // What the metrics count has a row here, and nothing else.
    let counted: std::collections::BTreeSet<_> =
        crate::admin::reasons().map(crate::admin::Reason::word).collect();
    assert_eq!(found.into_iter().map(|row| row.reason).collect::<std::collections::BTreeSet<_>>(), counted);
}
