//! Where the programs are that the suite runs; `cargo xtask test` installs or builds them and says so by the
//! environment.

use std::path::PathBuf;

use anyhow::{Context, Result};

/// The firmware for the emulator.
pub fn firmware() -> Result<PathBuf> {
    named("HIGHWATER_ELF", "the firmware")
}

/// The Python of the emulator's environment.
pub fn emulator() -> Result<PathBuf> {
    named("HIGHWATER_SPECULOS", "the emulator")
}

/// The node.
pub fn cometbft() -> Result<PathBuf> {
    named("HIGHWATER_COMETBFT", "the node")
}

/// The node of another release than that of most tests; all but the oldest of 0.38 only with `cargo xtask test --full`.
pub fn cometbft_of(release: &str) -> Result<PathBuf> {
    named(&format!("HIGHWATER_COMETBFT_{}", release.replace('.', "_")), &format!("the node {release}"))
}

/// The signer's client of gno.land.
pub fn gno() -> Result<PathBuf> {
    named("HIGHWATER_GNO", "the client of gno.land")
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
