//! The limits of `budget.toml`.

use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// What the firmware may use; the file says what each figure means.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Budget {
    /// Bytes of code and constants.
    pub(crate) code: u64,
    /// Bytes of static variables.
    pub(crate) statics: u64,
    /// Bytes of stack.
    pub(crate) stack: u64,
    /// Absolute pointers to flash.
    pub(crate) relocations: u64,
}

/// Reads `xtask/budget.toml` of the checkout.
pub(crate) fn read(root: &Path) -> Result<Budget> {
    let path = root.join("xtask/budget.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{} is not a budget", path.display()))
}
