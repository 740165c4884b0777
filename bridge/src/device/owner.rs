//! The one thread that talks to the device.

use std::mem::Discriminant;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use highwater_core::apdu::{Reply, Status, ins};
use tokio::sync::watch;

use super::handle::{Job, Order, Seen};
use super::turns::Turns;
use super::{DEADLINE, Fault, Opener, SIGN_DEADLINE, Session, Transport};
use crate::advice;

/// How often a device that went away is looked for.
const SEARCH: Duration = Duration::from_millis(500);
/// How often a quiet device is asked whether it is still there.
const CHECK: Duration = Duration::from_secs(5);
/// Between two tries of one job.
const RETRY: Duration = Duration::from_millis(200);

pub(super) struct Owner {
    opener: Box<dyn Opener>,
    link: Option<Box<dyn Transport>>,
    inbox: mpsc::Receiver<Order>,
    turns: Turns,
    /// The kinds of fault that were said since the device was ready.
    said: Vec<Discriminant<Fault>>,
    publish: watch::Sender<Seen>,
    /// Of the last device that answered, kept while it is away.
    lives: Option<Lives>,
    next_try: Instant,
    next_look: Instant,
}

impl Owner {
    pub(super) fn new(
        opener: Box<dyn Opener>,
        inbox: mpsc::Receiver<Order>,
        publish: watch::Sender<Seen>,
    ) -> Self {
        let (now, turns) = (Instant::now(), Turns::default());
        Self {
            opener,
            link: None,
            inbox,
            turns,
            said: Vec::new(),
            publish,
            lives: None,
            next_try: now,
            next_look: now,
        }
    }

    pub(super) fn run(mut self) {
        self.look();
        loop {
            // Not pushed back by jobs: what changed behind our back is seen on a busy device too.
            if Instant::now() >= self.next_look {
                self.look();
            }
            let wait = match self.turns.is_empty() {
                true => self.next_look.saturating_duration_since(Instant::now()),
                false => Duration::ZERO,
            };
            // Everything that has come is put in its lane before the next job is served.
            match self.inbox.recv_timeout(wait) {
                Ok(Order::Job(job)) => self.turns.push(job),
                Ok(Order::Press(approved, answer)) => {
                    let pressed = self.link.as_mut().is_some_and(|link| link.press(approved));
                    let _ = answer.send(pressed);
                }
                Ok(Order::Look(answer)) => {
                    self.look();
                    // The asker may have lost its patience.
                    let _ = answer.send(());
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(job) = self.turns.next() {
                        self.serve(job);
                    }
                }
                Ok(Order::End) | Err(RecvTimeoutError::Disconnected) => {
                    while let Some(job) = self.turns.next() {
                        self.serve(job);
                    }
                    return;
                }
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
        let mut wrong = false;
        while let Some(apdu) = job.apdu() {
            let installation = job.installation();
            let mut result = self.exchange(&apdu, installation, &mut || job.under_way());
            if result.as_ref().is_ok_and(|reply| !job.accepts(reply)) {
                // Maybe the reply to something else: once more, on a fresh link.
                self.lose(Fault::WrongReply);
                self.next_try = Instant::now();
                if !std::mem::replace(&mut wrong, true) {
                    continue;
                }
                result = Err(Fault::WrongReply);
            }
            match result {
                Err(fault) if job.keep_trying(&fault) => thread::sleep(RETRY),
                result => return job.done(result),
            }
        }
    }

    fn exchange(
        &mut self,
        apdu: &[u8],
        pinned: Option<[u8; 16]>,
        under_way: &mut dyn FnMut(),
    ) -> Result<Vec<u8>, Fault> {
        if self.link.is_none() {
            self.reopen().inspect_err(|fault| self.lose(fault.clone()))?;
        }
        if let (Some(pinned), Some(session)) = (pinned, &self.publish.borrow().session)
            && session.installation != pinned
        {
            return Err(Fault::OtherInstallation { found: session.installation, pinned });
        }
        let instruction = apdu.get(1).copied().unwrap_or_default();
        let reply = self.send(apdu, under_way).inspect_err(|fault| self.lose(fault.clone()))?;
        match Reply::split(&reply).map(|(_, word)| (word, Status::from_word(word))) {
            // Words that the app never says to a command it knows: ask again who is there.
            None | Some((_, None | Some(Status::Class | Status::Instruction))) => {
                let word = Reply::split(&reply).map_or(0, |(_, word)| word);
                let fault = Fault::OtherApp(format!("status {word:04x}"));
                self.lose(fault.clone());
                Err(fault)
            }
            // The app signs while it is locked, so this is not the app.
            Some((_, Some(Status::Locked))) if instruction < ins::ADD_CHAIN => {
                self.lose(Fault::Locked);
                Err(Fault::Locked)
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

    fn send(&mut self, apdu: &[u8], under_way: &mut dyn FnMut()) -> Result<Vec<u8>, Fault> {
        let deadline = match apdu.get(1) {
            Some(&ins::SIGN) => SIGN_DEADLINE,
            _ => DEADLINE,
        };
        let link = self.link.as_mut().ok_or_else(|| Fault::Absent("closed".to_owned()))?;
        link.exchange_beside(apdu, Instant::now() + deadline, under_way).map_err(Fault::from)
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
        self.said.clear();
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
        let session = Session::open(|apdu| self.send(apdu, &mut || ()))?;
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
        // Each kind is said once until the device is ready again, however they take turns.
        let kind = std::mem::discriminant(&fault);
        if !self.said.contains(&kind) {
            self.said.push(kind);
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
