//! The way of a line to the reader: a queue, and a thread that alone waits.
//!
//! `tracing-appender` would be the crate for this. Where its queue is full at the end of the process it prints to standard
//! output and so waits for the very reader that is stuck, and it does not count a line that could not be written.

use std::io::{self, ErrorKind, Write};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, Instant};

use prometheus_client::metrics::counter::Counter;
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

use super::journal;

/// Lines that wait for the reader, at most. A daemon logs about three a block.
const KEPT: usize = 1_024;
/// After a line the thread lets others gather, so that a busy daemon does not wake it for each.
const GATHER: Duration = Duration::from_millis(10);

/// How many lines were dropped; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Lost(Counter);

impl Lost {
    /// The number, as it is served to a watcher.
    pub(crate) fn counter(&self) -> &Counter {
        &self.0
    }
}

enum Order {
    Line(Vec<u8>),
    /// Says when all lines before it were written or dropped.
    Flush(SyncSender<()>),
}

/// The near end of the queue; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    queue: SyncSender<Order>,
    lost: Lost,
}

impl Lines {
    /// Starts the thread.
    pub(super) fn start(out: impl Write + Send + 'static, lost: Lost) -> io::Result<Self> {
        let (queue, inbox) = mpsc::sync_channel(KEPT);
        let lines = Self { queue, lost: lost.clone() };
        thread::Builder::new().name("log".to_owned()).spawn(move || Writer::new(out, lost).run(&inbox))?;
        Ok(lines)
    }

    /// Queues a line, or drops it. Never waits.
    fn put(&self, line: Vec<u8>) {
        if self.queue.try_send(Order::Line(line)).is_err() {
            self.lost.0.inc();
        }
    }

    /// Waits until everything was written or dropped, but for no longer than `patience`.
    pub(super) fn flush(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let (tell, flushed) = mpsc::sync_channel(1);
        let mut order = Order::Flush(tell);
        while let Err(error) = self.queue.try_send(order) {
            match error {
                TrySendError::Full(back) if Instant::now() < until => order = back,
                _ => return,
            }
            thread::sleep(GATHER);
        }
        let _ = flushed.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
}

/// The far end.
struct Writer<W> {
    out: W,
    lost: Lost,
    /// The last line was cut short by an error.
    torn: bool,
}

impl<W: Write> Writer<W> {
    fn new(out: W, lost: Lost) -> Self {
        Self { out, lost, torn: false }
    }

    fn run(mut self, inbox: &Receiver<Order>) {
        while let Ok(order) = inbox.recv() {
            self.serve(order);
            inbox.try_iter().for_each(|order| self.serve(order));
            thread::sleep(GATHER);
        }
    }

    fn serve(&mut self, order: Order) {
        match order {
            Order::Line(line) => {
                if self.write(&line).is_err() {
                    self.lost.0.inc();
                }
            }
            // Whoever asked may have lost patience.
            Order::Flush(tell) => drop(tell.try_send(())),
        }
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        // What is left of a line that was cut short must not spoil this one.
        if self.torn {
            self.out.write_all(b"\n")?;
            self.torn = false;
        }
        let mut rest = line;
        while !rest.is_empty() {
            match self.out.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.torn = rest.len() < line.len();
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

/// Where the events of a daemon go.
pub(super) struct Output {
    pub(super) lines: Lines,
    /// Each line begins with its priority.
    pub(super) marked: bool,
}

impl<'a> MakeWriter<'a> for Output {
    type Writer = Event<'a>;

    fn make_writer(&'a self) -> Event<'a> {
        Event { lines: &self.lines, level: self.marked.then_some(Level::INFO) }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Event<'a> {
        Event { lines: &self.lines, level: self.marked.then_some(*meta.level()) }
    }
}

/// The way of one event.
pub(super) struct Event<'a> {
    lines: &'a Lines,
    level: Option<Level>,
}

impl Write for Event<'_> {
    /// Takes all of it; an event comes in one piece.
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.lines.put(match self.level {
            Some(level) => journal::marked(level, text),
            None => text.to_vec(),
        });
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Longer than anything here takes, on a slow machine too.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// A reader that never reads.
    struct Stuck;

    impl Write for Stuck {
        fn write(&mut self, _text: &[u8]) -> io::Result<usize> {
            loop {
                thread::park();
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Takes so many bytes of each writing, or none: an error.
    #[derive(Clone, Default)]
    struct Disk {
        takes: Arc<Mutex<VecDeque<usize>>>,
        has: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Disk {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            let takes = self.takes.lock().unwrap().pop_front().unwrap_or(text.len());
            if takes == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            self.has.lock().unwrap().extend(&text[..takes]);
            Ok(takes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_the_reader_does_not_take_is_dropped_and_counted() {
        let lost = Lost::default();
        let lines = Lines::start(Stuck, lost.clone()).unwrap();
        for _ in 0..KEPT + 100 {
            lines.put(b"a line\n".to_vec());
        }
        // One of them may be in the thread's hand.
        assert!((99..=100).contains(&lost.counter().get()), "{}", lost.counter().get());
        let begun = Instant::now();
        lines.flush(Duration::from_millis(50));
        assert!(begun.elapsed() < PATIENCE);
    }

    #[test]
    fn a_line_that_cannot_be_written_is_counted_and_spoils_none_that_follows() {
        let (lost, disk) = (Lost::default(), Disk::default());
        // The first is cut short, the second finds no room, the third comes in pieces.
        disk.takes.lock().unwrap().extend([3, 0, 0, 1, 2]);
        let lines = Lines::start(disk.clone(), lost.clone()).unwrap();
        for line in ["first\n", "second\n", "third\n", "fourth\n"] {
            lines.put(line.as_bytes().to_vec());
        }
        lines.flush(PATIENCE);
        assert_eq!(String::from_utf8_lossy(&disk.has.lock().unwrap()), "fir\nthird\nfourth\n");
        assert_eq!(lost.counter().get(), 2);
    }
}
