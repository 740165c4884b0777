//! `cargo xtask firmware`: builds the app of the Nano S, judges its image, and leaves all that a device or an emulator
//! needs in `<target>/firmware`.

pub mod build;
pub mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::digest::{self, Digest, Verdict};
use crate::toolchain::{self, Toolchain};
use crate::workspace::Workspace;
use crate::{budget, gate, ihex, manifest};
use report::Report;

/// How `cargo xtask firmware` is called.
#[derive(clap::Args)]
pub struct Args {
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

/// Runs the command.
pub fn command(args: &Args) -> Result<ExitCode> {
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
    let digest = digest_of(&report);
    if args.save {
        digest.save(workspace.root())?;
    }
    if args.verify {
        let (says, same) = verdict(digest, workspace.root())?;
        eprintln!("{says}");
        if !same {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(if report.over.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds, judges and writes the firmware.
///
/// # Errors
/// If it does not build; if its image is unfit for a device, then nothing is left in `<target>/firmware` that could be
/// taken for a finished one. A figure above its budget is no error here: it stands in the report.
pub fn make(workspace: &Workspace, toolchain: &Toolchain) -> Result<Report> {
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
    let stack = report::read_stack(&folder.join(STACK))?;
    Ok(Report::new(&firmware, &folder.join(ELF), &folder.join(HEX), image_sha256, toolchain, &budget, stack))
}

/// What the comparison with the committed digest says, and whether that counts as a pass.
pub fn verdict(built: Digest, root: &Path) -> Result<(String, bool)> {
    Ok(match built.judge(Digest::read(root)?) {
        Verdict::Same => ("the image is the committed one".to_owned(), true),
        Verdict::OtherTools { committed } => (
            format!("other compiler: the committed digest was made by {committed}, so the two cannot be compared"),
            false,
        ),
        Verdict::OtherImage { committed } => (
            format!("the same tools made another image: {} is committed, this is {}", committed, built_sha(root)),
            false,
        ),
    })
}
