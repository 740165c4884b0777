//! How long nothing is known: silence first, errors after a while.
//!
//! A node that gets no reply asks again with the same bytes; one that gets an error never does (CometBFT
//! `privval/retry_signer_client.go`). But its consensus routine waits meanwhile, so a long absence ends in errors, where
//! the chain does not say that it waits.

use std::time::Duration;

use crate::moment::Moment;

/// How long nodes get silence before errors, from the first unanswered request of an absence.
pub(crate) const BEFORE_ERRORS: Duration = Duration::from_secs(20);

/// Requests are not decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Absence {
    /// When the first of them came.
    since: Moment,
    /// When the last one was given up.
    last: Moment,
}

impl Absence {
    /// A request that came at `started` is given up: of this absence, or the first of another.
    pub(crate) fn unanswered(
        before: Option<Self>,
        started: Moment,
        answered: Option<Moment>,
        now: Moment,
    ) -> Self {
        let before = before.filter(|absence| !absence.is_over(answered, now));
        Self { since: before.map_or(started, |absence| absence.since), last: now }
    }

    /// Whether the device, which said who it is at `answered`, was back and no request missed it for long. One that says
    /// who it is and then fails each request, as they come, is no device that is back.
    fn is_over(&self, answered: Option<Moment>, now: Moment) -> bool {
        now.since(self.last) >= BEFORE_ERRORS && answered.is_some_and(|answered| answered > self.last)
    }

    pub(crate) fn moments(self) -> [Moment; 2] {
        [self.since, self.last]
    }

    /// How long it lasts, if it is not over.
    pub(crate) fn lasts(&self, answered: Option<Moment>, now: Moment) -> Option<Duration> {
        (!self.is_over(answered, now)).then(|| now.since(self.since))
    }
}
