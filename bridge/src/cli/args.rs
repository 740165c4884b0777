//! What may be typed.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args as ClapArgs, Parser, Subcommand};
use highwater_core::env::SECRET_INDEX;
use highwater_core::hrs::{Hrs, Step};
use highwater_moving::{NotASource, Source};

use crate::device::{KeyNumber, SlotNumber};
use crate::hrs_text::HrsText;
use crate::old_signer::OldNode;
use crate::state_dir::Purpose;

/// Where the configuration is, if nobody says.
pub(super) const CONFIG: &str = "/etc/highwater/highwater.toml";

/// The consensus signer of a CometBFT validator, on a Ledger.
#[derive(Debug, Parser)]
#[command(name = "highwater", version)]
pub struct Args {
    /// The configuration file.
    #[arg(long, global = true, env = "HIGHWATER_CONFIG", default_value = CONFIG)]
    pub config: PathBuf,
    /// Approve what a simulated device asks, without asking at the terminal. For tests and the demo.
    #[arg(long, global = true, hide = true, env = "HIGHWATER_SIM_APPROVE", value_parser = clap::builder::FalseyValueParser::new())]
    pub yes_simulated: bool,
    /// Approve what the owner of a YubiHSM2 or of a PKCS#11 token is asked, by naming the chain here instead of typing it at
    /// the terminal. For scripts.
    #[arg(long, global = true, hide = true, value_name = "CHAIN", env = "HIGHWATER_APPROVE_CHAIN")]
    pub approve_chain: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Serve the nodes until told to stop.
    Run,
    /// Show the running daemon, its device and its chains.
    Status {
        /// How.
        #[command(flatten)]
        form: Form,
        /// On the whole terminal, once a second, until `q` is pressed.
        #[arg(long, conflicts_with = "json")]
        watch: bool,
    },
    /// Look at configuration, state, sockets and the device's file, without a word to the device.
    Check {
        /// How.
        #[command(flatten)]
        form: Form,
    },
    /// Look at everything that `check` looks at, and at device and nodes: through the daemon, where one runs.
    Doctor {
        /// How.
        #[command(flatten)]
        form: Form,
    },
    /// The state of this bridge, to be carried to another host.
    State {
        /// What of it.
        #[command(subcommand)]
        verb: StateVerb,
    },
    /// The device.
    Device {
        /// What of it.
        #[command(subcommand)]
        verb: DeviceVerb,
    },
    /// The approved chains.
    Chain {
        /// What of them.
        #[command(subcommand)]
        verb: ChainVerb,
    },
    /// Keys that were made elsewhere. Needs no daemon, no state directory and no configuration.
    Key {
        /// What of them.
        #[command(subcommand)]
        verb: KeyVerb,
        /// The emulator's port, beside any configuration. For tests.
        #[arg(long, hide = true, global = true, env = "HIGHWATER_EMULATOR")]
        emulator: Option<SocketAddr>,
    },
    /// Take a validator over from another signer: read its state, put its key on the device, and add its chain with the
    /// mark of what it signed last. The old signer must be stopped.
    #[command(
        group = clap::ArgGroup::new("which key").required(true).multiple(false).args(["key", "imported"]),
        group = clap::ArgGroup::new("backup").multiple(false).args(["to", "no_backup"]),
    )]
    Migrate(MigrateArgs),
    /// Retire the files of the signer that a chain came from, so that it signs nothing any more. Root may do it.
    Retire {
        /// The old signer.
        #[command(flatten)]
        old: OldArgs,
        /// Which signer: cometbft, tendermint-0.27, tmkms, kms or horcrux.
        #[arg(long, value_name = "SIGNER")]
        from: Source,
        /// Its key file, if it had one.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// The high-water mark of a chain.
    Mark {
        /// What of it.
        #[command(subcommand)]
        verb: MarkVerb,
    },
    /// Show who the bridge is: the peer id that nodes on noise:// pin, and the key in hex that nodes on tcp:// allow, if
    /// they look at it; needs no device.
    NodeId {
        /// How.
        #[command(flatten)]
        form: Form,
    },
    /// Show the pinned public key of a chain; needs no device.
    Pubkey {
        /// Chain id.
        id: String,
        /// As a validator of a genesis file.
        #[arg(long, conflicts_with = "tx")]
        json: bool,
        /// As `tx staking create-validator` and `rotate-cons-pubkey` of the Cosmos SDK take it.
        #[arg(long)]
        tx: bool,
    },
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub struct Form {
    /// As JSON, for programs; docs/json.md has its fields.
    #[arg(long)]
    pub json: bool,
}

impl Verb {
    /// Whether it may make files in the state directory. What reaches the device may: it takes a lock there.
    pub(crate) fn purpose(&self) -> Purpose {
        match self {
            Self::Status { .. }
            | Self::Pubkey { .. }
            | Self::Check { .. }
            | Self::Doctor { .. }
            | Self::Retire { .. } => Purpose::Reads,
            Self::Run
            | Self::State { .. }
            | Self::Device { .. }
            | Self::Chain { .. }
            | Self::Key { .. }
            | Self::Migrate { .. }
            | Self::Mark { .. }
            | Self::NodeId { .. } => Purpose::Writes,
        }
    }
}

/// What of the state.
#[derive(Debug, Subcommand)]
pub enum StateVerb {
    /// Pack pins and state files into one file, and retire them here: this host signs no more.
    Export {
        /// The file to write; it must not exist.
        file: PathBuf,
    },
    /// Unpack what another host exported, into an empty state directory.
    Import {
        /// The file to read.
        file: PathBuf,
    },
}

/// What of the device.
#[derive(Debug, Subcommand)]
pub enum DeviceVerb {
    /// App, installation, slots, wear.
    Info {
        /// How.
        #[command(flatten)]
        form: Form,
    },
}

/// What of the chains.
#[derive(Debug, Subcommand)]
pub enum ChainVerb {
    /// Approve a chain on the device, and pin its key.
    Add {
        /// Chain id.
        id: String,
        /// Its key.
        #[command(flatten)]
        key: KeyArgs,
        /// The first mark.
        #[command(flatten)]
        mark: MarkArgs,
        /// The place that the mark is below, repeated from the refusal: what was signed up to there is given up.
        #[arg(long, value_name = "H/R/STEP", value_parser = below_signed)]
        below_signed: Option<Hrs>,
    },
    /// Show the chains of the device and their pins.
    List {
        /// How.
        #[command(flatten)]
        form: Form,
    },
    /// Show the key on the device's screen, to be compared with the one printed here.
    ShowKey {
        /// Chain id.
        id: String,
    },
    /// Approve another chain id with the same key, as after an upgrade that renames the chain.
    Rename {
        /// The chain as it is called now.
        id: String,
        /// What it will be called.
        new: String,
        /// The first mark of the new one.
        #[command(flatten)]
        mark: MarkArgs,
        /// The place that the mark is below, repeated from the refusal: what was signed up to there is given up.
        #[arg(long, value_name = "H/R/STEP", value_parser = below_signed)]
        below_signed: Option<Hrs>,
    },
    /// Stop signing for a chain, with the owner's approval; its final mark stays on the device.
    Remove {
        /// Chain id.
        id: String,
    },
    /// Say that the node which has the current height will not come back. What is locked there stays locked.
    Release {
        /// Chain id.
        id: String,
    },
    /// Free the slot of a removed chain, or of a damaged one, with the owner's approval. Its mark is gone then.
    #[command(group = clap::ArgGroup::new("what").required(true).multiple(false).args(["id", "slot"]))]
    Forget {
        /// Chain id.
        id: Option<String>,
        /// The number of a damaged slot, which has no other name; as the device's screen has it.
        #[arg(long, value_name = "N")]
        slot: Option<SlotNumber>,
        /// The place that the mark on the device is below, repeated from the refusal: the host forgets that place too.
        #[arg(long, value_name = "H/R/STEP", value_parser = below_signed, conflicts_with = "slot")]
        below_signed: Option<Hrs>,
    },
}

/// What of a mark.
#[derive(Debug, Subcommand)]
pub enum MarkVerb {
    /// Show it.
    Show {
        /// Chain id.
        id: String,
        /// How.
        #[command(flatten)]
        form: Form,
    },
    /// Pin this device, or this installation of the app, in place of another one; the owner approves a mark at
    /// or above everything that was ever asked before.
    Adopt {
        /// Chain id.
        id: String,
        /// The number of its key, if the chain is not approved on this device yet.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..i64::from(SECRET_INDEX)))]
        key_index: Option<u32>,
        /// The number of its imported key, if the chain is not approved on this device yet.
        #[arg(long, value_name = "N", conflicts_with = "key_index")]
        imported: Option<KeyNumber>,
        /// The last place signed by any device, if the state file is lost.
        #[arg(long, value_name = "H/R/STEP", value_parser = last_signed)]
        last_signed: Option<Hrs>,
        /// The place that the mark is below, repeated from the refusal: what was signed up to there is given up.
        #[arg(long, value_name = "H/R/STEP", value_parser = below_signed)]
        below_signed: Option<Hrs>,
    },
    /// Move it, with the owner's approval on the device.
    Set {
        /// Chain id.
        id: String,
        /// Where to.
        #[command(flatten)]
        mark: MarkArgs,
        /// The place that the mark is below, repeated from the refusal: what was signed up to there is given up.
        #[arg(long, value_name = "H/R/STEP", value_parser = below_signed)]
        below_signed: Option<Hrs>,
    },
}

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
    pub(super) chain: String,
    /// A state file that it writes; named again for each further one.
    #[arg(long, value_name = "FILE")]
    pub(super) state: Vec<PathBuf>,
    /// Seconds that the chain takes for a block: a signer that runs is quiet for so long.
    #[arg(long, value_name = "SECONDS", default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) block_time: u64,
}

