//! The thread that writes the state files, beside the device's work.
//!
//! A record that a reply waits for is written at once; any other with the next one that is urgent, or after a while. What
//! could not be written is tried again, and said: it keeps no validator of one node from signing.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use highwater_guard::{Seq, When};

use super::chain_file::{ChainFile, ChainFileError};
use crate::log::Kind;

/// What nobody waits for is written after this, or twice this where nothing was to be done before. The next round of a chain
/// in service comes sooner, and takes it along.
const LATER: Duration = Duration::from_secs(30);
/// What could not be written is tried again after this, and said no more often.
const AGAIN: Duration = Duration::from_secs(5);

/// A record was written, or could not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Done {
    /// The chain's number.
    pub(crate) chain: usize,
    /// Records up to this one.
    pub(crate) seq: Seq,
    /// That they are on the disk, or why they are not.
    pub(crate) written: Result<(), Arc<str>>,
}

/// Where it is told.
pub(crate) type Tell = Box<dyn Fn(Done) + Send>;

/// What is to be written, and whether it is the end.
#[derive(Debug, Default)]
struct Orders {
    records: Vec<Order>,
    end: bool,
}

#[derive(Debug)]
struct Order {
    chain: usize,
    file: ChainFile,
    seq: Seq,
    when: When,
}

/// Where the orders lie until the thread takes them. The bell wakes it.
#[derive(Debug, Default)]
struct Inbox {
    orders: Mutex<Orders>,
    bell: Condvar,
}

impl Inbox {
    fn orders(&self) -> MutexGuard<'_, Orders> {
        // Whoever panicked with it left it whole: orders are put in at once.
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread's handle. Dropped, the thread writes what is left, and ends.
#[derive(Debug)]
pub(crate) struct Writer {
    inbox: Arc<Inbox>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread. The files must exist already: whoever pinned the chains wrote them.
    pub(crate) fn start(state_dir: PathBuf, tell: Tell) -> std::io::Result<Self> {
        let inbox = Arc::<Inbox>::default();
        let desk = Desk { state_dir, tell, inbox: inbox.clone(), chains: Vec::new() };
        // What the thread says goes where its maker's words go.
        let log = tracing::dispatcher::get_default(Clone::clone);
        let thread = thread::Builder::new().name("state files".to_owned()).spawn(move || {
            tracing::dispatcher::with_default(&log, || desk.run());
        })?;
        Ok(Self { inbox, thread: Some(thread) })
    }

    /// Has the record of a chain written.
    pub(crate) fn write(&self, chain: usize, file: ChainFile, seq: Seq, when: When) {
        self.inbox.orders().records.push(Order { chain, file, seq, when });
        // The thread looks in by itself for what may wait: to wake it costs a reply that is on its way the processor.
        if when == When::BeforeReply {
            self.inbox.bell.notify_one();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.inbox.orders().end = true;
        self.inbox.bell.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panic there was printed when it happened.
            let _ = thread.join();
        }
    }
}

struct Desk {
    state_dir: PathBuf,
    tell: Tell,
    inbox: Arc<Inbox>,
    chains: Vec<Option<Newest>>,
}

/// The newest record of a chain.
struct Newest {
    file: ChainFile,
    seq: Seq,
    /// When it is to be written; `None`: it is on the disk.
    due: Option<Instant>,
    /// The last write failed, and this is when it was last said.
    failing: Option<Instant>,
}

impl Desk {
    fn run(mut self) {
        loop {
            let orders = self.orders();
            for order in orders.records {
                self.take(order);
            }
            if orders.end {
                return self.write_due(None);
            }
            self.write_due(Some(Instant::now()));
        }
    }

    /// All orders, once one is urgent or a record is due.
    fn orders(&self) -> Orders {
        let due = self.chains.iter().flatten().filter_map(|newest| newest.due).min();
        let patience = due.map_or(LATER, |due| due.saturating_duration_since(Instant::now()));
        let idle =
            |orders: &mut Orders| !orders.end && orders.records.iter().all(|order| order.when == When::Later);
        let waited = self.inbox.bell.wait_timeout_while(self.inbox.orders(), patience, idle);
        let (mut orders, _) = waited.unwrap_or_else(PoisonError::into_inner);
        Orders { end: orders.end, records: std::mem::take(&mut orders.records) }
    }

    fn take(&mut self, order: Order) {
        let Order { chain, file, seq, when } = order;
        if self.chains.len() <= chain {
            self.chains.resize_with(chain + 1, || None);
        }
        let now = Instant::now();
        let due = now + if when == When::BeforeReply { Duration::ZERO } else { LATER };
        let newest = &mut self.chains[chain];
        let (before, failing) = newest.as_ref().map_or((None, None), |known| (known.due, known.failing));
        let due = Some(before.map_or(due, |before| before.min(due)));
        *newest = Some(Newest { file, seq, due, failing });
    }

