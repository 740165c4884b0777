//! One line per fault, not one per retry.

use std::time::Duration;

use tokio::time::Instant;

/// The same fault is said again after this long, so that a log shows what still stands.
const AGAIN: Duration = Duration::from_secs(60);

/// What was said last, and when.
#[derive(Debug, Default)]
pub(super) struct Complaint {
    last: Option<(String, Instant)>,
}

impl Complaint {
    /// Whether this fault is to be said now: it is another than the last, or that was a minute ago.
    pub(super) fn is_due(&mut self, text: &str) -> bool {
        let due = self.last.as_ref().is_none_or(|(last, at)| last != text || at.elapsed() >= AGAIN);
        if due {
            self.last = Some((text.to_owned(), Instant::now()));
        }
        due
    }

    /// All is well: the next fault is said whatever it is.
    pub(super) fn settled(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_same_fault_is_said_once_a_minute() {
        let mut complaint = Complaint::default();
        assert!(complaint.is_due("no such file"));
        assert!(!complaint.is_due("no such file"));
        assert!(complaint.is_due("refused"));
        tokio::time::advance(AGAIN).await;
        assert!(complaint.is_due("refused"));
        assert!(!complaint.is_due("refused"));
        complaint.settled();
        assert!(complaint.is_due("refused"));
    }
}
