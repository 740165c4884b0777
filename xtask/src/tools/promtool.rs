//! `promtool`, which reads the alert rules as Prometheus will. It is taken out of Debian's package and nothing is installed:
//! the package would start a server.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::debian;
use crate::process;
use crate::workspace::Workspace;

/// Where the tests find it that raise each alert by its cause.
pub(crate) const VARIABLE: &str = "HIGHWATER_PROMTOOL";

/// The program.
///
/// # Errors
/// If it is not there, and apt cannot fetch its package.
pub(crate) fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(program) = process::on_path("promtool") {
        return Ok(program);
    }
    let folder = workspace.target().join("prometheus");
    let program = folder.join("usr/bin/promtool");
    if !program.exists() {
        debian::unpack("prometheus", &folder, "the alert rules")?;
    }
    program.exists().then_some(program).context("Debian's package prometheus has no promtool any more")
}

/// Checks the rules and runs their tests.
///
/// # Errors
/// With what promtool says.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let program = ensure(workspace)?;
    let rules = workspace.root().join("packaging/prometheus");
    for (verb, file) in [("check", "highwater.rules.yml"), ("test", "highwater.rules.test.yml")] {
        process::run(Command::new(&program).args([verb, "rules", file]).current_dir(&rules))?;
    }
    Ok(())
}
