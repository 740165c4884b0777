//! The Debian package of the daemon, and its trial: it is installed, upgraded, removed and purged in a root that is a copy
//! of this machine's, of which nothing stays.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::tools::cargo;
use crate::workspace::{STORES, Workspace};
use crate::{manual, process};

/// What is done with it in the root of its own.
const TRIAL: &str = include_str!("package/trial.sh");
/// Makes that root, and runs the trial there.
const STAGE: &str = include_str!("package/stage.sh");

/// How `cargo xtask package` is called.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What stands behind the version: raise it for a package of the same version that differs.
    #[arg(long, default_value = "1")]
    revision: String,
}

/// Runs `cargo xtask package`.
pub(crate) fn command(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::locate()?;
    let build = ["build", "--release", "--package", "highwater", "--bins"];
    process::run(workspace.cargo().args(build).args(STORES))?;
    let package =
        make(&workspace, &workspace.target().join("release/highwater"), &args.revision, Compression::Best)?;
    println!("{}", package.display());
    Ok(ExitCode::SUCCESS)
}

/// How much time its compression may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    /// As small as may be.
    Best,
    /// For a trial.
    Fast,
}

/// Makes the package of this program, as this revision of the crate's version.
///
/// # Errors
/// If the program is not built; with what cargo-deb says.
pub(crate) fn make(
    workspace: &Workspace,
    program: &Path,
    revision: &str,
    compression: Compression,
) -> Result<PathBuf> {
    let folder = workspace.target().join("package");
    std::fs::create_dir_all(&folder)?;
    let package = folder.join(format!("highwater_{revision}.deb"));
    // It takes the program from where a release is built. That folder is its own, so that it takes ours.
    let built = folder.join("target/release");
    std::fs::create_dir_all(&built)?;
    std::fs::copy(program, built.join("highwater"))
        .with_context(|| format!("cannot copy {}", program.display()))?;
    let manual = built.join("manual");
    if manual.exists() {
        std::fs::remove_dir_all(&manual)?;
    }
    process::run(Command::new("cp").arg("-r").arg(manual::write(workspace)?).arg(&manual))?;
    // As Debian has man pages; without the time, so that a package is the same bytes again.
    process::run(Command::new("gzip").args(["-9", "--no-name", "--recursive"]).arg(manual.join("man")))?;
    let mut deb = Command::new(cargo::DEB.ensure(workspace)?);
    deb.args(["--no-build", "--no-strip", "--quiet", "--package", "highwater", "--deb-revision", revision]);
    deb.arg("--output").arg(&package).current_dir(workspace.root());
    deb.env("CARGO_TARGET_DIR", folder.join("target"));
    if compression == Compression::Fast {
        deb.arg("--fast");
    }
    process::run(&mut deb)?;
    Ok(package)
}

/// Tries the package and a later one in a root of their own. `None`: this machine allows no such root, for this reason.
///
/// # Errors
/// With what went wrong there.
pub(crate) fn try_out(workspace: &Workspace, first: &Path, second: &Path) -> Result<Option<String>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(Some("a root of its own needs root".to_owned()));
    }
    let folder = workspace.target().join("package/stage");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("trial.sh"), TRIAL)?;
    std::fs::copy(first, folder.join("first.deb"))?;
    std::fs::copy(second, folder.join("second.deb"))?;
    let mut stage = Command::new("unshare");
    stage.args(["--mount", "--propagation", "private", "sh", "-c", STAGE, "stage"]).arg(&folder);
    let output = stage.output().context("cannot start unshare")?;
    let said = [&output.stdout[..], &output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    match output.status.code() {
        Some(0) => {
            print!("{said}");
            Ok(None)
        }
        // No namespace or no overlay: containers without the right to mount.
        Some(NO_STAGE) => Ok(Some(said.trim().to_owned())),
        _ if said.contains("unshare: ") && !said.contains("trial:") => Ok(Some(said.trim().to_owned())),
        _ => bail!("the package does not behave:\n{said}"),
    }
}

/// What the stage ends with if it could not be made.
const NO_STAGE: i32 = 75;
