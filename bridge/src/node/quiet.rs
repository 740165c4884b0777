//! How long a link is quiet: one timer for all of its life. A timer that is set is the thread's first to end, and so
//! wakes the thread that sets it: for each request that would cost more than reading it.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// A link on which no whole message came for so long is dead: a node pings every 3.3 s (CometBFT
/// `privval/signer_listener_endpoint.go`).
pub(crate) const IDLE: Duration = Duration::from_secs(12);

/// Since when a link is waited on.
pub(super) struct Quiet {
    since: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Quiet {
    /// From now on.
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), timer: Box::pin(sleep(IDLE)) }
    }

    /// A wait begins: what was before does not count.
    pub(super) fn begin(&mut self) {
        self.since = Instant::now();
    }

    /// Ends when the wait has lasted [`IDLE`]. Cancelling loses nothing.
    pub(super) async fn over(&mut self) {
        let Self { since, timer } = self;
        let end = *since + IDLE;
        timer.as_mut().await;
        while timer.deadline() < end {
            timer.as_mut().reset(end);
            timer.as_mut().await;
        }
    }
}
