//! The operator's procedures, as steps that return what was done. The command line prints it.
//!
//! | module | holds |
//! | --- | --- |
//! | `chosen` | which device a command is about |
//! | `reach` | the way to the device: through the daemon, else by itself |
//! | `access` | the same, and the records of its chains |
//! | `prompt` | a question to the owner, and what became of it |
//! | `known` | what is known of a chain, and marks below that |
//! | `seen` | what the chain shows of a key: signatures above the mark that is to be set |
//! | `check` | every trouble that is known before it costs a block |
//! | `events` | what was refused of late |
//! | `firmware` | the app's image: what it is, how it is loaded, what the device says |
//! | `keys`, `backup_file` | keys that were made elsewhere, and the files of their backups |
//! | `setup` | from nothing to a chain that signs: what comes next, and what each step does |
//! | `migrate` | a validator that moves here from another signer, and how that one is retired |
//! | `yubihsm` | the ledger of an HSM's log, when the owner has looked |
//! | `add`, `mark`, `adopt`, `retire` | the procedures |

pub(crate) mod access;
pub(crate) mod add;
pub(crate) mod adopt;
pub(crate) mod backup_file;
pub(crate) mod check;
mod chosen;
pub(crate) mod events;
pub(crate) mod firmware;
pub(crate) mod keys;
mod known;
pub(crate) mod mark;
pub(crate) mod migrate;
pub(crate) mod prompt;
pub(crate) mod reach;
pub(crate) mod retire;
pub(crate) mod seen;
pub(crate) mod setup;
#[cfg(feature = "yubihsm")]
pub(crate) mod yubihsm;

pub(crate) use access::{Access, exported_mark, not_exported};
pub(crate) use chosen::Chosen;
pub(crate) use known::{Here, chain_id, pinned};
pub(crate) use prompt::Talk;
pub(crate) use reach::{lock, pinned_installations};
