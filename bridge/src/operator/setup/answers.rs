//! What a person answers, or a file of answers says: its keys, and what each may be. docs/setup.md lists them.

use std::net::SocketAddr;
use std::path::PathBuf;

use highwater_core::env::SECRET_INDEX;
use highwater_core::hrs::{Hrs, Step};
use highwater_moving::Source;
use serde::{Deserialize, Serialize};

use crate::advice;
use crate::config::Transport;
use crate::device::KeyNumber;
use crate::hrs_text::HrsText;
use crate::node::Address;
use crate::operator::known::chain_id;
use crate::rpc::Rpc;

/// All answers. One that is not given is asked for when its turn comes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Answers {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state_dir: Option<PathBuf>,
    /// A chain may be added to a configuration that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) change_config: Option<bool>,
    /// Whether to go on with the answers of a run that was interrupted. Asked at a terminal alone.
    #[serde(skip)]
    pub(crate) resume: Option<bool>,
    pub(crate) install: Install,
    pub(crate) device: Device,
    pub(crate) chain: Chain,
    pub(crate) mark: Mark,
    pub(crate) migrate: Migrate,
}

/// Files of the system, where root runs the command and no package brought them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Install {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) users: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device_rule: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unit: Option<bool>,
    /// A file that is there, and differs, may be written over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replace: Option<bool>,
}

/// `[device]`, as the configuration will have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Device {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) transport: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) serial: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auth_key: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password_file: Option<PathBuf>,
    /// Never asked for: `yubihsm setup --audit` prints it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) audit: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) module: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token_label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) slot: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pin_file: Option<PathBuf>,
    #[serde(rename = "key", skip_serializing_if = "Vec::is_empty")]
    pub(crate) keys: Vec<Key>,
}

/// `[[device.key]]`, as the configuration will have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Key {
    pub(crate) number: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) object: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
}

/// `[[chain]]`, as the configuration will have it, and the number of its key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Chain {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// The name of its device, where the configuration has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nodes: Option<Vec<String>>,
    /// Empty: no node is asked what the chain has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rpc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key_index: Option<u32>,
}

/// Where the first mark comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Mark {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<From>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_height: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_signed: Option<String>,
}

/// Each way to a first mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum From {
    /// The key never signed: the chain's next height, as a node tells it.
    Rpc,
    /// The key never signed: the chain's next height, typed.
    NextHeight,
    /// The key signed: the last place, typed.
    LastSigned,
    /// The validator signs elsewhere: `migrate` reads the files of that signer.
    Migrate,
}

/// The signer that a validator comes from, in the words of `highwater migrate`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Migrate {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<Vec<PathBuf>>,
    /// Empty: the key is on the device already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) imported: Option<u8>,
    /// Empty: no backup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) threshold: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) block_time: Option<u64>,
}

/// An answer that cannot be used: its key, and cause and cure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) key: &'static str,
    pub(crate) why: String,
}

impl Wrong {
    pub(super) fn new(key: &'static str, why: impl Into<String>) -> Self {
        Self { key, why: why.into() }
    }
}

impl Answers {
    /// Reads a file of answers. The error names line and key, and the cure.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let answers: Self =
            toml::from_str(text).map_err(|error| advice::answers_syntax(&error.to_string()))?;
        answers.check().map_err(|wrong| advice::answer_wrong(&wrong))?;
        Ok(answers)
    }

    /// Whether each answer that is given can be used, whatever is found later.
    pub(crate) fn check(&self) -> Result<(), Wrong> {
        if let Some(state_dir) = &self.state_dir
            && !state_dir.is_absolute()
        {
            return Err(Wrong::new("state_dir", advice::not_absolute(state_dir)));
        }
        self.device.check()?;
        self.chain.check()?;
        self.mark.check()?;
        self.migrate.check()
    }

    /// What is answered, over what an earlier run was told.
    pub(crate) fn over(self, earlier: Self) -> Self {
        let Self { state_dir, change_config, resume, install, device, chain, mark, migrate } = self;
        Self {
            state_dir: state_dir.or(earlier.state_dir),
            change_config: change_config.or(earlier.change_config),
            resume,
            install,
            device: if device == Device::default() { earlier.device } else { device },
            chain: Chain {
                id: chain.id.or(earlier.chain.id),
                device: chain.device.or(earlier.chain.device),
                nodes: chain.nodes.or(earlier.chain.nodes),
                rpc: chain.rpc.or(earlier.chain.rpc),
                key_index: chain.key_index.or(earlier.chain.key_index),
            },
            mark: if mark == Mark::default() { earlier.mark } else { mark },
            migrate: if migrate == Migrate::default() { earlier.migrate } else { migrate },
        }
    }
}

