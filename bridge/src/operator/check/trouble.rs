//! Every trouble that `check` and `doctor` know. `advice::trouble` has cause and cure of each.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::SystemTime;

use highwater_core::hrs::Hrs;
use highwater_guard::Stopped;

use crate::config::ConfigError;
use crate::device::{Fault, LockError, LockFile, SlotNumber, SlotState, Standing};
use crate::failure::Exit;
use crate::log::SettingError;
use crate::node::{Address, DialError, IdentityError};
use crate::operator::Here;
use crate::rpc::RpcError;
use crate::state_dir::StateDirError;
use crate::store::{ChainFileError, PinsError};

/// A device file of a Ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeviceFile {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Whose it is, and of which group.
    pub(crate) owner: u32,
    /// Its group.
    pub(crate) group: u32,
    /// Its permission bits.
    pub(crate) mode: u32,
}

/// A process that has a file open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Its number.
    pub(crate) process: u32,
    /// The name of its program.
    pub(crate) name: String,
}

/// What is wrong, or may be.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The configuration cannot be read, or not be used.
    Config(ConfigError),
    /// A variable of the log has a value that is not known.
    Log(SettingError),
    /// The state directory cannot be used.
    StateDir(StateDirError),
    /// The state was carried to another host.
    Exported { mark: PathBuf, said: String },
    /// Whether it was cannot be read.
    ExportUnread(PathBuf, io::Error),
    /// The pins cannot be read.
    Pins(PinsError),
    /// No chain is in the config.
    NoChain,
    /// A chain was never added.
    NotPinned { chain: String, here: Here },
    /// A chain was added, and its pin is lost.
    PinLost(String),
    /// A state file cannot be used.
    ChainFile(ChainFileError),
    /// A chain is stopped.
    Stopped { chain: String, stopped: Stopped },
    /// The key of the links cannot be used.
    Identity(IdentityError),
    /// Nothing more is signed, by the config.
    BeyondStop { chain: String, stop: u64, highest: Hrs },
    /// A chain without nodes.
    NoNode(String),
    /// A node that cannot be reached, or must not be.
    Node { chain: String, address: Address, error: DialError },
    /// Nothing comes from a node's machine, and this host has a network; the only node of its chain.
    LinkCut { text: String, only: bool },
    /// This host has no network, and a node needs one.
    NoNetwork,
    /// What the chain has is not known.
    Rpc { chain: String, error: RpcError },
    /// The chain does not know the validator.
    NotInSet { chain: String, height: u64, address: String },
    /// The metrics' address cannot be had.
    Metrics(SocketAddr, io::Error),
    /// The clock shows a time before something that was written.
    Clock { now: SystemTime, path: PathBuf, written: SystemTime },
    /// This user may not open the device.
    DeviceFile(DeviceFile),
    /// Other programs have the device open too.
    Shared { path: PathBuf, by: Vec<Holder> },
    /// A Highwater that is no daemon of this state directory holds the device.
    Held(PathBuf),
    /// The device cannot be locked, so it was not asked.
    Lock(LockFile, LockError),
    /// The daemon cannot be reached, or does not answer.
    Daemon(String),
    /// Lines of the daemon's log are lost.
    LogLost(u64),
    /// The device gives no answer.
    Device { device: Option<String>, fault: Fault },
    /// The device answers, and is not sound.
    Unsound { device: Option<String>, standing: Standing },
    /// A chain is pinned to another installation than the one that is plugged in.
    OtherInstallation { chain: String, found: [u8; 16], pinned: [u8; 16] },
    /// A chain is not on the device.
    NotOnDevice { chain: String, known: Vec<String> },
    /// A chain is not on the device, and a slot without a name may be its.
    Damaged { chain: String, slot: SlotNumber },
    /// A chain's slot does not sign.
    Slot { chain: String, state: SlotState },
    /// The host knows of a higher place than the device.
    Ahead { chain: String, requested: Hrs, mark: Hrs },
    /// The daemon says that a chain does not sign.
    NotSigning(String),
    /// The daemon says that another signer runs with a chain's key.
    SignedElsewhere(String),
    /// The daemon says that a chain needs a person.
    Warning(String),
}

