//! The parts of a page that a link can name.

use std::collections::{BTreeMap, BTreeSet};

/// The names of all headings of a Markdown text, as mdBook and the forges make them.
pub(super) fn of(text: &str) -> BTreeSet<String> {
    let (mut names, mut seen) = (BTreeSet::new(), BTreeMap::<String, usize>::new());
    let mut in_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        }
        let level = line.chars().take_while(|c| *c == '#').count();
        let heading = line[level..].strip_prefix(' ').filter(|_| !in_block && (1..=6).contains(&level));
        if let Some(heading) = heading {
            let name = slug(heading);
            // The second of one name has a number behind it.
            let before = seen.entry(name.clone()).or_default();
            names.insert(if *before == 0 { name } else { format!("{name}-{before}") });
            *before += 1;
        }
    }
    names
}

/// What is no letter, digit, hyphen or underscore goes; a space becomes a hyphen.
fn slug(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c => c.is_alphanumeric().then(|| c.to_ascii_lowercase()),
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_is_named_as_a_page_names_it() {
        let text = "# One\n\n## What `pins.toml` is, and why\n\n```sh\n# no heading\n```\n#none\n## One\n";
        assert_eq!(of(text).into_iter().collect::<Vec<_>>(), ["one", "one-1", "what-pinstoml-is-and-why"]);
    }
}
