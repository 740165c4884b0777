//! The parts of the book that this program decides. `HIGHWATER_WRITE=1 cargo test -p highwater --lib manual` writes them anew;
//! without the variable the same tests fail where a page says something else.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the checkout.
pub(crate) fn path(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(of)
}

/// The page has these parts, each between its marks.
pub(crate) fn has(page: &str, parts: impl IntoIterator<Item = (String, String)>) {
    let old = fs::read_to_string(path(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
    let mut new = old.clone();
    for (name, part) in parts {
        let (begin, end) = (format!("<!-- generated: {name} -->\n"), format!("<!-- end: {name} -->"));
        let (before, rest) = new.split_once(&begin).unwrap_or_else(|| panic!("{page} has no {begin}"));
        let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{page} has no {end}"));
        new = format!("{before}{begin}\n{}\n\n{end}{after}", part.trim_end());
    }
    if std::env::var_os("HIGHWATER_WRITE").is_some() {
        fs::write(path(page), &new).unwrap();
    } else {
        assert_eq!(old, new, "{page} is stale: HIGHWATER_WRITE=1 cargo test -p highwater --lib manual");
    }
}
