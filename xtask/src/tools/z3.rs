//! The solver that proves the ring, in a Python environment under the target directory.

use std::path::PathBuf;

use anyhow::Result;

use super::python;
use crate::workspace::Workspace;

/// What is installed.
const REQUIREMENTS: &str = include_str!("../../../core/proof/requirements.txt");

/// Gives the Python that knows the solver, installing it first if it is not there.
///
/// # Errors
/// With the cure, if Python cannot make environments here; if pip fails (a retry may help).
pub(crate) fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    let requirements: Vec<&str> = REQUIREMENTS.lines().collect();
    Ok(python::ensure(&workspace.target().join("proof"), &requirements)?.join("python"))
}