impl Trouble {
    /// One word that stays, for programs.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Config(ConfigError::Io(_)) => "config.unreadable",
            Self::Config(ConfigError::Content(_)) => "config.wrong",
            Self::Log(_) => "log.setting",
            Self::StateDir(_) => "state_dir",
            Self::Exported { .. } | Self::ExportUnread(..) => "state_dir.exported",
            Self::Pins(_) => "pins",
            Self::NoChain => "config.no_chain",
            Self::NotPinned { .. } => "pins.not_pinned",
            Self::PinLost(_) => "pins.lost",
            Self::ChainFile(_) => "state_file",
            Self::Stopped { .. } => "chain.stopped",
            Self::Identity(_) => "identity",
            Self::BeyondStop { .. } => "chain.beyond_stop",
            Self::NoNode(_) => "config.no_node",
            Self::Node { .. } => "node",
            Self::LinkCut { .. } => "node.link",
            Self::NoNetwork => "network",
            Self::Rpc { .. } => "rpc",
            Self::NotInSet { .. } => "rpc.not_in_set",
            Self::Metrics(..) => "metrics",
            Self::Clock { .. } => "clock",
            Self::DeviceFile(_) => "device.permission",
            Self::Shared { .. } => "device.shared",
            Self::Held(_) | Self::Lock(_, LockError::Held(_)) => "device.held",
            Self::Lock(..) => "device.lock",
            Self::Daemon(_) => "daemon",
            Self::LogLost(_) => "log.lost",
            Self::Device { fault, .. } => fault.kind().word(),
            Self::Unsound { .. } => "device.unsound",
            Self::OtherInstallation { .. } => "device.other_installation",
            Self::NotOnDevice { .. } => "chain.not_on_device",
            Self::Slot { .. } | Self::Damaged { .. } => "chain.slot",
            Self::Ahead { .. } => "state_file.ahead",
            Self::NotSigning(_) => "chain.not_signing",
            Self::SignedElsewhere(_) => "chain.signed_elsewhere",
            Self::Warning(_) => "chain.warning",
        }
    }

    /// How the daemon would end, or what a command would end with; `None`: it signs, or may sign, all the same.
    pub(crate) fn exit(&self) -> Option<Exit> {
        match self {
            Self::Config(ConfigError::Io(_)) | Self::Pins(PinsError::Io(..)) => Some(Exit::Io),
            Self::ChainFile(ChainFileError::Io(..)) | Self::Identity(IdentityError::Io(_)) => Some(Exit::Io),
            Self::Config(ConfigError::Content(_)) | Self::Log(_) | Self::NoChain => Some(Exit::Usage),
            Self::NotPinned { .. } | Self::PinLost(_) | Self::Exported { .. } => Some(Exit::Usage),
            // A planned halt is at the height; below it nobody planned one.
            Self::BeyondStop { stop, highest, .. } if highest.height.value() > *stop => Some(Exit::Usage),
            Self::StateDir(error) if error.is_io() => Some(Exit::Io),
            Self::Lock(_, LockError::Io(..)) | Self::ExportUnread(..) => Some(Exit::Io),
            Self::StateDir(_) => Some(Exit::Permission),
            Self::Pins(_) | Self::ChainFile(_) | Self::Identity(_) => Some(Exit::Content),
            Self::Stopped { .. }
            | Self::DeviceFile(_)
            | Self::Held(_)
            | Self::Lock(..)
            | Self::Daemon(_)
            | Self::Device { .. }
            | Self::Unsound { .. }
            | Self::OtherInstallation { .. }
            | Self::NotOnDevice { .. }
            | Self::Slot { .. }
            | Self::Damaged { .. }
            | Self::Ahead { .. }
            | Self::LinkCut { only: true, .. }
            | Self::NoNetwork
            | Self::SignedElsewhere(_)
            | Self::NotSigning(_) => Some(Exit::Unavailable),
            Self::BeyondStop { .. }
            | Self::NoNode(_)
            | Self::Node { .. }
            | Self::Rpc { .. }
            | Self::NotInSet { .. }
            | Self::Metrics(..)
            | Self::Clock { .. }
            | Self::Shared { .. }
            | Self::LogLost(_)
            | Self::LinkCut { only: false, .. }
            | Self::Warning(_) => None,
        }
    }
}
