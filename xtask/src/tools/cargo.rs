//! Programs that cargo builds from the registry.

use std::path::PathBuf;

use anyhow::Result;

use super::announce;
use crate::process;
use crate::workspace::Workspace;

/// A program of a package of the same name.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// The releases that were tried.
    pub(crate) version: &'static str,
    pub(crate) features: &'static [&'static str],
}

/// Another signer, for `cargo xtask bench` to measure ours beside, and for whoever moves from it.
pub(crate) const TMKMS: Program = Program { name: "tmkms", version: "^0.15", features: &["softsign"] };
/// Makes a package of Debian.
pub(crate) const DEB: Program = Program { name: "cargo-deb", version: "^3.8", features: &[] };

impl Program {
    /// Gives its path, building it first if it is not there.
    ///
    /// # Errors
    /// If the download or the build fails (a retry may help).
    pub(crate) fn ensure(&self, workspace: &Workspace) -> Result<PathBuf> {
        let Self { name, version, features } = self;
        let folder = workspace.target().join(name);
        let program = folder.join("bin").join(name);
        // Cargo puts it there whole or not at all.
        if program.exists() {
            return Ok(program);
        }
        announce(&format!("{name} {version} by cargo, into {}", folder.display()))?;
        let mut cargo = workspace.cargo();
        cargo.args(["install", name, "--version", version, "--locked", "--features", &features.join(",")]);
        process::run(cargo.arg("--root").arg(&folder))?;
        Ok(program)
    }
}
