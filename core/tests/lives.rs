//! Long lives, cut and rotting day by day, on small rings.

use highwater_core::apdu::ChainState;
use highwater_core::hrs::{Hrs, Step};
use highwater_core::rings::Rings;
use highwater_sim::{Fault, SimDevice, Tear, World};
use proptest::prelude::*;

use crate::auditor::{Auditor, Op, boot, recover_to_cut};
use crate::stage::{Ask, CHAIN, PREVOTE, add, hrs, set_mark, status};

/// One waking of a device in a long life.
#[derive(Debug, Clone)]
struct Day {
    /// Height above or below the highest released, step, block.
    asks: Vec<(u64, Step, u8)>,
    /// 1 raises the mark, 2 lowers it again as far as it may.
    owner: u8,
    cut: Option<(u32, Tear)>,
    rot: Option<(u16, bool)>,
    recovery: Vec<(u32, Tear)>,
}

fn day() -> impl Strategy<Value = Day> {
    let step = prop_oneof![Just(Step::Proposal), Just(Step::Prevote), Just(Step::Precommit)];
    let tear = || {
        prop_oneof![
            Just(Tear::Old),
            Just(Tear::New),
            any::<u64>().prop_map(Tear::Mixed),
            any::<u64>().prop_map(Tear::Garbage)
        ]
    };
    (
        prop::collection::vec((0..3u64, step, 0..3u8), 0..5),
        prop_oneof![6 => Just(0u8), 1 => Just(1), 1 => Just(2)],
        prop::option::of((0..8u32, tear())),
        prop::option::of((any::<u16>(), any::<bool>())),
        prop::collection::vec((0..4u32, tear()), 0..3),
    )
        .prop_map(|(asks, owner, cut, rot, recovery)| Day { asks, owner, cut, rot, recovery })
}

/// Lives through `days`; gives how often the chain was unclear in the morning.
fn live(pairs: u16, days: &[Day]) -> usize {
    let mut device = SimDevice::boot(World::new(b"stage", pairs));
    add(&mut device, CHAIN, Hrs::default()).unwrap();
    let mut seen = Auditor::default();
    let (mut unclear, mut last) = (0, None);
    for day in days {
        // A node that restarts asks for its last vote again; so what was cut may leave after all.
        if let Some(ask) = last {
            seen.watch(&mut device, Op::Sign(ask));
        }
        if let Some((nth, tear)) = day.cut {
            device.world.medium.plan(nth, Fault::Cut(tear));
        }
        for (above, step, block) in &day.asks {
            let height = (seen.highest().height.value() + above).saturating_sub(1).max(1);
            let ask = Ask { height, step: *step, block: *block, ..PREVOTE };
            seen.watch(&mut device, Op::Sign(ask));
            last = Some(ask);
        }
        match day.owner {
            1 => seen.watch(&mut device, Op::SetMark(seen.highest().height.value() + 5)),
            2 => seen.watch(&mut device, Op::SetMark(seen.highest().height.value() + 1)),
            _ => {}
        }
        if let Some((page, blank)) = day.rot {
            let index = page % (2 * pairs);
            let rotten = if blank { [0; 64] } else { [0xa5; 64] };
            device.world.medium.rot(Rings::equal(pairs).page(0, index), rotten);
        }
        let mut image = device.world.medium.pages().to_vec();
        for at in &day.recovery {
            if let Some(device) = recover_to_cut(&image, pairs, *at) {
                image = device.world.medium.pages().to_vec();
            }
        }
        device = boot(&image, pairs);
        let (state, mark, ..) = status(&mut device, 0);
        match state {
            ChainState::Armed => assert!(mark >= seen.highest(), "{mark} fell below {}", seen.highest()),
            ChainState::Unclear => {
                unclear += 1;
                let height = mark.max(seen.highest()).height.value() + 1;
                set_mark(&mut device, hrs(height, 0, Step::None)).unwrap();
            }
            other => panic!("the chain is {other:?}"),
        }
    }
    unclear
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_long_life_of_cuts_and_one_rotten_page_a_day(
        pairs in 2..6u16, days in prop::collection::vec(day(), 1..24),
    ) {
        live(pairs, &days);
    }

    #[test]
    fn a_long_life_of_cuts_alone_never_asks_for_the_owner(
        pairs in 2..6u16, days in prop::collection::vec(day(), 1..24),
    ) {
        // A lowering that is cut is unclear by design, so nobody lowers here.
        let days: Vec<Day> =
            days.into_iter().map(|day| Day { rot: None, owner: day.owner % 2, ..day }).collect();
        prop_assert_eq!(live(pairs, &days), 0);
    }
}
