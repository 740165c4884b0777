//! `cargo xtask demo`: the main job, shown. Installs and builds what is needed, then hands over to the demo itself
//! (package `highwater-tests`).

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::process;
use crate::tools::cometbft;
use crate::workspace::Workspace;

/// How `cargo xtask demo` is called.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many blocks to wait for.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    blocks: u64,
    /// What signs.
    #[arg(long, value_enum, default_value = "simulated")]
    device: Device,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Device {
    /// The signer in the bridge's own process: not a hardware key.
    Simulated,
}

impl Device {
    const fn name(self) -> &'static str {
        match self {
            Self::Simulated => "simulated",
        }
    }
}

/// Runs the command.
pub(crate) fn command(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::locate()?;
    let node = cometbft::ensure(&workspace)?;
    let build = ["build", "--package", "highwater", "--package", "highwater-tests", "--bins"];
    process::run(workspace.cargo().args(build))?;
    let mut demo = Command::new(workspace.target().join("debug/highwater-demo"));
    demo.arg("--blocks").arg(args.blocks.to_string());
    demo.arg("--device").arg(args.device.name()).arg("--cometbft").arg(node);
    process::run(&mut demo)?;
    Ok(ExitCode::SUCCESS)
}
