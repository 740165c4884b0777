//! A node of another kind towards its signer, built by Go from `tests/gno`: it compares replies with its requests.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{announce, go};
use crate::process;
use crate::workspace::Workspace;

/// The variable by which the suite is told where the program is.
pub(crate) const VARIABLE: &str = "HIGHWATER_GNO";

/// What it is made of; its versions stand in `go.mod`.
const SOURCES: [&str; 3] = ["go.mod", "go.sum", "main.go"];

/// Gives the path of the program, building it first if it is not there or of other sources.
///
/// # Errors
/// With the cure, if Go is missing or too old; if the download or the build fails (a retry may help).
pub(crate) fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    let source = workspace.root().join("tests/gno");
    let folder = workspace.target().join("gno");
    let (program, stamp) = (folder.join("gno-validator"), folder.join("stamp"));
    let mut made_of = String::new();
    for name in SOURCES {
        let path = source.join(name);
        made_of += &std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    }
    // Written last, so a build that was cut off is done again.
    if program.exists() && std::fs::read_to_string(&stamp).is_ok_and(|built| built == made_of) {
        return Ok(program);
    }
    go::check("the client of gno.land", [1, 25, 9])?;
    announce(&format!("the signer's client of gno.land by go, into {}", folder.display()))?;
    std::fs::create_dir_all(&folder)?;
    let mut build = go::command();
    build
        .args(["build", "-mod=readonly", "-buildvcs=false", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(&source);
    // None of it needs a C compiler.
    build.env("CGO_ENABLED", "0");
    process::run(&mut build)?;
    std::fs::write(stamp, made_of)?;
    Ok(program)
}
