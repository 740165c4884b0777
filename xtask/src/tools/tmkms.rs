//! Another signer, for `cargo xtask bench` to measure ours beside.

use std::path::PathBuf;

use anyhow::Result;

use super::announce;
use crate::process;
use crate::workspace::Workspace;

/// The releases that were compared.
pub(crate) const VERSION: &str = "^0.15";

/// Gives the path of the program, building it from the registry first if it is not there.
///
/// # Errors
/// If the download or the build fails (a retry may help).
pub(crate) fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target().join("tmkms");
    let program = folder.join("bin/tmkms");
    // Cargo puts it there whole or not at all.
    if program.exists() {
        return Ok(program);
    }
    announce(&format!("tmkms {VERSION} by cargo, into {}", folder.display()))?;
    let mut cargo = workspace.cargo();
    cargo.args(["install", "tmkms", "--version", VERSION, "--features", "softsign", "--locked", "--root"]);
    process::run(cargo.arg(&folder))?;
    Ok(program)
}
