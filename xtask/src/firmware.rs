//! `cargo xtask firmware`: builds the app of each device, judges its image, and leaves all that a device or an emulator
//! needs in `<target>/firmware/<device>`.

pub(crate) mod build;
pub(crate) mod levels;
pub(crate) mod report;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use nanos_sdk::target::{DEVICES, Device};
use sha2::{Digest as _, Sha256};

use crate::digest::{self, Digest, Verdict};
use crate::toolchain::{self, Toolchain};
use crate::workspace::Workspace;
use crate::{budget, gate, ihex, manifest};
use report::{Measured, Report, Stack};

/// How `cargo xtask firmware` is called.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The device; without it every one.
    #[arg(long, value_name = "NAME", value_parser = device)]
    device: Option<Device>,
    /// Print the lines that install what was built last on a device with this API level, and build nothing.
    #[arg(long, value_name = "LEVEL", conflicts_with_all = ["json", "verify", "save"])]
    install_help: Option<u8>,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
    /// Compare the image with the committed digest.
    #[arg(long)]
    verify: bool,
    /// Write the digest that is to be committed.
    #[arg(long, conflicts_with = "verify")]
    save: bool,
}

/// The device of this name, for the command line.
pub(crate) fn device(name: &str) -> Result<Device, String> {
    let known = || DEVICES.map(|device| device.name).join(", ");
    let found = DEVICES.into_iter().find(|device| device.name == name);
    found.ok_or_else(|| format!("the devices are {}", known()))
}

/// Name of the hex in `<target>/firmware/<device>`.
pub(crate) fn hex_file(device: &Device) -> String {
    format!("highwater-{}.hex", device.name)
}

/// Name of the hex without install parameters, for ledgerctl.
fn bare_hex_file(device: &Device) -> String {
    format!("highwater-{}-ledgerctl.hex", device.name)
}

const ICON: &str = "icon.gif";
/// Written by the emulator suite: the deepest stack it saw.
const STACK: &str = "stack.json";
/// The same: what one vote takes.
const VOTE: &str = "vote.json";

/// Runs the command.
pub(crate) fn command(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::locate()?;
    if let Some(level) = args.install_help {
        print!("{}", manifest::help(&workspace, args.device.as_ref(), level)?);
        return Ok(ExitCode::SUCCESS);
    }
    let toolchain = toolchain::find(&workspace)?;
    let devices = args.device.map_or_else(|| DEVICES.to_vec(), |device| vec![device]);
    let mut reports = Vec::new();
    let mut good = true;
    for device in &devices {
        let report = make(&workspace, &toolchain, device)?;
        if !args.json {
            println!("{}", report.table());
        }
        for problem in &report.over {
            eprintln!("error: {problem}");
        }
        let digest = report.digest();
        if args.save {
            digest.save(workspace.root(), device)?;
            let load = read(&workspace.firmware(device).join(manifest::LOAD))?;
            write(&manifest::committed_load(workspace.root(), device), &load)?;
        }
        good &= report.over.is_empty() && (!args.verify || verify(&workspace, &digest, device)?);
        reports.push(report);
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&reports)?);
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Compares with the committed digest and says what came out; true only for the same image.
fn verify(workspace: &Workspace, built: &Digest, device: &Device) -> Result<bool> {
    let verdict = built.judge(Digest::read(workspace.root(), device)?);
    eprintln!("{}: {verdict}", device.title);
    if verdict != Verdict::Same {
        return Ok(false);
    }
    committed_load(workspace, device).map(|()| true)
}

/// The file that `highwater firmware` has of a committed image says what was built.
///
/// # Errors
/// If it does not.
pub(crate) fn committed_load(workspace: &Workspace, device: &Device) -> Result<()> {
    let committed = manifest::committed_load(workspace.root(), device);
    let built = read(&workspace.firmware(device).join(manifest::LOAD))?;
    ensure!(
        read(&committed)? == built,
        "{} does not say what a loader is told of this image: cargo xtask firmware --save",
        committed.display()
    );
    Ok(())
}

/// Builds, judges and writes the firmware.
///
/// # Errors
/// If it does not build; if its image is unfit for a device, then nothing is left in its folder that could be taken for a
/// finished one. A figure above its budget is no error here: it stands in the report.
pub(crate) fn make(workspace: &Workspace, toolchain: &Toolchain, device: &Device) -> Result<Report> {
    let budget = budget::read(workspace.root(), device)?;
    let folder = workspace.firmware(device);
    let (hex_file, image_file) = (hex_file(device), digest::image(device));
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let built = build::firmware(workspace, toolchain, device)?;
    let elf = std::fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
    let (firmware, problems) = gate::examine(&elf, device, &budget)?;
    if !problems.is_empty() {
        let elfs = levels::names(device);
        for name in elfs.iter().chain([&hex_file, &bare_hex_file(device), &image_file]) {
            remove(&folder.join(name))?;
        }
        bail!("{} is unfit for a {}:\n  {}", built.display(), device.title, problems.join("\n  "));
    }

    let image_sha256 = hex::encode(Sha256::digest(&firmware.image));
    forget_stale_figures(&folder, &image_file, &firmware.image)?;
    for (name, elf) in levels::files(device, &elf)? {
        write(&folder.join(name), &elf)?;
    }
    let hex = ihex::write(firmware.base, &firmware.image, firmware.entry);
    write(&folder.join(&hex_file), hex.as_bytes())?;
    write(&folder.join(image_file), &firmware.image)?;
    let icon = workspace.root().join("app/signer").join(device.icon_file);
    write(&folder.join(ICON), &std::fs::read(icon)?)?;
    // ledgerctl appends install parameters of its own, the same ones, to an image that must have none.
    let bare_file = if device.parameters {
        let bare = firmware.image.len() - firmware.parameters as usize;
        let hex = ihex::write(firmware.base, &firmware.image[..bare], firmware.entry);
        write(&folder.join(bare_hex_file(device)), hex.as_bytes())?;
        bare_hex_file(device)
    } else {
        hex_file.clone()
    };
    for (file, manifest) in manifest::ledgerctl(device, &firmware, &bare_file, ICON) {
        write(&folder.join(file), manifest.as_bytes())?;
    }
    write(&folder.join(manifest::LOAD), manifest::load(device, &firmware).as_bytes())?;
    let script = manifest::ledgerblue(device, &firmware, &hex_file);
    write(&folder.join(manifest::SCRIPT), script.as_bytes())?;
    let vote = report::read_measured(&folder.join(VOTE))?;
    let measured = Measured { stack: measured_stack(workspace, device)?, vote };
    let files = [folder.join(levels::newest(device)), folder.join(hex_file)];
    Ok(Report::new(device, &firmware, files, image_sha256, toolchain, budget, measured))
}

/// The deepest stack, if the emulator suite has left one for the firmware that is there.
pub(crate) fn measured_stack(workspace: &Workspace, device: &Device) -> Result<Option<Stack>> {
    report::read_measured(&workspace.firmware(device).join(STACK))
}

/// Throws the last measurement away, so that only a new one can be found.
pub(crate) fn forget_stack(workspace: &Workspace, device: &Device) -> Result<()> {
    remove(&workspace.firmware(device).join(STACK))
}

/// What was measured belongs to one image; another image has to be measured again.
fn forget_stale_figures(folder: &Path, image_file: &str, image: &[u8]) -> Result<()> {
    let same = std::fs::read(folder.join(image_file)).is_ok_and(|last| last == image);
    if same { Ok(()) } else { remove(&folder.join(STACK)).and_then(|()| remove(&folder.join(VOTE))) }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
