//! The paths that the documents name: each of them exists, so that a reader is never sent to a file that was moved.
//!
//! A path is a link of Markdown to a file, or a word in backticks that begins with a folder of the root and a slash.
//! `{a,b}` stands for either, and a line number may follow. Blocks of code are not read. A link's part behind `#` is a
//! heading of the page. A test that is named with its file is in it. Sources and packaging name pages too, and each page below `docs/` is a chapter of the book.

mod anchors;
mod chapters;
mod claims;
mod sources;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// What is made by a build and is in no checkout.
const MADE: &str = "target/";

/// Looks every path up, and the part of a page that it names. Gives how many there are.
///
/// # Errors
/// With all those that do not exist, each with the place where it is named; with the pages that are in no book.
pub(crate) fn check(root: &Path) -> Result<usize> {
    let mut documents = Vec::new();
    collect(root, &mut documents, false)?;
    collect(&root.join("docs"), &mut documents, true)?;
    let mut all = sources::named(root)?;
    let mut broken = Vec::new();
    for document in &documents {
        let text = read(document)?;
        let name = document.strip_prefix(root).unwrap_or(document);
        let claims = claims::broken(&text, document.parent().unwrap_or(root))?;
        broken.extend(claims.into_iter().map(|claim| format!("{}:{claim}", name.display())));
        all.extend(named(&text, root, document).into_iter().map(|named| (name.to_owned(), named)));
    }
    let mut missing = Vec::new();
    for (name, Named { line, path, anchor }) in &all {
        let wanted = path.strip_prefix(root).unwrap_or(path).display();
        match anchor {
            _ if !path.exists() => missing.push(format!("{}:{line}: {wanted}", name.display())),
            Some(anchor) if !anchors::of(&read(path)?).contains(anchor) => {
                missing.push(format!("{}:{line}: {wanted}#{anchor}", name.display()));
            }
            _ => {}
        }
    }
    ensure!(missing.is_empty(), "the documents name what does not exist\n{}", missing.join("\n"));
    ensure!(broken.is_empty(), "the documents name tests that do not exist\n{}", broken.join("\n"));
    chapters::check(root, &documents)?;
    Ok(all.len())
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A path that a text names.
struct Named {
    line: usize,
    path: PathBuf,
    /// The part of the page, if one is named.
    anchor: Option<String>,
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

/// The paths that a document names.
fn named(text: &str, root: &Path, document: &Path) -> Vec<Named> {
    let folder = document.parent().unwrap_or(root);
    let mut found = Vec::new();
    let (mut in_block, mut in_span) = (false, false);
    for (line, text) in (1..).zip(text.lines()) {
        if text.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            found.extend(targets(text).map(|target| {
                let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
                let path = if file.is_empty() { document.to_owned() } else { folder.join(file) };
                Named { line, path, anchor: Some(anchor.to_owned()).filter(|anchor| !anchor.is_empty()) }
            }));
            let words = words(text, in_span, root).into_iter();
            found.extend(words.map(|word| Named { line, path: root.join(word), anchor: None }));
            // What is in backticks may go on in the next line, but not behind an empty one.
            in_span = !text.is_empty() && in_span != (text.matches('`').count() % 2 == 1);
        }
    }
    found
}

/// What the links of a line point to, but for other sites.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target).filter(|target| !target.is_empty() && !target.contains("://"))
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
        let found = named(text, root, &root.join("docs/page.md")).into_iter();
        let shown = found.map(|Named { line, path, anchor }| {
            let anchor = anchor.map(|anchor| format!("#{anchor}")).unwrap_or_default();
            format!("{line} {}{anchor}", path.strip_prefix(root).unwrap().display())
        });
        shown.collect()
    }

    #[test]
    fn paths_from_the_root_and_links_from_the_document_are_read() {
        assert_eq!(found("see `core/src/hrs.rs` and\n`xtask/`"), ["1 core/src/hrs.rs", "2 xtask"]);
        assert_eq!(found("`core/src/hrs.rs:12`"), ["1 core/src/hrs.rs"]);
        assert_eq!(found("`cargo xtask test\n--full` and `xtask/src/` are"), ["2 xtask/src"]);
        assert_eq!(found("a lonely ` is\n\nno span: `xtask/src/`"), ["3 xtask/src"]);
        assert_eq!(found("`sim/src/{model,tear}.rs`"), ["1 sim/src/model.rs", "1 sim/src/tear.rs"]);
        assert_eq!(
            found("[the journal](journal.md#wear), [x](../README.md)\n[below](#below)"),
            ["1 docs/journal.md#wear", "1 docs/../README.md", "2 docs/page.md#below"]
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
            "[elsewhere](https://example.org/a)",
            "```\n`core/src/gone.rs`\n```",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_path_that_does_not_exist_is_named_with_its_line() {
        let folder = std::env::temp_dir().join(format!("highwater-documents-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("docs/dev")).unwrap();
        std::fs::create_dir_all(folder.join("packaging")).unwrap();
        std::fs::write(folder.join("packaging/rules.yml"), "docs/dev/a.md#a\ndocs/dev/a.md#b\n").unwrap();
        std::fs::write(folder.join("README.md"), "`docs/`\n[gone](docs/gone.md)\n[part](docs/dev/a.md#c)\n")
            .unwrap();
        std::fs::write(folder.join("docs/dev/a.md"), "# A\n[up](../../README.md) `docs/dev/b.rs`\n[a](#a)\n")
            .unwrap();
        let error = check(&folder).unwrap_err().to_string();
        std::fs::remove_dir_all(&folder).unwrap();
        let lines: Vec<_> = error.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "packaging/rules.yml:2: docs/dev/a.md#b",
                "README.md:2: docs/gone.md",
                "README.md:3: docs/dev/a.md#c",
                "docs/dev/a.md:2: docs/dev/b.rs"
            ]
        );
    }
}
