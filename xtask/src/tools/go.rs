//! Go, which builds the nodes of the tests and of the demo.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// The `go` on the PATH, for this machine.
pub(super) fn command() -> Command {
    let mut go = Command::new("go");
    // A cross-compiling environment would put the program elsewhere, or build one that does not run here.
    go.env_remove("GOOS").env_remove("GOARCH").env_remove("GOFLAGS");
    go
}

/// Whether Go is there and new enough for `what`.
///
/// # Errors
/// With the cure, if it is not.
pub(super) fn check(what: &str, needed: [u32; 3]) -> Result<()> {
    let cure = format!(
        "{what} is built by Go {} or newer: install it from https://go.dev/dl and put its bin folder on the PATH",
        needed.map(|part| part.to_string()).join(".")
    );
    let found = process::text(Command::new("go").args(["env", "GOVERSION"])).context(cure.clone())?;
    if parse(&found).is_none_or(|version| version < needed) {
        bail!("{cure} (found {found})");
    }
    Ok(())
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

    const GO: [u32; 3] = [1, 22, 11];

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
