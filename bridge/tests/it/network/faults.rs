//! What a network may do, and what must hold then: nobody crashes, no statement has a second beside it, and the chain
//! goes on soon after the network is whole.

use std::time::Duration;

use super::stage::{BRIDGE, Stage, WORK};

const NODE: &str = "alpha";
const OTHER: &str = "beta";
const SHORT: Duration = Duration::from_millis(5);
/// A block of three signatures and a refused fourth, on a good network.
const BLOCK: Duration = Duration::from_secs(3);
/// From a whole network to the next block: the bridge finds a dead link after 12 s, the node after 5 s; then each may
/// have one dead link of the other's before it, and waits up to a second between two dials.
const HEALED: Duration = Duration::from_secs(25);

/// Worlds: each seed is another order of all that happens.
fn seeds() -> std::ops::Range<u64> {
    0..if std::env::var_os("HIGHWATER_FULL").is_some() { 40 } else { 4 }
}

#[test]
fn a_slow_network_costs_time_and_no_link() {
    for seed in seeds() {
        // A second each way at most: a handshake crosses twice, and has 2.5 s.
        let mut stage = Stage::new(&[NODE], Duration::from_millis(500), seed);
        stage.blocks(NODE, 1, HEALED);
        stage.pass(Duration::from_secs(60));
        let (height, links) = (stage.height(NODE), stage.links(NODE));
        assert!(height >= 4 && links == 1, "seed {seed}: height {height}, {links} links");
        stage.audit();
    }
}

#[test]
fn after_a_partition_however_long_the_chain_goes_on() {
    for seed in seeds() {
        let mut stage = Stage::new(&[NODE], SHORT, seed);
        stage.blocks(NODE, 2, HEALED);
        for millis in [100, 1_000, 4_000, 6_000, 13_000, 60_000, 120_000] {
            // Cut at another moment of a block each time.
            stage.pass(Duration::from_millis(millis % 770 + 31 * seed));
            stage.sim.partition(BRIDGE, NODE);
            stage.pass(Duration::from_millis(millis));
            stage.sim.repair(BRIDGE, NODE);
            stage.blocks(NODE, 1, HEALED);
            stage.blocks(NODE, 3, 3 * BLOCK);
        }
        assert!(stage.links(NODE) > 1, "it was felt");
        stage.audit();
    }
}

#[test]
fn a_link_that_carries_one_way_only_is_half_open_and_given_up_by_both() {
    for seed in seeds() {
        for (from, to) in [(BRIDGE, NODE), (NODE, BRIDGE)] {
            let mut stage = Stage::new(&[NODE], SHORT, seed);
            stage.blocks(NODE, 2, HEALED);
            for seconds in [3, 7, 40] {
                stage.pass(Duration::from_millis(97 * seed));
                stage.sim.partition_oneway(from, to);
                stage.pass(Duration::from_secs(seconds));
                stage.sim.repair_oneway(from, to);
                stage.blocks(NODE, 1, HEALED);
            }
            assert!(stage.links(NODE) > 1, "it was felt");
            stage.audit();
        }
    }
}

#[test]
fn old_links_that_come_back_to_life_beside_new_ones_are_no_danger() {
    for seed in seeds() {
        let mut stage = Stage::new(&[NODE], SHORT, seed);
        stage.blocks(NODE, 2, HEALED);
        for seconds in [2, 6, 14, 45] {
            stage.pass(Duration::from_millis(89 * seed));
            // Nothing is lost, but all is late: requests and ends of old links, and every dial since.
            stage.sim.hold(BRIDGE, NODE);
            stage.pass(Duration::from_secs(seconds));
            stage.sim.release(BRIDGE, NODE);
            stage.blocks(NODE, 1, HEALED);
            stage.blocks(NODE, 2, 2 * BLOCK);
        }
        stage.audit();
    }
}

#[test]
fn random_losses_stop_the_chain_only_while_they_last() {
    for seed in seeds() {
        let mut stage = Stage::new(&[NODE], SHORT, seed);
        stage.blocks(NODE, 1, HEALED);
        stage.sim.set_link_fail_rate(BRIDGE, NODE, 0.02);
        stage.pass(Duration::from_secs(180));
        stage.sim.set_link_fail_rate(BRIDGE, NODE, 0.0);
        // The last failure may still stand.
        stage.sim.repair(BRIDGE, NODE);
        stage.blocks(NODE, 1, HEALED);
        assert!(stage.links(NODE) > 1, "it was felt");
        stage.audit();
    }
}

#[test]
fn a_node_that_starts_again_behind_a_partition_gets_what_it_had_and_nothing_else() {
    for seed in seeds() {
        let mut stage = Stage::new(&[NODE], SHORT, seed);
        stage.blocks(NODE, 2, HEALED);
        for seconds in [0, 1, 8, 20] {
            stage.pass(Duration::from_millis(113 * seed + 211 * seconds));
            // Its end of the link goes without a word; the bridge still has its own.
            stage.sim.partition(BRIDGE, NODE);
            stage.seen(NODE, |seen| seen.restart = true);
            stage.pass(Duration::from_secs(seconds));
            stage.sim.repair(BRIDGE, NODE);
            stage.blocks(NODE, 1, HEALED);
        }
        stage.audit();
    }
}

#[test]
fn a_dead_node_delays_no_other_chain() {
    for seed in seeds() {
        let mut stage = Stage::new(&[NODE, OTHER], SHORT, seed);
        stage.blocks(NODE, 2, HEALED);
        stage.blocks(OTHER, 2, HEALED);
        stage.seen(OTHER, |seen| seen.slowest = Duration::ZERO);
        let height = stage.height(OTHER);
        // Dead, back, half-open, slow beyond every patience, late.
        stage.sim.partition(BRIDGE, NODE);
        stage.pass(Duration::from_secs(30));
        stage.sim.repair(BRIDGE, NODE);
        stage.pass(Duration::from_secs(10));
        stage.sim.partition_oneway(NODE, BRIDGE);
        stage.pass(Duration::from_secs(15));
        stage.sim.repair_oneway(NODE, BRIDGE);
        stage.sim.set_link_latency(BRIDGE, NODE, Duration::from_secs(4));
        stage.pass(Duration::from_secs(30));
        stage.sim.hold(BRIDGE, NODE);
        stage.pass(Duration::from_secs(15));
        let (slowest, blocks) = (stage.seen(OTHER, |seen| seen.slowest), stage.height(OTHER) - height);
        // Two ways, two looks of the simulator at each, and the device.
        assert!(slowest <= WORK + Duration::from_millis(100), "seed {seed}: {slowest:?}");
        assert!(blocks >= 60 && stage.links(OTHER) == 1, "seed {seed}: {blocks} blocks");
        stage.audit();
    }
}
