//! Errors and silence: counted, told, and not told too often.

use std::time::Instant;

use highwater_core::apdu::Status;
use highwater_core::hrs::Hrs;

use super::Inner;
use crate::advice;
use crate::node::Outcome;

impl Inner {
    /// By a rule of the signer.
    pub(super) fn refuse(&self, asked: Hrs, status: Status, mark: Option<Hrs>) -> Outcome {
        self.refused(asked, advice::refused(&self.chain, asked, status, mark))
    }

    /// In these words.
    pub(super) fn refused(&self, asked: Hrs, text: String) -> Outcome {
        self.counters.refused(&self.chain);
        let place = asked.to_string();
        let named = if text.contains(&place) { text.clone() } else { format!("{place}: {text}") };
        let mut state = self.state();
        state.last_refusal = Some(named);
        let due = state.refusals.due(&text, Instant::now());
        drop(state);
        if let Some(held) = due {
            let repeated = (held > 0).then_some(held);
            tracing::error!(chain = %self.chain, hrs = %asked, reason = %text, repeated, "refused");
        }
        Outcome::Refused(text)
    }

    /// Nothing is known yet.
    pub(super) fn silent(&self) -> Outcome {
        self.counters.silent(&self.chain);
        Outcome::Silent
    }
}
