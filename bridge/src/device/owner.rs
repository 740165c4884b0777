//! The one thread that talks to the device; everyone else hands it jobs.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use highwater_core::apdu::{Reply, Status, ins};
use tokio::sync::{oneshot, watch};

use super::{DEADLINE, Fault, Opener, SIGN_DEADLINE, Session, Transport};
use crate::advice;

/// How often a device that went away is looked for.
const SEARCH: Duration = Duration::from_millis(500);
/// How often a quiet device is asked whether it is still there.
const CHECK: Duration = Duration::from_secs(5);
/// Between two tries of one job.
const RETRY: Duration = Duration::from_millis(200);

/// One command for the device. All methods are called on the owner thread.
pub trait Job: Send {
    /// The command; `None` if nobody wants it any more. Asked right before each sending.
    fn apdu(&mut self) -> Option<Vec<u8>>;

    /// The only installation that may be asked.
    fn installation(&self) -> Option<[u8; 16]> {
        None
    }

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
    /// Rises whenever marks or chains may have been changed by command, or another device was plugged in.
    pub epoch: u64,
}

enum Order {
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
}

/// Resolves when the owner thread ended, in whatever way.
pub type Died = oneshot::Receiver<()>;

impl Device {
    /// Starts the owner thread, which opens the device by itself.
    pub fn start(opener: Box<dyn Opener>) -> std::io::Result<(Self, Died)> {
        let (orders, inbox) = mpsc::channel();
        let (publish, seen) = watch::channel(Seen::default());
        let (alive, died) = oneshot::channel::<()>();
        let now = Instant::now();
        let owner = Owner { opener, link: None, inbox, publish, lives: None, next_try: now, next_look: now };
        thread::Builder::new().name("device".to_owned()).spawn(move || {
            // Dropped when the thread ends, by a panic too.
            let _alive = alive;
            owner.run();
        })?;
        Ok((Self { orders, seen }, died))
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
        (!self.answer.is_closed()).then(|| self.apdu.clone())
    }

    fn done(self: Box<Self>, result: Result<Vec<u8>, Fault>) {
        let _ = self.answer.send(result);
    }
}

struct Owner {
    opener: Box<dyn Opener>,
    link: Option<Box<dyn Transport>>,
    inbox: mpsc::Receiver<Order>,
    publish: watch::Sender<Seen>,
    /// Of the last device that answered, kept while it is away.
    lives: Option<Lives>,
    next_try: Instant,
    next_look: Instant,
}

impl Owner {
    fn run(mut self) {
        self.look();
        loop {
            // Not pushed back by jobs: what changed behind our back is seen on a busy device too.
            match self.inbox.recv_timeout(self.next_look.saturating_duration_since(Instant::now())) {
                Ok(Order::Job(job)) => self.serve(job),
                Ok(Order::Press(approved, answer)) => {
                    let pressed = self.link.as_mut().is_some_and(|link| link.press(approved));
                    let _ = answer.send(pressed);
                }
                Ok(Order::Look(answer)) => {
                    self.look();
                    // The asker may have lost its patience.
                    let _ = answer.send(());
                }
                Err(RecvTimeoutError::Timeout) => self.look(),
                Ok(Order::End) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Is it still there, or there again?
    fn look(&mut self) {
        let outcome = if self.link.is_some() { self.resync() } else { self.reopen() };
        if let Err(fault) = outcome {
            self.lose(fault);
        }
        self.next_look = Instant::now() + if self.link.is_some() { CHECK } else { SEARCH };
    }

    fn serve(&mut self, mut job: Box<dyn Job>) {
        while let Some(apdu) = job.apdu() {
            match self.exchange(&apdu, job.installation()) {
                Err(fault) if job.keep_trying(&fault) => thread::sleep(RETRY),
                result => return job.done(result),
            }
        }
    }

    fn exchange(&mut self, apdu: &[u8], pinned: Option<[u8; 16]>) -> Result<Vec<u8>, Fault> {
        if self.link.is_none() {
            self.reopen().inspect_err(|fault| self.lose(fault.clone()))?;
        }
        if let (Some(pinned), Some(session)) = (pinned, &self.publish.borrow().session)
            && session.installation != pinned
        {
            return Err(Fault::OtherInstallation { found: session.installation, pinned });
        }
        let instruction = apdu.get(1).copied().unwrap_or_default();
        let reply = self.send(apdu).inspect_err(|fault| self.lose(fault.clone()))?;
        match Reply::split(&reply).map(|(_, word)| (word, Status::from_word(word))) {
            // Words that the app never says to a command it knows: ask again who is there.
            None | Some((_, None | Some(Status::Class | Status::Instruction))) => {
                let word = Reply::split(&reply).map_or(0, |(_, word)| word);
                let fault = Fault::OtherApp(format!("status {word:04x}"));
                self.lose(fault.clone());
                Err(fault)
            }
            Some(_) => {
                if instruction >= ins::ADD_CHAIN {
                    self.publish.send_modify(|seen| seen.epoch += 1);
                    if let Err(fault) = self.resync() {
                        self.lose(fault);
                    }
                }
                Ok(reply)
            }
        }
    }

    fn send(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Fault> {
        let deadline = match apdu.get(1) {
            Some(&ins::SIGN) => SIGN_DEADLINE,
            _ => DEADLINE,
        };
        let link = self.link.as_mut().ok_or_else(|| Fault::Absent("closed".to_owned()))?;
        link.exchange(apdu, Instant::now() + deadline).map_err(Fault::from)
    }

    fn reopen(&mut self) -> Result<(), Fault> {
        let now = Instant::now();
        if now < self.next_try
            && let Some(fault) = self.publish.borrow().fault.clone()
        {
            return Err(fault);
        }
        self.next_try = now + SEARCH / 2;
        self.link = Some(self.opener.open()?);
        self.resync()?;
        if let Some(session) = &self.publish.borrow().session {
            tracing::info!(
                installation = %hex::encode(session.installation),
                app = %advice::version(session.app),
                "device ready"
            );
        }
        Ok(())
    }

    fn resync(&mut self) -> Result<(), Fault> {
        let session = Session::open(|apdu| self.send(apdu))?;
        if let Some(fault) = advice::standing(session.standing)
            && self.publish.borrow().session.as_ref().map(|old| old.standing) != Some(session.standing)
        {
            tracing::error!("{fault}");
        }
        let now = lives(&session);
        let changed = self.lives.as_ref().is_some_and(|before| *before != now);
        self.lives = Some(now);
        self.publish.send_modify(|seen| {
            seen.epoch += u64::from(changed);
            seen.session = Some(session);
            seen.fault = None;
        });
        Ok(())
    }

    /// Closes; the next opening asks everything anew.
    fn lose(&mut self, fault: Fault) {
        self.link = None;
        let news = self.publish.borrow().fault.as_ref().map(std::mem::discriminant)
            != Some(std::mem::discriminant(&fault));
        if news {
            tracing::warn!("{}", advice::fault(&fault));
        }
        self.publish.send_modify(|seen| {
            seen.session = None;
            seen.fault = Some(fault);
        });
    }
}

/// Which installation, and which life each chain is in.
type Lives = ([u8; 16], Vec<(String, u16)>);

fn lives(session: &Session) -> Lives {
    let chains = session.slots.iter().map(|slot| (slot.chain.clone(), slot.incarnation));
    (session.installation, chains.collect())
}

#[cfg(test)]
#[path = "owner_tests.rs"]
mod tests;
