//! `cargo xtask mutants`: breaks each rule on purpose, in a copy of the tree, and wants a test to fail.
//!
//! The list is `xtask/mutants.toml`. A mutant is a text that stands exactly once in a file, and what to put in its place;
//! it names the tests that must fail. One that nothing can tell from the original says why (`implied`), and then its
//! tests must pass: the day they fail, the explanation is wrong.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::process;
use crate::workspace::Workspace;

/// How `cargo xtask mutants` is called.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only mutants whose name holds one of these.
    #[arg(value_name = "NAME-PART")]
    only: Vec<String>,
    /// Only looks whether every mutant still applies.
    #[arg(long)]
    check: bool,
}

#[derive(Deserialize)]
struct List {
    mutant: Vec<Mutant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutant {
    /// What it breaks.
    name: String,
    file: PathBuf,
    before: String,
    after: String,
    /// Why nothing can tell it from the original.
    implied: Option<String>,
    /// It must not even compile: the guarantee is a type.
    #[serde(default)]
    type_error: bool,
    /// Arguments of `cargo test`, each a run of its own.
    tests: Vec<String>,
}

enum Fate {
    Died(String),
    Survived,
    /// It does not compile, so it says nothing of the tests.
    Unbuilt,
}

/// Runs the command.
pub(crate) fn command(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::locate()?;
    let list = List::read(&workspace)?;
    if args.check {
        println!("{} mutants apply", list.mutant.len());
        return Ok(ExitCode::SUCCESS);
    }
    let wanted =
        |mutant: &&Mutant| args.only.is_empty() || args.only.iter().any(|only| mutant.name.contains(only));
    let mutants: Vec<&Mutant> = list.mutant.iter().filter(wanted).collect();
    ensure!(!mutants.is_empty(), "no mutant of this name");
    let bench = Bench::new(&workspace)?;
    bench.whole(&mutants)?;
    let mut wrong = Vec::new();
    for mutant in &mutants {
        let start = Instant::now();
        let fate = bench.try_out(mutant)?;
        let seconds = start.elapsed().as_secs();
        let (right, line) = match (&fate, &mutant.implied) {
            (Fate::Died(by), None) => (true, format!("dead      {} ({by}, {seconds} s)", mutant.name)),
            (Fate::Survived, Some(why)) => (true, format!("implied   {} ({why}, {seconds} s)", mutant.name)),
            (Fate::Died(by), Some(_)) => (false, format!("NOT IMPLIED {}: {by} tells it", mutant.name)),
            (Fate::Survived, None) => (false, format!("SURVIVED  {}", mutant.name)),
            (Fate::Unbuilt, _) => (false, format!("NOT BUILT {}", mutant.name)),
        };
        println!("{line}");
        if !right {
            wrong.push(mutant.name.as_str());
        }
    }
    println!("{} mutants, {} not as the list says: {wrong:?}", mutants.len(), wrong.len());
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How many mutants there are.
///
/// # Errors
/// If the text of one stands no longer in its file, or more than once: the list has to follow the code.
pub(crate) fn check(workspace: &Workspace) -> Result<usize> {
    Ok(List::read(workspace)?.mutant.len())
}

impl List {
    /// The list; each of its mutants applies.
    fn read(workspace: &Workspace) -> Result<Self> {
        let text =
            fs::read_to_string(workspace.root().join("xtask/mutants.toml")).context("xtask/mutants.toml")?;
        let list: Self = toml::from_str(&text).context("xtask/mutants.toml")?;
        for mutant in &list.mutant {
            mutant.apply(&fs::read_to_string(workspace.root().join(&mutant.file))?)?;
        }
        Ok(list)
    }
}

impl Mutant {
    fn apply(&self, source: &str) -> Result<String> {
        let found = source.matches(&self.before).count();
        ensure!(found == 1, "{}: its text stands {found} times in {}", self.name, self.file.display());
        Ok(source.replacen(&self.before, &self.after, 1))
    }
}

/// The copy of the tree.
struct Bench<'a> {
    workspace: &'a Workspace,
    tree: PathBuf,
}

impl<'a> Bench<'a> {
    fn new(workspace: &'a Workspace) -> Result<Self> {
        let tree = workspace.target().join("mutants/tree");
        if tree.exists() {
            fs::remove_dir_all(&tree)?;
        }
        let listed = process::text(
            Command::new("git")
                .args(["ls-files", "--cached", "--others", "--exclude-standard"])
                .current_dir(workspace.root()),
        )?;
        for file in listed.lines() {
            let (from, to) = (workspace.root().join(file), tree.join(file));
            if from.is_file() {
                fs::create_dir_all(to.parent().unwrap_or(Path::new(".")))?;
                fs::copy(&from, &to).with_context(|| from.display().to_string())?;
            }
        }
        Ok(Self { workspace, tree })
    }

    /// Nothing proves anything if the tests fail on the whole tree.
    fn whole(&self, mutants: &[&Mutant]) -> Result<()> {
        let mut tests: Vec<&String> = mutants.iter().flat_map(|mutant| &mutant.tests).collect();
        tests.sort();
        tests.dedup();
        for test in tests {
            ensure!(
                self.passes(&format!("test --quiet {test}"))?,
                "fails without a mutant: cargo test {test}"
            );
        }
        Ok(())
    }

    fn try_out(&self, mutant: &Mutant) -> Result<Fate> {
        let file = self.tree.join(&mutant.file);
        let whole = fs::read_to_string(&file)?;
        fs::write(&file, mutant.apply(&whole)?)?;
        let fate = self.fate(mutant);
        fs::write(&file, whole)?;
        fate
    }

    fn fate(&self, mutant: &Mutant) -> Result<Fate> {
        const PACKAGES: &str = "--package highwater-core --package highwater-guard --package highwater-moving \
                                --package highwater-signer";
        let builds = self.passes(&format!("build --quiet {PACKAGES}"))?;
        if mutant.type_error {
            return Ok(if builds { Fate::Survived } else { Fate::Died("the compiler".to_owned()) });
        }
        if !builds {
            return Ok(Fate::Unbuilt);
        }
        for test in &mutant.tests {
            if !self.passes(&format!("test --quiet {test}"))? {
                return Ok(Fate::Died(test.clone()));
            }
        }
        Ok(Fate::Survived)
    }

    fn passes(&self, line: &str) -> Result<bool> {
        let mut cargo = self.workspace.cargo();
        cargo.current_dir(&self.tree).args(line.split_whitespace());
        cargo.env("CARGO_TARGET_DIR", self.workspace.target().join("mutants/build"));
        cargo.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(cargo.status().with_context(|| process::line(&cargo))?.success())
    }
}
