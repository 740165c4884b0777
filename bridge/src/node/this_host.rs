//! The network of this host, read for all who ask at one time together, and on a thread that may wait: the tasks that sign
//! are not held up by the kernel's files.

use std::sync::Arc;
use std::time::Duration;
// Not tokio's: what was read before somebody asked is old, whatever a test does with the clock.
use std::time::Instant;

use tokio::sync::Mutex;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use super::host_network::{HostNetwork, Told};

/// So long is waited for the kernel. Its texts take well under a millisecond.
const PATIENCE: Duration = Duration::from_secs(2);

/// The one there is.
pub(crate) static THIS_HOST: ThisHost = ThisHost::new(Told::of_this_host);

/// What was read of a host; `None`: it is not known.
type Known = Option<Arc<HostNetwork>>;

/// A host that is read.
pub(crate) struct ThisHost {
    read: fn() -> Told,
    state: Mutex<State>,
}

struct State {
    /// What was read last, and since when that is known to be true.
    last: Option<(Instant, Known)>,
    /// The reading that is under way, and when it began. There is one, however long it takes.
    reading: Option<(Instant, JoinHandle<Known>)>,
}

impl ThisHost {
    const fn new(read: fn() -> Told) -> Self {
        Self { read, state: Mutex::const_new(State { last: None, reading: None }) }
    }

    /// As it is after this was called.
    pub(crate) async fn look(&self) -> Known {
        let asked = Instant::now();
        let mut state = self.state.lock().await;
        if let Some((since, known)) = &state.last
            && *since >= asked
        {
            return known.clone();
        }
        let known = timeout(PATIENCE, self.read(&mut state, asked)).await;
        // Whoever asked meanwhile does not wait for the kernel once more.
        let (since, known) = known.unwrap_or_else(|_| (Instant::now(), None));
        state.last = Some((since, known.clone()));
        known
    }

    async fn read(&self, state: &mut State, asked: Instant) -> (Instant, Known) {
        loop {
            let read = self.read;
            let begin = || (Instant::now(), spawn_blocking(move || HostNetwork::of(&read()).map(Arc::new)));
            let (begun, reading) = state.reading.get_or_insert_with(begin);
            let (begun, known) = (*begun, reading.await.ok().flatten());
            state.reading = None;
            // One that somebody began who did not wait for it tells of a time before.
            if begun >= asked {
                return (begun, known);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;

    fn told() -> Told {
        Told { interfaces: Some(Vec::new()), routes: Some(String::new()), routes6: Some(String::new()) }
    }

    #[tokio::test]
    async fn all_who_ask_at_one_time_share_a_reading_and_the_next_gets_a_new_one() {
        static READ: AtomicUsize = AtomicUsize::new(0);
        static HOST: ThisHost = ThisHost::new(|| {
            READ.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(50));
            told()
        });
        let seen = join_all((0..20).map(|_| HOST.look())).await;
        assert!(seen.iter().all(Option::is_some));
        // The first one's may have begun before the others asked.
        let read = READ.load(Ordering::SeqCst);
        assert!((1..=2).contains(&read), "{read}");
        assert!(HOST.look().await.is_some());
        assert_eq!(READ.load(Ordering::SeqCst), read + 1);
    }

    /// The runtime has one thread, as that of the daemon's signer may have.
    #[tokio::test]
    async fn a_kernel_that_does_not_answer_holds_up_nothing_and_is_asked_once() {
        static READ: AtomicUsize = AtomicUsize::new(0);
        static HOST: ThisHost = ThisHost::new(|| {
            READ.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(PATIENCE + Duration::from_secs(1));
            told()
        });
        let begun = Instant::now();
        let ticks = async {
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            begun.elapsed()
        };
        let (ticks, seen) = tokio::join!(ticks, join_all((0..5).map(|_| HOST.look())));
        assert!(ticks < PATIENCE, "{ticks:?}");
        assert!(seen.iter().all(Option::is_none));
        assert!(begun.elapsed() < 2 * PATIENCE, "they wait together");
        assert_eq!(READ.load(Ordering::SeqCst), 1);
        // It answers at last, and what it told by then is old.
        assert!(HOST.look().await.is_none());
        assert_eq!(READ.load(Ordering::SeqCst), 2);
    }
}
