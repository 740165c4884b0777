//! A long run at the fastest rate: nothing grows, nothing slows, and an auditor sees every signature.

use std::time::Duration;

use highwater_tests::harness::{Chain, Timing, Version};
use highwater_tests::usage;

use super::rig::{By, Rig};

const BLOCKS: usize = 1_000;
/// With `HIGHWATER_FULL`.
const MANY: usize = 10_000;
/// What memory may grow by after the first tenth: pages that are touched late, and no more in ten times the blocks.
const GROWTH: u64 = 1 << 20;

#[test]
fn over_a_thousand_blocks_nothing_grows_and_every_signature_stands_before_the_auditor() {
    let blocks = if std::env::var_os("HIGHWATER_FULL").is_some() { MANY } else { BLOCKS };
    let rig = Rig::new();
    let (node, mut bridge) = rig.linked(Version::V038, By::Unix, Timing::default());
    let mut chain = Chain::start(node, 0).unwrap();
    let mut times = Vec::new();
    let mut used = Vec::new();
    for block in 1..=blocks {
        let line = chain.commit().unwrap_or_else(|error| panic!("{error:#}\n{}", bridge.output()));
        times.extend([line.proposal, line.prevote, line.precommit]);
        if block % (blocks / 10) == 0 {
            used.push((usage::resident(bridge.id()).unwrap(), usage::descriptors(bridge.id()).unwrap()));
        }
    }
    println!("{}", histogram(&times));
    println!("resident bytes and descriptors at each tenth: {used:?}");
    assert_eq!(chain.signatures() as usize, 3 * blocks);
    assert_eq!(chain.node().links(), 1, "the link held");
    let (warm, open) = used[0];
    for (resident, descriptors) in used {
        assert!(resident <= warm + GROWTH, "memory grew from {warm} to {resident}");
        assert_eq!(descriptors, open, "files are left open");
    }
    assert_eq!(bridge.stop().unwrap(), Some(0), "{}", bridge.output());
    assert_eq!((bridge.signatures().len(), bridge.refusals()), (3 * blocks, 0));
}

/// How many signatures took how long, in steps of two.
fn histogram(times: &[Duration]) -> String {
    let mut text = format!("{} signatures", times.len());
    let mut from = Duration::ZERO;
    let mut to = Duration::from_micros(250);
    while from <= times.iter().copied().max().unwrap_or_default() {
        let count = times.iter().filter(|time| **time >= from && **time < to).count();
        let bar = "#".repeat((60 * count).div_ceil(times.len().max(1)));
        text += &format!("\n{:>9.2} ms {count:>6} {bar}", to.as_secs_f64() * 1e3);
        (from, to) = (to, to * 2);
    }
    text
}
