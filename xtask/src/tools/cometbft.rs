//! The nodes of the tests and of the demo, built from its published source by Go.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::announce;
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
/// Those that the signer is also tried with in `cargo xtask test --full`, the newest of each line.
pub(crate) const OTHERS: [Release; 4] = [
    Release { version: "0.37.18", says: "0.37.16", go: [1, 22, 7] },
    Release { version: "0.39.4", says: "0.39.4", go: [1, 25, 0] },
    Release { version: "0.40.0", says: "0.39.0", go: [1, 25, 0] },
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
        let Self { version, says, .. } = self;
        let folder = workspace.target().join(format!("cometbft-{version}"));
        let program = folder.join("cometbft");
        // Written last, so a build that was cut off is done again.
        let stamp = folder.join("stamp");
        if program.exists() && stamp.exists() {
            return Ok(program);
        }
        self.check_go()?;
        announce(&format!("CometBFT {version} by go, into {}", folder.display()))?;
        std::fs::create_dir_all(&folder)?;
        let mut go = Command::new("go");
        go.args(["install", &format!("github.com/cometbft/cometbft/cmd/cometbft@v{version}")])
            .current_dir(&folder)
            .env("GOBIN", &folder)
            // A cross-compiling environment would put the program elsewhere, or build one that does not run here.
            .env_remove("GOOS")
            .env_remove("GOARCH")
            .env_remove("GOFLAGS");
        process::run(&mut go)?;
        let said = process::text(Command::new(&program).arg("version"))?;
        if !said.starts_with(says) {
            bail!("{} calls itself {said}, not {says}", program.display());
        }
        std::fs::write(stamp, version)?;
        Ok(program)
    }

    fn check_go(&self) -> Result<()> {
        let cure = format!(
            "CometBFT {} is built by Go {} or newer: install it from https://go.dev/dl and put its bin folder on the PATH",
            self.version,
            self.go.map(|part| part.to_string()).join(".")
        );
        let found = process::text(Command::new("go").args(["env", "GOVERSION"])).context(cure.clone())?;
        if parse(&found).is_none_or(|version| version < self.go) {
            bail!("{cure} (found {found})");
        }
        Ok(())
    }
}

/// `go1.22.11`, `go1.23` or `go1.24rc1` as three numbers.
fn parse(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.strip_prefix("go")?.split('.').map(|part| {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        part[..digits].parse().ok()
    });
    Some([parts.next()??, parts.next()??, parts.next().flatten().unwrap_or(0)])
}

#[cfg(test)]
mod tests {
    use super::*;

    const GO: [u32; 3] = DEFAULT.go;

    #[test]
    fn go_versions_compare_by_number_not_by_text() {
        assert!(parse("go1.9.2").unwrap() < GO);
        assert!(parse("go1.22.10").unwrap() < GO);
        assert!(parse("go1.22.11").unwrap() >= GO);
        assert!(parse("go1.24rc1").unwrap() >= GO);
        assert!(parse("go1.26.8 X:nodwarf5").unwrap() >= GO);
        assert_eq!(parse("devel +abcdef"), None);
    }
}