/// A validator that moves here.
#[derive(Debug, ClapArgs)]
pub struct MigrateArgs {
    /// Which signer: cometbft, tendermint-0.27, tmkms, kms or horcrux; nothing if it left no state.
    #[arg(long, value_name = "SIGNER")]
    pub(super) from: Former,
    /// The old signer.
    #[command(flatten)]
    pub(super) old: OldArgs,
    /// Its key file, which is put on the device.
    #[arg(long, value_name = "FILE", requires = "backup")]
    pub(super) key: Option<PathBuf>,
    /// The key is on the device already: its number there.
    #[arg(long, value_name = "N")]
    pub(super) imported: Option<KeyNumber>,
    /// Where the backup of the key goes; the file must not exist.
    #[arg(long, value_name = "FILE")]
    pub(super) to: Option<PathBuf>,
    /// Make no backup: with the device, or its app, the key is gone.
    #[arg(long)]
    pub(super) no_backup: bool,
    /// horcrux: how many cosigners it takes to sign.
    #[arg(long, value_name = "N")]
    pub(super) threshold: Option<usize>,
    /// Take the last place itself as the mark, and not the precommit of its round.
    #[arg(long)]
    pub(super) exact: bool,
    /// The key never signed for the chain, whose id is typed here once more.
    #[arg(long, value_name = "ID", conflicts_with = "exact")]
    pub(super) never_signed: Option<String>,
    /// --from nothing: the RPC of a node of the chain, as http://127.0.0.1:26657.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) rpc: Option<OldNode>,
    /// The place that the mark is below, repeated from the refusal: what was signed up to there is given up.
    #[arg(long, value_name = "H/R/STEP", value_parser = below_signed)]
    pub(super) below_signed: Option<Hrs>,
    /// Retire the old signer's files once the device has answered.
    #[arg(long)]
    pub(super) retire: bool,
}

