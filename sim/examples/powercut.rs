//! `cargo xtask powercut`: random stories until enough power cuts have happened.
//!
//! Two arguments: how many cuts, and the seed. Every eighth story is told with real keys, whose every signature the
//! auditor verifies; in the others signatures are checksums, which the journal cannot tell apart and which cost less.

use std::cell::Cell;
use std::io::{IsTerminal, Write, stderr};
use std::process::ExitCode;
use std::time::Instant;

use highwater_sim::Keys;
use highwater_sim::powercut::{Sum, run};

const REAL: u64 = 8;

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|number| number.parse::<u64>());
    let (Some(Ok(cuts)), Some(Ok(seed)), None) = (numbers.next(), numbers.next(), numbers.next()) else {
        eprintln!("usage: powercut CUTS SEED");
        return ExitCode::from(64);
    };
    let (start, story) = (Instant::now(), Cell::new(0));
    let keys = || {
        story.set(story.get() + 1);
        if story.get() % REAL == 0 { Keys::remembered(b"power cut") } else { Keys::toy() }
    };
    match run(cuts, seed, keys, |sum| progress(sum, cuts, &start)) {
        Ok(sum) => {
            eprintln!();
            summary(&sum, seed, 0);
            println!("{:.0} seconds", start.elapsed().as_secs_f64());
            ExitCode::SUCCESS
        }
        Err(failed) => {
            eprintln!();
            failed.steps.iter().for_each(|step| println!("  {step}"));
            println!("{:#?}\nstory {:?}", failed.violation, failed.story);
            summary(&failed.sum, seed, 1);
            ExitCode::FAILURE
        }
    }
}

fn progress(sum: &Sum, cuts: u64, start: &Instant) {
    // Every story on a terminal, now and then in a log.
    if !stderr().is_terminal() && !sum.stories.is_multiple_of(4096) {
        return;
    }
    let done = (sum.cuts * 40 / cuts.max(1)).min(40) as usize;
    let rate = sum.cuts as f64 / start.elapsed().as_secs_f64().max(0.001);
    eprint!("\r[{:40}] {} of {cuts} cuts, {rate:.0} a second", "#".repeat(done), sum.cuts);
    let _ = stderr().flush();
}

fn summary(sum: &Sum, seed: u64, violations: u8) {
    let Sum { stories, cuts, rots, faults, signatures, recoveries, unclear, .. } = sum;
    let Sum { key_operations, imported, lost, stopped, .. } = sum;
    println!(
        "seed {seed}: {stories} lives, {cuts} cuts, {rots} rots, {faults} failing or lying writes, \
         {signatures} signatures, {recoveries} recoveries, {unclear} unclear, {key_operations} operations on keys, \
         {imported} recoveries of a chain with an imported key, {lost} with such a key lost, {stopped} with its chain \
         stopped, {violations} violations"
    );
}
