//! What Highwater is built on that is not its own: licences, sources, bans and published faults, by `deny.toml`.

use std::process::{Command, Stdio};

use anyhow::Result;

use crate::process;
use crate::tools::deny;
use crate::workspace::Workspace;

/// The workspace, and the fuzz targets, which are one of their own.
const MANIFESTS: [&str; 2] = ["Cargo.toml", "fuzz/Cargo.toml"];

/// Licences, sources and bans.
///
/// # Errors
/// If a dependency is not as `deny.toml` wants it; what it is stands in the output.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    for manifest in MANIFESTS {
        process::run(deny(workspace, manifest)?.args(["check", "licenses", "bans", "sources"]))?;
    }
    Ok(())
}

/// Published faults. `Some`: there is no database of them here, for this reason.
///
/// # Errors
/// If a dependency has a fault, or is yanked; what it is stands in the output.
pub(crate) fn advisories(workspace: &Workspace) -> Result<Option<String>> {
    let mut fetch = deny(workspace, MANIFESTS[0])?;
    if let Err(error) = process::text(fetch.args(["fetch", "db"]).env("GIT_TERMINAL_PROMPT", "0")) {
        let reason = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
        return Ok(Some(format!("the database of advisories cannot be fetched ({reason})")));
    }
    for manifest in MANIFESTS {
        // Offline: the database was just fetched, and the two look at the same one.
        process::run(deny(workspace, manifest)?.args(["--offline", "check", "advisories"]))?;
    }
    Ok(None)
}

fn deny(workspace: &Workspace, manifest: &str) -> Result<Command> {
    let mut deny = Command::new(deny::ensure(workspace)?);
    deny.current_dir(workspace.root()).stdin(Stdio::null());
    deny.args(["--locked", "--config", "deny.toml", "--manifest-path", manifest]);
    Ok(deny)
}
