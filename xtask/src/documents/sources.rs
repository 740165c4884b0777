//! The pages that sources and packaging name: in messages, alerts, units and comments.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Named;

/// Where they may be named. Tests of `xtask` name pages that do not exist.
const FOLDERS: [&str; 8] =
    ["core", "sim", "app", "bridge", "speculos", "tests", "packaging", "fuzz/fuzz_targets"];
/// What a page's path begins with: in the checkout, and where the Debian package puts the pages.
const BEGIN: [&str; 2] = ["docs/", "doc/highwater/"];

/// Each page that is named, with file and line.
///
/// # Errors
/// If a folder or file cannot be read.
pub(super) fn named(root: &Path) -> Result<Vec<(PathBuf, Named)>> {
    let mut found = Vec::new();
    for folder in FOLDERS.iter().map(|folder| root.join(folder)).filter(|folder| folder.is_dir()) {
        collect(root, &folder, &mut found)?;
    }
    Ok(found)
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<(PathBuf, Named)>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, found)?;
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let name = path.strip_prefix(root).unwrap_or(&path);
            found.extend(pages(&text).into_iter().map(|(line, page, anchor)| {
                (name.to_owned(), Named { line, path: root.join("docs").join(page), anchor })
            }));
        }
    }
    Ok(())
}

/// Line, page below `docs/` and part of it.
fn pages(text: &str) -> Vec<(usize, String, Option<String>)> {
    let is_path = |c: char| c.is_ascii_alphanumeric() || "-_/".contains(c);
    let word = |text: &str| text.chars().take_while(|c| is_path(*c)).collect::<String>();
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for begin in BEGIN {
            for rest in line.split(begin).skip(1) {
                let page = word(rest);
                let Some(rest) = rest[page.len()..].strip_prefix(".md") else { continue };
                let anchor = rest.strip_prefix('#').map(word).filter(|anchor| !anchor.is_empty());
                found.push((number, format!("{page}.md"), anchor));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_read_from_messages_comments_and_installed_places() {
        let text = "// See docs/a.md.\n\"docs/b/c.md#part lists\" file:/usr/share/doc/highwater/d.md\ndocs/e docs/*.md";
        let found = pages(text);
        let part = |name: &str| Some(name.to_owned());
        assert_eq!(
            found,
            [
                (1, "a.md".to_owned(), None),
                (2, "b/c.md".to_owned(), part("part")),
                (2, "d.md".to_owned(), None)
            ]
        );
    }
}
