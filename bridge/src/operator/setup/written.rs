//! The configuration: written whole where there is none, and given one more chain where there is one. Nothing is written
//! that [`Config::parse`] does not take.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use super::answers::{Chain, Device};
use crate::advice;
use crate::config::{Config, ConfigError};
use crate::failure::Failure;
use crate::store::durable;
use crate::users::Hands;

/// A text that was checked, and what it says.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    pub(crate) text: String,
    pub(crate) config: Config,
}

impl Checked {
    fn of(text: String) -> Result<Self, ConfigError> {
        Ok(Self { config: Config::parse(&text)?, text })
    }
}

/// A configuration without a chain yet: what the device is opened by.
pub(crate) fn begun(state_dir: &Path, device: &Device) -> Result<Checked, ConfigError> {
    Checked::of(head(state_dir, device))
}

/// A whole one, with what each key is for.
pub(crate) fn new(state_dir: &Path, device: &Device, chain: &Chain) -> Result<Checked, ConfigError> {
    Checked::of(head(state_dir, device) + &section(chain))
}

fn head(state_dir: &Path, device: &Device) -> String {
    let mut text = format!(
        "# Highwater's configuration, written by `highwater setup`; docs/reference/configuration.md explains every key.\n\n\
         # Everything the daemon writes: pins, a state file for each chain, its identity, its sockets.\n\
         state_dir = {}\n\n{}[device]\n",
        quoted(&state_dir.display().to_string()),
        advice::device_comment(device.kind()),
    );
    // Strings and numbers alone: this cannot fail.
    text += &toml::to_string(device).unwrap_or_default().replace("[[key]]", "[[device.key]]");
    text + "\n[admin]\n# A page for a browser at /, and /metrics, /health and /status; a loopback address.\n\
            # metrics = \"127.0.0.1:9660\"\n"
}

fn section(chain: &Chain) -> String {
    let nodes: Vec<_> = chain.nodes.iter().flatten().map(|node| quoted(node)).collect();
    let mut text = format!(
        "\n[[chain]]\n# Byte for byte as the genesis file has it.\nid = {}\n\
         # Where its nodes listen, as their priv_validator_laddr says.\nnodes = [{}]\n",
        quoted(chain.id.as_deref().unwrap_or_default()),
        nodes.join(", ")
    );
    match chain.rpc() {
        Some(rpc) => {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "# Of a node: which blocks have our signature.\nrpc = {}", quoted(rpc));
        }
        None => text += "# Of a node: which blocks have our signature.\n# rpc = \"http://127.0.0.1:26657\"\n",
    }
    text + "# \"wait\" for a chain whose only validator this is: one error halts it.\n# on_absent = \"error\"\n\
            # The last height to sign, for a planned halt.\n# stop_height = 12345678\n"
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// The same text with one more chain; whatever else stands there stays byte for byte.
pub(crate) fn with_chain(text: &str, chain: &Chain) -> Result<Checked, ConfigError> {
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| ConfigError::Content(error.to_string()))?;
    let mut table = Table::new();
    table["id"] = value(chain.id.as_deref().unwrap_or_default());
    if let Some(device) = &chain.device {
        table["device"] = value(device.as_str());
    }
    table["nodes"] = value(chain.nodes.iter().flatten().collect::<Array>());
    if let Some(rpc) = chain.rpc() {
        table["rpc"] = value(rpc);
    }
    table.decor_mut().set_prefix("\n# Added by `highwater setup`.\n");
    let chains = document.entry("chain").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    match chains.as_array_of_tables_mut() {
        Some(chains) => chains.push(table),
        // `chain = [{ id = … }]`, on one line.
        None => match chains.as_array_mut() {
            Some(chains) => chains.push(table.into_inline_table()),
            None => return Err(ConfigError::Content(advice::chain_is_no_list())),
        },
    }
    Checked::of(document.to_string())
}

/// Whether who runs the command may write the file, or make it.
pub(crate) fn may_write(path: &Path) -> bool {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    let path = resolved(path);
    let Ok(folder) = durable::dir_of(&path) else { return false };
    // It is replaced and not written over, so the folder decides; a file that one may not write is not one's own to change.
    let may = |path: &Path, access| accessat(CWD, path, access, AtFlags::EACCESS).is_ok();
    may(folder, Access::WRITE_OK | Access::EXEC_OK) && (!path.exists() || may(&path, Access::WRITE_OK))
}

/// Writes a new file: nobody's is written over. Root gives it to the group of the daemon's user, who reads it.
pub(crate) fn create(path: &Path, checked: &Checked, hands: &Hands) -> Result<(), Failure> {
    let owner = hands.group().map(|group| (0, group));
    let mode = if owner.is_some() { 0o640 } else { 0o600 };
    durable::create_as(path, checked.text.as_bytes(), mode, owner).map_err(|error| failed(path, &error))
}

/// Puts the text in place of the one that was read, with its owner and mode. One that changed meanwhile stays.
pub(crate) fn replace(path: &Path, before: &str, checked: &Checked) -> Result<(), Failure> {
    let path = resolved(path);
    let now = fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
    if now != before {
        return Err(Failure::unavailable(advice::config_changed_meanwhile(&path)));
    }
    let found = fs::metadata(&path).map_err(|error| failed(&path, &error))?;
    let (mode, owner) = (found.permissions().mode() & 0o7777, (found.uid(), found.gid()));
    durable::replace_as(&path, checked.text.as_bytes(), mode, Some(owner))
        .map_err(|error| failed(&path, &error))
}

/// A link stays one: what it leads to is written.
fn resolved(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::io(path.display(), error)
}

#[cfg(test)]
#[path = "written_tests.rs"]
mod tests;
