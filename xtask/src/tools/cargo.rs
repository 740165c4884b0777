//! Programs that cargo builds from the registry.

use std::path::PathBuf;

use anyhow::Result;

use super::announce;
use crate::process;
use crate::workspace::Workspace;

/// A program of a package of the same name.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// Below cargo's target directory. Other features want another one: what is there is not looked into.
    pub(crate) folder: &'static str,
    /// The releases that were tried.
    pub(crate) version: &'static str,
    /// Whether what it has beside these features comes too.
    pub(crate) default_features: bool,
    pub(crate) features: &'static [&'static str],
    /// Whether its speed counts: building it takes several times as long then.
    pub(crate) optimised: bool,
}

/// Another signer, for `cargo xtask bench` to measure ours beside, and for whoever moves from it.
pub(crate) const TMKMS: Program = Program {
    name: "tmkms",
    folder: "tmkms-yubihsm",
    version: "^0.15",
    default_features: true,
    features: &["softsign", "yubihsm"],
    optimised: true,
};
/// Makes a package of Debian.
pub(crate) const DEB: Program = Program {
    name: "cargo-deb",
    folder: "cargo-deb",
    version: "^3.8",
    default_features: true,
    features: &[],
    optimised: false,
};
/// Makes a book of Markdown. What watches files and serves pages is left out: that is most of what it is built of.
pub(crate) const MDBOOK: Program = Program {
    name: "mdbook",
    folder: "mdbook",
    version: "^0.5.4",
    default_features: false,
    features: &["search"],
    optimised: false,
};

/// Writes the bill of materials. Its newest release in one version: the bill is part of a release that is the same bytes each time.
pub(crate) const CYCLONEDX: Program = Program {
    name: "cargo-cyclonedx",
    folder: "cargo-cyclonedx",
    version: "=0.5.9",
    default_features: true,
    features: &[],
    optimised: false,
};

impl Program {
    /// Gives its path, building it first if it is not there.
    ///
    /// # Errors
    /// If the download or the build fails (a retry may help).
    pub(crate) fn ensure(&self, workspace: &Workspace) -> Result<PathBuf> {
        let Self { name, folder, version, default_features, features, optimised } = self;
        let folder = workspace.target().join(folder);
        let program = folder.join("bin").join(name);
        // Cargo puts it there whole or not at all.
        if program.exists() {
            return Ok(program);
        }
        announce(&format!("{name} {version} by cargo, into {}", folder.display()))?;
        let mut cargo = workspace.cargo();
        cargo.args(["install", name, "--version", version, "--locked", "--features", &features.join(",")]);
        if !default_features {
            cargo.arg("--no-default-features");
        }
        if !optimised {
            cargo.arg("--debug").env("CARGO_PROFILE_DEV_DEBUG", "0");
        }
        process::run(cargo.arg("--root").arg(&folder))?;
        Ok(program)
    }
}
