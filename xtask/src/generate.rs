//! `cargo xtask generate`: writes the tables of the documentation that the code decides, between their marks.
//!
//! What they say is made from the code: status words and commands from exhaustive matches (a new one does not compile
//! without its description), what is answered when from the signer itself, the tests of the guarantees from the tree.

mod answers;
mod commands;
mod faults;
mod guarantees;
mod marked;
mod messages;
mod pages;
mod screens;
mod sources;
mod status_words;
mod wear;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use sources::Sources;

/// How `cargo xtask generate` is called.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail and show the difference where a file is stale.
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub(crate) fn command(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::locate()?;
    if args.check {
        check(&workspace)?;
        return Ok(ExitCode::SUCCESS);
    }
    for document in documents(workspace.root())? {
        if document.is_stale() {
            std::fs::write(workspace.root().join(document.path), &document.new)
                .with_context(|| format!("cannot write {}", document.path))?;
            println!("{} written", document.path);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Fails with the difference if a generated table is not what the code makes it now.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let stale: Vec<_> = documents(workspace.root())?.into_iter().filter(Document::is_stale).collect();
    if stale.is_empty() {
        return Ok(());
    }
    let differences: Vec<_> = stale
        .iter()
        .map(|document| format!("{}\n{}", document.path, marked::difference(&document.old, &document.new)))
        .collect();
    bail!("stale; `cargo xtask generate` writes what the code says now\n{}", differences.join("\n"))
}

/// A file, as it is and as it should be.
struct Document {
    path: &'static str,
    old: String,
    new: String,
}

impl Document {
    fn is_stale(&self) -> bool {
        self.old != self.new
    }
}

fn documents(root: &Path) -> Result<Vec<Document>> {
    let protocol = [
        ("commands", commands::table()),
        ("answers", answers::table()?),
        ("status words", status_words::table()),
    ];
    let sources = Sources::read(root)?;
    let readme = std::fs::read_to_string(root.join("README.md")).context("cannot read README.md")?;
    let security = [("guarantees", guarantees::table(&sources)?), ("faults", faults::table(&sources)?)];
    Ok(vec![
        document(root, "docs/protocol.md", &protocol)?,
        document(root, "docs/security.md", &security)?,
        document(root, "docs/journal.md", &[("wear", wear::table())])?,
        document(root, "docs/reference/messages.md", &[("messages", messages::tables(root)?)])?,
        document(root, "docs/screens.md", &[("pages", pages::sections(root)?)])?,
        document(root, "docs/every-day.md", &[("watch", watch(root)?)])?,
        document(root, "docs/README.md", &[("tried", marked::section(&readme, "What was tried")?)])?,
    ])
}

/// What `status --watch` draws, as its tests have it.
fn watch(root: &Path) -> Result<String> {
    let drawn = ["signing", "locked"].map(|name| {
        let path = root.join(format!("bridge/tests/watch/{name}.snap"));
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let (_, drawn) =
            text.trim_start_matches("---").split_once("\n---\n").context("a golden without its head")?;
        Ok(format!("```text\n{}\n```", drawn.trim_end()))
    });
    Ok(drawn.into_iter().collect::<Result<Vec<_>>>()?.join("\n\n"))
}

fn document(root: &Path, path: &'static str, tables: &[(&str, String)]) -> Result<Document> {
    let old = std::fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))?;
    let mut new = old.clone();
    for (name, table) in tables {
        new = marked::replace(&new, name, table).with_context(|| path)?;
    }
    Ok(Document { path, old, new })
}
