//! The links of a document as the book wants them.
//!
//! A file outside of `docs/` is in no book: its link becomes its name. mdBook writes the page `README.md` of a folder as
//! `index.html`, and leaves the links to it as they are.

/// What a forge shows of a folder, and what the book shows of it.
pub(super) const FIRST: [&str; 2] = ["README.md", "index.md"];

/// The text with its links as the book wants them; the document stands so many folders below `docs/`.
pub(super) fn relink(text: &str, depth: usize) -> String {
    let up = "../".repeat(depth + 1);
    let (mut written, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once("](") {
        let Some((target, after)) = behind.split_once(')') else { break };
        match (target.strip_prefix(&up), before.rsplit_once('[')) {
            (Some(file), Some((before, shown))) => written += &format!("{before}{}", name(shown, file)),
            _ => written += &format!("{before}]({})", target.replace(FIRST[0], FIRST[1])),
        }
        rest = after;
    }
    written + rest
}

/// What stands for the link to a file that is in no book. Many links show the very file.
fn name(shown: &str, file: &str) -> String {
    let file = file.split('#').next().unwrap_or(file);
    if shown.trim_matches('`') == file { format!("`{file}`") } else { format!("{shown} in `{file}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_out_of_the_book_becomes_the_name_of_the_file() {
        let text = "[`core/src/hrs.rs`](../core/src/hrs.rs), [the rule](../core/src/hrs.rs#L3), [b](b.md) and `a](b`.";
        assert_eq!(
            relink(text, 0),
            "`core/src/hrs.rs`, the rule in `core/src/hrs.rs`, [b](b.md) and `a](b`."
        );
    }

    #[test]
    fn a_link_to_another_folder_of_the_book_stays_and_goes_to_its_first_page() {
        let text = "[a](../a.md), [b](../../core/b.rs), [c](../c/README.md#d) of README.md";
        assert_eq!(relink(text, 1), "[a](../a.md), b in `core/b.rs`, [c](../c/index.md#d) of README.md");
    }
}
