//! The main job, shown: a real node commits blocks because the device signed them.
//!
//! `cargo xtask demo` installs what this needs, builds it and starts it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::{Parser, ValueEnum};
use highwater_tests::bridge::{Bridge, Device, Setup};
use highwater_tests::cometbft::Home;

const CHAIN: &str = "demo-1";

/// Runs a one-validator chain whose blocks the device signs.
#[derive(Parser)]
struct Cli {
    /// Blocks to wait for.
    #[arg(long, default_value_t = 20)]
    blocks: u64,
    /// What signs.
    #[arg(long, value_enum, default_value = "simulated")]
    device: Kind,
    /// The node's program.
    #[arg(long)]
    cometbft: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The signer in the bridge's own process: not a hardware key.
    Simulated,
}

fn main() -> ExitCode {
    match demo(&Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn demo(cli: &Cli) -> Result<bool> {
    let folder = tempfile::tempdir()?;
    let (device, name) = match cli.device {
        Kind::Simulated => (Device::Simulated, "the simulated device (not a hardware key)"),
    };
    let home = folder.path().join("node");
    let setup = Setup::new(&folder.path().join("bridge"), &device, CHAIN, &home.join("privval.sock"))?;
    println!("approving chain {CHAIN} on {name}");
    setup.run(&["chain", "add", CHAIN, "--key-index", "0", "--next-height", "1"])?;
    let home = Home::init(&cli.cometbft, &home, CHAIN, &setup.public_key()?)?;
    println!("starting the bridge and a CometBFT node whose only validator is {}", home.address);
    let mut bridge = setup.start()?;
    let mut node = home.start(Duration::from_millis(200))?;
    let mut missed = 0;
    for height in 1..=cli.blocks {
        bridge.check()?;
        node.wait_for_height(height, Duration::from_secs(60))?;
        let block = node.block(height)?;
        missed += u64::from(!block.signed);
        println!("{}", line(&bridge, height, block.round, block.signed));
    }
    // A commit of N is final with N + 1's proposal; what is signed after the last block does not count.
    let signatures = bridge.signatures().iter().filter(|s| s.height <= cli.blocks).count();
    let refused = bridge.refusals();
    node.stop()?;
    ensure!(bridge.stop()? == Some(0), "the bridge did not end well:\n{}", bridge.output());
    println!(
        "demo: {} blocks, {signatures} signatures by {name}, {missed} missed, {refused} refused",
        cli.blocks
    );
    // A validator alone proposes, prevotes and precommits every block itself.
    Ok(missed == 0 && refused == 0 && signatures as u64 >= 3 * cli.blocks)
}

/// One line per block: where, and how long each signature took.
fn line(bridge: &Bridge, height: u64, round: u64, signed: bool) -> String {
    let mut text = format!("block {height}/{round}");
    for signature in bridge.signatures().iter().filter(|s| s.height == height && s.round == round) {
        text += &format!("  {} {:.1} ms", signature.step, signature.ms);
    }
    if !signed {
        text += "  MISSED";
    }
    text
}
