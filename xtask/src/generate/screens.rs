//! Some of the device's screens side by side, out of the goldens of the app's tests.

use std::path::Path;

use anyhow::{Context, Result};

/// Characters between the edges.
const WIDTH: usize = 21;
/// Lines a page has at most.
const LINES: usize = 3;

/// Golden file, what stands above the page there, what stands below it here.
type Pick = (&'static str, &'static str, &'static str);

const ROWS: [[Pick; 4]; 2] = [
    [
        ("home-states", "signed", "home"),
        ("add", "page 1", "chain add …"),
        ("add", "page 4", "… its key …"),
        ("add", "page 7", "… the answer"),
    ],
    [
        ("set-mark", "page 3", "mark set …"),
        ("home-states", "unclear", "after damage"),
        ("home-wrong", "another seed", "wrong PIN"),
        ("home", "both, on that page", "before it quits"),
    ],
];

/// The picture, as a block of text.
pub(super) fn picture(root: &Path) -> Result<String> {
    let mut picture = "```text\n".to_owned();
    for row in ROWS {
        let pages = row
            .iter()
            .map(|(file, label, _)| {
                let path = root.join(format!("app/signer/tests/screens/{file}.txt"));
                let golden = std::fs::read_to_string(&path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                page(&golden, label).with_context(|| format!("{file}.txt has no page {label:?}"))
            })
            .collect::<Result<Vec<_>>>()?;
        let edge = format!(".{}.", "-".repeat(WIDTH));
        let mut line = |cells: Vec<String>| picture.push_str(&format!("{}\n", cells.join("  ").trim_end()));
        line(vec![edge.clone(); row.len()]);
        for at in 0..LINES {
            line(pages.iter().map(|page| format!("|{}|", page[at])).collect());
        }
        line(vec![edge.replace('.', "'"); row.len()]);
        line(row.iter().map(|(_, _, caption)| format!("{caption:^23}")).collect());
    }
    Ok(picture + "```")
}

/// The lines of the page under this label, the arrows beside the middle one.
fn page(golden: &str, label: &str) -> Option<[String; LINES]> {
    let mut lines = golden.lines().skip_while(|line| *line != label).skip(2);
    let rows: Vec<&str> =
        lines.by_ref().map_while(|line| line.strip_prefix('|')?.split('|').next()).collect();
    if rows.is_empty() {
        return None;
    }
    let arrow = |mark| if rows.iter().any(|row| row.contains(mark)) { mark } else { ' ' };
    let (left, right) = (arrow('<'), arrow('>'));
    let texts: Vec<_> =
        rows.iter().map(|row| row.trim_matches([' ', '<', '>'])).filter(|text| !text.is_empty()).collect();
    let texts = match texts[..] {
        [] => ["", "", ""],
        [one] => ["", one, ""],
        [one, two] => [one, "", two],
        [one, two, three, ..] => [one, two, three],
    };
    let middle = format!("{left}{:^1$}{right}", texts[1], WIDTH - 2);
    Some([format!("{:^WIDTH$}", texts[0]), middle, format!("{:^WIDTH$}", texts[2])])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_found_by_its_label_and_its_arrows_are_kept() {
        let golden = "page 1\n+--+\n|x|\n+--+\n\npage 2\n+---------------------+\n|                     |\n\
                      |<     stage-1        >| regular\n|         10          | regular\n+---+\n";
        let [one, two, three] = page(golden, "page 2").unwrap();
        assert_eq!(one.trim(), "stage-1");
        assert_eq!(two, format!("<{}>", " ".repeat(WIDTH - 2)));
        assert_eq!(three.trim(), "10");
        assert_eq!(page(golden, "page 3"), None);
    }
}
