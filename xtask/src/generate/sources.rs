//! The tests of the tree, to be cited by name: one that does not exist is an error.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// Where tests may stand.
const FOLDERS: [&str; 5] = ["core", "sim", "app", "bridge", "tests"];

/// Every Rust source, by its path in the checkout.
pub(super) struct Sources(Vec<(String, String)>);

impl Sources {
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut paths = Vec::new();
        for folder in FOLDERS {
            collect(&root.join(folder), &mut paths)?;
        }
        let source = |path: PathBuf| {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            Ok((path, text))
        };
        Ok(Self(paths.into_iter().map(source).collect::<Result<_>>()?))
    }

    /// The tests with links to the files they stand in; `up` leads from the document to the root.
    ///
    /// # Errors
    /// If one of them does not exist.
    pub(super) fn cite(&self, tests: &[&str], up: &str) -> Result<String> {
        let cited: Result<Vec<_>> = tests.iter().map(|test| self.cite_one(test, up)).collect();
        Ok(cited?.join(", "))
    }

    fn cite_one(&self, test: &str, up: &str) -> Result<String> {
        let Self(sources) = self;
        let files: BTreeSet<_> =
            sources.iter().filter(|(_, text)| has_test(text, test)).map(|(path, _)| path).collect();
        ensure!(!files.is_empty(), "the test {test} is cited, but there is none of that name");
        let links: Vec<_> = files.iter().map(|path| format!("[{path}]({up}{path})")).collect();
        Ok(format!("`{test}` in {}", links.join(" and ")))
    }
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
    }) || listed(&lines, name)
}

/// Whether the name stands in a list that a macro makes tests of, one for each device.
fn listed(lines: &[&str], name: &str) -> bool {
    let mut list = lines.iter().skip_while(|line| !line.starts_with("on_every_device! {"));
    list.by_ref().take_while(|line| **line != "}").any(|line| line.trim_end_matches(',') == name)
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
        let listed = "on_every_device! {\n    one,\n    two\n}\nthree,\n";
        assert!(has_test(listed, "one") && has_test(listed, "two") && !has_test(listed, "three"));
    }

    #[test]
    fn a_test_that_is_gone_is_named() {
        let sources = Sources(vec![("a.rs".to_owned(), "fn gone() {}".to_owned())]);
        let error = sources.cite(&["gone"], "").unwrap_err();
        assert!(error.to_string().contains("gone"));
    }
}
