//! How long to wait before dialling again.

use std::time::Duration;

use rand::Rng;

const FIRST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(1);

/// At once, then doubling to a second, with jitter so that several bridges do not dial in step.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { next: Duration::ZERO }
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
        let mut backoff = Backoff::new();
        assert_eq!(backoff.next(), Duration::ZERO);
        let mut sum = Duration::ZERO;
        for _ in 0..20 {
            let wait = backoff.next();
            assert!(wait <= LONGEST);
            sum += wait;
        }
        assert!(sum > Duration::from_secs(5), "it does slow down");
    }
}
