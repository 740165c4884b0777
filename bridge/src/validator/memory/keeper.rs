//! The thread that keeps a chain's file up to date, beside the device's work.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{Memory, MemoryError};
use crate::admin::Counters;

/// A change that nobody waits for is written with the next one that somebody waits for, or after this.
const LAZY: Duration = Duration::from_millis(500);
/// A disk that hangs holds a reply no longer than this.
const PATIENCE: Duration = Duration::from_secs(1);
/// What could not be written is tried again after this, and said no more often.
const AGAIN: Duration = Duration::from_secs(5);

/// Keeps a chain's memory; the file follows. Dropped, it writes what is left.
#[derive(Debug)]
pub(in crate::validator) struct Keeper {
    shared: Arc<Shared>,
    written: watch::Receiver<u64>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    desk: Mutex<Desk>,
    news: Condvar,
}

#[derive(Debug)]
struct Desk {
    memory: Memory,
    /// Counts changes; those up to `urgent` are waited for.
    changes: u64,
    urgent: u64,
    /// The thread sleeps until it is woken; else it looks by itself, soon.
    resting: bool,
    ending: bool,
}

impl Keeper {
    /// Starts the thread. The file must exist already: whoever pinned the chain wrote it.
    pub(in crate::validator) fn start(
        memory: Memory,
        state_dir: &Path,
        counters: Counters,
    ) -> std::io::Result<Self> {
        let desk = Desk { memory, changes: 0, urgent: 0, resting: false, ending: false };
        let shared = Arc::new(Shared { desk: Mutex::new(desk), news: Condvar::new() });
        let (tell, written) = watch::channel(0);
        let writer = Writer { shared: shared.clone(), state_dir: state_dir.to_owned(), tell, counters };
        // What the thread says goes where its maker's words go.
        let log = tracing::dispatcher::get_default(Clone::clone);
        let thread = thread::Builder::new().name("state file".to_owned()).spawn(move || {
            tracing::dispatcher::with_default(&log, || writer.run());
        })?;
        Ok(Self { shared, written, thread: Some(thread) })
    }

    /// What is remembered.
    pub(in crate::validator) fn read<T>(&self, look: impl FnOnce(&Memory) -> T) -> T {
        look(&self.shared.desk().memory)
    }

    /// Changes it; the file follows at leisure.
    pub(in crate::validator) fn change<T>(&self, change: impl FnOnce(&mut Memory) -> T) -> T {
        let mut desk = self.shared.desk();
        desk.changes += 1;
        let result = change(&mut desk.memory);
        let resting = desk.resting;
        // Woken under the lock, it would only wait for it.
        drop(desk);
        if resting {
            self.write();
        }
        result
    }

    /// Changes it; [`Keeper::durable`] waits for the file, which is written once [`Keeper::write`] was called.
    pub(in crate::validator) fn prepare(&self, change: impl FnOnce(&mut Memory)) {
        let mut desk = self.shared.desk();
        desk.changes += 1;
        desk.urgent = desk.changes;
        change(&mut desk.memory);
    }

    /// Has the file written if anything is to be written at once.
    pub(in crate::validator) fn write(&self) {
        self.shared.news.notify_one();
    }

    /// Changes it; the file follows at once, and [`Keeper::durable`] waits for it.
    pub(in crate::validator) fn change_now(&self, change: impl FnOnce(&mut Memory)) {
        self.prepare(change);
        self.write();
    }

    /// Waits until all that was changed at once is durable, or could not be made so: that was said aloud, and
    /// does not keep a validator from signing.
    pub(in crate::validator) async fn durable(&self) {
        let wanted = self.shared.desk().urgent;
        let mut written = self.written.clone();
        if *written.borrow() < wanted {
            self.write();
        }
        // An error means that the thread is gone, so the process is ending.
        let _ = tokio::time::timeout(PATIENCE, written.wait_for(|written| *written >= wanted)).await;
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.shared.desk().ending = true;
        self.shared.news.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panic there was printed when it happened.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        // Changes are single assignments, so a panic elsewhere leaves nothing half done.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Writer {
    shared: Arc<Shared>,
    state_dir: PathBuf,
    tell: watch::Sender<u64>,
    counters: Counters,
}

/// How far the file is.
#[derive(Default)]
struct Done {
    /// Changes up to this one were tried: whoever waits for them waits no longer.
    tried: u64,
    /// Changes up to this one are in the file.
    saved: u64,
    /// When it was last said that it cannot be written, while it cannot.
    failing: Option<Instant>,
}

/// What is to be written.
struct News {
    memory: Memory,
    changes: u64,
    /// It is the end: there will be no other time to write it.
    last: bool,
}

impl Writer {
    fn run(self) {
        let mut done = Done::default();
        while let Some(News { memory, changes, last }) = self.next(&done) {
            done.tried = changes;
            // After an error nothing is known of the two files that change places.
            let saved = match done.failing {
                None => memory.save_again(&self.state_dir).or_else(|_| memory.save(&self.state_dir)),
                Some(_) => memory.save(&self.state_dir),
            };
            match saved {
                Ok(()) => {
                    done.saved = changes;
                    if done.failing.take().is_some() {
                        tracing::info!(chain = %memory.chain, "the state file is written again");
                    }
                }
                Err(error) => {
                    self.counters.state_unwritten(&memory.chain);
                    if last || done.failing.is_none_or(|said| said.elapsed() >= AGAIN) {
                        done.failing = Some(Instant::now());
                        say(&memory, &error);
                    }
                }
            }
            self.tell.send_replace(done.tried);
            if last {
                break;
            }
        }
    }

    /// The next state to write, once there is one: at once, after a while, or at the end.
    fn next(&self, done: &Done) -> Option<News> {
        let mut desk = self.shared.desk();
        // A release soon follows what was asked for, and finds us awake: it need not wake us.
        let mut until = Instant::now() + if done.failing.is_some() { AGAIN } else { LAZY };
        while desk.urgent <= done.tried && !desk.ending {
            let left = until.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                let waited = self.shared.news.wait_timeout(desk, left);
                desk = waited.unwrap_or_else(PoisonError::into_inner).0;
            } else if desk.changes > done.saved {
                break;
            } else {
                desk.resting = true;
                desk = self.shared.news.wait(desk).unwrap_or_else(PoisonError::into_inner);
                desk.resting = false;
                until = Instant::now() + LAZY;
            }
        }
        (desk.changes > done.saved).then(|| News {
            memory: desk.memory.clone(),
            changes: desk.changes,
            last: desk.ending,
        })
    }
}

fn say(memory: &Memory, error: &MemoryError) {
    tracing::error!(chain = %memory.chain, asked = %memory.asked, "{error}");
}