    /// Writes what is due by then; without a time everything, for the last time.
    fn write_due(&mut self, now: Option<Instant>) {
        for (chain, newest) in self.chains.iter_mut().enumerate() {
            let Some(newest) = newest else { continue };
            if newest.due.is_none_or(|due| now.is_some_and(|now| due > now)) {
                continue;
            }
            let written = newest.write(&self.state_dir, now.is_none());
            (self.tell)(Done { chain, seq: newest.seq, written });
        }
    }
}

impl Newest {
    fn write(&mut self, state_dir: &std::path::Path, last: bool) -> Result<(), Arc<str>> {
        // After an error nothing is known of the two files that change places.
        let saved = match self.failing {
            None => self.file.save_again(state_dir).or_else(|_| self.file.save(state_dir)),
            Some(_) => self.file.save(state_dir),
        };
        match saved {
            Ok(()) => {
                self.due = None;
                if self.failing.take().is_some() {
                    tracing::info!(
                        kind = %Kind::StateWritten,
                        chain = %self.file.chain,
                        "the state file is written again"
                    );
                }
                Ok(())
            }
            Err(error) => {
                let now = Instant::now();
                self.due = Some(now + AGAIN);
                if last || self.failing.is_none_or(|said| now.duration_since(said) >= AGAIN) {
                    self.failing = Some(now);
                    say(&self.file, &error);
                }
                Err(error.to_string().into())
            }
        }
    }
}

fn say(file: &ChainFile, error: &ChainFileError) {
    let highest_requested = file.record.highest_requested;
    tracing::error!(kind = %Kind::StateUnwritten, chain = %file.chain, %highest_requested, "{error}");
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::mpsc;

    use highwater_core::hrs::{Hrs, Step};

    use super::super::chain_file_path;
    use super::*;

    fn file(height: u64) -> ChainFile {
        ChainFile::new("alpha-1", [7; 32], Hrs::new(height, 0, Step::Prevote).unwrap())
    }

    /// A writer, and what it told.
    fn writer(state_dir: &Path) -> (Writer, mpsc::Receiver<Done>) {
        let (tell, told) = mpsc::channel();
        let writer =
            Writer::start(state_dir.to_owned(), Box::new(move |done| tell.send(done).unwrap_or_default()));
        (writer.unwrap(), told)
    }

    fn next(told: &mpsc::Receiver<Done>) -> (u64, bool) {
        let done = told.recv_timeout(Duration::from_secs(20)).expect("it tells");
        (done.seq.0, done.written.is_ok())
    }

    fn on_disk(state_dir: &Path) -> u64 {
        let file = ChainFile::found(state_dir, "alpha-1").unwrap().unwrap();
        file.record.highest_requested.height.value()
    }

    #[test]
    fn what_somebody_waits_for_is_written_at_once_and_takes_along_what_nobody_does() {
        let dir = tempfile::tempdir().unwrap();
        file(1).save(dir.path()).unwrap();
        let (writer, told) = writer(dir.path());
        writer.write(0, file(2), Seq(1), When::Later);
        assert!(told.recv_timeout(Duration::from_millis(200)).is_err(), "nobody waits for it");
        writer.write(0, file(3), Seq(2), When::BeforeReply);
        assert_eq!((next(&told), on_disk(dir.path())), ((2, true), 3));
        drop(writer);
        assert!(told.recv().is_err(), "one write for both");
    }

    #[test]
    fn what_nobody_waits_for_is_written_in_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let (writer, told) = writer(dir.path());
        writer.write(0, file(2), Seq(1), When::Later);
        drop(writer);
        assert_eq!((next(&told), on_disk(dir.path())), ((1, true), 2));
    }

    #[test]
    fn what_a_disk_refuses_is_told_tried_again_by_itself_and_once_more_in_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        // A file where the directory should be: it fails for root too.
        fs::write(&state, "").unwrap();
        let (first, told) = writer(&state);
        first.write(0, file(2), Seq(1), When::BeforeReply);
        assert_eq!(next(&told), (1, false));
        fs::remove_file(&state).unwrap();
        assert_eq!((next(&told), on_disk(&state)), ((1, true), 2));
        // In the end it does not wait for its next try.
        let folder = chain_file_path(&state, "alpha-1").parent().unwrap().to_owned();
        fs::rename(&folder, dir.path().join("away")).unwrap();
        fs::write(&folder, "").unwrap();
        first.write(0, file(3), Seq(2), When::BeforeReply);
        assert_eq!(next(&told), (2, false));
        fs::remove_file(&folder).unwrap();
        drop(first);
        assert_eq!((next(&told), on_disk(&state)), ((2, true), 3));
    }
}
