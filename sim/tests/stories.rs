//! Random lives under every fault of the model, by default 50,000 power cuts of them.

use highwater_sim::Keys;
use highwater_sim::powercut::{Sum, run};

fn sum(cuts: u64, seed: u64, keys: impl Fn() -> Keys) -> Sum {
    let sum = run(cuts, seed, keys, |_| ())
        .unwrap_or_else(|failed| panic!("{:#?}\n{:#?}", failed.steps, failed.violation));
    println!("{sum:?}");
    sum
}

#[test]
fn g2_the_mark_never_falls_in_fifty_thousand_power_cuts() {
    let sum = sum(48_000, 1, Keys::toy);
    // A run that stopped signing or rotting would prove nothing.
    assert!(sum.signatures > 2 * sum.cuts && sum.rots > 1_000 && sum.faults > 1_000, "{sum:?}");
    assert!(sum.unclear > 0 && sum.unclear * 20 < sum.recoveries, "{sum:?}");
}

#[test]
fn g3_every_signature_of_many_lives_verifies_and_no_two_conflict() {
    sum(2_000, 2, || Keys::remembered(b"stories"));
}
