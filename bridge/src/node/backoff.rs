//! How long to wait before dialling again.

use std::time::Duration;

use rand::Rng;

const FIRST: Duration = Duration::from_millis(20);

/// No wait is longer: a node that starts gives its signer 3 s, and exits.
const LONGEST: Duration = Duration::from_secs(1);

/// At once, then 20 ms, then doubling to a second; each shortened by up to a half, so that several bridges
/// do not dial in step.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    /// The link served: the next retry is at once again.
    pub(super) fn reset(&mut self) {
        self.next = Duration::ZERO;
    }

    pub(super) fn next(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).clamp(FIRST, LONGEST);
        wait.mul_f64(rand::rng().random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_retry_is_at_once_and_none_is_later_than_a_second() {
        let mut backoff = Backoff::default();
        for _ in 0..2 {
            assert_eq!(backoff.next(), Duration::ZERO);
            assert!(backoff.next() <= FIRST);
            let waits = (0..20).map(|_| backoff.next());
            let sum: Duration = waits.inspect(|wait| assert!(*wait <= LONGEST)).sum();
            assert!(sum > Duration::from_secs(5), "it does slow down");
            backoff.reset();
        }
    }
}
