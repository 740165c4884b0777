//! What can go wrong between this process and the signer.

use std::io;

/// The cable failed. The transport is closed and opened anew before anything else is asked.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// Nothing to open.
    #[error("no device: {0}")]
    Absent(String),
    /// It may not be opened.
    #[error("no permission: {0}")]
    Permission(String),
    /// Another process holds it.
    #[error("in use: {0}")]
    InUse(String),
    /// No reply before the deadline.
    #[error("no reply in time")]
    Deadline,
    /// A reply that breaks the framing.
    #[error("broken framing: {0}")]
    Framing(&'static str),
    /// The system's error while reading or writing.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Why a request got no reply from the signer. All are undecided but [`Fault::OtherInstallation`] and
/// [`Fault::WrongReply`], which comes only after a second try.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The device is not there.
    #[error("no device: {0}")]
    Absent(String),
    /// The device file may not be opened.
    #[error("no permission: {0}")]
    Permission(String),
    /// Another process holds the device.
    #[error("in use: {0}")]
    InUse(String),
    /// It was there and did not answer.
    #[error("no reply: {0}")]
    Silent(String),
    /// It is locked.
    #[error("locked")]
    Locked,
    /// Another app is open.
    #[error("app {0:?} is open")]
    OtherApp(String),
    /// The app speaks a protocol this bridge does not.
    #[error("protocol {min} to {current}")]
    Protocol {
        /// The oldest it speaks.
        min: u8,
        /// The newest it speaks.
        current: u8,
    },
    /// The app, of this version, signs no vote extensions: it is older than this bridge.
    #[error("app {}.{}.{} signs no vote extensions", .0[0], .0[1], .0[2])]
    NoExtensions([u8; 3]),
    /// A reply that does not have the form of its command's.
    #[error("malformed reply to {0}")]
    Malformed(&'static str),
    /// A reply that cannot be the one to what was asked, such as a signature that does not verify.
    #[error("a reply to something else")]
    WrongReply,
    /// Another installation of the app than the one pinned. Nothing was asked of it.
    #[error("installation {}, not {}", hex::encode(found), hex::encode(pinned))]
    OtherInstallation {
        /// What is plugged in.
        found: [u8; 16],
        /// What was pinned.
        pinned: [u8; 16],
    },
    /// This process is ending.
    #[error("shutting down")]
    Ending,
}

impl From<TransportError> for Fault {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Absent(text) => Self::Absent(text),
            TransportError::Permission(text) => Self::Permission(text),
            TransportError::InUse(text) => Self::InUse(text),
            TransportError::Io(error) => Self::Silent(error.to_string()),
            error @ (TransportError::Deadline | TransportError::Framing(_)) => {
                Self::Silent(error.to_string())
            }
        }
    }
}
