//! Taking clients in, through what passes by itself: one that hung up at once, and a shortage of files or memory.

use std::io;
use std::time::Duration;

use rustix::io::Errno;

use crate::advice;
use crate::log::Kind;

/// Until what is short may be there again. Waiting clients are kept by the system meanwhile.
const SHORTAGE: Duration = Duration::from_secs(1);

/// After an error of which nobody knows what mends it.
const UNKNOWN: Duration = Duration::from_secs(5);

/// Judges what accepting gave. Nothing ends it: whoever watches the daemon is no reason not to sign.
#[derive(Debug, Default)]
pub(super) struct Accepting {
    /// A shortage is told once, however long it lasts.
    told: bool,
}

impl Accepting {
    /// The client; or none, after a pause.
    pub(super) async fn take<T>(&mut self, outcome: io::Result<T>) -> Option<T> {
        let error = match outcome {
            Ok(client) => {
                self.told = false;
                return Some(client);
            }
            Err(error) => error,
        };
        let pause = pause(&error);
        if !pause.is_zero() && !std::mem::replace(&mut self.told, true) {
            tracing::warn!(kind = %Kind::AdminCrowded, "{}", advice::admin_accept(&error));
        }
        tokio::time::sleep(pause).await;
        None
    }
}

/// How long to wait before the next try.
fn pause(error: &io::Error) -> Duration {
    match Errno::from_io_error(error) {
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => SHORTAGE,
        // Whoever forbade it may allow it again. That client waits meanwhile, so the next try would fail at once.
        Some(Errno::PERM | Errno::ACCESS) => SHORTAGE,
        // That client is gone; the next one waits already.
        Some(Errno::CONNABORTED | Errno::INTR | Errno::AGAIN | Errno::PROTO) => Duration::ZERO,
        _ => UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_error_ends_it_and_the_next_client_comes_in() {
        let mut accepting = Accepting::default();
        for (errno, seconds) in [
            (Errno::CONNABORTED, 0),
            (Errno::MFILE, 1),
            (Errno::INTR, 0),
            (Errno::NFILE, 1),
            (Errno::NOBUFS, 1),
            (Errno::NOMEM, 1),
            (Errno::PERM, 1),
            // Of these no cure is known; the next try may be a better one.
            (Errno::BADF, 5),
            (Errno::INVAL, 5),
            (Errno::NOTSOCK, 5),
        ] {
            let start = Instant::now();
            let outcome = accepting.take::<u8>(Err(errno.into())).await;
            assert_eq!((outcome, start.elapsed().as_secs()), (None, seconds), "{errno}");
        }
        assert_eq!(accepting.take(Ok(7)).await, Some(7));
    }
}
