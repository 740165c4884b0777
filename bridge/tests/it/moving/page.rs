//! What docs/moving-in.md shows is what the commands say.
//!
//! `INSTA_UPDATE=always cargo test -p highwater --test it moving::page` writes the blocks anew; read the difference.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use highwater_moving::Source;

use super::files::key_file;
use super::moves::alone;
use super::node::Node;
use super::old::{leave, migrate, put};
use crate::desk::{CHAIN, Desk};

/// One test writes at a time.
static PAGE: Mutex<()> = Mutex::new(());

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs/moving-in.md")
}

/// Compares with the block of this name.
fn shown(name: &str, said: &str) {
    let _alone = PAGE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let text = fs::read_to_string(page()).unwrap();
    let begin = format!("<!-- shown: {name} -->\n\n```console\n");
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("the page has no block {name}"));
    let (block, after) = rest.split_once("```\n").unwrap();
    if block == said {
        return;
    }
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(page(), format!("{before}{begin}{said}```\n{after}")).unwrap();
        return;
    }
    panic!("{name}: the page says\n{block}\nand the command\n{said}");
}

/// A command and what it says, as a person on a validator's host sees it: with the places that files have there.
struct Told {
    text: String,
    places: Vec<(String, String)>,
}

impl Told {
    fn new(places: &[(&str, &str)]) -> Self {
        let fixed = [
            (" --block-time 1", ""),
            ("looking again in 2 s", "looking again in 12 s"),
            ("key.backup", "/media/usb/cosmoshub-4.backup"),
            (CHAIN, "cosmoshub-4"),
        ];
        let all = places.iter().chain(&fixed).map(|(from, to)| ((*from).to_owned(), (*to).to_owned()));
        Self { text: String::new(), places: all.collect() }
    }

    /// Long commands in lines, as they are typed.
    fn add(&mut self, said: &str) {
        let said = said.strip_suffix("exit 0\n").unwrap_or_else(|| panic!("{said}"));
        let said = self.places.iter().fold(said.to_owned(), |said, (from, to)| said.replace(from, to));
        let (command, output) = said.split_once('\n').unwrap();
        let command = command.replace("$ highwater", "$ sudo highwater");
        let mut column = 0;
        for part in command.split(" --") {
            match column {
                0 => self.text += part,
                _ if column + part.len() > 105 => {
                    self.text += &format!(" \\\n    --{part}");
                    column = 4;
                }
                _ => self.text += &format!(" --{part}"),
            }
            column += part.len() + 3;
        }
        self.text += &format!("\n{output}");
    }
}

fn watched(desk: &Desk, words: &[&str]) -> String {
    desk.watched(words, desk.command(words))
}

/// The command that retires what was moved.
fn retire<'a>(source: &'a str, args: &'a [String]) -> Vec<&'a str> {
    let named = args.chunks(2).filter(|pair| pair[0] != "--threshold").flatten();
    ["retire", "--from", source, "--chain", CHAIN].into_iter().chain(named.map(String::as_str)).collect()
}

#[test]
fn the_page_shows_each_signer_s_way_as_it_is() {
    let key = "[dir]/old/config/priv_validator_key.json";
    for (source, places) in [
        (
            Source::Tmkms,
            &[("[dir]/old/state/", "/var/lib/tmkms/state/"), (key, "/var/lib/tmkms/secrets/cosmoshub-4.key")]
                [..],
        ),
        (Source::CometBft, &[("[dir]/old/", "/home/gaia/.gaia/")]),
        (Source::Kms, &[("[dir]/old/state/", "/var/lib/kms/state/"), (key, "/var/lib/kms/cosmoshub-4.key")]),
        (
            Source::Horcrux,
            &[
                ("[dir]/old/a/", "/srv/cosigner-1/state/"),
                ("[dir]/old/b/", "/srv/cosigner-2/state/"),
                (key, "/media/usb/priv_validator_key.json"),
            ],
        ),
    ] {
        let desk = Desk::new("page");
        let args = leave(&desk, source);
        let name = source.to_string();
        let mut told = Told::new(places);
        told.add(&watched(&desk, &migrate(&name, &args, &["--to", "key.backup"])));
        shown(&name, &told.text);
        if matches!(source, Source::Tmkms | Source::CometBft) {
            let mut told = Told::new(places);
            told.add(&watched(&desk, &retire(&name, &args)));
            shown(&format!("{name}-retired"), &told.text);
        }
    }
}

#[test]
fn the_page_shows_the_way_without_any_state_as_it_is() {
    let desk = Desk::new("page");
    let node = Node::start(CHAIN, 1);
    let key = put(&desk, "config/priv_validator_key.json", &key_file());
    let args = ["--rpc".to_owned(), node.rpc(), "--key".to_owned(), key];
    let said = watched(&desk, &migrate("nothing", &args, &["--to", "key.backup"]));
    // Which blocks these are is the clock's.
    let first = said.split("the blocks ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let second = (first.parse::<u64>().unwrap() + 1).to_string();
    let mark = said.split("mark     ").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let rpc = node.rpc();
    let mut told = Told::new(&[
        (&first, "20000001"),
        (&second, "20000002"),
        (&mark, "20000004"),
        (&rpc, "http://127.0.0.1:26657"),
        ("[dir]/old/", "/home/gaia/.gaia/"),
    ]);
    told.add(&said);
    shown("nothing", &told.text);
}

#[test]
fn the_page_shows_the_import_on_a_computer_of_its_own_as_it_is() {
    let desk = Desk::new("page");
    let state = leave(&desk, Source::CometBft);
    let key = put(&desk, "config/priv_validator_key.json", &key_file());
    let words = ["key", "import", "--from", &key, "--to", "key.backup"];
    let said = desk.watched(&words, alone(&desk, &words));
    let mut told =
        Told::new(&[("[dir]/old/config/", "/media/usb/"), ("key.backup", "/media/usb/cosmoshub-4.backup")]);
    told.add(&said);
    told.text = told.text.replace("$ sudo highwater", "$ highwater");
    shown("key-import", &told.text);
    let mut told = Told::new(&[("[dir]/old/", "/home/gaia/.gaia/")]);
    told.add(&watched(&desk, &migrate("cometbft", &state[..2], &["--imported", "1"])));
    shown("imported", &told.text);
}
