//! How the device is, in one word that an alert can match.

use std::time::Instant;

use highwater_hosted::{Fault as HostedFault, KeyFault};
use serde::{Deserialize, Serialize};

use crate::device::{Fault, Seen, Standing};

/// How the device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// It answers.
    Ready,
    /// It answers, and signs nothing: another seed, or its memory failed.
    Unsound,
    /// It is being opened.
    Opening,
    /// No look at it came to an end: the cable hangs.
    Hanging,
    /// No device is there.
    Absent,
    /// The device file may not be opened.
    Permission,
    /// Another process holds it.
    InUse,
    /// The signer in this process cannot be opened, or stopped.
    Hosted,
    /// The log of its keys' store shows a signature that was not made here: DOUBLE-SIGN RISK, it signs nothing more.
    SignedElsewhere,
    /// It did not answer.
    Silent,
    /// It is locked.
    Locked,
    /// Another app is open on it.
    OtherApp,
    /// App and bridge are of versions that do not belong together.
    OtherVersion,
    /// Its replies do not fit what it was asked.
    Malformed,
    /// The bridge ends.
    Ending,
}

impl DeviceState {
    /// All of them.
    pub(super) const ALL: [Self; 15] = [
        Self::Ready,
        Self::Unsound,
        Self::Opening,
        Self::Hanging,
        Self::Absent,
        Self::Permission,
        Self::InUse,
        Self::Hosted,
        Self::SignedElsewhere,
        Self::Silent,
        Self::Locked,
        Self::OtherApp,
        Self::OtherVersion,
        Self::Malformed,
        Self::Ending,
    ];

    /// By what was seen of it.
    pub(super) fn of(seen: &Seen, now: Instant) -> Self {
        if seen.overdue(now).is_some() {
            return Self::Hanging;
        }
        match (&seen.session, &seen.fault) {
            (Some(session), _) if session.standing == Standing::Sound => Self::Ready,
            (Some(_), _) => Self::Unsound,
            (None, None) => Self::Opening,
            (None, Some(fault)) => match fault {
                Fault::Absent(_) => Self::Absent,
                Fault::Permission(_) => Self::Permission,
                Fault::InUse(_) => Self::InUse,
                Fault::Hosted(HostedFault::Keys(KeyFault::Elsewhere(_))) => Self::SignedElsewhere,
                Fault::Hosted(_) => Self::Hosted,
                Fault::Silent(_) => Self::Silent,
                Fault::Locked => Self::Locked,
                Fault::OtherApp(_) => Self::OtherApp,
                Fault::Protocol { .. } | Fault::NoExtensions(_) => Self::OtherVersion,
                Fault::Malformed(_) | Fault::WrongReply | Fault::OtherInstallation { .. } => Self::Malformed,
                Fault::Ending => Self::Ending,
            },
        }
    }

    /// As the metrics have it.
    pub(super) fn word(self) -> String {
        match self {
            Self::Ready => "ready",
            Self::Unsound => "unsound",
            Self::Opening => "opening",
            Self::Hanging => "hanging",
            Self::Absent => "absent",
            Self::Permission => "permission",
            Self::InUse => "in_use",
            Self::Hosted => "hosted",
            Self::SignedElsewhere => "signed_elsewhere",
            Self::Silent => "silent",
            Self::Locked => "locked",
            Self::OtherApp => "other_app",
            Self::OtherVersion => "other_version",
            Self::Malformed => "malformed",
            Self::Ending => "ending",
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::SlotState;

    /// Dashboards and scripts join them.
    #[test]
    fn metrics_and_json_have_the_same_words() {
        for state in DeviceState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.word());
        }
        for state in SlotState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.word());
        }
    }
}
