//! The links of the pages that mdBook has written: each file and each part of a page that one names is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// Its links are relative to wherever it is shown.
const NOT_FOUND: &str = "404.html";

/// Looks each link up. Gives how many there are.
///
/// # Errors
/// With all that lead nowhere, each with its page; if there is no page.
pub(super) fn check(book: &Path) -> Result<usize> {
    let mut pages = BTreeMap::new();
    collect(book, &mut pages)?;
    ensure!(!pages.is_empty(), "the book has no page");
    let parts: BTreeMap<&PathBuf, BTreeSet<&str>> =
        pages.iter().map(|(page, html)| (page, values(html, &["id"]).collect())).collect();
    let (mut count, mut dead) = (0, BTreeSet::new());
    for (page, html) in pages.iter().filter(|(page, _)| !page.ends_with(NOT_FOUND)) {
        for link in values(html, &["href", "src"]).filter(|link| is_ours(link)) {
            count += 1;
            let (file, part) = link.split_once('#').unwrap_or((link, ""));
            let folder = page.parent().unwrap_or(book);
            let target = if file.is_empty() { page.clone() } else { plain(&folder.join(file)) };
            let is_there = match parts.get(&target) {
                Some(parts) => part.is_empty() || parts.contains(part),
                None => part.is_empty() && target.is_file(),
            };
            if !is_there {
                dead.insert(format!("{}: {link}", page.strip_prefix(book).unwrap_or(page).display()));
            }
        }
    }
    let dead: Vec<_> = dead.into_iter().collect();
    ensure!(dead.is_empty(), "links of the book lead nowhere\n{}", dead.join("\n"));
    Ok(count)
}

/// Other sites are not asked.
fn is_ours(link: &str) -> bool {
    !link.is_empty() && !link.contains("://") && !link.starts_with("mailto:") && !link.starts_with("data:")
}

/// The path without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}

/// What these attributes say. mdBook writes them in double quotes, and `<` of a text as `&lt;`.
fn values<'a>(html: &'a str, names: &'a [&str]) -> impl Iterator<Item = &'a str> {
    let tags = html.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag);
    tags.flat_map(move |tag| {
        names.iter().filter_map(move |name| {
            let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
            rest.split_once('"').map(|(value, _)| value)
        })
    })
}

fn collect(folder: &Path, pages: &mut BTreeMap<PathBuf, String>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "html") {
            let html =
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            pages.insert(path, html);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_a_page_a_part_or_a_picture_that_is_not_there_is_named() {
        let book = std::env::temp_dir().join(format!("highwater-book-{}", std::process::id()));
        std::fs::create_dir_all(book.join("dev")).unwrap();
        let index = "<h1 id=\"one\">One</h1><a href=\"dev/a.html#two\">a</a><a href=\"#one\">here</a>\
                     <a href=\"#no\">no</a><a href=\"https://example.org/x\">x</a><code>&lt;a href=\"no\"&gt;</code>";
        std::fs::write(book.join("index.html"), index).unwrap();
        let page = "<h2 class=\"x\" id=\"two\">Two</h2><a href=\"../index.html\">up</a><img src=\"gone.png\">\
                    <a href=\"../gone.html\">gone</a><a href=\"../index.html#three\">three</a>";
        std::fs::write(book.join("dev/a.html"), page).unwrap();
        let error = check(&book).unwrap_err().to_string();
        std::fs::write(book.join("dev/a.html"), "<h2 id=\"two\">Two</h2>").unwrap();
        std::fs::write(book.join("index.html"), index.replace("#no", "#one")).unwrap();
        let count = check(&book).unwrap();
        std::fs::remove_dir_all(&book).unwrap();
        let dead: Vec<_> = error.lines().skip(1).collect();
        assert_eq!(
            dead,
            [
                "dev/a.html: ../gone.html",
                "dev/a.html: ../index.html#three",
                "dev/a.html: gone.png",
                "index.html: #no"
            ]
        );
        assert_eq!(count, 3);
    }
}
