//! `cargo xtask manual`: the man pages and the shell completions of `highwater`, made from its command line. The program
//! itself does not carry what makes them.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// How `cargo xtask manual` is called.
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) fn command(_: &Args) -> Result<ExitCode> {
    println!("{}", write(&Workspace::locate()?)?.display());
    Ok(ExitCode::SUCCESS)
}

/// Writes them, and gives their folder: `man`, and one for each shell.
///
/// # Errors
/// If the program does not build.
pub(crate) fn write(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target().join("manual");
    // What is gone from the command line must not stay.
    let _ = std::fs::remove_dir_all(&folder);
    workspace.build_programs()?;
    process::run(Command::new(workspace.target().join("debug/examples/manual")).arg(&folder))?;
    Ok(folder)
}
