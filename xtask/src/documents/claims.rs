//! The tests that the documents name: `` `name` in [path](path) `` is a function of that file, or of a file below that
//! folder. Else a promise would go on naming a test that was renamed or given up.

use std::path::Path;

use anyhow::Result;

use super::read;

/// A test that a line claims, and where.
#[derive(Debug, PartialEq, Eq)]
struct Claim<'a> {
    test: &'a str,
    path: &'a str,
}

/// The claims of a document that do not hold, each with its line.
///
/// # Errors
/// If a file cannot be read.
pub(super) fn broken(text: &str, folder: &Path) -> Result<Vec<String>> {
    let mut broken = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for Claim { test, path } in claims(line) {
            if !holds(&folder.join(path), test)? {
                broken.push(format!("{number}: no test {test} in {path}"));
            }
        }
    }
    Ok(broken)
}

/// Each word in backticks that stands before ` in [` and a link to source, and those that are listed with it.
fn claims(line: &str) -> Vec<Claim<'_>> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("` in [") {
        let path = line[at..].split_once("](").and_then(|(_, rest)| rest.split_once(')'));
        // A page is no source; nor is another site.
        let Some((path, _)) = path.filter(|(path, _)| is_source(path)) else {
            continue;
        };
        let mut before = &line[..at];
        while let Some((rest, test)) = before.rsplit_once('`') {
            let is_name = |c: char| c.is_ascii_alphanumeric() || "_:…".contains(c);
            if test.is_empty() || !test.chars().all(is_name) {
                break;
            }
            found.push(Claim { test, path });
            let Some(listed) = ["`, ", "` and ", "` or "].iter().find_map(|with| rest.strip_suffix(with))
            else {
                break;
            };
            before = listed;
        }
    }
    found
}

fn is_source(path: &str) -> bool {
    !path.contains("://") && Path::new(path).extension().is_none_or(|extension| extension == "rs")
}

/// Whether a function of this name is there; `…` stands for the rest of a name.
fn holds(path: &Path, test: &str) -> Result<bool> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            if holds(&entry?.path(), test)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    let name = test.rsplit("::").next().unwrap_or(test);
    let wanted = match name.strip_suffix('…') {
        Some(begin) => format!("fn {begin}"),
        None => format!("fn {name}("),
    };
    Ok(path.extension().is_some_and(|extension| extension == "rs") && read(path)?.contains(&wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_before_a_link_is_a_claim_and_so_are_those_listed_with_it() {
        let line = "| a word | `one`, `m::two` and `three…` in [a.rs](../a.rs), `four` in [b](../b) | `five` of [c.rs](c.rs)";
        let found: Vec<_> = claims(line).iter().map(|claim| (claim.test, claim.path)).collect();
        assert_eq!(
            found,
            [("three…", "../a.rs"), ("m::two", "../a.rs"), ("one", "../a.rs"), ("four", "../b")]
        );
        assert!(claims("`state_dir` in [the configuration](configuration.md#keys)").is_empty());
    }

    #[test]
    fn a_test_that_is_not_there_is_named_with_its_line() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/documents");
        let here = "`a_test_that_is_not_there_is_named_with_its_line` in [x](claims.rs)";
        let short = "`a_test_that…` in [x](claims.rs)";
        let below = "`a_test_that_is_not_there_is_named_with_its_line` in [x](../documents)";
        let gone = ["`a_test_that_was_", "renamed` in [x](claims.rs)"].concat();
        let text = format!("{here}\n{short}\n{below}\n{gone}\n");
        assert_eq!(broken(&text, &folder).unwrap(), ["4: no test a_test_that_was_renamed in claims.rs"]);
    }
}
