//! The one call of cargo that makes the firmware.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use nanos_sdk::target::Device;

use crate::artifact;
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

const PACKAGE: &str = "highwater-signer";
/// Of all devices: the later processors execute what the oldest does, and the gate reads no other instructions.
const TARGET: &str = "thumbv6m-none-eabi";

/// Builds the app for a device and gives the path of its ELF.
pub(crate) fn firmware(workspace: &Workspace, toolchain: &Toolchain, device: &Device) -> Result<PathBuf> {
    artifact::build(&mut cargo(workspace, toolchain, device, "build"), PACKAGE)
}

/// A call of cargo for the firmware: the same code, flags and target, whatever is asked of it (build, lints).
pub(crate) fn cargo(workspace: &Workspace, toolchain: &Toolchain, device: &Device, verb: &str) -> Command {
    let mut cargo = Command::new(&toolchain.cargo);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(changes_the_build) {
            cargo.env_remove(name);
        }
    }
    let flags = serde_json::to_string(&flags(toolchain, device))
        .expect("a list of words is valid JSON, and so valid TOML");
    cargo
        .current_dir(workspace.root())
        // Without it cargo takes the first rustc on the path, which may be of another version than the source.
        .env("RUSTC", &toolchain.rustc)
        // A released compiler refuses `-Z` otherwise; building core is the one unstable thing here, with its flags.
        .env("RUSTC_BOOTSTRAP", "1")
        .args([verb, "--package", PACKAGE, "--profile", "firmware", "--target", TARGET])
        // The core that comes compiled does not know that the app moves, and not every function of it is inlined.
        .arg("-Zbuild-std=core,compiler_builtins")
        // memcpy and its like; there is no C library to bring them.
        .arg("-Zbuild-std-features=compiler-builtins-mem")
        // By --config, which adds to the flags of a config file, where the variable RUSTFLAGS would replace them.
        .arg("--config")
        .arg(format!("target.{TARGET}.rustflags={flags}"))
        // Its own folder: another compiler in the same one makes cargo forget the host's build, and wait for its lock.
        .arg("--target-dir")
        .arg(workspace.firmware(device).join("build"));
    cargo
}

/// Compiler flags, each with its reason. The linker script is named by the app's own build script.
fn flags(toolchain: &Toolchain, device: &Device) -> Vec<String> {
    vec![
        // Code and constants run at another address than the one they are linked at; so does RAM, on some devices.
        format!("-Crelocation-model={}", if device.ram_moves { "ropi-rwpi" } else { "ropi" }),
        "--cfg".to_owned(),
        format!("device=\"{}\"", device.name),
        // No compiler for C is needed, only a linker that knows ARM.
        format!("-Clinker={}", toolchain.linker.display()),
        "-Clinker-flavor=ld.lld".to_owned(),
        // The gate counts what the linker has resolved; without this the ELF no longer tells.
        "-Clink-arg=--emit-relocs".to_owned(),
        // A panic is one undefined instruction: no messages, no formatting, about 600 bytes less.
        "-Zunstable-options".to_owned(),
        "-Cpanic=immediate-abort".to_owned(),
    ]
}

/// Whether a variable of the environment could change what is built. Cargo sets some of them for this very program, and
/// a person may have set the others for the host.
pub(crate) fn changes_the_build(name: &str) -> bool {
    const NAMES: &[&str] =
        &["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_INCREMENTAL", "RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH"];
    const PREFIXES: &[&str] =
        &["RUSTC", "CARGO_BUILD_", "CARGO_TARGET_", "CARGO_PROFILE_", "CARGO_UNSTABLE_"];
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_change_the_image_are_kept_away() {
        for name in ["RUSTFLAGS", "RUSTC_WRAPPER", "CARGO_TARGET_DIR", "CARGO_PROFILE_FIRMWARE_LTO"] {
            assert!(changes_the_build(name), "{name}");
        }
        for name in ["PATH", "HOME", "CARGO_HOME", "CARGO_NET_OFFLINE", "HTTPS_PROXY"] {
            assert!(!changes_the_build(name), "{name}");
        }
    }
}
