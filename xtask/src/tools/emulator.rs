//! The emulators, each in a Python environment under the target directory: no release of Speculos plays every device.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use nanos_sdk::target::{Device, Level};
use speculos::{Release, venv};

use super::{announce, debian};
use crate::firmware::levels;
use crate::workspace::Workspace;

/// Gives the Python that runs the emulator of a device, installing what is missing.
///
/// # Errors
/// With the cure, if this machine lacks something that may not be installed here; if pip fails (a retry may help).
pub(crate) fn ensure(workspace: &Workspace, device: &Device) -> Result<PathBuf> {
    debian::ensure(debian::EMULATOR, "the emulator")?;
    let release = Release::of(device.model);
    if !venv::is_ready(workspace.target(), release) {
        announce(&format!("by pip, into {}: speculos {}", workspace.target().display(), release.version()))?;
    }
    Ok(venv::ensure(workspace.target(), release)?)
}

/// Tells a suite where the firmware of a device for a level and its emulator are.
///
/// # Errors
/// As [`ensure`].
pub(crate) fn tell(
    suite: &mut Command,
    workspace: &Workspace,
    device: &Device,
    level: Option<&Level>,
) -> Result<()> {
    let name = device.name.to_uppercase();
    let elf = workspace.firmware(device).join(levels::name(device, level));
    suite
        .env(format!("HIGHWATER_ELF_{name}"), elf)
        .env(format!("HIGHWATER_SPECULOS_{name}"), ensure(workspace, device)?);
    if let Some(level) = level {
        suite.env(format!("HIGHWATER_LEVEL_{name}"), level.text);
    }
    Ok(())
}
