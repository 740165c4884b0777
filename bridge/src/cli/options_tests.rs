//! Every command and option that a sentence or a document names is one that the command line takes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;

use super::Args;

/// Options that a sentence names without a command, and the commands that print the sentence. An option of another command
/// than the one that prints it stands with that other one.
const BARE: [(&str, &str, &[&str]); 46] = [
    ("first_mark", "next-height", &["chain add", "chain rename"]),
    ("adopt_needs_index", "key-index", &["mark adopt"]),
    ("adopt_other_key", "key-index", &["mark adopt"]),
    ("other_key_in_file", "key-index", &["chain add", "mark adopt"]),
    ("add_other_key", "key-index", &["chain add"]),
    ("adopt_needs_mark", "last-signed", &["mark adopt"]),
    ("forget_below_known", "below-signed", &["chain forget"]),
    ("forget_the_rest", "below-signed", &["chain forget"]),
    ("not_pinned", "last-signed", &["chain add"]),
    ("not_on_device", "last-signed", &["chain add"]),
    ("standing", "last-signed", &["chain add"]),
    ("config_unreadable", "config", &["run", "status", "chain list"]),
    ("as_option", "next-height", &["mark set"]),
    ("as_option", "last-signed", &["mark set"]),
    ("lowering", "below-signed", &["mark set"]),
    ("removed", "device", &["chain forget"]),
    ("below_known", "below-signed", &["chain add", "chain rename", "mark set", "mark adopt"]),
    ("not_said", "below-signed", &["chain add", "chain rename", "mark set", "mark adopt"]),
    ("adopt_imported", "imported", &["mark adopt"]),
    ("adopt_needs_index", "imported", &["mark adopt"]),
    ("nothing_and_states", "from", &["migrate"]),
    ("nothing_and_states", "state", &["migrate"]),
    ("old_node", "rpc", &["migrate"]),
    ("older_than_the_chain", "from", &["migrate"]),
    ("older_than_the_chain", "rpc", &["migrate"]),
    ("older_than_the_chain", "state", &["migrate"]),
    ("option_of_another_signer", "from", &["migrate"]),
    ("rpc_needed", "from", &["migrate"]),
    ("rpc_needed", "rpc", &["migrate"]),
    ("not_its_device", "device", &["chain add", "chain rename", "chain release", "mark adopt", "migrate"]),
    ("unknown_device", "device", &OF_A_DEVICE),
    ("which_device", "device", &OF_A_DEVICE),
    ("no_config_names", "device", &["key list", "key import"]),
    ("no_config_names", "config", &["key list", "key import"]),
    ("no_folder", "image", &["firmware install", "firmware verify"]),
    ("no_image", "image", &["firmware install", "firmware verify"]),
    ("unknown_image", "sha256", &["firmware install"]),
    ("other_device_named", "device", &["firmware install", "firmware verify"]),
    ("name_a_device", "device", &["firmware install", "firmware verify"]),
    ("name_a_device", "image", &["firmware install", "firmware verify"]),
    ("no_system", "system", &["firmware install"]),
    ("marks_would_be_lost", "marks-written-down", &["firmware install"]),
    ("no_home", "environment", &["firmware install"]),
    ("no_python", "environment", &["firmware install"]),
    ("no_loader", "environment", &["firmware install"]),
    ("loader_failed", "print", &["firmware install"]),
];

/// The commands that may have to be told which device.
const OF_A_DEVICE: [&str; 18] = [
    "events",
    "device info",
    "chain add",
    "chain list",
    "chain show-key",
    "chain rename",
    "chain remove",
    "chain forget",
    "key import",
    "key list",
    "key backup",
    "key restore",
    "key forget",
    "key show",
    "mark show",
    "mark adopt",
    "mark set",
    "migrate",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every file below with this ending.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path, ending)),
            false if path.extension().is_some_and(|extension| extension == ending) => found.push(path),
            false => {}
        }
    }
    found
}

/// The code of a source file: no comments, and each text in one line.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = lines.join("\n");
    let mut parts = code.split("\\\n");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |code, part| code + part.trim_start())
}

/// What stands between backticks, and what is left without it.
fn spans(text: &str) -> (Vec<String>, String) {
    let (mut inside, mut outside) = (Vec::new(), String::new());
    for (number, part) in text.split('`').enumerate() {
        match number % 2 {
            1 => inside.push(part.split_whitespace().collect::<Vec<_>>().join(" ")),
            _ => outside += part,
        }
    }
    (inside, outside)
}

/// The words after `highwater`, if this is a command of ours as it would be typed.
fn typed(line: &str) -> Option<Vec<&str>> {
    let mut words = line.split_whitespace().peekable();
    words.next_if(|word| word.ends_with('$') || *word == "#");
    // `sudo -u USER`
    if words.next_if_eq(&"sudo").is_some() {
        words.nth(1);
    }
    words.next_if_eq(&"highwater")?;
    // The first line of `status --watch`, in a picture of it.
    if line.starts_with("highwater  ") {
        return None;
    }
    Some(words.take_while(|word| !["#", "|", "&&", ">", "…"].contains(word)).collect())
}

/// What clap does not know of these words, which follow the program's name.
fn unknown<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut root = Args::command();
    // Hands the options that all commands below one have down to them.
    root.build();
    let mut command = &root;
    for word in words {
        if let Some(option) = word.strip_prefix("--") {
            let name = option.trim_end_matches(['.', ',', ';', ':', ')']).split('=').next()?;
            let long = |command: &clap::Command| {
                command.get_arguments().any(|argument| argument.get_long() == Some(name))
            };
            if !long(command) && !long(&root) && !["help", "version"].contains(&name) {
                return Some(format!("{} takes no --{name}", command.get_name()));
            }
        } else if command.has_subcommands() {
            match command.find_subcommand(word) {
                Some(verb) => command = verb,
                None => return Some(format!("{} has no verb {word}", command.get_name())),
            }
        }
    }
    None
}

