//! Where things are: the checkout, cargo's target directory, the host's cargo.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use nanos_sdk::target::Device;
use serde::Deserialize;

use crate::process;

/// How the bridge is built wherever it is built here: with the key stores in it, as it is released.
pub(crate) const STORES: [&str; 2] = ["--features", "highwater/pkcs11,highwater/yubihsm"];

/// What the steps of the tests choose from. Cargo unites the features of all that is chosen, so each other choice would
/// compile the dependencies once more.
pub(crate) const WHOLE: [&str; 3] = ["--workspace", STORES[0], STORES[1]];

/// The checkout and the directory of everything that is built.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Builds the programs that the steps start: the bridge as an operator would start it, and what writes its manual.
    pub(crate) fn build_programs(&self) -> Result<()> {
        // An example is built beside what the tests depend on, so it has the features of theirs too.
        let programs = ["--bin", "highwater", "--example", "manual"];
        // A copy of the checkout has a target directory that its own cargo does not know of.
        let mut build = self.cargo();
        process::run(build.arg("build").args(WHOLE).args(programs).env("CARGO_TARGET_DIR", &self.target))
    }

    /// Asks cargo, so that `CARGO_TARGET_DIR` and `build.target-dir` are honoured.
    pub(crate) fn locate() -> Result<Self> {
        #[derive(Deserialize)]
        struct Metadata {
            workspace_root: PathBuf,
            target_directory: PathBuf,
        }
        // `cargo run` sets the variable; without it (the program was started by hand) the folder this crate was
        // compiled in is the best there is.
        let manifest =
            std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let mut ask = Command::new(host_cargo());
        ask.args(["metadata", "--no-deps", "--format-version=1"]).current_dir(manifest);
        let answer = process::text(&mut ask)?;
        let metadata: Metadata =
            serde_json::from_str(&answer).context("cargo metadata gave no valid JSON")?;
        Ok(Self { root: metadata.workspace_root, target: metadata.target_directory })
    }

    /// A copy of the checkout, with a target directory of its own.
    pub(crate) fn at(root: PathBuf, target: PathBuf) -> Self {
        Self { root, target }
    }

    /// The folder of the root Cargo.toml.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target directory.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Where the finished firmware of a device and all that belongs to it are put.
    pub(crate) fn firmware(&self, device: &Device) -> PathBuf {
        self.target.join("firmware").join(device.name)
    }

    /// The host's cargo, started in the root.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(host_cargo());
        cargo.current_dir(&self.root);
        cargo
    }
}

/// The cargo that runs this program, or the one on the path.
fn host_cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
