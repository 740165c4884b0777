//! Text between marks, which are comments in Markdown.

use anyhow::{Context, Result, ensure};

/// Puts `body` between the marks called `name`.
pub(super) fn replace(text: &str, name: &str, body: &str) -> Result<String> {
    let begin = format!("<!-- generated: {name} -->\n");
    let end = format!("<!-- end: {name} -->");
    let (before, rest) =
        text.split_once(&begin).with_context(|| format!("has no mark {:?}", begin.trim_end()))?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("has no mark {end:?}"))?;
    ensure!(!after.contains(&begin), "has the mark {:?} twice", begin.trim_end());
    Ok(format!("{before}{begin}\n{body}\n{end}{after}"))
}

/// What stands under a heading of the second level.
///
/// # Errors
/// If there is no such heading.
pub(super) fn section(text: &str, heading: &str) -> Result<String> {
    let begin = format!("\n## {heading}\n");
    let (_, rest) = text.split_once(&begin).with_context(|| format!("has no heading {heading:?}"))?;
    Ok(rest.split("\n## ").next().unwrap_or(rest).trim().to_owned())
}

/// The lines that differ, removed ones with `-`, added ones with `+`. What is the same before and after is left out.
pub(super) fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let same = |(a, b): &(&&str, &&str)| a == b;
    let before = old.iter().zip(&new).take_while(same).count();
    let shorter = old.len().min(new.len()) - before;
    let after = old.iter().rev().zip(new.iter().rev()).take_while(same).count().min(shorter);
    let (old, new) = (&old[before..old.len() - after], &new[before..new.len() - after]);
    let mut text = format!("line {}:\n", before + 1);
    // A table changes in few of its rows, and a row that stays is of no interest.
    for line in old.iter().filter(|line| !new.contains(line)) {
        text += &format!("-{line}\n");
    }
    for line in new.iter().filter(|line| !old.contains(line)) {
        text += &format!("+{line}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_changes() {
        let text = "a\n<!-- generated: x -->\n\nold\n<!-- end: x -->\nb\n";
        let new = replace(text, "x", "| new |\n").unwrap();
        assert_eq!(new, "a\n<!-- generated: x -->\n\n| new |\n\n<!-- end: x -->\nb\n");
        assert_eq!(replace(&new, "x", "| new |\n").unwrap(), new);
        assert!(replace(text, "y", "").is_err());
        assert!(replace(&format!("{text}{text}"), "x", "").is_err());
    }

    #[test]
    fn a_section_ends_at_the_next_heading_of_its_level() {
        let text = "# A\n\n## B\n\nb\n\n### C\nc\n\n## D\nd\n";
        assert_eq!(section(text, "B").unwrap(), "b\n\n### C\nc");
        assert_eq!(section(text, "D").unwrap(), "d");
        assert!(section(text, "C").is_err());
    }

    #[test]
    fn the_difference_names_the_line_and_shows_what_goes_and_comes() {
        assert_eq!(difference("a\nb\nc\nd\n", "a\nB\nc\nD\nd\n"), "line 2:\n-b\n+B\n+D\n");
        assert_eq!(difference("a\n", "a\nb\n"), "line 2:\n+b\n");
        assert_eq!(difference("a\na\n", "a\n"), "line 2:\n-a\n");
    }
}