/// A signer that a validator comes from, or none.
#[derive(Debug, Clone, Copy)]
pub(super) enum Former {
    /// This one.
    Signer(Source),
    /// One that left no state.
    Nothing,
}

impl FromStr for Former {
    type Err = NotASource;

    fn from_str(name: &str) -> Result<Self, NotASource> {
        if name == "nothing" { Ok(Self::Nothing) } else { name.parse().map(Self::Signer) }
    }
}

/// A key of the device; never a bare number, because the two kinds differ.
#[derive(Debug, Clone, Copy, ClapArgs)]
#[group(required = true, multiple = false)]
pub struct KeyArgs {
    /// A key of the seed: 44'/118'/0'/0'/N'.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..i64::from(SECRET_INDEX)))]
    pub(super) key_index: Option<u32>,
    /// An imported key, by its number on the device's screen.
    #[arg(long, value_name = "N")]
    pub(super) imported: Option<KeyNumber>,
}

impl KeyArgs {
    /// As a chain names its key.
    pub(super) fn index(self) -> u32 {
        // The group demands exactly one of them.
        self.imported.map(KeyNumber::index).or(self.key_index).unwrap_or_default()
    }
}

/// A mark; never a bare height, because the two meanings differ by a double sign.
#[derive(Debug, Clone, Copy, ClapArgs)]
#[group(required = true, multiple = false)]
pub struct MarkArgs {
    /// The first height to sign: everything below it counts as signed.
    #[arg(long, value_name = "H", value_parser = next_height)]
    next_height: Option<Hrs>,
    /// The last place signed: height, round, and proposal, prevote or precommit.
    #[arg(long, value_name = "H/R/STEP", value_parser = last_signed)]
    last_signed: Option<Hrs>,
}

