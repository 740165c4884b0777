//! Four validators, one of them ours: the bridge tells which blocks have its signature, which were signed too late, and for
//! which nobody asked, as a witness among the other nodes tells it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use highwater_tests::bridge::Setup;
use highwater_tests::four::Four;
use highwater_tests::process::wait_for;
use highwater_tests::validator::PATIENCE;

const CHAIN: &str = "inclusion-1";
/// Between two blocks; a vote that comes within it still gets into the commit.
const PAUSE: Duration = Duration::from_secs(1);
/// Of each signature: two are later than the chain waits.
const LATE: Duration = Duration::from_millis(1_300);

#[test]
fn blocks_that_are_signed_too_late_or_not_asked_for_are_told_from_those_that_have_our_signature() {
    let folder = tempfile::tempdir().unwrap();
    told(folder.path()).unwrap();
}

/// So many of the last blocks, by their word.
fn blocks(setup: &Setup, word: &str) -> Result<u64> {
    let status = setup.status()?;
    status["chains"][0]["on_chain"][word].as_u64().with_context(|| format!("no {word} in {status:#}"))
}

fn told(folder: &std::path::Path) -> Result<()> {
    let four = Four::new(folder, CHAIN)?;
    let setup = four.setup()?;
    let Four { device, home, others, .. } = four;
    let mut others = others.iter().map(|home| home.start(PAUSE)).collect::<Result<Vec<_>>>()?;
    let mut witness = others.pop().context("three others")?;
    witness.wait_for_height(3, PATIENCE)?;
    setup.asks(witness.rpc())?;
    let bridge = setup.start()?;
    let until = |word: &str, many: u64| {
        let found = wait_for(&format!("{many} blocks {word}"), PATIENCE, || {
            // A daemon that has just been started does not answer yet.
            Ok(blocks(&setup, word).ok().filter(|found| *found >= many))
        });
        found.with_context(|| format!("{:#?}\n{}", setup.status(), bridge.output()))
    };

    let mut ours = home.start(PAUSE)?;
    until("present", 5)?;
    device.delay(1_000, LATE);
    // The first is late; then the node comes to its blocks when the others have left them.
    until("late", 1)?;
    until("behind", 2)?;
    device.delay(0, Duration::ZERO);
    let present = blocks(&setup, "present")?;
    until("present", present + 3)?;
    let unasked = blocks(&setup, "unasked")?;
    ours.kill();
    until("unasked", unasked + 3)?;
    let _ours = home.start(PAUSE)?;
    let present = blocks(&setup, "present")?;
    until("present", present + 3)?;

    // What it tells of each block that it counted, the chain tells too.
    let status = setup.status()?;
    let found = &status["chains"][0]["on_chain"];
    let number = |word: &str| found[word].as_u64().with_context(|| format!("no {word}"));
    let last: u64 = found["height"].as_str().context("no height")?.parse()?;
    let mut signed = 0;
    for height in last + 1 - number("blocks")?..=last {
        signed += u64::from(witness.block_with(height, &home.address)?.signed);
    }
    ensure!(signed == number("present")?, "{signed} of them are signed: {found:#}");
    ensure!(status["chains"][0]["device_seconds"]["precommit"].is_number(), "{status:#}");
    ensure!(found["block_seconds"].as_f64().is_some_and(|pace| pace > 0.9), "{found:#}");
    let lines = bridge.output();
    ensure!(lines.contains("block.missed") && lines.contains("nobody asked here"), "{lines}");
    device.audit().map(drop)
}
