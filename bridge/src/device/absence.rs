//! Why there is no device to open.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::Fault;

/// Why there is no device to open. `advice` has cause and cure of each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Absence {
    /// The link was just given up.
    #[error("closed")]
    Closed,
    /// The system does not tell what is on USB, or not open what it told of.
    #[error("USB: {0}")]
    Usb(String),
    /// Nothing of Ledger's is plugged in.
    #[error("no Ledger on USB")]
    NoLedger,
    /// What is plugged in cannot run the app, or does not run it now.
    #[error("no usable Ledger on USB")]
    Unusable(Vec<Plugged>),
    /// None of the Ledgers is the one of the config.
    #[error("no Ledger that matches the config")]
    Unmatched {
        /// What the config wants.
        wanted: Wanted,
        /// What could be used.
        plugged: Vec<Plugged>,
    },
    /// Several match, and none of them is pinned.
    #[error("several Ledgers, none of them pinned")]
    NonePinned {
        /// Whether any installation is pinned.
        pinned: bool,
        /// What each of them answered.
        answers: Vec<(Plugged, Answer)>,
    },
    /// Nothing answers at the emulator's address.
    #[error("no emulator at {address}: {error}")]
    Emulator {
        /// Of the config.
        address: SocketAddr,
        /// The system's word.
        error: String,
    },
    /// The memory of a device in this process is not there, and one stands beside it that belongs to no device of the config.
    #[error("{} belongs to no device, and {} is not there", .found.display(), .wanted.display())]
    Renamed {
        /// What stands there.
        found: PathBuf,
        /// The memory that this device would have.
        wanted: PathBuf,
    },
    /// A file of the simulated device cannot be opened.
    #[error("{}: {error}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: FileError,
    },
}

/// A Ledger on USB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugged {
    /// The model.
    pub model: Model,
    /// What it shows itself as.
    pub shows: Shows,
    /// Its device file.
    pub path: PathBuf,
    /// Its USB serial number. Those of many Nano S are all alike.
    pub serial: Option<String>,
}

/// A model of Ledger's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// Ledger Blue.
    Blue,
    /// Ledger Nano S.
    NanoS,
    /// Ledger Nano X.
    NanoX,
    /// Ledger Nano S Plus.
    NanoSPlus,
    /// Ledger Stax.
    Stax,
    /// Ledger Flex.
    Flex,
    /// Ledger Nano Gen5.
    NanoGen5,
    /// None known here.
    Unknown(u16),
}

/// What a Ledger shows itself as, by its interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// It takes APDUs over HID.
    Apdu,
    /// It does not.
    NoApdu,
    /// The product id of a bootloader, and of apps from before 2019.
    Old,
}

/// What the config wants of a Ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// `serial` of the config.
    pub serial: Option<String>,
    /// `path` of the config.
    pub path: Option<PathBuf>,
}

/// What one of several Ledgers said when it was asked who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Its installation of Highwater.
    Installation([u8; 16]),
    /// It could not be asked, or is not Highwater.
    Fault(Box<Fault>),
}

/// An error of the system that can be compared and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileError {
    os: Option<i32>,
    text: String,
}

impl From<&io::Error> for FileError {
    fn from(error: &io::Error) -> Self {
        Self { os: error.raw_os_error(), text: error.to_string() }
    }
}

impl From<&FileError> for io::Error {
    fn from(error: &FileError) -> Self {
        error.os.map_or_else(|| Self::other(error.text.clone()), Self::from_raw_os_error)
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Model {
    /// Of a product id: its high byte is the model, or its low byte where the high one is 0 (Ledger's numbering).
    pub(super) fn of(product: u16) -> Self {
        match product.to_be_bytes() {
            [0x10, _] | [0, 0x01] => Self::NanoS,
            [0x40, _] | [0, 0x04] => Self::NanoX,
            [0x50, _] | [0, 0x05] => Self::NanoSPlus,
            [0x60, _] | [0, 0x06] => Self::Stax,
            [0x70, _] | [0, 0x07] => Self::Flex,
            [0x80, _] | [0, 0x08] => Self::NanoGen5,
            [0, 0] => Self::Blue,
            _ => Self::Unknown(product),
        }
    }

    /// Whether an image of Highwater may be on it.
    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Self::NanoS | Self::NanoSPlus)
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Blue => "Ledger Blue",
            Self::NanoS => "Nano S",
            Self::NanoX => "Nano X",
            Self::NanoSPlus => "Nano S Plus",
            Self::Stax => "Ledger Stax",
            Self::Flex => "Ledger Flex",
            Self::NanoGen5 => "Nano Gen5",
            Self::Unknown(product) => return write!(f, "Ledger of product id {product:04x}"),
        };
        f.write_str(name)
    }
}

impl fmt::Display for Plugged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.model, self.path.display())?;
        match &self.serial {
            Some(serial) if !serial.is_empty() => write!(f, " with serial {serial:?}"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.serial, &self.path) {
            (Some(serial), Some(path)) => write!(f, "serial = {serial:?} and path = {path:?}"),
            (Some(serial), None) => write!(f, "serial = {serial:?}"),
            (None, Some(path)) => write!(f, "path = {path:?}"),
            (None, None) => f.write_str("any Ledger"),
        }
    }
}
