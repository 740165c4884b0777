//! What may be typed of keys and validators that come from elsewhere.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args as ClapArgs, Subcommand};
use highwater_core::hrs::Hrs;
use highwater_moving::{NotASource, Source};

use super::On;
use crate::device::KeyNumber;
use crate::rpc::Rpc;
use crate::typed::{below_signed, block_time, key_index, threshold};

/// What of the keys that were made elsewhere.
#[derive(Debug, Subcommand)]
pub enum KeyVerb {
    /// Put the key of a file on the device, with the owner's approval, and back it up. The file is left as it is.
    #[command(
        group = clap::ArgGroup::new("where").required(true).multiple(false).args(["from", "stdin"]),
        group = clap::ArgGroup::new("backup").required(true).multiple(false).args(["to", "no_backup"]),
    )]
    Import {
        /// The key file of the old signer.
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        /// Read the key file from standard input.
        #[arg(long)]
        stdin: bool,
        /// Which signer the file is of: cometbft, tendermint-0.27, tmkms, kms or horcrux.
        #[arg(long, value_name = "SIGNER", default_value = "cometbft")]
        source: Source,
        /// Where the backup goes; the file must not exist. Only the seed words of this device open it.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        /// Make no backup: with the device, or its app, the key is gone.
        #[arg(long)]
        no_backup: bool,
    },
    /// Show the imported keys of the device, and the chains that have them.
    List,
    /// Write the backup of an imported key, which the seed words of this device alone open.
    Backup {
        /// The number of the key, as the device's screen has it.
        number: KeyNumber,
        /// The file to write; it must not exist.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Put a key back from its backup, with the owner's approval.
    Restore {
        /// The file that `key backup` or `key import` wrote.
        file: PathBuf,
    },
    /// Free the place of an imported key that no chain has, with the owner's approval.
    Forget {
        /// The number of the key, as the device's screen has it.
        number: KeyNumber,
    },
    /// Show a key as a transaction takes it.
    Show {
        /// Which key.
        #[command(flatten)]
        key: KeyArgs,
    },
}

/// The files of another signer.
#[derive(Debug, ClapArgs)]
pub struct OldArgs {
    /// Chain id.
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) chain: String,
    /// A state file that it writes; named again for each further one.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) state: Vec<PathBuf>,
    /// Seconds that the chain takes for a block: a signer that runs is quiet for so long.
    #[arg(long, value_name = "SECONDS", default_value_t = 6, allow_negative_numbers = true, value_parser = block_time)]
    pub(in crate::cli) block_time: u64,
}

/// A validator that moves here.
#[derive(Debug, ClapArgs)]
pub struct MigrateArgs {
    /// Which signer: cometbft, tendermint-0.27, tmkms, kms or horcrux; nothing if it left no state.
    #[arg(long, value_name = "SIGNER")]
    pub(in crate::cli) from: Former,
    /// The old signer.
    #[command(flatten)]
    pub(in crate::cli) old: OldArgs,
    /// Its key file, which is put on the device.
    #[arg(long, value_name = "FILE", requires = "backup")]
    pub(in crate::cli) key: Option<PathBuf>,
    /// The key is on the device already: its number there.
    #[arg(long, value_name = "N")]
    pub(in crate::cli) imported: Option<KeyNumber>,
    /// The key stays where it is, in the HSM or token of the configuration: its number there.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = key_index)]
    pub(in crate::cli) key_index: Option<u32>,
    /// --from tmkms, whose key is in a YubiHSM: its tmkms.toml, which names the key's object and the state.
    #[arg(long, value_name = "FILE", requires = "key_index", conflicts_with_all = ["key", "imported"])]
    pub(in crate::cli) tmkms: Option<PathBuf>,
    /// Where the backup of the key goes; the file must not exist.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) to: Option<PathBuf>,
    /// Make no backup: with the device, or its app, the key is gone.
    #[arg(long)]
    pub(in crate::cli) no_backup: bool,
    /// horcrux: how many cosigners it takes to sign.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = threshold)]
    pub(in crate::cli) threshold: Option<usize>,
    /// Take the last place itself as the mark, and not the precommit of its round.
    #[arg(long)]
    pub(in crate::cli) exact: bool,
    /// The key never signed for the chain, whose id is typed here once more.
    #[arg(long, value_name = "ID", conflicts_with = "exact")]
    pub(in crate::cli) never_signed: Option<String>,
    /// The RPC of a node of the chain, as http://127.0.0.1:26657: it tells whether the key signed above the mark. --from nothing
    /// takes the mark from it; else the `rpc` of the config is taken, if it has one.
    #[arg(long, value_name = "ADDRESS")]
    pub(in crate::cli) rpc: Option<Rpc>,
    /// The node that `setup` knows.
    #[arg(skip)]
    pub(in crate::cli) node: Option<Rpc>,
    /// The place that the mark is below, repeated from the refusal: what was signed up to there is given up.
    #[arg(long, value_name = "H/R/STEP", value_parser = below_signed)]
    pub(in crate::cli) below_signed: Option<Hrs>,
    /// Retire the old signer's files once the device has answered.
    #[arg(long)]
    pub(in crate::cli) retire: bool,
    /// On which device.
    #[command(flatten)]
    pub(in crate::cli) on: On,
}

impl MigrateArgs {
    /// The chain that moves.
    pub(in crate::cli) fn chain(&self) -> &str {
        &self.old.chain
    }
}

/// A signer that a validator comes from, or none.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) enum Former {
    /// This one.
    Signer(Source),
    /// One that left no state.
    Nothing,
}

impl FromStr for Former {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "nothing" => Ok(Self::Nothing),
            // A validator alone may come without a file.
            _ => name
                .parse()
                .map(Self::Signer)
                .map_err(|error: NotASource| format!("{error} Name nothing if there is no file.")),
        }
    }
}

/// A key of the device; never a bare number, because the two kinds differ.
#[derive(Debug, Clone, Copy, ClapArgs)]
#[group(required = true, multiple = false)]
pub struct KeyArgs {
    /// A key of the seed: 44'/118'/0'/0'/N'.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = key_index)]
    pub(in crate::cli) key_index: Option<u32>,
    /// An imported key, by its number on the device's screen.
    #[arg(long, value_name = "N")]
    pub(in crate::cli) imported: Option<KeyNumber>,
}

impl KeyArgs {
    /// As a chain names its key.
    pub(in crate::cli) fn index(self) -> u32 {
        // The group demands exactly one of them.
        self.imported.map(KeyNumber::index).or(self.key_index).unwrap_or_default()
    }
}
