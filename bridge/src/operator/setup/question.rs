//! What a person is asked: its key in the file of answers, its words, what stands if nothing is typed, and how the answer is
//! taken.

use std::path::{Path, PathBuf};

use super::answers::{Answers, From, Key, NOTHING, Wrong};
use super::host::{Kind, Piece};
use crate::advice;
use crate::config::Transport;
use crate::typed;

/// A question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Question {
    Resume,
    Users,
    DeviceRule,
    Unit,
    Replace,
    StateDir,
    Transport,
    DevicePath,
    Address,
    Connector,
    AuthKey,
    PasswordFile,
    Object,
    Module,
    TokenLabel,
    PinFile,
    Label,
    ChainId,
    ChainDevice,
    Nodes,
    Rpc,
    KeyIndex,
    MarkFrom,
    NextHeight,
    LastSigned,
    OldSigner,
    OldState,
    OldKey,
    Imported,
    Threshold,
    Backup,
    ChangeConfig,
}

/// What is shown of a question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// What is asked.
    pub(crate) words: String,
    /// The answers that are known, each with what it means; none: any text.
    pub(crate) choices: Vec<(String, String)>,
    /// What stands if nothing is typed.
    pub(crate) default: Option<String>,
}

/// What the words of a question need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) answers: &'a Answers,
    /// The configuration file.
    pub(crate) config: &'a Path,
    /// Its chains.
    pub(crate) chains: &'a [String],
    /// The names of its devices.
    pub(crate) devices: &'a [String],
    /// The files of the Ledgers that are plugged in.
    pub(crate) ledgers: &'a [PathBuf],
    /// The files of the system.
    pub(crate) pieces: &'a [Piece],
    /// The lowest number of a key that no chain of the device has.
    pub(crate) free_key: u32,
    /// The device signs with keys of a store beside the host.
    pub(crate) of_store: bool,
    /// A node tells how high the chain is.
    pub(crate) tip: Option<u64>,
}

impl Question {
    /// All of them.
    #[cfg(test)]
    const ALL: [Self; 32] = [
        Self::Resume,
        Self::Users,
        Self::DeviceRule,
        Self::Unit,
        Self::Replace,
        Self::StateDir,
        Self::Transport,
        Self::DevicePath,
        Self::Address,
        Self::Connector,
        Self::AuthKey,
        Self::PasswordFile,
        Self::Object,
        Self::Module,
        Self::TokenLabel,
        Self::PinFile,
        Self::Label,
        Self::ChainId,
        Self::ChainDevice,
        Self::Nodes,
        Self::Rpc,
        Self::KeyIndex,
        Self::MarkFrom,
        Self::NextHeight,
        Self::LastSigned,
        Self::OldSigner,
        Self::OldState,
        Self::OldKey,
        Self::Imported,
        Self::Threshold,
        Self::Backup,
        Self::ChangeConfig,
    ];

