//! `cargo xtask emulator`: a device to play with. Installs and builds what is needed, then becomes the emulator at this
//! terminal (package `highwater-tests`).

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use nanos_sdk::target::Device;

use crate::workspace::Workspace;
use crate::{demo, firmware, process};

/// How `cargo xtask emulator` is called.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The device: nanos or nanosplus.
    #[arg(long, default_value = "nanosplus", value_parser = firmware::device)]
    device: Device,
    /// The port on 127.0.0.1 that the bridge connects to.
    #[arg(long, default_value_t = 9999)]
    port: u16,
    /// Begins with a device on which nothing was ever approved.
    #[arg(long)]
    blank: bool,
}

/// Runs the command.
pub(crate) fn command(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::locate()?;
    let mut emulator = Command::new(workspace.target().join("debug/highwater-emulator"));
    let report = demo::with_emulator(&mut emulator, &workspace, &args.device)?;
    // Flash is of one image: another one lays its pages otherwise.
    let folder = workspace.target().join("emulator");
    let image = report.image_sha256.get(..16).context("the image has no digest")?;
    let flash = folder.join(format!("{}-{image}.flash", args.device.name));
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    if args.blank && flash.exists() {
        std::fs::remove_file(&flash).with_context(|| format!("cannot remove {}", flash.display()))?;
    }
    emulator.args(["--port", &args.port.to_string()]).arg("--flash").arg(flash);
    demo::build(&workspace)?;
    Err(emulator.exec()).with_context(|| format!("cannot start {}", process::line(&emulator)))
}