/// The options that stand in a text, without their dashes.
fn options(text: &str) -> Vec<String> {
    let after = text.split("--").skip(1);
    let name = |rest: &str| {
        rest.split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '-')
            .next()
            .map(str::to_owned)
    };
    after.filter_map(name).filter(|name| !name.is_empty()).collect()
}

#[test]
fn what_clap_does_not_know_is_found() {
    assert!(unknown(["chain", "add", "x", "--key-index", "N", "--config", "f"]).is_none());
    for wrong in ["chain list --key-index 0", "chain adopt x", "mark set x --key-index=0", "nonsense"] {
        assert!(unknown(wrong.split(' ')).is_some(), "{wrong}");
    }
    assert_eq!(typed("$ sudo -u highwater highwater mark show x # why"), Some(vec!["mark", "show", "x"]));
    assert_eq!(typed("systemctl stop highwater"), None);
}

#[test]
fn every_command_that_a_sentence_or_a_document_names_can_be_typed() {
    let mut seen = 0;
    let mut check = |path: &Path, line: &str| {
        let Some(words) = typed(line) else { return };
        seen += 1;
        let wrong = unknown(words);
        assert!(wrong.is_none(), "{}: `{line}`: {}", path.display(), wrong.unwrap());
    };
    for folder in ["advice", "cli", "operator", "store", "admin"] {
        for path in files(&root().join("bridge/src").join(folder), "rs") {
            spans(&code(&path)).0.iter().for_each(|span| check(&path, span));
        }
    }
    for path in files(&root().join("bridge/moving/src"), "rs") {
        spans(&code(&path)).0.iter().for_each(|span| check(&path, span));
    }
    for path in files(&root().join("docs"), "md").into_iter().chain([root().join("README.md")]) {
        let text = fs::read_to_string(&path).unwrap();
        text.lines().for_each(|line| check(&path, line));
        spans(&text.replace("```", "")).0.iter().for_each(|span| check(&path, span));
    }
    assert!(seen > 80, "{seen} commands were seen");
}

/// A command with an argument is one to be typed as it stands; without any it is only named.
#[test]
fn a_command_that_a_sentence_advises_is_whole() {
    let mut seen = 0;
    for path in files(&root().join("bridge/src/advice"), "rs") {
        for span in spans(&code(&path)).0 {
            let Some(words) = typed(&span) else { continue };
            let mut before = "";
            let mut filled = vec!["highwater"];
            for word in words {
                filled.push(match (word, before) {
                    (_, "--slot") => "1",
                    (_, "--key-index") => "0",
                    (_, "--imported" | "backup" | "--object" | "--admin-key" | "delete-auth-key") => "1",
                    ("N", _) => "0",
                    ("H", _) => "1",
                    ("H/R/STEP" | "PLACE", _) => "1/0/prevote",
                    // A mark as an option, by `as_option`.
                    ("{}", "{chain}") => "--next-height=1",
                    (word, "--below-signed" | "--last-signed") if word.contains('{') => "1/0/prevote",
                    (word, _) if word.contains('{') => "alpha-1",
                    (word, _) => word,
                });
                before = word;
            }
            let parsed = Args::command().try_get_matches_from(&filled);
            let named =
                filled.iter().skip(1).all(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
            if named && parsed.is_err() {
                continue;
            }
            seen += 1;
            assert!(parsed.is_ok(), "{}: `{span}`: {}", path.display(), parsed.unwrap_err());
        }
    }
    assert!(seen > 15, "{seen} commands were seen");
}

#[test]
fn every_option_that_a_sentence_names_is_one_of_the_command_that_prints_it() {
    let mut named = BTreeSet::new();
    for path in files(&root().join("bridge/src/advice"), "rs") {
        let mut function = String::new();
        for line in code(&path).lines() {
            if let Some((_, rest)) = line.split_once("fn ") {
                function =
                    rest.split(|c: char| !c.is_ascii_lowercase() && c != '_').next().unwrap().to_owned();
            }
            let text = line.split('"').skip(1).step_by(2).collect::<String>();
            named.extend(options(&spans(&text).1).into_iter().map(|option| (function.clone(), option)));
        }
    }
    let known = BARE.map(|(function, option, _)| (function.to_owned(), option.to_owned()));
    assert_eq!(named, BTreeSet::from(known), "the table above names each of them");
    for (function, option, commands) in BARE {
        for command in commands {
            let option = format!("--{option}");
            let wrong = unknown(command.split(' ').chain([&*option]));
            assert!(wrong.is_none(), "{function}: {}", wrong.unwrap());
        }
    }
}

/// What `highwater-moving` says, a command of ours prints.
#[test]
fn every_option_that_another_signer_s_files_are_refused_with_is_one_of_migrate() {
    let mut named = BTreeSet::new();
    for path in files(&root().join("bridge/moving/src"), "rs") {
        named.extend(options(&spans(&code(&path)).1));
    }
    for expected in ["from", "state", "key", "chain", "threshold", "exact", "never-signed", "rpc"] {
        assert!(named.contains(expected), "{expected}");
    }
    for option in named {
        let wrong = unknown(["migrate", &format!("--{option}")]);
        assert!(wrong.is_none(), "{}", wrong.unwrap());
    }
}