    /// The key that answers it in a file of answers.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Resume => "resume",
            Self::Users => "install.users",
            Self::DeviceRule => "install.device_rule",
            Self::Unit => "install.unit",
            Self::Replace => "install.replace",
            Self::StateDir => "state_dir",
            Self::Transport => "device.transport",
            Self::DevicePath => "device.path",
            Self::Address | Self::Connector => "device.address",
            Self::AuthKey => "device.auth_key",
            Self::PasswordFile => "device.password_file",
            Self::Object | Self::Label => "device.key",
            Self::Module => "device.module",
            Self::TokenLabel => "device.token_label",
            Self::PinFile => "device.pin_file",
            Self::ChainId => "chain.id",
            Self::ChainDevice => "chain.device",
            Self::Nodes => "chain.nodes",
            Self::Rpc => "chain.rpc",
            Self::KeyIndex => "chain.key_index",
            Self::MarkFrom => "mark.from",
            Self::NextHeight => "mark.next_height",
            Self::LastSigned => "mark.last_signed",
            Self::OldSigner => "migrate.from",
            Self::OldState => "migrate.state",
            Self::OldKey => "migrate.key",
            Self::Imported => "migrate.imported",
            Self::Threshold => "migrate.threshold",
            Self::Backup => "migrate.to",
            Self::ChangeConfig => "change_config",
        }
    }

    /// How it is asked.
    pub(crate) fn asked(self, context: Context<'_>) -> Asked {
        let words = advice::setup_question(self, context);
        let chain = context.answers.chain.id.as_deref().unwrap_or_default();
        let default = match self {
            Self::Resume | Self::Users | Self::DeviceRule | Self::Unit | Self::ChangeConfig => "y".to_owned(),
            Self::Replace => "n".to_owned(),
            Self::StateDir => "/var/lib/highwater".to_owned(),
            Self::Transport if !context.ledgers.is_empty() => "hid".to_owned(),
            Self::Address => "127.0.0.1:9999".to_owned(),
            Self::Connector => "127.0.0.1:12345".to_owned(),
            Self::ChainId if context.chains.len() == 1 => context.chains[0].clone(),
            Self::Nodes => format!("unix:///run/privval/{chain}/privval.sock"),
            Self::Rpc => "none".to_owned(),
            Self::KeyIndex => context.free_key.to_string(),
            Self::Imported => "1".to_owned(),
            Self::DevicePath | Self::Backup => String::new(),
            _ => String::new(),
        };
        Asked {
            words,
            choices: self.choices(context),
            default: Some(default).filter(|text| !text.is_empty()),
        }
    }

    fn choices(self, context: Context<'_>) -> Vec<(String, String)> {
        let choice = |(word, means): (&str, &str)| (word.to_owned(), means.to_owned());
        match self {
            Self::Transport => {
                let offered = Transport::ALL.into_iter().filter(|kind| kind.is_built_in());
                offered
                    .map(|kind| (kind.name().to_owned(), advice::transport_means(kind).to_owned()))
                    .collect()
            }
            Self::DevicePath => {
                context.ledgers.iter().map(|path| (path.display().to_string(), String::new())).collect()
            }
            Self::ChainDevice => context.devices.iter().map(|name| (name.clone(), String::new())).collect(),
            Self::MarkFrom => {
                let rpc = context.tip.map(|tip| ("rpc".to_owned(), advice::mark_from_rpc(tip)));
                let typed = [
                    ("next_height", "the key never signed on this chain; you type its next height"),
                    ("last_signed", "the key signed, and nothing signs with it now; you type the last place"),
                    ("migrate", "the validator signs elsewhere: its key and state move here"),
                ];
                rpc.into_iter().chain(typed.map(choice)).collect()
            }
            Self::OldSigner => [
                ("cometbft", "the node itself, with a key file"),
                ("tmkms", ""),
                ("kms", "of the Cosmos project"),
                ("horcrux", ""),
                ("tendermint-0.27", "a node of 0.27 or older"),
                (NOTHING, "it left no state: two blocks of the chain without its signature tell"),
            ]
            .map(choice)
            .into(),
            _ => Vec::new(),
        }
    }

    /// Takes what was typed. What was answered before stays if it cannot be used.
    pub(crate) fn take(self, answers: &mut Answers, text: &str) -> Result<(), Wrong> {
        let text = text.trim();
        let mut with = answers.clone();
        self.put(&mut with, text).map_err(|why| Wrong::new(self.key(), why))?;
        with.check()?;
        *answers = with;
        Ok(())
    }

    fn put(self, answers: &mut Answers, text: &str) -> Result<(), String> {
        let path = || PathBuf::from(text);
        match self {
            Self::Resume => answers.resume = Some(yes(text)?),
            Self::Users => answers.install.users = Some(yes(text)?),
            Self::DeviceRule => answers.install.device_rule = Some(yes(text)?),
            Self::Unit => answers.install.unit = Some(yes(text)?),
            Self::Replace => answers.install.replace = Some(yes(text)?),
            Self::ChangeConfig => answers.change_config = Some(yes(text)?),
            Self::StateDir => answers.state_dir = Some(path()),
            Self::Transport => answers.device.transport = Some(text.to_owned()),
            Self::DevicePath => answers.device.path = Some(path()),
            Self::Address | Self::Connector => answers.device.address = Some(typed::address(text)?),
            Self::AuthKey => answers.device.auth_key = Some(typed::object_id(text)?),
            Self::PasswordFile => answers.device.password_file = Some(path()),
            Self::Object => {
                answers.device.keys = vec![Key { object: Some(typed::object_id(text)?), ..Key::default() }];
            }
            Self::Module => answers.device.module = Some(path()),
            Self::TokenLabel => answers.device.token_label = Some(text.to_owned()),
            Self::PinFile => answers.device.pin_file = Some(path()),
            Self::Label => answers.device.keys = vec![Key { label: Some(text.to_owned()), ..Key::default() }],
            Self::ChainId => answers.chain.id = Some(text.to_owned()),
            Self::ChainDevice => answers.chain.device = Some(text.to_owned()),
            Self::Nodes => answers.chain.nodes = Some(words(text)),
            Self::Rpc => {
                answers.chain.rpc = Some(if text == "none" { String::new() } else { text.to_owned() })
            }
            Self::KeyIndex => answers.chain.key_index = Some(typed::key_index(text)?),
            Self::MarkFrom => {
                let from = [
                    ("rpc", From::Rpc),
                    ("next_height", From::NextHeight),
                    ("last_signed", From::LastSigned),
                    ("migrate", From::Migrate),
                ];
                let from = from.into_iter().find(|(word, _)| *word == text);
                answers.mark.from = Some(from.ok_or_else(|| advice::no_choice(text))?.1);
            }
            Self::NextHeight => {
                let mark = typed::next_height(text)?;
                answers.mark.next_height = Some(mark.height.value());
            }
            Self::LastSigned => answers.mark.last_signed = Some(text.to_owned()),
            Self::OldSigner => answers.migrate.from = Some(text.to_owned()),
            Self::OldState => {
                answers.migrate.state = Some(words(text).into_iter().map(PathBuf::from).collect())
            }
            Self::OldKey => answers.migrate.key = Some(path()),
            Self::Imported => answers.migrate.imported = Some(typed::imported(text)?),
            Self::Threshold => answers.migrate.threshold = Some(typed::threshold(text)?),
            Self::Backup => answers.migrate.to = Some(path()),
        }
        Ok(())
    }
}

