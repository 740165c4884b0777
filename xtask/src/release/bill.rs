//! The bill of materials: every crate that is in the program, as CycloneDX, by the tool of its makers.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::program::TARGET;
use crate::tools::cargo;
use crate::workspace::Workspace;
use crate::{elsewhere, process};

/// A crate of the bill.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) struct Component {
    pub(super) name: String,
    pub(super) version: String,
}

/// The bill, and the crates in it.
pub(super) struct Bill {
    pub(super) text: String,
    pub(super) components: Vec<Component>,
}

/// Makes the bill of the program.
///
/// # Errors
/// If the tool fails; if the bill names a path of this machine, or lacks what must be in it.
pub(super) fn make(tools: &Workspace, tree: &Workspace, home: &Path, epoch: u64) -> Result<Bill> {
    let tool = cargo::CYCLONEDX.ensure(tools)?;
    // It writes beside each manifest, and that is no place in a checkout.
    let copy = elsewhere::copy(tools, &tree.target().join("bill"))?;
    let mut command = copy.cargo();
    command
        .env("PATH", path_with(&tool)?)
        .env("CARGO_HOME", home)
        .env("SOURCE_DATE_EPOCH", epoch.to_string());
    command.args(["cyclonedx", "--quiet", "--format", "json", "--spec-version", "1.5", "--no-build-deps"]);
    command.args(["--features", "pkcs11,yubihsm", "--target", TARGET]);
    command.arg("--manifest-path").arg(copy.root().join("bridge/Cargo.toml"));
    process::run(&mut command)?;
    let text = std::fs::read_to_string(copy.root().join("bridge/highwater.cdx.json"))?;
    let root = copy.root().to_str().context("a path that is no UTF-8")?;
    let text = text.replace(root, "/highwater");
    ensure!(!text.contains("\"serialNumber\""), "the bill has a number that differs each time");
    let components = components(&text)?;
    for wanted in ["ed25519-dalek", "hidapi", "cryptoki", "yubihsm", "highwater-core"] {
        ensure!(components.iter().any(|found| found.name == wanted), "the bill does not name {wanted}");
    }
    Ok(Bill { text, components })
}

fn components(text: &str) -> Result<Vec<Component>> {
    #[derive(Deserialize)]
    struct Document {
        components: Vec<Component>,
    }
    let document: Document = serde_json::from_str(text).context("the bill is no CycloneDX")?;
    let mut components = document.components;
    components.sort();
    components.dedup();
    Ok(components)
}

fn path_with(tool: &Path) -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let first = tool.parent().context("the tool has no folder")?.to_owned();
    Ok(std::env::join_paths(std::iter::once(first).chain(std::env::split_paths(&path)))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crates_of_a_bill_are_read_in_order() {
        let text = r#"{"bomFormat": "CycloneDX", "components": [
            {"type": "library", "name": "b", "version": "2.0.0", "purl": "pkg:cargo/b@2.0.0"},
            {"type": "library", "name": "a", "version": "1.0.0"}]}"#;
        let names: Vec<_> = components(text).unwrap().into_iter().map(|found| found.name).collect();
        assert_eq!(names, ["a", "b"]);
        assert!(components("{}").is_err());
    }
}
