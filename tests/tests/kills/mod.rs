//! The emulator is killed while requests keep coming, each time somewhere else, and starts again from flash that is torn
//! where it was being written. Whatever comes after: no two statements at one place, the chain signs at once, and no
//! mark is below what left.
//!
//! An emulator's own writes never tear. So a kill counts only if it came after the page to be torn was written and before
//! the reply had left, and then what that write left is chosen, and what was written after it is taken back: every kind
//! of [`Tear`] at each of the two copies of the record, and now and then once more in the recovery from it. `HIGHWATER_FULL=1` kills 200 times and more; `HIGHWATER_SEED` chooses again what was chosen in a run that
//! failed; `--nocapture` shows what was counted.
//!
//! Each start is also made by the simulated device on the same flash, and both must leave the same bytes.

mod add;
mod stream;
mod trial;
mod wreck;

use highwater_core::hrs::Step;
use highwater_sim::Tear;
use highwater_tests::stage::hrs;
use highwater_tests::tools;
use nanos_sdk::target::Device as Hardware;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use trial::Trial;
use wreck::{Cut, Rot};

/// The tests on one device, in a module of its name.
macro_rules! on {
    ($($module:ident = $device:path;)*) => {$(
        mod $module {
            #[test]
            fn no_kill_and_no_torn_page_costs_a_mark_or_needs_a_finger() {
                super::no_kill_and_no_torn_page_costs_a_mark_or_needs_a_finger($device);
            }

            #[test]
            fn a_torn_page_and_a_rotten_one_leave_the_mark_right_or_unclear() {
                super::a_torn_page_and_a_rotten_one_leave_the_mark_right_or_unclear($device);
            }

            #[test]
            fn an_add_that_is_cut_is_done_or_not_and_harms_no_chain_beside_it() {
                super::an_add_that_is_cut_is_done_or_not_and_harms_no_chain_beside_it($device);
            }
        }
    )*};
}

on! {
    firmware = nanos_sdk::target::nanos::DEVICE;
    nanosplus = nanos_sdk::target::nanosplus::DEVICE;
}

/// Each kind of tear at each copy, in any order, over and over.
fn every_tear(random: &mut StdRng) -> Vec<Cut> {
    let mut cuts: Vec<Cut> =
        (0..2).flat_map(|copy| Tear::kinds(random).map(|tear| Cut { copy, tear, rot: None })).collect();
    cuts.shuffle(random);
    cuts
}

/// A kill may come too early or too late for what it is to cut; then there is another.
fn kill(trial: &mut Trial, cuts: impl IntoIterator<Item = Cut>) {
    for cut in cuts {
        assert!(
            (0..50).any(|_| trial.kill(cut)),
            "{cut:?}: 50 kills and none came between its write and the reply"
        );
    }
}

fn no_kill_and_no_torn_page_costs_a_mark_or_needs_a_finger(hardware: Hardware) {
    let mut trial = Trial::new(hardware);
    let times = if tools::full() { 200 } else { 20 };
    while trial.torn < times {
        let left = times - trial.torn;
        let cuts = every_tear(&mut trial.stream.random);
        kill(&mut trial, cuts.into_iter().take(left));
    }
    let kinds = trial.tally.keys().filter(|what| what.starts_with("copy ")).count();
    assert_eq!(kinds, 14, "{:?}", trial.tally);
    trial.end();
}

fn a_torn_page_and_a_rotten_one_leave_the_mark_right_or_unclear(hardware: Hardware) {
    let mut trial = Trial::new(hardware);
    // Both copies of one record dead: this one is always unclear, and the owner sets it.
    let both = Cut { copy: 1, tear: Tear::Garbage(1), rot: Some(Rot::Other) };
    kill(&mut trial, [both]);
    for _ in 0..if tools::full() { 10 } else { 1 } {
        let cuts = every_tear(&mut trial.stream.random);
        let rotten = cuts.iter().zip(Rot::ALL).map(|(cut, rot)| Cut { rot: Some(rot), ..*cut });
        kill(&mut trial, rotten);
    }
    let seen = |what: &str| trial.tally.get(what).copied().unwrap_or(0);
    assert!(seen("rotten: right") > 0 && seen("rotten: unclear") > 0, "{:?}", trial.tally);
    trial.end();
}

fn an_add_that_is_cut_is_done_or_not_and_harms_no_chain_beside_it(hardware: Hardware) {
    let mut trial = Trial::new(hardware);
    let cuts = [add::Cut::Ring, add::Cut::Entry(1), add::Cut::Record, add::Cut::Entry(0)];
    for (cut, height) in cuts.iter().cycle().zip(1..=if tools::full() { 24 } else { 2 }) {
        trial.kill_during_add(hrs(height, 0, Step::None), *cut);
    }
    trial.add_after_all();
    trial.end();
}
