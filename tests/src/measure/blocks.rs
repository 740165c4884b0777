//! How fast a real chain of one validator goes, by who signs its blocks.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use highwater_tests::bridge::{Device, Setup};
use highwater_tests::cometbft::{Home, Node};
use highwater_tests::device::{Emulated, approve};
use nanos_sdk::target::nanos;
use serde_json::{Value, json};

use super::Cli;

const CHAIN: &str = "bench-1";
/// For all blocks of one chain, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(1_800);
/// Between two blocks: CometBFT's default, and none.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::ZERO];

/// One chain.
pub(crate) struct Line {
    signer: &'static str,
    pause: Duration,
    blocks: u64,
    seconds: f64,
}

/// Runs each chain in turn.
pub(crate) fn run(folder: &Path, cli: &Cli) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for pause in PAUSES {
        let place = |name: &str| folder.join(format!("{name}-{}", pause.as_millis()));
        // Blocks that take milliseconds need more of them for a figure.
        let many = if pause.is_zero() { cli.blocks * 10 } else { cli.blocks };
        let home = Home::with_file_key(&cli.cometbft, &place("file"))?;
        lines.push(measure("key in the node's file", &home, pause, many)?);
        lines.push(signed("simulated device", &place("simulated"), None, pause, many, cli)?);
        if let (Some(firmware), Some(python)) = (&cli.firmware, &cli.emulator) {
            let emulated = Emulated::start(nanos::DEVICE, None, firmware, python)?;
            let name = "firmware in the emulator";
            lines.push(signed(name, &place("firmware"), Some(&emulated), pause, cli.blocks, cli)?);
        }
    }
    Ok(lines)
}

fn signed(
    signer: &'static str,
    folder: &Path,
    emulated: Option<&Emulated>,
    pause: Duration,
    blocks: u64,
    cli: &Cli,
) -> Result<Line> {
    let home = folder.join("node");
    let device = match emulated {
        None => Device::Simulated,
        Some(emulated) => Device::Speculos(emulated.emulator()?.apdu_address().to_string()),
    };
    let setup = Setup::new(&folder.join("bridge"), &device, CHAIN, &home.join("privval.sock"))?;
    setup.add_chain(|| emulated.map_or(Ok(()), |emulated| approve(emulated.emulator()?, |_| ())))?;
    let home = Home::init(&cli.cometbft, &home, CHAIN, &setup.public_key()?)?;
    let mut bridge = setup.start_plain()?;
    let line = measure(signer, &home, pause, blocks)?;
    bridge.stop()?;
    Ok(line)
}

fn measure(signer: &'static str, home: &Home, pause: Duration, blocks: u64) -> Result<Line> {
    eprintln!("{blocks} blocks, {signer}, {} ms between blocks", pause.as_millis());
    let mut node = home.start(pause)?;
    // The first blocks are the node's start.
    let (first, begin) = reached(&mut node, 3)?;
    let (last, end) = reached(&mut node, first + blocks)?;
    node.stop()?;
    Ok(Line {
        signer,
        pause,
        blocks: last - first,
        seconds: (end - begin).as_secs_f64() / (last - first) as f64,
    })
}

fn reached(node: &mut Node, height: u64) -> Result<(u64, Instant)> {
    node.wait_for_height(height, PATIENCE)?;
    let reached = node.height()?.unwrap_or(height);
    Ok((reached, Instant::now()))
}

impl Line {
    pub(crate) fn row(&self) -> Vec<String> {
        vec![
            self.signer.to_owned(),
            format!("{} s", self.pause.as_secs_f64()),
            self.blocks.to_string(),
            format!("{:.3}", self.seconds),
        ]
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "signer": self.signer,
            "pause_s": self.pause.as_secs_f64(),
            "blocks": self.blocks,
            "seconds_per_block": self.seconds,
        })
    }
}
