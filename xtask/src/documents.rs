//! The paths that the documents name: each of them exists, so that a reader is never sent to a file that was moved.
//!
//! A path is a link of Markdown to a file, or a word in backticks that begins with a folder of the root and a slash.
//! `{a,b}` stands for either, and a line number may follow. Blocks of code are not read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// What is made by a build and is in no checkout.
const MADE: &str = "target/";

/// Looks every path up. Gives how many there are.
///
/// # Errors
/// With all those that do not exist, each with the place where it is named.
pub(crate) fn check(root: &Path) -> Result<usize> {
    let mut documents = Vec::new();
    collect(root, &mut documents, false)?;
    collect(&root.join("docs"), &mut documents, true)?;
    let (mut count, mut missing) = (0, Vec::new());
    for document in documents {
        let text = std::fs::read_to_string(&document)
            .with_context(|| format!("cannot read {}", document.display()))?;
        let name = document.strip_prefix(root).unwrap_or(&document).display();
        let folder = document.parent().unwrap_or(root);
        for (line, path) in named(&text, root, folder) {
            count += 1;
            if !path.exists() {
                missing
                    .push(format!("{name}:{line}: {}", path.strip_prefix(root).unwrap_or(&path).display()));
            }
        }
    }
    ensure!(missing.is_empty(), "the documents name what does not exist\n{}", missing.join("\n"));
    Ok(count)
}

/// The documents of a folder, and of the folders in it if `deep`.
fn collect(folder: &Path, documents: &mut Vec<PathBuf>, deep: bool) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let entries: BTreeSet<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    for path in entries {
        if path.is_dir() && deep {
            collect(&path, documents, deep)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            documents.push(path);
        }
    }
    Ok(())
}

/// The paths that a text names, each with the number of its line.
fn named(text: &str, root: &Path, folder: &Path) -> Vec<(usize, PathBuf)> {
    let mut found = Vec::new();
    let (mut in_block, mut in_span) = (false, false);
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            let links = targets(line).map(|target| folder.join(target));
            let words = words(line, in_span, root).into_iter().map(|word| root.join(word));
            found.extend(links.chain(words).map(|path| (number, path)));
            // What is in backticks may go on in the next line, but not behind an empty one.
            in_span = !line.is_empty() && in_span != (line.matches('`').count() % 2 == 1);
        }
    }
    found
}

/// What the links of a line point to, but for other sites and other parts of the page.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let files = targets.map(|(target, _)| target.split('#').next().unwrap_or(target));
    files.filter(|target| !target.is_empty() && !target.contains("://"))
}

/// The words in backticks that are paths from the root; the line may begin within backticks.
fn words(line: &str, in_span: bool, root: &Path) -> Vec<String> {
    let spans = line.split('`').skip(if in_span { 2 } else { 1 }).step_by(2);
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./{},".contains(c);
    let is_path = |word: &&str| {
        let first = word.split('/').next().unwrap_or_default();
        let is_folder = word.contains('/') && !first.is_empty() && root.join(first).is_dir();
        is_folder && word.chars().all(plain) && !word.starts_with(MADE)
    };
    spans.map(without_line).filter(is_path).flat_map(either).collect()
}

/// `core/src/hrs.rs:12` without its line.
fn without_line(word: &str) -> &str {
    let is_number = |line: &str| !line.is_empty() && line.chars().all(|c| c.is_ascii_digit());
    word.rsplit_once(':').filter(|(_, line)| is_number(line)).map_or(word, |(path, _)| path)
}

/// `a/{b,c}.rs` is two paths.
fn either(word: &str) -> Vec<String> {
    let parts = word.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    let Some((before, (choices, after))) = parts else { return vec![word.to_owned()] };
    choices.split(',').flat_map(|choice| either(&format!("{before}{choice}{after}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let found = named(text, root, &root.join("docs")).into_iter();
        found.map(|(line, path)| format!("{line} {}", path.strip_prefix(root).unwrap().display())).collect()
    }

    #[test]
    fn paths_from_the_root_and_links_from_the_document_are_read() {
        assert_eq!(found("see `core/src/hrs.rs` and\n`xtask/`"), ["1 core/src/hrs.rs", "2 xtask"]);
        assert_eq!(found("`core/src/hrs.rs:12`"), ["1 core/src/hrs.rs"]);
        assert_eq!(found("`cargo xtask test\n--full` and `xtask/src/` are"), ["2 xtask/src"]);
        assert_eq!(found("a lonely ` is\n\nno span: `xtask/src/`"), ["3 xtask/src"]);
        assert_eq!(found("`sim/src/{model,tear}.rs`"), ["1 sim/src/model.rs", "1 sim/src/tear.rs"]);
        assert_eq!(
            found("[the journal](journal.md#wear), [x](../README.md)"),
            ["1 docs/journal.md", "1 docs/../README.md"]
        );
    }

    #[test]
    fn what_is_no_path_of_the_checkout_is_left_alone() {
        for text in [
            "`44'/118'/0'/0'`",
            "`H/R/STEP`",
            "`/health`",
            "`target/firmware`",
            "`cargo xtask test`",
            "`core/src/*.rs`",
            "[elsewhere](https://example.org/a), [here](#below)",
            "```\n`core/src/gone.rs`\n```",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_path_that_does_not_exist_is_named_with_its_line() {
        let folder = std::env::temp_dir().join(format!("highwater-documents-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("docs/dev")).unwrap();
        std::fs::write(folder.join("README.md"), "`docs/`\n[gone](docs/gone.md)\n").unwrap();
        std::fs::write(folder.join("docs/dev/a.md"), "[up](../../README.md) `docs/dev/b.rs`\n").unwrap();
        let error = check(&folder).unwrap_err().to_string();
        std::fs::remove_dir_all(&folder).unwrap();
        let lines: Vec<_> = error.lines().skip(1).collect();
        assert_eq!(lines, ["README.md:2: docs/gone.md", "docs/dev/a.md:1: docs/dev/b.rs"]);
    }
}
