//! `cargo xtask firmware`: builds the app of the Nano S, judges its image, and leaves all that a device or an emulator
//! needs in `<target>/firmware`.

pub(crate) mod build;
pub(crate) mod report;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::digest::{self, Digest, Verdict};
use crate::toolchain::{self, Toolchain};
use crate::workspace::Workspace;
use crate::{budget, gate, ihex, manifest};
use report::{Report, Stack};

/// How `cargo xtask firmware` is called.
#[derive(clap::Args)]
pub(crate) struct Args {
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

/// Names of the files in `<target>/firmware`.
const ELF: &str = "highwater-nanos.elf";
const HEX: &str = "highwater-nanos.hex";
const ICON: &str = "icon.gif";
/// Written by the emulator suite: the deepest stack it saw.
const STACK: &str = "stack.json";
/// The same: what one vote takes.
const VOTE: &str = "vote.json";

/// Runs the command.
pub(crate) fn command(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::locate()?;
    let toolchain = toolchain::find(&workspace)?;
    let report = make(&workspace, &toolchain)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", report.table());
    }
    for problem in &report.over {
        eprintln!("error: {problem}");
    }
    let digest = report.digest();
    if args.save {
        digest.save(workspace.root())?;
    }
    let verified = !args.verify || verify(&digest, workspace.root())?;
    Ok(if verified && report.over.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Compares with the committed digest and says what came out; true only for the same image.
fn verify(built: &Digest, root: &Path) -> Result<bool> {
    let verdict = built.judge(Digest::read(root)?);
    eprintln!("{verdict}");
    Ok(verdict == Verdict::Same)
}

/// Builds, judges and writes the firmware.
///
/// # Errors
/// If it does not build; if its image is unfit for a device, then nothing is left in `<target>/firmware` that could be
/// taken for a finished one. A figure above its budget is no error here: it stands in the report.
pub(crate) fn make(workspace: &Workspace, toolchain: &Toolchain) -> Result<Report> {
    let budget = budget::read(workspace.root())?;
    let folder = workspace.firmware();
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let built = build::firmware(workspace, toolchain)?;
    let elf = std::fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
    let (firmware, problems) = gate::examine(&elf, &budget)?;
    if !problems.is_empty() {
        for name in [ELF, HEX, digest::IMAGE] {
            remove(&folder.join(name))?;
        }
        bail!("{} is unfit for a device:\n  {}", built.display(), problems.join("\n  "));
    }

    let image_sha256 = hex::encode(Sha256::digest(&firmware.image));
    forget_stale_stack(&folder, &firmware.image)?;
    write(&folder.join(ELF), &elf)?;
    write(&folder.join(HEX), ihex::write(firmware.base, &firmware.image, firmware.entry).as_bytes())?;
    write(&folder.join(digest::IMAGE), &firmware.image)?;
    write(&folder.join(ICON), &std::fs::read(workspace.root().join("app/signer/icon.gif"))?)?;
    write(&folder.join(manifest::MANIFEST), manifest::ledgerctl(&firmware, HEX, ICON).as_bytes())?;
    write(&folder.join(manifest::SCRIPT), manifest::ledgerblue(&firmware, HEX).as_bytes())?;
    let files = [folder.join(ELF), folder.join(HEX)];
    let (stack, vote) = (measured_stack(workspace)?, report::read_measured(&folder.join(VOTE))?);
    Ok(Report::new(&firmware, files, image_sha256, toolchain, budget, stack, vote))
}

/// The deepest stack, if the emulator suite has left one for the firmware that is there.
pub(crate) fn measured_stack(workspace: &Workspace) -> Result<Option<Stack>> {
    report::read_measured(&workspace.firmware().join(STACK))
}

/// Throws the last measurement away, so that only a new one can be found.
pub(crate) fn forget_stack(workspace: &Workspace) -> Result<()> {
    remove(&workspace.firmware().join(STACK))
}

/// What was measured belongs to one image; another image has to be measured again.
fn forget_stale_stack(folder: &Path, image: &[u8]) -> Result<()> {
    let same = std::fs::read(folder.join(digest::IMAGE)).is_ok_and(|last| last == image);
    if same { Ok(()) } else { remove(&folder.join(STACK)).and_then(|()| remove(&folder.join(VOTE))) }
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
