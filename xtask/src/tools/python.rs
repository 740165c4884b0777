//! Python environments under the target directory; nothing is installed outside of them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::{announce, debian};
use crate::process;

/// Makes `folder` a virtual environment that holds exactly these requirements and gives the folder of its programs.
///
/// # Errors
/// With the cure, if Python cannot make environments here; if pip fails (a retry may help).
pub(crate) fn ensure(folder: &Path, requirements: &[&str]) -> Result<PathBuf> {
    let programs = folder.join("bin");
    // Written last, so an installation that was cut off is done again.
    let stamp = folder.join("stamp");
    let wanted = requirements.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(programs);
    }
    let python = interpreter()?;
    announce(&format!("by pip, into {}: {}", folder.display(), requirements.join(" ")))?;
    process::run(Command::new(python).args(["-m", "venv", "--clear"]).arg(folder))?;
    let mut pip = Command::new(programs.join("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"])
        .args(requirements);
    process::run(pip.stdin(Stdio::null()))?;
    std::fs::write(stamp, wanted)?;
    Ok(programs)
}

/// A Python 3 that can make virtual environments. Debian splits that ability off into a package of its own.
fn interpreter() -> Result<PathBuf> {
    if let Some(python) = able() {
        return Ok(python);
    }
    debian::ensure(&["python3-venv"], "a Python environment")?;
    able().context("no python3 on the PATH can make virtual environments (the modules venv and ensurepip)")
}

fn able() -> Option<PathBuf> {
    let candidates = process::on_path("python3").into_iter().chain([PathBuf::from("/usr/bin/python3")]);
    candidates.into_iter().find(|python| {
        let mut check = Command::new(python);
        check.args(["-c", "import venv, ensurepip"]).stderr(Stdio::null());
        process::text(&mut check).is_ok()
    })
}
