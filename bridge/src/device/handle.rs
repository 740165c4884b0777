//! What everyone else holds of the device: jobs go in, what is known of it comes out.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::owner::Owner;
use super::{Fault, Opener, Session};
use crate::watchdog::Heartbeat;

/// What a reply means to the job that asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It ends the job.
    Done,
    /// There is more to ask; other chains may come first.
    More,
    /// It cannot be the reply to the command. The job starts over on a fresh link, once; what is no reply then
    /// either is [`Fault::WrongReply`].
    Wrong,
}

/// The device holds one stream (of a long vote extension) at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// The next command has nothing to do with it.
    Idle,
    /// The next command opens it, and would break another's.
    Opens,
    /// It is this job's, until the job is done.
    Holds,
}

/// One or several commands for the device. All methods are called on the owner thread.
pub trait Job: Send {
    /// The command; `None` if nobody wants it any more. Asked right before each sending.
    fn apdu(&mut self) -> Option<Vec<u8>>;

    /// The command is on the cable: what is to be done beside the device's work may be done now.
    fn under_way(&mut self) {}

    /// The only installation that may be asked.
    fn installation(&self) -> Option<[u8; 16]> {
        None
    }

    /// The chain it is for; chains are served in turn. Empty for an operator's command.
    fn lane(&self) -> &str {
        ""
    }

    /// The reply to the command came, with its status word.
    fn take(&mut self, _reply: &[u8]) -> Next {
        Next::Done
    }

    /// Whether someone waits for its end.
    fn awaited(&self) -> bool {
        true
    }

    /// Whether nobody wants it any more: there will be no further command.
    fn abandoned(&self) -> bool {
        !self.awaited()
    }

    /// What it has to do with the device's stream now.
    fn stream(&self) -> Stream {
        Stream::Idle
    }

    /// The link was lost: what it had begun on the device must begin anew.
    fn lost(&mut self) {}

    /// The owner thread ends: only what someone waits for is still to be done.
    fn ending(&mut self) {}

    /// Whether to try again, a little later, after this fault.
    fn keep_trying(&self, _fault: &Fault) -> bool {
        false
    }

    /// The reply with its status word, or why there is none. Called even if the asker is gone by then.
    fn done(self: Box<Self>, result: Result<Vec<u8>, Fault>);
}

/// What is known of the device.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// What it described itself as; `None` while it is away.
    pub session: Option<Session>,
    /// Why it is away.
    pub fault: Option<Fault>,
    /// When it last said who it is.
    pub answered: Option<Instant>,
    /// Rises whenever marks or chains may have been changed by command, or another device was plugged in.
    pub epoch: u64,
}

/// What the owner thread is told.
pub(super) enum Order {
    Job(Box<dyn Job>),
    Press(bool, oneshot::Sender<bool>),
    Look(oneshot::Sender<()>),
    End,
}

/// A handle of the device; clones share it.
#[derive(Debug, Clone)]
pub struct Device {
    orders: mpsc::Sender<Order>,
    seen: watch::Receiver<Seen>,
    heartbeat: Heartbeat,
}

/// Resolves when the owner thread ended, in whatever way.
pub type Died = oneshot::Receiver<()>;

impl Device {
    /// Starts the owner thread, which opens the device by itself.
    pub fn start(opener: Box<dyn Opener>) -> std::io::Result<(Self, Died)> {
        let (orders, inbox) = mpsc::channel();
        let (publish, seen) = watch::channel(Seen::default());
        let (alive, died) = oneshot::channel::<()>();
        let heartbeat = Heartbeat::new();
        let owner = Owner::new(opener, inbox, publish, heartbeat.clone());
        // What the thread says goes where its maker's words go.
        let log = tracing::dispatcher::get_default(Clone::clone);
        thread::Builder::new().name("device".to_owned()).spawn(move || {
            // Dropped when the thread ends, by a panic too.
            let _alive = alive;
            tracing::dispatcher::with_default(&log, || owner.run());
        })?;
        Ok((Self { orders, seen, heartbeat }, died))
    }

    /// The owner thread's sign of life.
    pub fn heartbeat(&self) -> Heartbeat {
        self.heartbeat.clone()
    }

    /// Queues a job. If the owner thread is gone the job is dropped without a call.
    pub fn submit(&self, job: Box<dyn Job>) {
        let _ = self.orders.send(Order::Job(job));
    }

    /// One command of the operator. The reply holds its status word.
    pub async fn exchange(&self, apdu: Vec<u8>) -> Result<Vec<u8>, Fault> {
        let (answer, reply) = oneshot::channel();
        self.submit(Box::new(Plain { apdu, answer }));
        reply.await.unwrap_or(Err(Fault::Ending))
    }

    /// The owner of a simulated device presses; `false` if the device has real buttons.
    pub async fn press(&self, approved: bool) -> bool {
        let (answer, pressed) = oneshot::channel();
        let _ = self.orders.send(Order::Press(approved, answer));
        pressed.await.unwrap_or(false)
    }

    /// Asks the device for its state now, if it gets round to it within 3 s; else the last one known stays.
    pub async fn look(&self) {
        let (answer, looked) = oneshot::channel();
        let _ = self.orders.send(Order::Look(answer));
        let _ = tokio::time::timeout(Duration::from_secs(3), looked).await;
    }

    /// Ends the owner thread once what is queued is done.
    pub fn finish(&self) {
        let _ = self.orders.send(Order::End);
    }

    /// What is known of the device now.
    pub fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// What is known of the device now, looked at in place.
    pub(crate) fn glance<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.borrow())
    }

    /// Waits until the device was opened or could not be.
    pub async fn looked(&self) -> Seen {
        let mut seen = self.seen.clone();
        match seen.wait_for(|seen| seen.session.is_some() || seen.fault.is_some()).await {
            Ok(seen) => seen.clone(),
            Err(_) => Seen { fault: Some(Fault::Ending), ..Seen::default() },
        }
    }
}

struct Plain {
    apdu: Vec<u8>,
    answer: oneshot::Sender<Result<Vec<u8>, Fault>>,
}

impl Job for Plain {
    fn apdu(&mut self) -> Option<Vec<u8>> {
        (!self.abandoned()).then(|| self.apdu.clone())
    }

    fn awaited(&self) -> bool {
        !self.answer.is_closed()
    }

    fn done(self: Box<Self>, result: Result<Vec<u8>, Fault>) {
        let _ = self.answer.send(result);
    }
}
