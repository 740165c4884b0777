//! Pages of the device's screen side by side, out of the goldens of the app's tests.

/// Characters between the edges: a line of narrow letters has more of them than the goldens draw.
const WIDTH: usize = 26;
/// Lines a page has at most.
const LINES: usize = 3;

/// Pages side by side, each in a frame.
pub(super) fn row(pages: &[[String; LINES]]) -> String {
    let edge = format!(".{}.", "-".repeat(WIDTH));
    let line = |cells: Vec<String>| cells.join("  ").trim_end().to_owned();
    let mut lines = vec![line(vec![edge.clone(); pages.len()])];
    lines.extend((0..LINES).map(|at| line(pages.iter().map(|page| format!("|{}|", page[at])).collect())));
    lines.push(line(vec![edge.replace('.', "'"); pages.len()]));
    lines.join("\n")
}

/// The lines of the page under this label, the arrows beside the middle one.
pub(super) fn page(golden: &str, label: &str) -> Option<[String; LINES]> {
    let mut lines = golden.lines().skip_while(|line| *line != label).skip(2);
    let rows: Vec<(&str, &str)> =
        lines.by_ref().map_while(|line| line.strip_prefix('|')?.split_once('|')).collect();
    if rows.is_empty() {
        return None;
    }
    let arrow = |mark| if rows.iter().any(|(row, _)| row.contains(mark)) { mark } else { ' ' };
    let (left, right) = (arrow('<'), arrow('>'));
    let texts: Vec<_> = rows.iter().map(text).filter(|text| !text.is_empty()).collect();
    let texts = match texts[..] {
        [] => ["", "", ""],
        [one] => ["", one, ""],
        [one, two] => [one, "", two],
        [one, two, three, ..] => [one, two, three],
    };
    let middle = format!("{left}{:^1$}{right}", texts[1], WIDTH - 2);
    Some([format!("{:^WIDTH$}", texts[0]), middle, format!("{:^WIDTH$}", texts[2])])
}

/// What a row says. A text that the drawing has no room for stands whole behind the row, after its font.
fn text<'a>((drawn, behind): &(&'a str, &'a str)) -> &'a str {
    let whole = behind.trim_start().split_once(' ').map(|(_font, whole)| whole);
    whole.unwrap_or_else(|| drawn.trim_matches([' ', '<', '>']))
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

    #[test]
    fn a_line_that_is_cut_in_the_drawing_is_whole() {
        let golden =
            "page 1\n+-----+\n|iiiii| regular iiiiiiiiiiiiiiiiiiiiiiii\n|<   >|\n|  x  | regular\n+-----+\n";
        let [one, _, three] = page(golden, "page 1").unwrap();
        assert_eq!((one.trim(), three.trim()), ("i".repeat(24).as_str(), "x"));
    }
}
