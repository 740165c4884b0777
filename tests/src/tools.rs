//! Where the programs are that the suite runs; `cargo xtask test` installs or builds them and says so by the
//! environment.

use std::path::PathBuf;

use anyhow::{Context, Result};
use nanos_sdk::target::Device;

/// The firmware of a device, for the emulator.
pub fn firmware(device: &Device) -> Result<PathBuf> {
    named(&of("ELF", device), &format!("the firmware of the {}", device.title))
}

/// The API level of the system that it is to run on; the newest, unless another is asked for.
pub fn level(device: &Device) -> Result<Option<u8>> {
    match std::env::var(of("LEVEL", device)) {
        Ok(level) => Ok(Some(level.parse().with_context(|| format!("{level:?} is no API level"))?)),
        Err(_) => Ok(device.newest()),
    }
}

/// The Python of the environment of a device's emulator.
pub fn emulator(device: &Device) -> Result<PathBuf> {
    named(&of("SPECULOS", device), &format!("the emulator of the {}", device.title))
}

fn of(what: &str, device: &Device) -> String {
    format!("HIGHWATER_{what}_{}", device.name.to_uppercase())
}

/// The node.
pub fn cometbft() -> Result<PathBuf> {
    named("HIGHWATER_COMETBFT", "the node")
}

/// The node of another release than that of most tests; all but the oldest of 0.38 only with `cargo xtask test --full`.
pub fn cometbft_of(release: &str) -> Result<PathBuf> {
    named(&format!("HIGHWATER_COMETBFT_{}", release.replace('.', "_")), &format!("the node {release}"))
}

/// tmkms, with `cargo xtask test --full`.
pub fn tmkms() -> Result<PathBuf> {
    named("HIGHWATER_TMKMS", "tmkms")
}

/// The signer's client of gno.land.
pub fn gno() -> Result<PathBuf> {
    named("HIGHWATER_GNO", "the client of gno.land")
}

/// The browser, with `cargo xtask test --only page`.
pub fn browser() -> Result<PathBuf> {
    named("HIGHWATER_BROWSER", "the browser")
}

/// Whether the long versions of the tests are wanted (`cargo xtask test --full`).
pub fn full() -> bool {
    std::env::var_os("HIGHWATER_FULL").is_some()
}

fn named(variable: &str, what: &str) -> Result<PathBuf> {
    let path = std::env::var_os(variable);
    path.map(PathBuf::from).with_context(|| {
        format!("{variable} does not say where {what} is: run `cargo xtask test`, which provides it")
    })
}
