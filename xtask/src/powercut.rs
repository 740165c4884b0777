//! `cargo xtask powercut`: a million power cuts, in recoveries too, with rotting pages and failing writes among them.
//! Ends with another code than 0 if the mark ever falls or anything else breaks the specification.

use std::process::ExitCode;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// How `cargo xtask powercut` is called.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Power cuts to make.
    #[arg(long, default_value_t = 1_000_000)]
    cuts: u64,
    /// Another seed makes other lives; the same one the same.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the command.
pub(crate) fn command(args: &Args) -> Result<ExitCode> {
    let mut run = Workspace::locate()?.cargo();
    run.args(["run", "--quiet", "--release", "--package", "highwater-sim", "--example", "powercut", "--"]);
    process::run(run.args([args.cuts.to_string(), args.seed.to_string()]))?;
    Ok(ExitCode::SUCCESS)
}
