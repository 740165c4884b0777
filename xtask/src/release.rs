//! `cargo xtask release`: the archive for a machine that builds nothing. It holds the daemon, the firmware of both devices and
//! all that belongs to them, and is the same bytes wherever it is built.
//!
//! What makes it so: the compiler is `rust-toolchain.toml`'s, every crate stands in `Cargo.lock`, the C compiler and linker come
//! by pip in one version, paths are cut off what the compiler writes down, and the archive has the time of the commit.

mod archive;
mod bill;
mod container;
mod contents;
mod gate;
mod notices;
mod program;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use crate::workspace::Workspace;
use crate::{elsewhere, process};

pub(crate) use container::{Tried, try_out};

/// How `cargo xtask release` is called.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Build it once more in another folder with another cargo home, and want the same bytes.
    #[arg(long)]
    verify: bool,
    /// Also of a checkout with changes that are not committed.
    #[arg(long)]
    allow_dirty: bool,
}

/// Runs the command.
pub(crate) fn command(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::locate()?;
    ensure!(
        args.allow_dirty || is_clean(&workspace)?,
        "there are changes that are not committed: an archive of them could be made by nobody else (--allow-dirty for a trial)"
    );
    let archive = make(&workspace)?;
    if args.verify {
        verify(&workspace, &archive)?;
    }
    println!("{}", archive.display());
    Ok(ExitCode::SUCCESS)
}

/// Makes the archive, with its digest and its bill of materials beside it.
///
/// # Errors
/// If a part cannot be built, or is not fit for other machines.
pub(crate) fn make(workspace: &Workspace) -> Result<PathBuf> {
    let epoch = epoch(workspace)?;
    let home = cargo_home()?;
    let made = make_by(workspace, workspace, &home, epoch)?;
    let folder = made.parent().context("the archive has no folder")?;
    let sums: String = contents::beside(folder)?
        .into_iter()
        .map(|(name, bytes)| format!("{}  {name}\n", hex::encode(Sha256::digest(bytes))))
        .collect();
    std::fs::write(folder.join("SHA256SUMS"), &sums)?;
    print!("{sums}");
    Ok(made)
}

/// Builds it again in a folder of another name and length, and compares.
///
/// # Errors
/// With the files that differ.
pub(crate) fn verify(workspace: &Workspace, archive: &Path) -> Result<()> {
    let place = workspace.target().join("elsewhere/for-the-release-in-a-folder-of-another-length");
    let tree = elsewhere::copy(workspace, &place)?;
    let home = place.join("cargo-home");
    lend(&cargo_home()?, &home)?;
    let again = make_by(workspace, &tree, &home, epoch(workspace)?)?;
    let (here, there) = (std::fs::read(archive)?, std::fs::read(&again)?);
    if here == there {
        println!("{}: the same in both folders", hex::encode(Sha256::digest(here)));
        return Ok(());
    }
    bail!("{} and {} differ:\n{}", archive.display(), again.display(), archive::difference(&here, &there)?)
}

/// Makes the archive of a tree, with the tools of the checkout.
fn make_by(tools: &Workspace, tree: &Workspace, home: &Path, epoch: u64) -> Result<PathBuf> {
    let folder = tree.target().join("release-archive");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let program = program::build(tools, tree, home, epoch)?;
    let bill = bill::make(tools, tree, home, epoch)?;
    let notices = notices::make(tree, home, &bill)?;
    let parts = contents::Parts { program, bill, notices };
    let (name, files) = contents::collect(tree, parts)?;
    std::fs::write(folder.join(contents::BILL), &files[contents::BILL].bytes)?;
    let path = folder.join(format!("{name}.tar.gz"));
    std::fs::write(&path, archive::pack(&name, &files, epoch)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn is_clean(workspace: &Workspace) -> Result<bool> {
    let mut git = Command::new("git");
    git.args(["status", "--porcelain"]).current_dir(workspace.root());
    Ok(process::text(&mut git)?.is_empty())
}

/// The time that everything in the archive has: that of the commit.
fn epoch(workspace: &Workspace) -> Result<u64> {
    let told = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(told) => told,
        Err(_) => {
            let mut git = Command::new("git");
            process::text(git.args(["log", "-1", "--format=%ct"]).current_dir(workspace.root()))?
        }
    };
    told.trim().parse().with_context(|| format!("SOURCE_DATE_EPOCH {told:?} is no number of seconds"))
}

/// Where cargo keeps the sources of crates.
fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        return Ok(home.into());
    }
    let home = std::env::var_os("HOME").context("neither CARGO_HOME nor HOME is set")?;
    Ok(PathBuf::from(home).join(".cargo"))
}

/// The same home under another name: nothing is fetched again.
fn lend(home: &Path, other: &Path) -> Result<()> {
    let _ = std::fs::remove_dir_all(other);
    std::fs::create_dir_all(other)?;
    for name in ["registry", "git", "config.toml", "bin"] {
        if home.join(name).exists() {
            std::os::unix::fs::symlink(home.join(name), other.join(name))?;
        }
    }
    Ok(())
}
