//! The book's list of chapters: each page below `docs/` is in it, once, so that none is forgotten.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// The list itself is no chapter.
pub(super) const LIST: &str = "docs/SUMMARY.md";

/// Fails if a page has no chapter, or two. A chapter without its page is a path that does not exist.
///
/// # Errors
/// With all those pages.
pub(super) fn check(root: &Path, pages: &[PathBuf]) -> Result<()> {
    let list = std::fs::read_to_string(root.join(LIST)).with_context(|| format!("cannot read {LIST}"))?;
    let chapters: Vec<&str> = list.lines().flat_map(super::targets).collect();
    let mut wrong = Vec::new();
    for page in pages {
        let Ok(page) = page.strip_prefix(root.join("docs")) else { continue };
        let times = chapters.iter().filter(|chapter| Path::new(chapter) == page).count();
        if times != 1 && page != Path::new("SUMMARY.md") {
            wrong.push(format!("docs/{}: {times} times", page.display()));
        }
    }
    ensure!(wrong.is_empty(), "{LIST} should have each page once; add a line for it\n{}", wrong.join("\n"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_without_a_chapter_is_named() {
        let root = std::env::temp_dir().join(format!("highwater-chapters-{}", std::process::id()));
        std::fs::create_dir_all(root.join("docs")).unwrap();
        std::fs::write(
            root.join(LIST),
            "# Summary\n\n- [A](a.md)\n- [B](dev/b.md)\n- [C](c.md)\n- [C](c.md)\n",
        )
        .unwrap();
        let pages = ["README.md", "docs/SUMMARY.md", "docs/a.md", "docs/b.md", "docs/c.md", "docs/dev/b.md"];
        let error = check(&root, &pages.map(|page| root.join(page))).unwrap_err().to_string();
        std::fs::remove_dir_all(&root).unwrap();
        let lines: Vec<_> = error.lines().skip(1).collect();
        assert_eq!(lines, ["docs/b.md: 0 times", "docs/c.md: 2 times"]);
    }
}
