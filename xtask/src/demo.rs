//! `cargo xtask demo`: the main job, shown. Installs and builds what is needed, then becomes the demo itself (package
//! `highwater-tests`).

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use nanos_sdk::target::Device;

use crate::firmware::report::Report;
use crate::tools::{cometbft, debian, emulator};
use crate::workspace::{STORES, Workspace};
use crate::{firmware, process, toolchain};

/// How `cargo xtask demo` is called.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many blocks to wait for.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    blocks: u64,
    /// What signs: the firmware of a device in its emulator (nanos, nanosplus); `simulated`: the signer in the bridge's own
    /// process, which is no hardware key; `yubihsm` or `pkcs11`: the same with its key in an HSM that is played, or in a token
    /// of SoftHSM.
    #[arg(long, default_value = "nanosplus", value_parser = signer)]
    device: Signer,
    /// What asks for signatures.
    #[arg(long, value_enum, default_value = "cometbft")]
    node: Node,
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one of it")]
enum Signer {
    Firmware(Device),
    /// One without firmware.
    Hosted(&'static str),
}

const PKCS11: &str = "pkcs11";
const HOSTED: [&str; 3] = ["simulated", "yubihsm", PKCS11];

fn signer(name: &str) -> Result<Signer, String> {
    if let Some(hosted) = HOSTED.into_iter().find(|hosted| *hosted == name) {
        return Ok(Signer::Hosted(hosted));
    }
    firmware::device(name).map(Signer::Firmware).map_err(|known| format!("{known}, {}", HOSTED.join(", ")))
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Node {
    /// A real CometBFT node, built by Go.
    Cometbft,
    /// A node that the demo itself plays, on a machine without Go.
    Builtin,
}

/// The demo on the emulator of this device, built; the node is not said yet.
pub(crate) fn on_emulator(workspace: &Workspace, device: &Device) -> Result<Command> {
    let mut demo = Command::new(workspace.target().join("debug/highwater-demo"));
    with_emulator(&mut demo, workspace, device)?;
    build(workspace)?;
    Ok(demo)
}

/// Tells a program of package `highwater-tests` where device, firmware and emulator are, and makes them.
pub(crate) fn with_emulator(program: &mut Command, workspace: &Workspace, device: &Device) -> Result<Report> {
    program.args(["--device", device.name]).arg("--emulator").arg(emulator::ensure(workspace, device)?);
    let report = firmware::make(workspace, &toolchain::find(workspace)?, device)?;
    print!("{}", report.table());
    program.arg("--firmware").arg(&report.elf);
    Ok(report)
}

/// Builds the bridge and the programs of package `highwater-tests`.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    let build = ["build", "--package", "highwater", "--package", "highwater-tests", "--bins"];
    process::run(workspace.cargo().args(build).args(STORES))
}

/// Runs the command.
pub(crate) fn command(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::locate()?;
    let mut demo = Command::new(workspace.target().join("debug/highwater-demo"));
    demo.args(["--blocks", &args.blocks.to_string()]);
    match args.node {
        Node::Cometbft => demo.arg("--cometbft").arg(cometbft::DEFAULT.ensure(&workspace)?),
        Node::Builtin => demo.args(["--node", "builtin"]),
    };
    match args.device {
        Signer::Hosted(name) => {
            if name == PKCS11 {
                debian::ensure(debian::TOKEN, "a PKCS#11 token")?;
            }
            demo.args(["--device", name])
        }
        Signer::Firmware(device) => {
            with_emulator(&mut demo, &workspace, &device)?;
            &mut demo
        }
    };
    build(&workspace)?;
    // In our place, not below us: a signal then reaches the one that knows what to stop.
    Err(demo.exec()).with_context(|| format!("cannot start {}", process::line(&demo)))
}
