//! The owner's finger.

use highwater_core::signer::Prompt;

/// What the owner does when a prompt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Nobody is there.
    Away,
    /// Approves whatever is shown. For tests and the demo only.
    Approves,
    /// Refuses whatever is shown.
    Refuses,
}

impl Owner {
    /// The press, if there is one.
    pub fn press(self, _prompt: &Prompt) -> Option<bool> {
        match self {
            Self::Away => None,
            Self::Approves => Some(true),
            Self::Refuses => Some(false),
        }
    }
}
