//! A point in time, given by whoever runs the guard.

use std::ops::Add;
use std::time::Duration;

/// Time since an arbitrary beginning, the same for all inputs of one [`Guard`](crate::Guard).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(Duration);

impl Moment {
    /// The beginning.
    pub const BEGIN: Self = Self(Duration::ZERO);

    /// So long after the beginning.
    pub const fn after(since_begin: Duration) -> Self {
        Self(since_begin)
    }

    /// How long this is after `earlier`; nothing, if it is before.
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }
}
