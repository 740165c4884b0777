//! Runs both loaders of Ledger offline on the finished hex and looks at what they would send to a device.
//!
//! That a tool accepts a file proves little; so its commands are played into an empty flash. Both tools must leave
//! exactly our image there, followed by the same install parameters, with the same lengths and start, and no privilege.
//! `highwater firmware install` has to do the same, over the secure channel of a dashboard that is played.

mod installing;
mod replay;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use nanos_sdk::target::{Device, Level};

use crate::digest;
use crate::firmware::report::Report;
use crate::manifest::{SCRIPT, manifest_file};
use crate::process;
use crate::tools::python;
use crate::workspace::Workspace;
use replay::Installation;

/// The loaders, in the versions all this was tried with.
const LOADERS: &[&str] = &["ledgerwallet==0.10.0", "ledgerblue==0.1.58"];

/// Checks the files in the device's folder, which `report` describes. Gives one sentence on what would be installed.
///
/// # Errors
/// With the first thing that is wrong.
pub(crate) fn check(workspace: &Workspace, device: &Device, report: &Report) -> Result<String> {
    let programs = python::ensure(&workspace.target().join("sideload"), LOADERS)?;
    let folder = workspace.firmware(device);
    let image = std::fs::read(folder.join(digest::image(device))).context("the firmware is not built")?;
    let ledgerblue = |level: Option<&str>| {
        let mut ledgerblue = Command::new("sh");
        ledgerblue.arg(SCRIPT).args(level).env("PATH", path_with(&programs)?);
        played(&mut ledgerblue, &folder, "ledgerblue.apdu", report)
    };
    let ledgerctl = |level: Option<&Level>| {
        let mut ledgerctl = Command::new(programs.join("ledgerctl"));
        ledgerctl.args(["install", &manifest_file(level)]);
        played(&mut ledgerctl, &folder, "ledgerctl.apdu", report)
    };
    let both = |level: Option<&Level>| {
        let by_ledgerctl = ledgerctl(level)?;
        let by_ledgerblue = ledgerblue(level.map(|level| level.text))?;
        for (tool, installed) in [("ledgerctl", &by_ledgerctl), ("ledgerblue", &by_ledgerblue)] {
            let checked = installed.check(&image, level.map(|level| level.number), report.nvm);
            checked.with_context(|| format!("{tool} would not install what was built"))?;
        }
        ensure!(
            by_ledgerctl == by_ledgerblue,
            "ledgerctl and ledgerblue would install different things: {by_ledgerctl:?} and {by_ledgerblue:?}"
        );
        Ok(by_ledgerctl)
    };
    let bench = installing::Bench::new(workspace, device, &programs, report)?;
    if device.levels.is_empty() {
        let installed = both(None)?;
        bench.installs(device.firmware, None, &installed)?;
        return Ok(format!(
            "{}: both loaders, and `highwater firmware`, would install {installed:?}",
            device.title
        ));
    }
    for level in device.levels {
        let at = || format!("at {}", level.text);
        let installed = both(Some(level)).with_context(at)?;
        // The table has the first two numbers of a version.
        bench.installs(&format!("{}.0", level.systems), Some(level.number), &installed).with_context(at)?;
    }
    bench.says_why_not()?;
    ensure!(ledgerblue(None).is_err(), "the script loads without a level");
    ensure!(ledgerblue(Some("23")).is_err(), "the script loads at a level that was never tried");
    let levels: Vec<_> = device.levels.iter().map(|level| level.text).collect();
    Ok(format!(
        "{}: both loaders, and `highwater firmware`, would install the image at {}",
        device.title,
        levels.join(", ")
    ))
}

/// Lets a loader write its commands into a file and plays them.
fn played(loader: &mut Command, folder: &Path, output: &str, report: &Report) -> Result<Installation> {
    process::text(loader.current_dir(folder).args(["--offline", output]))?;
    let commands =
        std::fs::read_to_string(folder.join(output)).with_context(|| format!("{output} was not written"))?;
    Installation::play(&commands, report.parameters)
        .with_context(|| format!("{output} holds something unexpected"))
}

fn path_with(first: &Path) -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(std::iter::once(first.to_owned()).chain(std::env::split_paths(&path)))?)
}
