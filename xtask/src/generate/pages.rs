//! Every page of the device's screen with what its owner should do: the goldens of the app's tests, and a sentence for each page. A
//! page without a sentence is an error, and so is a golden that nobody tells of.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::screens;

/// The goldens in the order of the page: file, heading, and when it comes.
const GOLDENS: [(&str, &str, &str); 25] = [
    (
        "home",
        "Home",
        "While nothing is asked. The buttons turn the pages; after 30 s the screen is dark, so that nothing burns in.",
    ),
    ("home-states", "A chain on the home screen", "What the page of a chain says, by its state."),
    ("home-wrong", "Nothing is signed", "The whole device signs nothing."),
    ("add", "Add a chain", "`highwater chain add`, of a key that never signed."),
    (
        "add-imported",
        "Add a chain with an imported key",
        "`highwater chain add --imported`, `highwater migrate`.",
    ),
    ("add-same-key", "Add a chain with a key that another one has", "`highwater chain rename`."),
    (
        "add-longest",
        "The longest of everything",
        "`highwater chain add`, of an id of 50 characters and the highest place there is.",
    ),
    (
        "add-removed",
        "Add a chain that was removed",
        "`highwater chain add`, `highwater mark adopt`: the device kept its last mark.",
    ),
    (
        "add-below-signed",
        "Add a chain that was removed, below its mark",
        "The same, with a mark below what was signed.",
    ),
    ("add-removed-unclear", "Add a chain whose last mark is unclear", "The same, after damage to flash."),
    ("set-mark", "Raise a mark", "`highwater mark set`, `highwater mark adopt`."),
    ("set-mark-lower", "Lower a mark", "`highwater mark set --below-signed`."),
    ("set-mark-unclear", "Set a mark that is unclear", "`highwater mark adopt`, after damage to flash."),
    ("show-key", "Show a key", "`highwater chain show-key`."),
    ("show-imported", "Show an imported key", "The same, of a key that was made elsewhere."),
    ("remove", "Remove a chain", "`highwater chain remove`."),
    ("remove-unclear", "Remove a chain whose mark is unclear", "The same, after damage to flash."),
    ("forget", "Forget a chain", "`highwater chain forget ID`, after it was removed."),
    ("forget-unclear", "Forget a chain whose mark is unclear", "The same, after damage to flash."),
    ("forget-damaged", "Forget a damaged slot", "`highwater chain forget --slot N`."),
    (
        "forget-damaged-empty",
        "Forget a damaged slot without a mark",
        "The same, of a slot whose ring has no record.",
    ),
    ("import", "Import a key", "`highwater key import`, `highwater key restore`, `highwater migrate`."),
    ("forget-key", "Forget an imported key", "`highwater key forget N`."),
    ("forget-lost-key", "Forget a damaged key", "The same, of a key that damage to flash took."),
    ("working", "Work", "After an approval."),
];

/// What the owner should do, by how a page begins; the first that fits counts. `=` is the whole page.
const DO: [(&str, &str); 50] = [
    ("=", "Nothing: the screen rests. A button wakes it, and does nothing else."),
    (
        "Add chain?",
        "Go on if you, or somebody you know of, typed the command just now. Else reject: the host is not yours alone.",
    ),
    ("Set mark?", "Go on if you typed the command just now. Else reject."),
    (
        "Remove chain?",
        "Go on if this chain is left, or changes its slot. The device signs nothing more for it, and keeps its mark.",
    ),
    (
        "Forget chain?",
        "Go on if the next pages stand on paper. **The device's memory of what it signed goes for good.**",
    ),
    ("Forget what is damaged, key", "Go on if the key's backup is at hand, or the key is not needed."),
    ("Forget what is damaged", "Go on, and write the next page down."),
    ("Forget key?", "Go on if its backup is at hand, or no chain needs it any more."),
    ("Import key?", "Go on if you typed the command just now."),
    ("Key path", "Look at the last number: the `--key-index` that you typed, and no other chain's."),
    ("Imported key", "Look at the number: that of `highwater key list`."),
    ("Public key slot", "Go on to compare a key."),
    (
        "Public key",
        "Compare all 16 digits of a line: with `highwater chain show-key` of a key of the device, with the validator's key on the chain of one that signed elsewhere.",
    ),
    (
        "Address",
        "Compare with the validator's address on the chain, at an explorer or another node: the host may be wrong.",
    ),
    (
        "Same key as",
        "Go on if that slot has the same chain under its old id. Else reject, and take another `--key-index`.",
    ),
    (
        "Set mark to",
        "The mark stays where it is, or begins at nothing. Compare with the chain's height: at 0 a chain that is old is refused.",
    ),
    (
        "Raise mark to",
        "The mark goes up, or begins there: nothing below is ever signed. Compare with the chain's height; too high costs blocks, no stake.",
    ),
    (
        "Lower mark to",
        "**The mark goes down.** Approve only if nothing above it was ever signed with this key, on any device.",
    ),
    ("Mark now", "Where the device stands. Compare with `highwater mark show`."),
    ("Highest signed", "The highest place that this device signed itself."),
    (
        "Mark unclear",
        "Damage to flash took the newest record. What follows is a floor, and more may be signed.",
    ),
    (
        "Mark at least",
        "The mark was this or higher. Take the highest place from the host and the chain, not this one.",
    ),
    ("Signed at least", "This was signed, and perhaps more. Write it down."),
    (
        "BELOW SIGNED:",
        "**Stop.** The new mark lies below what was signed: the device could sign a second vote there. Reject, unless you know why not.",
    ),
    ("Signing stops, the", "No vote of this chain is signed once this is approved. Its mark is kept."),
    (
        "Its mark is lost",
        "**Afterwards the device does not know what it signed for this chain.** Reject, unless the pages before stand on paper.",
    ),
    ("Without a backup", "Approve only if the key's backup is at hand, or no chain needs the key any more."),
    ("=prevote", "The step of the place on the page before."),
    ("=precommit", "The step of the place on the page before."),
    ("Approve press both", "Both buttons together approve. The device must be unlocked."),
    (
        "Reject press both",
        "Both buttons together reject. Nothing is changed, and the device takes no question for a minute.",
    ),
    ("Highwater slot 1 no chain", "Nothing: the slot is free."),
    ("Highwater slot 2 no chain", "Nothing: the slot is free."),
    ("Highwater slot 3 no chain", "Nothing: the slot is free."),
    (
        "Highwater slot 1 damaged: forget",
        "Read [a damaged slot](replacing-a-device.md#a-damaged-slot) first, then `highwater chain forget --slot N`.",
    ),
    ("Highwater version", "Nothing: the version of the app."),
    ("Quit press both", "Both buttons ask whether the app shall end."),
    (
        "Signing stops!",
        "Leave it by any button, or end the app by both: nothing is signed until it is opened again.",
    ),
    ("Other seed:", "Restart the device with the PIN of the right seed."),
    (
        "Storage damaged:",
        "The app's memory is lost: [upgrades](upgrades.md#the-app) says how chains come back.",
    ),
    ("Storage fault:", "Quit and open the app. If it stays: [replace the device](replacing-a-device.md)."),
    ("Working", "Wait. It takes seconds."),
    ("Highwater", "Nothing."),
    ("~nothing signed", "Nothing: the chain is approved, and waits for its node."),
    ("~r0 none", "Nothing: the mark was set, and nothing of its height is signed yet."),
    ("~removed", "Nothing: the mark of a chain that was removed. Its id cannot be added below it."),
    (
        "~unclear: set mark",
        "`highwater mark adopt ID`: nothing is signed for this chain until its mark is set.",
    ),
    (
        "~storage fault",
        "Wait some seconds. If it stays, quit and open the app; then [replace the device](replacing-a-device.md).",
    ),
    ("~prevote", "Look whether height, round and step follow the chain."),
    ("~precommit", "Look whether height, round and step follow the chain."),
];

