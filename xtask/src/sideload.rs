//! Runs both loaders of Ledger offline on the finished hex and looks at what they would send to a device.
//!
//! That a tool accepts a file proves little; so its commands are played into an empty flash. Both tools must leave
//! exactly our image there, followed by the same install parameters, with the same lengths and start, and no privilege.

mod replay;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::digest::IMAGE;
use crate::firmware::report::Report;
use crate::manifest::{MANIFEST, SCRIPT};
use crate::process;
use crate::tools::python;
use crate::workspace::Workspace;
use replay::Installation;

/// The loaders, in the versions all this was tried with.
const LOADERS: &[&str] = &["ledgerwallet==0.10.0", "ledgerblue==0.1.58"];

/// Checks the files in `<target>/firmware`, which `report` describes. Gives one sentence on what would be installed.
///
/// # Errors
/// With the first thing that is wrong.
pub(crate) fn check(workspace: &Workspace, report: &Report) -> Result<String> {
    let programs = python::ensure(&workspace.target().join("sideload"), LOADERS)?;
    let folder = workspace.firmware();
    let image = std::fs::read(folder.join(IMAGE)).context("the firmware is not built")?;

    let mut ledgerctl = Command::new(programs.join("ledgerctl"));
    ledgerctl.args(["install", MANIFEST]);
    let by_ledgerctl = played(&mut ledgerctl, &folder, "ledgerctl.apdu")?;

    let mut ledgerblue = Command::new("sh");
    ledgerblue.arg(SCRIPT).env("PATH", path_with(&programs)?);
    let by_ledgerblue = played(&mut ledgerblue, &folder, "ledgerblue.apdu")?;

    for (tool, installed) in [("ledgerctl", &by_ledgerctl), ("ledgerblue", &by_ledgerblue)] {
        installed
            .check(&image, report.nvm)
            .with_context(|| format!("{tool} would not install what was built"))?;
    }
    ensure!(
        by_ledgerctl == by_ledgerblue,
        "ledgerctl and ledgerblue would install different things: {by_ledgerctl:?} and {by_ledgerblue:?}"
    );
    Ok(format!("both loaders would install {by_ledgerctl:?}"))
}

/// Lets a loader write its commands into a file and plays them.
fn played(loader: &mut Command, folder: &Path, output: &str) -> Result<Installation> {
    process::text(loader.current_dir(folder).args(["--offline", output]))?;
    let commands =
        std::fs::read_to_string(folder.join(output)).with_context(|| format!("{output} was not written"))?;
    Installation::play(&commands).with_context(|| format!("{output} holds something unexpected"))
}

fn path_with(first: &Path) -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(std::iter::once(first.to_owned()).chain(std::env::split_paths(&path)))?)
}