impl MarkArgs {
    pub(super) fn to_hrs(self) -> Hrs {
        // The group demands exactly one of them.
        self.next_height.or(self.last_signed).unwrap_or_default()
    }
}

/// Nothing of height H is signed: the mark is H/0/none.
fn next_height(text: &str) -> Result<Hrs, String> {
    let height = text.parse().map_err(|_| format!("{text:?} is not a height"))?;
    match Hrs::new(height, 0, Step::None) {
        Some(hrs) if height > 0 => Ok(hrs),
        _ => Err("a height is 1 to 2^63-1".to_owned()),
    }
}

/// Any place: a mark that nothing was signed at may be named too.
fn below_signed(text: &str) -> Result<Hrs, String> {
    text.parse::<HrsText>().map(|HrsText(hrs)| hrs).map_err(|error| error.to_string())
}

fn last_signed(text: &str) -> Result<Hrs, String> {
    match text.parse::<HrsText>() {
        Ok(HrsText(hrs)) if hrs.height.value() > 0 && hrs.step != Step::None => Ok(hrs),
        Ok(_) => {
            Err("a place that was signed has a height of at least 1, and proposal, prevote or precommit"
                .to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_ways_to_name_a_mark_differ() {
        assert_eq!(next_height("7").unwrap().to_string(), "7/0/none");
        assert_eq!(last_signed("7/2/prevote").unwrap().to_string(), "7/2/prevote");
        for bad in ["", "7", "7/0", "7/0/none", "7/0/commit", "0/0/prevote", "7/-1/prevote", "7/0/prevote/1"]
        {
            assert!(last_signed(bad).is_err(), "{bad}");
        }
        assert!(next_height("0").is_err() && next_height("9223372036854775808").is_err());
    }

    #[test]
    fn a_mark_is_named_exactly_once() {
        let parse =
            |rest: &str| Args::try_parse_from(format!("highwater mark set alpha {rest}").split_whitespace());
        assert!(parse("").is_err());
        assert!(parse("--next-height 4 --last-signed 3/0/precommit").is_err());
        assert!(parse("--next-height 4").is_ok());
    }
}
