//! Packages of Debian.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::announce;
use crate::process;

/// The compiler with the source of its own core library, its lints, and a linker that knows ARM.
pub(crate) const FIRMWARE: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy", "lld"];
/// What the emulator and the sideload tools stand on.
pub(crate) const EMULATOR: &[&str] = &["qemu-user-static", "python3-venv"];

/// A PKCS#11 token in software.
pub(crate) const TOKEN: &[&str] = &["softhsm2"];

/// What reads the unit, the users and the folders of the package.
pub(crate) const SERVICES: &[&str] = &["systemd"];

/// A network of a test's own.
pub(crate) const NETWORK: &[&str] = &["iproute2"];

/// A browser without a window: its smallest package, of some 64 MB.
pub(crate) const BROWSER: &[&str] = &["chromium-headless-shell"];
/// What that package runs. Its own script would stay between us and the browser.
pub(crate) const BROWSER_PROGRAM: &str = "/usr/lib/chromium/chromium-headless-shell";

/// Installs those of `packages` that are missing.
///
/// # Errors
/// With the command to type, if this is no Debian or we are not root; if apt fails. Some packages may be installed
/// then; a retry goes on with the rest.
pub(crate) fn ensure(packages: &[&str], purpose: &str) -> Result<()> {
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !may_install() {
        bail!("{purpose} needs {}; install with: {}", missing.join(", "), command_line(&missing));
    }
    announce(&format!("by apt, for {purpose}: {}", missing.join(" ")))?;
    // The package lists of a fresh machine are absent or old; refreshing them costs seconds and is done only then.
    if install(&missing).is_err() {
        process::run(apt().arg("update"))?;
        install(&missing).with_context(|| format!("{purpose} needs {}", missing.join(", ")))?;
    }
    Ok(())
}

/// Fetches a package and unpacks it into a folder: nothing of it is installed or started.
///
/// # Errors
/// If there is no apt, or it cannot fetch the package.
pub(crate) fn unpack(package: &str, folder: &Path, purpose: &str) -> Result<()> {
    announce(&format!("from Debian, for {purpose}: {package}, unpacked in {}", folder.display()))?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let download = || process::run(apt().args(["download", package]).current_dir(folder));
    // As with `install`, the package lists may be absent or old.
    if download().is_err() {
        process::run(apt().arg("update"))?;
        download().with_context(|| format!("{purpose} needs {package}"))?;
    }
    let begin = format!("{package}_");
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_it = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&begin));
        if is_it && path.extension().is_some_and(|extension| extension == "deb") {
            process::run(Command::new("dpkg-deb").arg("--extract").arg(&path).arg(folder))?;
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Whether apt may be used here: a Debian, and we are root.
pub(crate) fn may_install() -> bool {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let debian = release.lines().any(|line| line.trim() == "ID=debian");
    debian && rustix::process::geteuid().is_root()
}

/// What a person would type to install `packages`.
pub(crate) fn command_line(packages: &[&str]) -> String {
    format!("sudo apt-get install -y --no-install-recommends {}", packages.join(" "))
}

/// The version of an installed package.
pub(crate) fn version(package: &str) -> Option<String> {
    let mut ask = Command::new("dpkg-query");
    ask.args(["-W", "-f=${db:Status-Status} ${Version}", package]).stderr(Stdio::null());
    let answer = process::text(&mut ask).ok()?;
    answer.strip_prefix("installed ").map(str::to_owned)
}

fn installed(package: &str) -> bool {
    version(package).is_some()
}

fn install(packages: &[&str]) -> Result<()> {
    process::run(apt().args(["install", "-y", "--no-install-recommends"]).args(packages))
}

fn apt() -> Command {
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    apt
}
