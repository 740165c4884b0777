//! The guarantees, each with the type that carries it and the tests that fail when it is broken.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

struct Guarantee {
    name: &'static str,
    says: &'static str,
    /// What it does not compile without.
    held_by: &'static str,
    tests: &'static [&'static str],
}

const GUARANTEES: [Guarantee; 5] = [
    Guarantee {
        name: "G1",
        says: "Mark before signature: a signature leaves only after two copies of a record of its height, round and \
               step stand in flash, each read back",
        held_by: "type `journal::Durable`",
        tests: &["g1_no_signature_before_its_mark_is_durable"],
    },
    Guarantee {
        name: "G2",
        says: "The mark never falls; when it cannot be told, nothing is signed until the owner sets it",
        held_by: "the rules of [docs/journal.md](docs/journal.md)",
        tests: &["g2_the_mark_never_falls", "g2_the_mark_never_falls_and_tears_alone_never_make_it_unclear"],
    },
    Guarantee {
        name: "G3",
        says: "One statement per chain, height, round and step",
        held_by: "`hrs::judge`, one `match`",
        tests: &["g3_one_statement_per_hrs"],
    },
    Guarantee {
        name: "G4",
        says: "Votes only: canonical votes and proposals of an approved chain; there is no raw signing",
        held_by: "`canonical::Message`",
        tests: &["g4_votes_only"],
    },
    Guarantee {
        name: "G5",
        says: "Lowering needs a finger: adding, moving, removing and forgetting are approved on the device, with the \
               PIN valid at the press",
        held_by: "type `signer::permit::Approved`",
        tests: &["g5_lowering_needs_a_finger", "the_press_counts_only_while_the_pin_is_valid"],
    },
];

/// Where tests may stand.
const FOLDERS: [&str; 5] = ["core", "sim", "app", "bridge", "tests"];

/// The table, a row a guarantee.
///
/// # Errors
/// If a test that is named does not exist.
pub(super) fn table(root: &Path) -> Result<String> {
    let mut sources = Vec::new();
    for folder in FOLDERS {
        collect(&root.join(folder), &mut sources)?;
    }
    sources.sort();
    let sources = sources
        .into_iter()
        .map(|path| {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            Ok((path, text))
        })
        .collect::<Result<Vec<_>>>()?;
    let mut table = "| # | guarantee | held by | tests |\n| --- | --- | --- | --- |\n".to_owned();
    for Guarantee { name, says, held_by, tests } in &GUARANTEES {
        let tests: Result<Vec<_>> = tests.iter().map(|test| cite(test, &sources)).collect();
        table += &format!("| {name} | {says} | {held_by} | {} |\n", tests?.join(", "));
    }
    Ok(table)
}

/// A test with links to the files it stands in.
fn cite(test: &str, sources: &[(String, String)]) -> Result<String> {
    let files: BTreeSet<_> =
        sources.iter().filter(|(_, text)| has_test(text, test)).map(|(path, _)| path).collect();
    ensure!(!files.is_empty(), "the guarantee table names the test {test}, but there is none of that name");
    let links: Vec<_> = files.iter().map(|path| format!("[{path}]({path})")).collect();
    Ok(format!("`{test}` in {}", links.join(" and ")))
}

/// Whether the source has a function of this name that is run as a test.
fn has_test(source: &str, name: &str) -> bool {
    let function = format!("fn {name}(");
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    lines.iter().enumerate().any(|(at, line)| {
        let attributes = lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
        line.contains(&function)
            && attributes.clone().any(|line| line.contains("test"))
            && !attributes.clone().any(|line| line.contains("ignore"))
    })
}

fn collect(folder: &Path, sources: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, sources)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_counts_only_if_it_is_run_as_a_test() {
        assert!(has_test("#[test]\nfn one() {}", "one"));
        assert!(has_test("    #[tokio::test]\n    #[cfg(unix)]\n    async fn one() {}", "one"));
        assert!(!has_test("#[test]\nfn one_more() {}\nfn one() {}", "one"));
        assert!(!has_test("#[test]\n#[ignore]\nfn one() {}", "one"));
    }

    #[test]
    fn a_test_that_is_gone_is_named() {
        let error = cite("gone", &[("a.rs".to_owned(), "fn gone() {}".to_owned())]).unwrap_err();
        assert!(error.to_string().contains("gone"));
    }
}