impl Kind {
    /// The question whether a file of this kind is put in its place.
    pub(crate) const fn question(self) -> Question {
        match self {
            Self::Users => Question::Users,
            Self::DeviceRule => Question::DeviceRule,
            Self::Unit => Question::Unit,
        }
    }
}

fn yes(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "y" | "yes" | "true" => Ok(true),
        "n" | "no" | "false" => Ok(false),
        _ => Err(advice::neither_yes_nor_no(text)),
    }
}

/// Several answers on one line.
fn words(text: &str) -> Vec<String> {
    text.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page, wherever it stands among the documents.
    fn page(folder: &Path) -> Option<String> {
        let mut paths: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths.iter().find_map(|path| match path.is_dir() {
            true => page(path),
            false => path.ends_with("setup.md").then(|| std::fs::read_to_string(path).unwrap()),
        })
    }

    #[test]
    fn the_page_has_each_key_and_its_examples_are_files_of_answers() {
        let page = page(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"))).expect("docs/setup.md");
        for question in Question::ALL.into_iter().filter(|question| *question != Question::Resume) {
            let key = question.key();
            assert!(page.contains(&format!("| `{key}` |")), "{key}");
        }
        let examples: Vec<_> =
            page.split("```toml\n").skip(1).filter_map(|text| text.split("```").next()).collect();
        assert!(examples.len() >= 2);
        for text in examples {
            Answers::parse(text).unwrap_or_else(|why| panic!("{why}\n{text}"));
        }
    }

    #[test]
    fn a_wrong_answer_is_told_and_the_one_before_stays() {
        let mut answers = Answers::default();
        for (question, right, wrong) in [
            (Question::ChainId, "alpha-1", "alpha 1"),
            (Question::Nodes, "tcp://a:1, tcp://b:2", "a:1"),
            (Question::Rpc, "http://h:1", "https://h:1"),
            (Question::Transport, "hid", "usb"),
            (Question::KeyIndex, "7", "-7"),
            (Question::MarkFrom, "rpc", "guess"),
            (Question::StateDir, "/s", "s"),
            (Question::Users, "y", "perhaps"),
            (Question::Address, "127.0.0.1:1", "here"),
            (Question::OldSigner, "tmkms", "aiakos"),
            (Question::Imported, "1", "0"),
        ] {
            question.take(&mut answers, right).unwrap_or_else(|wrong| panic!("{question:?}: {wrong:?}"));
            let before = answers.clone();
            let told = question.take(&mut answers, wrong).unwrap_err();
            assert_eq!(told.key, question.key());
            assert!(!told.why.is_empty() && answers == before, "{question:?}");
        }
        assert_eq!(answers.chain.nodes.as_deref().map(<[_]>::len), Some(2));
        Question::Rpc.take(&mut answers, "none").unwrap();
        assert_eq!((answers.chain.rpc.as_deref(), answers.chain.rpc()), (Some(""), None));
    }
}