impl Device {
    /// The kind of device that is named.
    pub(crate) fn kind(&self) -> Option<Transport> {
        transport(self.transport.as_deref()?)
    }

    fn check(&self) -> Result<(), Wrong> {
        match &self.transport {
            Some(name) if transport(name).is_none() => {
                Err(Wrong::new("device.transport", advice::no_transport(name)))
            }
            _ => Ok(()),
        }
    }
}

/// The transport of this name.
fn transport(name: &str) -> Option<Transport> {
    Transport::ALL.into_iter().find(|transport| transport.name() == name)
}

impl Chain {
    fn check(&self) -> Result<(), Wrong> {
        if let Some(Err(failure)) = self.id.as_deref().map(chain_id) {
            return Err(Wrong::new("chain.id", failure.to_string()));
        }
        for node in self.nodes.iter().flatten() {
            if let Err(error) = node.parse::<Address>() {
                return Err(Wrong::new("chain.nodes", format!("{error}; {}", error.cure())));
            }
        }
        if self.nodes.as_ref().is_some_and(Vec::is_empty) {
            return Err(Wrong::new("chain.nodes", advice::no_address()));
        }
        if let Some(Err(error)) = self.rpc().map(str::parse::<Rpc>) {
            return Err(Wrong::new("chain.rpc", error.to_string()));
        }
        match self.key_index {
            Some(index) if index >= SECRET_INDEX => {
                Err(Wrong::new("chain.key_index", advice::no_key_index(index)))
            }
            _ => Ok(()),
        }
    }

    /// The node that is asked what the chain has, if one is.
    pub(crate) fn rpc(&self) -> Option<&str> {
        self.rpc.as_deref().filter(|rpc| !rpc.is_empty())
    }
}

impl Mark {
    /// The mark that is typed, if it is.
    pub(crate) fn typed(&self) -> Option<Hrs> {
        match self.from? {
            From::NextHeight => next_height(self.next_height?),
            From::LastSigned => last_signed(self.last_signed.as_deref()?),
            From::Rpc | From::Migrate => None,
        }
    }

    fn check(&self) -> Result<(), Wrong> {
        if let Some(height) = self.next_height
            && next_height(height).is_none()
        {
            return Err(Wrong::new("mark.next_height", advice::no_height()));
        }
        if let Some(place) = &self.last_signed
            && last_signed(place).is_none()
        {
            return Err(Wrong::new("mark.last_signed", advice::no_last_signed(place)));
        }
        // The two differ by a double sign: one that is given beside another says that somebody is mistaken.
        for (key, given, from) in [
            ("mark.next_height", self.next_height.is_some(), From::NextHeight),
            ("mark.last_signed", self.last_signed.is_some(), From::LastSigned),
        ] {
            if given && self.from != Some(from) {
                return Err(Wrong::new(key, advice::mark_of_another_kind(key)));
            }
        }
        Ok(())
    }
}

/// Nothing of the height is signed, and everything below it is.
fn next_height(height: u64) -> Option<Hrs> {
    Hrs::new(height, 0, Step::None).filter(|_| height > 0)
}

fn last_signed(text: &str) -> Option<Hrs> {
    let HrsText(hrs) = text.parse().ok()?;
    (hrs.height.value() > 0 && hrs.step != Step::None).then_some(hrs)
}

