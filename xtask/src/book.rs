//! `cargo xtask book`: the documents as a book of HTML in `target/book`, by mdBook. Each link of the built pages is looked
//! up: what a reader clicks is there.
//!
//! mdBook reads a copy of `docs/`, in which links to files outside of `docs/` are names of files: a book that is carried
//! somewhere else has no sources beside it.

mod links;
mod relink;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::process;
use crate::tools::cargo;
use crate::workspace::Workspace;

/// How `cargo xtask book` is called.
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) fn command(_: &Args) -> Result<ExitCode> {
    let workspace = Workspace::locate()?;
    let (book, links) = make(&workspace)?;
    println!("{links} links");
    println!("{}", book.join("index.html").display());
    Ok(ExitCode::SUCCESS)
}

/// Builds the book and looks its links up. Gives its folder, and how many links there are.
///
/// # Errors
/// With what mdBook says; with all links that lead nowhere.
pub(crate) fn make(workspace: &Workspace) -> Result<(PathBuf, usize)> {
    let (source, book) = (workspace.target().join("book-source"), workspace.target().join("book"));
    // What is gone from the documents must not stay.
    for folder in [&source, &book] {
        let _ = std::fs::remove_dir_all(folder);
    }
    copy(&workspace.root().join("docs"), &source, 0)?;
    let mut mdbook = Command::new(cargo::MDBOOK.ensure(workspace)?);
    mdbook.arg("build").arg(workspace.root()).arg("--dest-dir").arg(&book);
    process::run(mdbook.env("MDBOOK_BOOK__SRC", &source))?;
    let count = links::check(&book)?;
    Ok((book, count))
}

/// Copies a folder of the documents, so many levels below `docs/`.
fn copy(from: &Path, to: &Path, depth: usize) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in std::fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let [theirs, ours] = relink::FIRST;
        let name = if entry.file_name() == theirs { ours.into() } else { entry.file_name() };
        let (path, copied) = (entry.path(), to.join(name));
        if path.is_dir() {
            copy(&path, &copied, depth + 1)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            std::fs::write(&copied, relink::relink(&text, depth))?;
        } else {
            std::fs::copy(&path, &copied).with_context(|| format!("cannot copy {}", path.display()))?;
        }
    }
    Ok(())
}
