//! What can go wrong between this process and the signer.

use std::io;
use std::mem::{Discriminant, discriminant};

use super::Absence;

use crate::log::Kind;

/// What a fault is told apart by.
pub(super) type Sort = (Discriminant<Fault>, Option<Discriminant<Absence>>, Kind);

/// The cable failed. The transport is closed and opened anew before anything else is asked.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// Nothing to open.
    #[error("no device: {0}")]
    Absent(#[from] Absence),
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
    /// The signer in this process cannot be opened, or stopped.
    #[error("{0}")]
    Hosted(#[from] highwater_hosted::Fault),
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
    Absent(Absence),
    /// The device file may not be opened.
    #[error("no permission: {0}")]
    Permission(String),
    /// Another process holds the device.
    #[error("in use: {0}")]
    InUse(String),
    /// The signer in this process cannot be opened, or stopped.
    #[error("{0}")]
    Hosted(highwater_hosted::Fault),
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

impl Fault {
    /// Somebody else has it open.
    pub(crate) fn is_in_use(&self) -> bool {
        matches!(self, Self::InUse(_) | Self::Hosted(highwater_hosted::Fault::InUse(_)))
    }

    /// Faults of one kind are said once while they last. Why there is no device is a kind of its own each.
    pub(super) fn sort(&self) -> Sort {
        let absence = match self {
            Self::Absent(absence) => Some(discriminant(absence)),
            _ => None,
        };
        (discriminant(self), absence, self.kind())
    }

    /// The word by which a log event of this fault is known.
    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::Absent(_) => Kind::DeviceAbsent,
            Self::Permission(_) => Kind::DevicePermission,
            Self::InUse(_) => Kind::DeviceInUse,
            Self::Silent(_) => Kind::DeviceSilent,
            Self::Locked => Kind::DeviceLocked,
            Self::OtherApp(_) => Kind::DeviceOtherApp,
            Self::Protocol { .. } => Kind::DeviceProtocol,
            Self::Malformed(_) => Kind::DeviceMalformed,
            Self::WrongReply => Kind::DeviceWrongReply,
            Self::OtherInstallation { .. } => Kind::DeviceOtherInstallation,
            Self::Hosted(highwater_hosted::Fault::Keys(highwater_hosted::KeyFault::Elsewhere(_))) => {
                Kind::DeviceSignedElsewhere
            }
            Self::Hosted(_) => Kind::DeviceHosted,
            Self::NoExtensions(_) => Kind::DeviceOldApp,
            Self::Ending => Kind::DeviceEnding,
        }
    }

    /// What the rules of a chain care about.
    pub(crate) const fn to_guard(&self) -> highwater_guard::NoReply {
        use highwater_guard::NoReply;
        match self {
            // Of a device in this process there is nothing to replug: its fault says what to do.
            Self::Absent(_)
            | Self::Permission(_)
            | Self::InUse(_)
            | Self::OtherInstallation { .. }
            | Self::Hosted(_) => NoReply::Away,
            Self::Silent(_) => NoReply::Silent,
            Self::Locked => NoReply::Locked,
            Self::OtherApp(_) | Self::Protocol { .. } | Self::NoExtensions(_) => NoReply::OtherApp,
            Self::Malformed(_) | Self::WrongReply => NoReply::Malformed,
            Self::Ending => NoReply::Ending,
        }
    }
}

impl From<TransportError> for Fault {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Absent(absence) => Self::Absent(absence),
            TransportError::Permission(text) => Self::Permission(text),
            TransportError::InUse(text) => Self::InUse(text),
            TransportError::Hosted(fault) => Self::Hosted(fault),
            TransportError::Io(error) => Self::Silent(error.to_string()),
            error @ (TransportError::Deadline | TransportError::Framing(_)) => {
                Self::Silent(error.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "Replug it" is no cure for an HSM or a disk.
    #[test]
    fn a_device_in_this_process_that_fails_is_away() {
        let faults = [
            highwater_hosted::KeyFault::Absent("no answer".to_owned()).into(),
            highwater_hosted::Fault::InUse("marks".into()),
        ];
        for fault in faults {
            assert_eq!(Fault::Hosted(fault).to_guard(), highwater_guard::NoReply::Away);
        }
    }

    #[test]
    fn another_reason_why_there_is_no_device_is_another_kind() {
        let absent = |absence| Fault::Absent(absence).sort();
        assert_ne!(absent(Absence::NoLedger), absent(Absence::Unusable(Vec::new())));
        assert_eq!(absent(Absence::Usb("one".to_owned())), absent(Absence::Usb("two".to_owned())));
        assert_ne!(absent(Absence::NoLedger), Fault::Locked.sort());
    }
}
