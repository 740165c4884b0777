//! Whether a signer that takes as long as an HSM keeps the pace of a chain whose blocks are half a second apart: four validators,
//! one of them ours, and how many of the blocks have our signature.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use highwater_played_hsm::{Hsm, MAY_SIGN};
use highwater_tests::bridge::Setup;
use highwater_tests::cometbft::testnet;
use highwater_tests::store::{SEED, Store};
use serde_json::{Value, json};

use super::Cli;

const CHAIN: &str = "pace-1";
/// Between two blocks: a precommit that comes within it still gets into the commit.
const PAUSE: Duration = Duration::from_millis(500);
/// What a YubiHSM2 takes for a signature, by the logs of users of tmkms; and what is certainly too long.
const EACH: [u64; 4] = [100, 130, 160, 350];
const PATIENCE: Duration = Duration::from_secs(1_800);

/// One chain.
pub(crate) struct Line {
    each: u64,
    blocks: u64,
    ours: u64,
    seconds: f64,
}

/// Runs each chain in turn.
pub(crate) fn run(folder: &Path, cli: &Cli) -> Result<Vec<Line>> {
    EACH.into_iter().map(|each| measure(&folder.join(format!("pace-{each}")), each, cli)).collect()
}

fn measure(folder: &Path, each: u64, cli: &Cli) -> Result<Line> {
    eprintln!("{} blocks, four validators, {each} ms a signature of ours", cli.pace);
    std::fs::create_dir_all(folder)?;
    let hsm = Hsm::new();
    hsm.put_key(1, SEED, MAY_SIGN);
    let plug = hsm.plug()?;
    let store = Store::played(&hsm, plug.port(), false)?;
    let bridge = folder.join("bridge");
    let setup = Setup::for_nodes(&bridge, store.device(), CHAIN, &[])?;
    setup.add_chain(|| Ok(()))?;
    let homes = testnet(&cli.cometbft, &folder.join("net"), CHAIN, &setup.public_key()?, 4)?;
    let ours = homes.first().context("four homes")?;
    let socket = format!("unix://{}", ours.socket().display());
    hsm.takes(Duration::from_millis(each));
    let mut bridge = Setup::on_absent(&bridge, store.device(), CHAIN, &[socket], "error")?.start_plain()?;
    let mut nodes = homes.iter().map(|home| home.start(PAUSE)).collect::<Result<Vec<_>>>()?;
    // One of the others tells: it goes on without us.
    let witness = nodes.last_mut().context("four nodes")?;
    witness.wait_for_height(5, PATIENCE)?;
    let (first, begin) = (witness.height()?.context("a height")?, Instant::now());
    witness.wait_for_height(first + cli.pace + 1, PATIENCE)?;
    let (last, took) = (witness.height()?.context("a height")?, begin.elapsed());
    // The commit of a block is in the next one.
    let mut signed = 0;
    for height in first..last {
        signed += u64::from(witness.block_with(height, &ours.address)?.signed);
    }
    for node in &mut nodes {
        node.kill();
    }
    bridge.stop()?;
    let blocks = last - first;
    Ok(Line { each, blocks, ours: signed, seconds: took.as_secs_f64() / blocks as f64 })
}

impl Line {
    pub(crate) fn row(&self) -> Vec<String> {
        vec![
            format!("{:.2} s", self.each as f64 / 1e3),
            format!("{:.3}", self.seconds),
            format!("{} of {}", self.ours, self.blocks),
        ]
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "signature_s": self.each as f64 / 1e3,
            "blocks": self.blocks,
            "with_our_signature": self.ours,
            "seconds_per_block": self.seconds,
        })
    }
}
