//! Finds the compiler of the firmware: one whose own core library lies beside it as source, since that library has to
//! be built again for code that runs at another address than it is linked at. Source and compiler must be of one
//! version. Looked for in this order:
//!
//! 1. the compiler named by `HIGHWATER_FIRMWARE_RUSTC` (and the linker by `HIGHWATER_FIRMWARE_LINKER`);
//! 2. the toolchain that is active in the checkout, if it has the component `rust-src`;
//! 3. Debian's `rustc-web` with `rust-web-src`;
//! 4. as root on Debian, the same, installed by apt;
//! 5. else an error that says how to get one.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::process;
use crate::tools::debian;
use crate::workspace::Workspace;

/// The oldest compiler this workspace is written for; keep in step with `rust-version` in the root Cargo.toml.
const OLDEST: (u32, u32) = (1, 95);
const RUSTC_VARIABLE: &str = "HIGHWATER_FIRMWARE_RUSTC";
const LINKER_VARIABLE: &str = "HIGHWATER_FIRMWARE_LINKER";
const PURPOSE: &str = "the firmware";

/// Everything that decides which bytes the firmware consists of, and the lints that fit.
#[derive(Clone)]
pub(crate) struct Toolchain {
    /// The compiler; its sysroot holds the source of core.
    pub(crate) rustc: PathBuf,
    /// The cargo that came with it, or the host's: both give the same bytes.
    pub(crate) cargo: PathBuf,
    /// An LLVM linker that knows ARM.
    pub(crate) linker: PathBuf,
    /// The `clippy-driver` of the same version, if there is one.
    pub(crate) clippy: Option<PathBuf>,
    /// What the compiler calls itself, as `1.96.0 (abcdef 2026-05-25)`.
    pub(crate) compiler_version: String,
    /// What the linker calls itself.
    pub(crate) linker_version: String,
}

impl Toolchain {
    /// Whether it came by Debian's packages.
    pub(crate) fn is_debians(&self) -> bool {
        self.rustc.starts_with("/usr/bin")
    }
}

/// Finds or installs a toolchain.
///
/// # Errors
/// With what to install, if there is none and it may not be installed here; if the compiler named by the environment
/// cannot be used.
pub(crate) fn find(workspace: &Workspace) -> Result<Toolchain> {
    if let Some(named) = std::env::var_os(RUSTC_VARIABLE) {
        let problem = || format!("{RUSTC_VARIABLE}={} cannot be used", Path::new(&named).display());
        return at(Path::new(&named)).with_context(problem);
    }
    // Asked through the path and in the checkout, so that rustup picks what its rust-toolchain.toml says.
    if let Ok(sysroot) =
        process::text(Command::new("rustc").args(["--print", "sysroot"]).current_dir(workspace.root()))
        && has_source(Path::new(&sysroot))
    {
        return at(&Path::new(&sysroot).join("bin/rustc"));
    }
    if !has_source(Path::new("/usr")) || !Path::new("/usr/bin/rustc").exists() {
        ensure!(debian::may_install(), "no compiler for the firmware was found\n{}", cures());
        debian::ensure(debian::FIRMWARE, PURPOSE).with_context(cures)?;
    }
    at(Path::new("/usr/bin/rustc"))
}

/// Looks at one compiler and what lies around it.
fn at(rustc: &Path) -> Result<Toolchain> {
    let ask = |argument: &str| process::text(Command::new(rustc).args(["--print", argument]));
    let sysroot = PathBuf::from(ask("sysroot")?);
    ensure!(has_source(&sysroot), "{} has no source of its core library; {}", rustc.display(), cures());
    if sysroot == Path::new("/usr") {
        debian_pair_matches()?;
    }
    let said = process::text(Command::new(rustc).arg("-vV"))?;
    let compiler_version = said.lines().next().unwrap_or_default().trim_start_matches("rustc ").to_owned();
    ensure!(
        release(&compiler_version).is_some_and(|found| found >= OLDEST),
        "{} is {compiler_version}; Rust {}.{} or newer is needed",
        rustc.display(),
        OLDEST.0,
        OLDEST.1
    );
    let host =
        said.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc -vV names no host")?;
    let linker = linker(&sysroot, host)?;
    let bin = |name: &str| Some(sysroot.join("bin").join(name)).filter(|path| path.exists());
    Ok(Toolchain {
        rustc: bin("rustc").unwrap_or_else(|| rustc.to_owned()),
        cargo: bin("cargo")
            .or_else(|| std::env::var_os("CARGO").map(PathBuf::from))
            .unwrap_or_else(|| "cargo".into()),
        linker_version: linker_version(&linker)?,
        linker,
        clippy: bin("clippy-driver"),
        compiler_version,
    })
}

/// The linker rustup ships beside the compiler, or that of the distribution, which ships none there.
fn linker(sysroot: &Path, host: &str) -> Result<PathBuf> {
    if let Some(named) = std::env::var_os(LINKER_VARIABLE) {
        return Ok(named.into());
    }
    let own = sysroot.join("lib/rustlib").join(host).join("bin/rust-lld");
    if own.exists() {
        return Ok(own);
    }
    if process::on_path("ld.lld").is_none() {
        debian::ensure(&["lld"], PURPOSE)?;
    }
    process::on_path("ld.lld").context("ld.lld is not on the PATH")
}

fn linker_version(linker: &Path) -> Result<String> {
    let mut ask = Command::new(linker);
    // rust-lld is one program for every kind of linker and wants to be told which to be.
    if linker.file_name().is_some_and(|name| name == "rust-lld") {
        ask.args(["-flavor", "gnu"]);
    }
    let said = process::text(ask.arg("--version"))?;
    Ok(said.lines().next().unwrap_or_default().to_owned())
}

fn has_source(sysroot: &Path) -> bool {
    sysroot.join("lib/rustlib/src/rust/library/Cargo.lock").exists()
}

/// Debian's security updates move compiler and source separately; a half-made upgrade compiles to riddles.
fn debian_pair_matches() -> Result<()> {
    let (Some(compiler), Some(source)) = (debian::version("rustc-web"), debian::version("rust-web-src"))
    else {
        return Ok(()); // No packages: whoever put them into /usr answers for them.
    };
    if compiler != source {
        bail!(
            "rustc-web is {compiler} but rust-web-src is {source}; make them one version with: {}",
            debian::command_line(&["rustc-web", "rust-web-src"])
        );
    }
    Ok(())
}

fn release(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn cures() -> String {
    format!(
        "the firmware needs a compiler with the source of its core library, by one of:\n  \
         rustup component add rust-src\n  {}",
        debian::command_line(debian::FIRMWARE)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiler_releases_are_read_from_what_rustc_calls_itself() {
        assert_eq!(release("1.96.0 (30a34c682 2026-05-25) (built from a source tarball)"), Some((1, 96)));
        assert_eq!(release("1.97.0-nightly (x 2026-05-19)"), Some((1, 97)));
        assert_eq!(release("unknown"), None);
    }
}
