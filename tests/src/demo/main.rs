//! The main job, shown: a real node commits blocks because the device signed them.
//!
//! `cargo xtask demo` installs what this needs, builds it and starts it.

mod frame;
mod interrupt;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};
use highwater_tests::bridge::{Bridge, Device, Setup};
use highwater_tests::cometbft::{Home, Node};
use highwater_tests::device::{Emulated, approve};
use highwater_tests::process::wait_for;
use interrupt::Interrupt;

const CHAIN: &str = "demo-1";
/// Between two blocks.
const PAUSE: Duration = Duration::from_millis(200);
/// For one block, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs a one-validator chain whose blocks the device signs.
#[derive(Parser)]
struct Cli {
    /// Blocks to wait for.
    #[arg(long, default_value_t = 20)]
    blocks: u64,
    /// What signs.
    #[arg(long, value_enum, default_value = "speculos")]
    device: Kind,
    /// The firmware, for the emulator.
    #[arg(long, required_if_eq("device", "speculos"))]
    firmware: Option<PathBuf>,
    /// The Python of the emulator's environment.
    #[arg(long, required_if_eq("device", "speculos"))]
    emulator: Option<PathBuf>,
    /// The node's program.
    #[arg(long)]
    cometbft: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The firmware in the emulator.
    Speculos,
    /// The signer in the bridge's own process: not a hardware key.
    Simulated,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Speculos => "the firmware in the emulator",
            Self::Simulated => "the simulated device (not a hardware key)",
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = Interrupt::watch().and_then(|interrupt| {
        let outcome = demo(&cli, &interrupt);
        // Everything is stopped by now. What failed first does not matter: the signal reaches the node and the bridge
        // as well, and they end by themselves.
        if interrupt.came() { Err(anyhow::anyhow!("interrupted")) } else { outcome }
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn demo(cli: &Cli, interrupt: &Interrupt) -> Result<bool> {
    let folder = tempfile::tempdir()?;
    let emulated = match (cli.device, &cli.firmware, &cli.emulator) {
        (Kind::Speculos, Some(firmware), Some(python)) => {
            println!("starting the emulator of a Nano S");
            Some(Emulated::start(firmware, python)?)
        }
        _ => None,
    };
    interrupt.check()?;
    let home = folder.path().join("node");
    let setup = approved(&folder.path().join("bridge"), emulated.as_ref(), &home.join("privval.sock"))?;
    let home = Home::init(&cli.cometbft, &home, CHAIN, &setup.public_key()?)?;
    interrupt.check()?;
    println!("starting the bridge and a CometBFT node whose only validator is {}", home.address);
    let mut bridge = setup.start()?;
    let mut node = home.start(PAUSE)?;
    let shown = blocks(cli, &mut node, &mut bridge, interrupt);
    // In order, also if it was interrupted: who is killed leaves something behind.
    let ended = (node.stop(), bridge.stop());
    let Shown { missed, signatures, refused } = shown?;
    ended.0?;
    ensure!(ended.1? == Some(0), "the bridge did not end well:\n{}", bridge.output());
    if let Some(emulated) = &emulated {
        println!("the device's screen:\n{}", frame::frame(&emulated.emulator()?.screen()?));
    }
    let name = cli.device.name();
    println!(
        "demo: {} blocks, {signatures} signatures by {name}, {missed} missed, {refused} refused",
        cli.blocks
    );
    // A validator alone proposes, prevotes and precommits every block itself.
    Ok(missed == 0 && refused == 0 && signatures as u64 >= 3 * cli.blocks)
}

/// What became of the blocks.
struct Shown {
    missed: u64,
    signatures: usize,
    refused: usize,
}

/// Shows block after block.
fn blocks(cli: &Cli, node: &mut Node, bridge: &mut Bridge, interrupt: &Interrupt) -> Result<Shown> {
    let mut missed = 0;
    for height in 1..=cli.blocks {
        reach(height, node, bridge, interrupt)?;
        let block = node.block(height)?;
        missed += u64::from(!block.signed);
        println!("{}", line(bridge, height, block.round, block.signed));
    }
    // A commit of N is final with N + 1's proposal; what is signed after the last block does not count.
    let signatures = bridge.signatures().iter().filter(|s| s.height <= cli.blocks).count();
    Ok(Shown { missed, signatures, refused: bridge.refusals() })
}

/// The bridge's configuration, with the chain approved on the device and its key pinned.
fn approved(folder: &Path, emulated: Option<&Emulated>, socket: &Path) -> Result<Setup> {
    let Some(emulated) = emulated else {
        println!(
            "approving chain {CHAIN}: the simulated device has no buttons, its owner here approves everything"
        );
        let setup = Setup::new(folder, &Device::Simulated, CHAIN, socket)?;
        return setup.add_chain(|| Ok(())).map(|()| setup);
    };
    let emulator = emulated.emulator()?;
    println!("the device's screen:\n{}", frame::frame(&emulator.screen()?));
    println!(
        "highwater chain add {CHAIN}: the owner reads page by page and approves by pressing both buttons"
    );
    let device = Device::Speculos(emulator.apdu_address().to_string());
    let setup = Setup::new(folder, &device, CHAIN, socket)?;
    setup.add_chain(|| approve(emulator, |page| println!("{}", frame::frame(page))))?;
    println!("approved; the device's screen:\n{}", frame::frame(&emulator.screen()?));
    Ok(setup)
}

/// Waits for a block, as long as everything runs.
fn reach(height: u64, node: &mut Node, bridge: &mut Bridge, interrupt: &Interrupt) -> Result<()> {
    wait_for(&format!("block {height}"), PATIENCE, || {
        interrupt.check()?;
        bridge.check()?;
        Ok(node.height()?.filter(|reached| *reached >= height).map(drop))
    })
    .with_context(|| format!("the bridge says:\n{}", bridge.output()))
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
