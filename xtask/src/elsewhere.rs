//! The checkout once more, in another folder: what is built there must be the same.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use nanos_sdk::target::DEVICES;

use crate::firmware;
use crate::process;
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

/// Copies what git knows, and what it would take in, as it is now. A file that is there and the same keeps its time, so that
/// cargo builds no more than what changed.
///
/// # Errors
/// If this is no checkout of git; if a file cannot be copied.
pub(crate) fn copy(workspace: &Workspace, to: &Path) -> Result<Workspace> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = process::text(git.current_dir(workspace.root()))?;
    let wanted: BTreeSet<PathBuf> =
        listed.split('\0').filter(|name| !name.is_empty()).map(Into::into).collect();
    ensure!(!wanted.is_empty(), "git lists no file in {}", workspace.root().display());
    let tree = to.join("tree");
    for name in &wanted {
        let (from, to) = (workspace.root().join(name), tree.join(name));
        // One that is deleted and not committed yet.
        let Ok(bytes) = std::fs::read(&from) else { continue };
        let mode = std::fs::metadata(&from)?.permissions().mode();
        let same = std::fs::read(&to).is_ok_and(|there| there == bytes)
            && std::fs::metadata(&to).is_ok_and(|there| there.permissions().mode() == mode);
        if !same {
            std::fs::create_dir_all(to.parent().unwrap_or(&tree))?;
            std::fs::write(&to, bytes).with_context(|| format!("cannot write {}", to.display()))?;
            std::fs::set_permissions(&to, std::fs::Permissions::from_mode(mode))?;
        }
    }
    forget(&tree, &tree, &wanted)?;
    Ok(Workspace::at(tree, to.join("target")))
}

/// What is gone from the checkout goes from its copy.
fn forget(tree: &Path, folder: &Path, wanted: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            forget(tree, &path, wanted)?;
        } else if !path.strip_prefix(tree).is_ok_and(|name| wanted.contains(name)) {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Builds the firmware of both devices in a folder of another name and length, and compares it with what was built here.
///
/// # Errors
/// If it does not build there, or is another one.
pub(crate) fn firmware(workspace: &Workspace, toolchain: &Toolchain) -> Result<()> {
    let elsewhere = copy(workspace, &workspace.target().join("elsewhere/in-a-folder-of-another-length"))?;
    for device in DEVICES {
        let here = firmware::make(workspace, toolchain, &device)?.image_sha256;
        let there = firmware::make(&elsewhere, toolchain, &device)?.image_sha256;
        ensure!(here == there, "{}: {here} here, {there} in {}", device.title, elsewhere.root().display());
        println!("{}: {there} in both folders", device.title);
    }
    Ok(())
}