/// What is neither: an id alone on a page of a question.
const ID: &str = "Compare the chain's id, letter for letter. A long one takes three lines.";

/// A section for each golden.
///
/// # Errors
/// If a golden is missing or not listed, or a page has no sentence.
pub(super) fn sections(root: &Path) -> Result<String> {
    let folder = root.join("app/signer/tests/screens");
    let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let there: BTreeSet<String> = entries
        .map(|entry| Ok(entry?.path().file_stem().unwrap_or_default().to_string_lossy().into_owned()))
        .collect::<Result<_>>()?;
    let told: BTreeSet<String> = GOLDENS.iter().map(|(file, ..)| (*file).to_owned()).collect();
    ensure!(there == told, "screens without a section, or the other way round: {:?}", &there ^ &told);
    let (mut text, mut said) = (String::new(), BTreeSet::new());
    for (file, heading, when) in GOLDENS {
        let path = folder.join(format!("{file}.txt"));
        let golden =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        text += &format!("### {heading}\n\n{when}\n\n");
        let labels: Vec<&str> = golden.split("\n\n").filter_map(|page| page.lines().next()).collect();
        for pair in labels.chunks(2) {
            let pages: Option<Vec<_>> = pair.iter().map(|label| screens::page(&golden, label)).collect();
            let pages = pages.with_context(|| format!("{file}.txt has a page that is none"))?;
            text += &format!("```text\n{}\n```\n\n", screens::row(&pages));
            for page in &pages {
                let words = words(page);
                let what =
                    what(&words, page).with_context(|| format!("{file}.txt: {words:?} has no sentence"))?;
                // A sentence stands where it is wanted first.
                if said.insert(what) {
                    text += &format!("- `{}`: {what}\n", if words.is_empty() { "(dark)" } else { &words });
                }
            }
            text.push('\n');
        }
    }
    Ok(text.trim_end().to_owned())
}

/// The page on one line, without arrows.
fn words(page: &[String; 3]) -> String {
    let lines = page.iter().map(|line| line.trim_matches([' ', '<', '>']));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

fn what(words: &str, page: &[String; 3]) -> Option<&'static str> {
    let (height, last) = (page[1].trim_matches([' ', '<', '>']), page[2].trim());
    let has_height = height.chars().all(|digit| digit.is_ascii_digit() || digit == ',');
    let found = DO.iter().find(|(begin, _)| match begin.split_at_checked(1) {
        Some(("=", whole)) => words == whole,
        // The state of a chain stands below its height.
        Some(("~", state)) => last.ends_with(state) && has_height,
        _ => words.starts_with(begin),
    });
    // An id has no space, but where it is broken into lines of the whole width.
    let is_id = || !words.contains(' ') || page[0].trim().len() > 20;
    found.map(|(_, what)| *what).or_else(|| is_id().then_some(ID))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(lines: [&str; 3]) -> [String; 3] {
        lines.map(str::to_owned)
    }

    #[test]
    fn a_page_that_nobody_tells_of_has_no_sentence() {
        assert_eq!(what("Give all away?", &page(["Give all away?", "", ""])), None);
        assert_eq!(what("stage-1", &page(["", "stage-1", ""])), Some(ID));
        let lower = page(["Lower mark to", "1,000", "r0 none"]);
        assert!(what(&words(&lower), &lower).unwrap().contains("goes down"));
        let home = page(["stage-1", "<     10      >", "r0 prevote"]);
        assert!(what(&words(&home), &home).unwrap().contains("follow the chain"));
    }
}
