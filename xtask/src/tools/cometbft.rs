//! The nodes of the tests and of the demo, built from its published source by Go.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use super::{announce, go};
use crate::process;
use crate::workspace::Workspace;

/// A release of the node.
pub(crate) struct Release {
    version: &'static str,
    /// What its program calls itself.
    says: &'static str,
    /// What its go.mod asks for.
    go: [u32; 3],
}

/// The release everything here is tried against.
pub(crate) const DEFAULT: Release = Release { version: "0.38.25", says: "0.38.25", go: [1, 22, 11] };
/// The oldest of the same line, which wants other replies; tried each time too.
pub(crate) const OLDEST: Release = Release { version: "0.38.0", says: "0.38.0", go: [1, 20, 0] };
/// Those that the signer is also tried with in `cargo xtask test --full`: the newest of each line, and the oldest.
pub(crate) const OTHERS: [Release; 8] = [
    Release { version: "0.37.0", says: "0.37.0", go: [1, 20, 0] },
    Release { version: "0.37.18", says: "0.37.16", go: [1, 22, 7] },
    Release { version: "0.38.26", says: "0.38.26", go: [1, 22, 11] },
    Release { version: "0.39.0", says: "0.39.0", go: [1, 25, 0] },
    Release { version: "0.39.4", says: "0.39.4", go: [1, 25, 0] },
    Release { version: "0.40.0", says: "0.39.0", go: [1, 25, 0] },
    Release { version: "1.0.0", says: "1.0.0", go: [1, 23, 1] },
    Release { version: "1.0.1", says: "1.0.1", go: [1, 23, 5] },
];

impl Release {
    /// The variable by which the suite is told where the program is.
    pub(crate) fn variable(&self) -> String {
        format!("HIGHWATER_COMETBFT_{}", self.version.replace('.', "_"))
    }

    /// Gives the path of the node's program, building it first if it is not there.
    ///
    /// # Errors
    /// With the cure, if Go is missing or too old; if the download or the build fails (a retry may help).
    pub(crate) fn ensure(&self, workspace: &Workspace) -> Result<PathBuf> {
        let Self { version, says, go: needed } = self;
        let folder = workspace.target().join(format!("cometbft-{version}"));
        let program = folder.join("cometbft");
        // Written last, so a build that was cut off is done again.
        let stamp = folder.join("stamp");
        if program.exists() && stamp.exists() {
            return Ok(program);
        }
        go::check(&format!("CometBFT {version}"), *needed)?;
        announce(&format!("CometBFT {version} by go, into {}", folder.display()))?;
        std::fs::create_dir_all(&folder)?;
        let mut install = go::command();
        install
            .args(["install", &format!("github.com/cometbft/cometbft/cmd/cometbft@v{version}")])
            .current_dir(&folder)
            .env("GOBIN", &folder);
        process::run(&mut install)?;
        let said = process::text(Command::new(&program).arg("version"))?;
        if !said.starts_with(says) {
            bail!("{} calls itself {said}, not {says}", program.display());
        }
        std::fs::write(stamp, version)?;
        Ok(program)
    }
}
