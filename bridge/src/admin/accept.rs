//! Taking clients in, through what passes by itself: one that hung up at once, and a shortage of files or memory.

use std::io;
use std::time::Duration;

use rustix::io::Errno;

use crate::advice;

/// Until what is short may be there again. Waiting clients are kept by the system meanwhile.
const SHORTAGE: Duration = Duration::from_secs(1);

/// Judges what accepting gave.
#[derive(Debug, Default)]
pub(super) struct Accepting {
    /// A shortage is told once, however long it lasts.
    told: bool,
}

impl Accepting {
    /// The client; or none, after a pause, if the next try may give one.
    ///
    /// # Errors
    /// What no wait mends.
    pub(super) async fn take<T>(&mut self, outcome: io::Result<T>) -> io::Result<Option<T>> {
        let error = match outcome {
            Ok(client) => {
                self.told = false;
                return Ok(Some(client));
            }
            Err(error) => error,
        };
        let Some(pause) = pause(&error) else { return Err(error) };
        if !pause.is_zero() && !std::mem::replace(&mut self.told, true) {
            tracing::warn!("{}", advice::admin_accept(&error));
        }
        tokio::time::sleep(pause).await;
        Ok(None)
    }
}

/// How long to wait before the next try; `None`: there is no use in one.
fn pause(error: &io::Error) -> Option<Duration> {
    match Errno::from_io_error(error)? {
        Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM => Some(SHORTAGE),
        // Whoever forbade it may allow it again. That client waits meanwhile, so the next try would fail at once.
        Errno::PERM | Errno::ACCESS => Some(SHORTAGE),
        // That client is gone; the next one waits already.
        Errno::CONNABORTED | Errno::INTR | Errno::AGAIN | Errno::PROTO => Some(Duration::ZERO),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_waited_for_and_the_next_client_comes_in() {
        let mut accepting = Accepting::default();
        for (errno, seconds) in [
            (Errno::CONNABORTED, 0),
            (Errno::MFILE, 1),
            (Errno::INTR, 0),
            (Errno::NFILE, 1),
            (Errno::NOBUFS, 1),
            (Errno::NOMEM, 1),
            (Errno::PERM, 1),
        ] {
            let start = Instant::now();
            let outcome = accepting.take::<u8>(Err(errno.into())).await;
            assert_eq!((outcome.unwrap(), start.elapsed().as_secs()), (None, seconds), "{errno}");
        }
        assert_eq!(accepting.take(Ok(7)).await.unwrap(), Some(7));
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_pass_ends_it() {
        for errno in [Errno::BADF, Errno::INVAL, Errno::NOTSOCK] {
            let error = Accepting::default().take::<u8>(Err(errno.into())).await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(errno.raw_os_error()));
        }
    }
}
