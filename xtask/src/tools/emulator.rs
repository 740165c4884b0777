//! The emulator, in a Python environment under the target directory.

use std::path::PathBuf;

use anyhow::Result;

use super::{announce, debian};
use crate::workspace::Workspace;

/// Gives the Python that runs the emulator, installing what is missing.
///
/// # Errors
/// With the cure, if this machine lacks something that may not be installed here; if pip fails (a retry may help).
pub(crate) fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    debian::ensure(debian::EMULATOR, "the emulator")?;
    if !speculos::venv::is_ready(workspace.target()) {
        announce(&format!("by pip, into {}: speculos {}", workspace.target().display(), speculos::VERSION))?;
    }
    Ok(speculos::venv::ensure(workspace.target())?)
}