impl Migrate {
    fn check(&self) -> Result<(), Wrong> {
        if let Some(from) = &self.from
            && from != NOTHING
            && let Err(error) = from.parse::<Source>()
        {
            return Err(Wrong::new("migrate.from", error.to_string()));
        }
        if let Some(number) = self.imported
            && let Err(error) = number.to_string().parse::<KeyNumber>()
        {
            return Err(Wrong::new("migrate.imported", error.to_string()));
        }
        match self.block_time {
            Some(seconds) if !(1..=86_400).contains(&seconds) => {
                Err(Wrong::new("migrate.block_time", advice::no_block_time(seconds)))
            }
            _ => Ok(()),
        }
    }

    /// The key file, if the key is in one.
    pub(crate) fn key_file(&self) -> Option<&PathBuf> {
        self.key.as_ref().filter(|key| !key.as_os_str().is_empty())
    }
}

/// In place of a signer: it left no state.
pub(super) const NOTHING: &str = "nothing";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_answer_has_its_key_its_cause_and_its_cure() {
        for (text, says) in [
            ("state_dir = \"var\"", "`state_dir`: \"var\" is not an absolute path"),
            ("nonsense = 1", "unknown field `nonsense`"),
            ("[chain]\nname = \"a\"", "unknown field `name`"),
            ("[chain]\nid = \"a b\"", "`chain.id`: \"a b\" is not a chain id"),
            ("[chain]\nid = \".new-1\"", "must not start with `.new-`"),
            ("[chain]\nnodes = []", "`chain.nodes`: no address"),
            ("[chain]\nnodes = [\"unix://rel\"]", "write three slashes"),
            ("[chain]\nrpc = \"https://x:1\"", "`chain.rpc`: \"https://x:1\" is no address of a node's RPC"),
            ("[chain]\nkey_index = 2147483648", "`chain.key_index`: "),
            ("[chain]\nkey_index = -1", "invalid value"),
            ("[device]\ntransport = \"usb\"", "`device.transport`: \"usb\" is not known"),
            ("[device]\naddress = \"here\"", "invalid socket address"),
            ("[mark]\nfrom = \"guess\"", "unknown variant `guess`"),
            (
                "[mark]\nfrom = \"next_height\"\nnext_height = 0",
                "`mark.next_height`: a height is 1 to 2^63-1",
            ),
            ("[mark]\nfrom = \"last_signed\"\nlast_signed = \"7\"", "`mark.last_signed`: \"7\""),
            ("[mark]\nfrom = \"last_signed\"\nlast_signed = \"7/0/none\"", "`mark.last_signed`: "),
            ("[mark]\nnext_height = 7", "`mark.next_height`: it is given, and `mark.from` does not say so"),
            ("[mark]\nfrom = \"rpc\"\nlast_signed = \"7/0/prevote\"", "`mark.last_signed`: it is given"),
            ("[migrate]\nfrom = \"hsm\"", "`migrate.from`: "),
            ("[migrate]\nimported = 0", "`migrate.imported`: "),
            ("[migrate]\nblock_time = 0", "`migrate.block_time`: "),
        ] {
            let said = Answers::parse(text).unwrap_err();
            assert!(said.contains(says), "{text:?}: {said}");
        }
    }

    #[test]
    fn what_is_kept_is_read_again_and_what_is_said_anew_wins() {
        let text = "state_dir = \"/s\"\n[device]\ntransport = \"yubihsm\"\nauth_key = 1\n[[device.key]]\nnumber = 0\nobject = 1\n\
                    [chain]\nid = \"a\"\nnodes = [\"tcp://h:1\"]\nrpc = \"\"\n[mark]\nfrom = \"next_height\"\nnext_height = 7\n";
        let answers = Answers::parse(text).unwrap();
        assert_eq!(answers.mark.typed().unwrap().to_string(), "7/0/none");
        assert_eq!(Answers::parse(&toml::to_string(&answers).unwrap()), Ok(answers.clone()));
        let anew = Answers::parse("[mark]\nfrom = \"rpc\"\n[chain]\nid = \"b\"").unwrap();
        let both = anew.over(answers.clone());
        assert_eq!((both.chain.id.as_deref(), both.mark.from), (Some("b"), Some(From::Rpc)));
        assert_eq!((both.mark.next_height, &both.device), (None, &answers.device), "no mark is a mixture");
    }
}
