//! The trial of the Containerfile: an image is built as an operator would build it, of a base that is made here, since no
//! registry of images need be reachable; and the daemon runs in it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::tools::debian;
use crate::workspace::Workspace;

/// What is done with the image.
const TRIAL: &str = include_str!("container/trial.sh");
/// What a program needs of its base.
const BASE: [&str; 2] = ["libc6", "libgcc-s1"];

/// What became of the trial.
pub(crate) enum Tried {
    Well,
    /// This machine builds no images, for this reason.
    Skipped(String),
}

/// Builds an image with this program, and runs it.
///
/// # Errors
/// With what went wrong there.
pub(crate) fn try_out(workspace: &Workspace, program: &Path) -> Result<Tried> {
    if !debian::may_install() {
        return Ok(Tried::Skipped("an image is built by buildah, as root, of Debian's packages".to_owned()));
    }
    debian::ensure(&["buildah", "python3"], "the trial of the Containerfile")?;
    let folder = workspace.target().join("container");
    let _ = std::fs::remove_dir_all(folder.join("context"));
    let context = folder.join("context");
    std::fs::create_dir_all(context.join("bin"))?;
    std::fs::copy(program, context.join("bin/highwater"))
        .with_context(|| format!("cannot copy {}", program.display()))?;
    std::fs::set_permissions(context.join("bin/highwater"), std::fs::Permissions::from_mode(0o755))?;
    for name in ["LICENSE", "packaging/container/Containerfile", "packaging/container/highwater.toml"] {
        let to = context.join(name);
        std::fs::create_dir_all(to.parent().unwrap_or(&context))?;
        std::fs::copy(workspace.root().join(name), to)?;
    }
    // They are made with the archive.
    for name in ["THIRD-PARTY.txt", super::contents::BILL] {
        std::fs::write(context.join(name), "made with the archive\n")?;
    }
    std::fs::create_dir_all(context.join("packaging/container/state"))?;
    let base = folder.join("base");
    if !base.join("lib64").exists() {
        for package in BASE {
            debian::unpack(package, &base, "the base of an image")?;
        }
    }
    std::fs::create_dir_all(base.join("tmp"))?;
    std::fs::write(folder.join("trial.sh"), TRIAL)?;
    let mut trial = Command::new("sh");
    let output = trial.arg("trial.sh").current_dir(&folder).output().context("cannot start the trial")?;
    let said = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
    match output.status.code() {
        Some(0) => {
            print!("{said}");
            Ok(Tried::Well)
        }
        Some(NO_IMAGES) => Ok(Tried::Skipped(said.trim().to_owned())),
        _ => bail!("the container does not behave:\n{said}"),
    }
}

/// What the trial ends with where no image can be made at all.
const NO_IMAGES: i32 = 75;
