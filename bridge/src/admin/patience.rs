//! How long a command waits for the daemon: one that hangs must not hang the command.

use std::io;
use std::time::Duration;

use tokio::time::timeout;

use crate::advice;

/// What the daemon answers by itself. To show its state it asks the device, for 3 s at most.
pub(super) const DAEMON: Duration = Duration::from_secs(10);
/// What the device answers. Its turn may come after a signature of 15 s, which is asked for once more after a wrong reply.
pub(super) const DEVICE: Duration = Duration::from_secs(60);

/// Why there is no answer of the daemon.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// None came for so long.
    #[error("{}", advice::admin_late(*.0))]
    Late(Duration),
    /// The socket broke.
    #[error("{}", advice::admin_broken(.0))]
    Broken(#[from] io::Error),
}

/// The outcome, if it comes in time.
pub(super) async fn within<T>(
    patience: Duration,
    outcome: impl Future<Output = io::Result<T>>,
) -> Result<T, Unanswered> {
    Ok(timeout(patience, outcome).await.map_err(|_| Unanswered::Late(patience))??)
}
