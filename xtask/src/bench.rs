//! `cargo xtask bench`: how long a request takes, beside another signer and a floor, and how long a block. Installs and
//! builds what is needed, for release, then becomes the bench itself (package `highwater-tests`).

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use nanos_sdk::target::nanos;

use crate::tools::{cargo, cometbft, emulator};
use crate::workspace::{STORES, Workspace};
use crate::{firmware, process, toolchain};

/// How `cargo xtask bench` is called.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Rounds in which all signers take their turn; 0 leaves out the requests.
    #[arg(long, default_value_t = 40)]
    rounds: usize,
    /// Requests of a turn.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
    requests: u64,
    /// Blocks of each chain; 0 leaves out the chains.
    #[arg(long, default_value_t = 20)]
    blocks: u64,
    /// Blocks of each chain of four validators with a signer as slow as an HSM; 0 leaves them out.
    #[arg(long, default_value_t = 60)]
    pace: u64,
}

/// Runs the command.
pub(crate) fn command(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::locate()?;
    let mut bench = Command::new(workspace.target().join("release/highwater-bench"));
    bench.arg("--folder").arg(workspace.target().join("bench"));
    for (name, value) in [
        ("--rounds", args.rounds as u64),
        ("--requests", args.requests),
        ("--blocks", args.blocks),
        ("--pace", args.pace),
    ] {
        bench.args([name, &value.to_string()]);
    }
    if args.rounds > 0 {
        bench.arg("--tmkms").arg(cargo::TMKMS.ensure(&workspace)?);
    }
    if args.blocks > 0 || args.pace > 0 {
        bench.arg("--cometbft").arg(cometbft::DEFAULT.ensure(&workspace)?);
    }
    if args.blocks > 0 {
        bench.arg("--emulator").arg(emulator::ensure(&workspace, &nanos::DEVICE)?);
        bench
            .arg("--firmware")
            .arg(firmware::make(&workspace, &toolchain::find(&workspace)?, &nanos::DEVICE)?.elf);
    }
    let build = ["build", "--release", "--package", "highwater", "--package", "highwater-tests", "--bins"];
    process::run(workspace.cargo().args(build).args(STORES))?;
    // In our place, not below us: a signal then reaches the one that knows what to stop.
    Err(bench.exec()).with_context(|| format!("cannot start {}", process::line(&bench)))
}
