//! What may be typed.

mod firmware;
mod moving;
mod yubihsm;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use highwater_core::hrs::Hrs;
use highwater_moving::Source;

use crate::device::{KeyNumber, SlotNumber};
use crate::state_dir::Purpose;
use crate::typed::{address, below_signed, key_index, last_signed, next_height};
pub(super) use firmware::{FirmwareVerb, ImageArgs};
pub(super) use moving::{Former, KeyArgs, KeyVerb, MigrateArgs, OldArgs};
#[cfg(feature = "yubihsm")]
pub(super) use yubihsm::AdminArgs;
pub(super) use yubihsm::YubiHsmVerb;

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
    /// Go from nothing to a chain that signs, question by question: device, chain, first mark, configuration. Run again, it
    /// goes on where it was cut, and changes nothing that is done.
    Setup(SetupArgs),
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
    /// Show what the device and the daemon refused of late.
    Events {
        /// How.
        #[command(flatten)]
        form: Form,
        /// On which.
        #[command(flatten)]
        on: On,
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
        /// On which.
        #[command(flatten)]
        on: On,
    },
    /// The app's image. Needs no daemon, no state directory and no configuration.
    Firmware {
        /// What of it.
        #[command(subcommand)]
        verb: FirmwareVerb,
        /// Where a device is played, beside any configuration. For tests.
        #[arg(long, hide = true, global = true, env = "HIGHWATER_EMULATOR", value_parser = address)]
        emulator: Option<SocketAddr>,
    },
    /// The approved chains.
    Chain {
        /// What of them.
        #[command(subcommand)]
        verb: ChainVerb,
        /// On which.
        #[command(flatten)]
        on: On,
    },
    /// Keys that were made elsewhere. Needs no daemon, no state directory and no configuration.
    Key {
        /// What of them.
        #[command(subcommand)]
        verb: KeyVerb,
        /// On which.
        #[command(flatten)]
        on: On,
        /// The emulator's port, beside any configuration. For tests.
        #[arg(long, hide = true, global = true, env = "HIGHWATER_EMULATOR", value_parser = address)]
        emulator: Option<SocketAddr>,
    },
    /// A YubiHSM2: made ready for this signer.
    #[command(name = "yubihsm")]
    YubiHsm {
        /// What of it.
        #[command(subcommand)]
        verb: YubiHsmVerb,
    },
    /// Take a validator over from another signer: read its state, put its key on the device, and add its chain with the
    /// mark of what it signed last. The old signer must be stopped.
    #[command(
        group = clap::ArgGroup::new("which key").required(true).multiple(false).args(["key", "imported", "key_index"]),
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
        /// On which.
        #[command(flatten)]
        on: On,
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

/// How a chain is set up.
#[derive(Debug, ClapArgs)]
pub struct SetupArgs {
    /// Answers in TOML, for scripts; what the file does not answer is asked at the terminal. docs/setup.md has its keys.
    #[arg(long, value_name = "FILE")]
    pub(super) yes_to: Option<PathBuf>,
    /// How.
    #[command(flatten)]
    pub(super) form: Form,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub struct Form {
    /// As JSON, for programs; docs/json.md has its fields.
    #[arg(long)]
    pub json: bool,
}

/// On which device.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct On {
    /// The device by its name in the configuration. Needed where there are several and the chain does not tell.
    #[arg(long, value_name = "NAME", global = true)]
    pub device: Option<String>,
}

impl On {
    pub(super) fn name(&self) -> Option<&str> {
        self.device.as_deref()
    }
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
            | Self::Setup(_)
            | Self::State { .. }
            | Self::Events { .. }
            | Self::Device { .. }
            | Self::Chain { .. }
            | Self::Firmware { .. }
            | Self::Key { .. }
            | Self::Migrate { .. }
            | Self::YubiHsm { .. }
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
        #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = key_index)]
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

/// A mark; never a bare height, because the two meanings differ by a double sign.
#[derive(Debug, Clone, Copy, ClapArgs)]
#[group(required = true, multiple = false)]
pub struct MarkArgs {
    /// The first height to sign: everything below it counts as signed.
    #[arg(long, value_name = "H", allow_negative_numbers = true, value_parser = next_height)]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_named_exactly_once() {
        let parse =
            |rest: &str| Args::try_parse_from(format!("highwater mark set alpha {rest}").split_whitespace());
        assert!(parse("").is_err());
        assert!(parse("--next-height 4 --last-signed 3/0/precommit").is_err());
        assert!(parse("--next-height 4").is_ok());
    }
}
