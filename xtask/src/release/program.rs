//! The daemon, built for machines with an old C library and without a trace of this one.
//!
//! zig brings a C compiler, a linker and the symbols of each glibc, so that what is built here runs on systems that are years
//! older. The C in it is libusb, of the YubiHSM2's key store.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::gate;
use crate::firmware::build::changes_the_build;
use crate::tools::python;
use crate::workspace::{STORES, Workspace};
use crate::{artifact, process};

/// The platform.
pub(super) const TARGET: &str = "x86_64-unknown-linux-gnu";
/// The oldest glibc that it runs on: that of Debian 10, Ubuntu 18.10 and RHEL 8.
pub(super) const GLIBC: (u32, u32) = (2, 28);
/// Both in the versions with which all of this was tried: another one makes other bytes.
const ZIG: &[&str] = &["ziglang==0.15.2", "cargo-zigbuild==0.24.0"];

/// What may stay of the environment: how many work at once changes no byte, and which toolchain is meant is said once: a crate
/// that names one of its own does not choose it.
const KEPT: [&str; 2] = ["CARGO_BUILD_JOBS", "RUSTUP_TOOLCHAIN"];

/// Builds it and judges it. Gives its path.
///
/// # Errors
/// If it does not build; if it names a path of this machine, or needs a newer system.
pub(super) fn build(tools: &Workspace, tree: &Workspace, home: &Path, epoch: u64) -> Result<PathBuf> {
    let programs = python::ensure(&tools.target().join("zig"), ZIG)?;
    let mut cargo = tree.cargo();
    let target = tree.target().join("release-build");
    let flags = serde_json::to_string(&flags(tree, home, &target)?).context("flags are words")?;
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| changes_the_build(name) && !KEPT.contains(&name)) {
            cargo.env_remove(name);
        }
    }
    cargo
        .env("SOURCE_DATE_EPOCH", epoch.to_string())
        .env("CARGO_HOME", home)
        .env("CARGO_ZIGBUILD_ZIG_PATH", programs.join("python-zig"))
        .env(
            format!("CFLAGS_{}", TARGET.replace('-', "_")),
            format!("-ffile-prefix-map={}=/cargo", home.display()),
        )
        .env("PATH", path_with(&programs)?)
        .args(["zigbuild", "--release", "--locked", "--package", "highwater", "--bins"])
        .args(STORES)
        .arg("--target")
        .arg(format!("{TARGET}.{}.{}", GLIBC.0, GLIBC.1))
        .arg("--target-dir")
        .arg(&target)
        .arg("--config")
        .arg(format!("target.{TARGET}.rustflags={flags}"));
    let program = artifact::build(&mut cargo, "highwater")?;
    let bytes = std::fs::read(&program).with_context(|| format!("cannot read {}", program.display()))?;
    let paths = [tree.root(), tree.target(), home, tools.root()];
    let problems = gate::examine(&bytes, GLIBC, &paths)?;
    anyhow::ensure!(
        problems.is_empty(),
        "the program is not fit for other machines:\n  {}",
        problems.join("\n  ")
    );
    Ok(program)
}

/// What the compiler writes down of paths, each cut to a name that is the same everywhere. Of several that fit the last counts.
fn flags(tree: &Workspace, home: &Path, target: &Path) -> Result<Vec<String>> {
    let sysroot = process::text(
        std::process::Command::new("rustc").args(["--print", "sysroot"]).current_dir(tree.root()),
    )?;
    let said = process::text(std::process::Command::new("rustc").arg("-vV").current_dir(tree.root()))?;
    let commit = said.lines().find_map(|line| line.strip_prefix("commit-hash: ")).unwrap_or("unknown");
    let cut = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    Ok(vec![
        cut(tree.root(), "/highwater"),
        cut(target, "/build"),
        cut(home, "/cargo"),
        // Where the source of the standard library is installed, it is named by where it is.
        cut(&Path::new(&sysroot).join("lib/rustlib/src/rust"), &format!("/rustc/{commit}")),
    ])
}

fn path_with(first: &Path) -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(std::iter::once(first.to_owned()).chain(std::env::split_paths(&path)))?)
}
