//! What a chain refused of late, by reason: as many rows as there are reasons, so that nothing that comes often pushes out
//! what came once.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use highwater_core::hrs::Hrs;

/// A reason, and when it came last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The word by which the metrics count it.
    pub reason: String,
    /// How often since the start.
    pub times: u64,
    /// The last place that was asked for; none of what is no request to sign for this chain.
    pub asked: Option<Hrs>,
    /// The node that asked last.
    pub node: Arc<str>,
    /// What it was told: cause and cure.
    pub text: String,
    /// When, by a clock that nobody sets.
    pub at: Instant,
    /// When, by the clock of this machine.
    pub clock: SystemTime,
}

/// The reasons, the newest first.
#[derive(Debug, Default)]
pub(super) struct OfLate(Vec<Refused>);

impl OfLate {
    pub(super) fn add(&mut self, reason: String, asked: Option<Hrs>, node: Arc<str>, text: String) {
        let known = self.0.iter().position(|known| known.reason == reason);
        let times = known.map_or(0, |known| self.0.remove(known).times) + 1;
        let (at, clock) = (Instant::now(), SystemTime::now());
        self.0.insert(0, Refused { reason, times, asked, node, text, at, clock });
    }

    pub(super) fn all(&self) -> Vec<Refused> {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_often_is_counted_and_pushes_nothing_out() {
        let mut late = OfLate::default();
        late.add("conflict".to_owned(), Some(Hrs::default()), "unix:///a".into(), "one".to_owned());
        for number in 0..1_000 {
            late.add("owned".to_owned(), None, "unix:///b".into(), number.to_string());
        }
        let all = late.all();
        let found: Vec<_> = all.iter().map(|one| (&*one.reason, one.times, &*one.text)).collect();
        assert_eq!(found, [("owned", 1_000, "999"), ("conflict", 1, "one")]);
        late.add("conflict".to_owned(), None, "unix:///a".into(), "two".to_owned());
        assert_eq!((late.all()[0].reason.as_str(), late.all()[0].times), ("conflict", 2));
    }
}
