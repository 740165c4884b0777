//! The one thread that talks to the device.

use std::mem::Discriminant;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use highwater_core::apdu::{Reply, Status, ins};
use tokio::sync::{oneshot, watch};

use super::handle::{Next, Order, Seen};
use super::pace::Pace;
use super::turns::{Turn, Turns};
use super::{DEADLINE, Fault, Opener, SIGN_DEADLINE, Session, Transport, signs};
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
    /// Who wants to know how the device is.
    lookers: Vec<oneshot::Sender<()>>,
    /// The kinds of fault that were said since the device was ready.
    said: Vec<Discriminant<Fault>>,
    publish: watch::Sender<Seen>,
    /// Of the last device that answered, kept while it is away.
    lives: Option<Lives>,
    /// Of the device that is open.
    pace: Pace,
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
            lookers: Vec::new(),
            said: Vec::new(),
            publish,
            lives: None,
            pace: Pace::default(),
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
            let wait = match self.turns.is_empty() && self.lookers.is_empty() {
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
                Ok(Order::Look(answer)) => self.lookers.push(answer),
                Err(RecvTimeoutError::Timeout) => {
                    // A job, then one look for all who wait for one: however many ask, signing goes on.
                    if let Some(turn) = self.turns.next() {
                        self.serve(turn);
                    }
                    self.answer_lookers();
                }
                Ok(Order::End) | Err(RecvTimeoutError::Disconnected) => {
                    self.turns.jobs().for_each(|job| job.ending());
                    while let Some(turn) = self.turns.next() {
                        self.serve(turn);
                    }
                    return;
                }
            }
        }
    }

    /// Looks once for all who asked, unless they have lost their patience.
    fn answer_lookers(&mut self) {
        let lookers = std::mem::take(&mut self.lookers);
        if lookers.iter().any(|asker| !asker.is_closed()) {
            self.look();
        }
        for asker in lookers {
            let _ = asker.send(());
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

    /// One command of a job. If it has more to ask, it is the next of its lane after the other chains had their turn.
    fn serve(&mut self, mut turn: Turn) {
        while let Some(apdu) = turn.job.apdu() {
            let installation = turn.job.installation();
            let mut result = self.exchange(&apdu, installation, &mut || turn.job.under_way());
            match result.as_ref().map(|reply| turn.job.take(reply)) {
                Ok(Next::Done) => {}
                Ok(Next::More) => return self.turns.again(turn),
                Ok(Next::Wrong) => {
                    // Maybe the reply to something else: once more, on a fresh link.
                    self.lose(Fault::WrongReply);
                    self.next_try = Instant::now();
                    turn.job.lost();
                    if !std::mem::replace(&mut turn.wrong, true) {
                        continue;
                    }
                    result = Err(Fault::WrongReply);
                }
                Err(_) => turn.job.lost(),
            }
            match result {
                Err(fault) if turn.job.keep_trying(&fault) => thread::sleep(RETRY),
                result => return turn.job.done(result),
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
        let deadline = if signs(apdu) { SIGN_DEADLINE } else { DEADLINE };
        let link = self.link.as_mut().ok_or_else(|| Fault::Absent("closed".to_owned()))?;
        let started = Instant::now();
        let reply = link.exchange_beside(apdu, started + deadline, under_way)?;
        self.pace.learn(apdu, &reply, started.elapsed());
        Ok(reply)
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
        self.pace = Pace::default();
        self.resync()?;
        self.said.clear();
        if let Some(session) = &self.publish.borrow().session {
            tracing::info!(
                installation = %hex::encode(session.installation),
                app = %advice::version(session.app),
                extension_fits = session.extension_fits.unwrap_or(0),
                "device ready"
            );
        }
        Ok(())
    }

    fn resync(&mut self) -> Result<(), Fault> {
        let mut session = Session::open(|apdu| self.send(apdu, &mut || ()))?;
        if self.pace.is_unknown() {
            self.send(&Pace::probe(), &mut || ())?;
        }
        session.extension_fits = self.pace.fits();
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
            seen.answered = Some(Instant::now());
        });
        Ok(())
    }

    /// Closes; the next opening asks everything anew.
    fn lose(&mut self, fault: Fault) {
        self.link = None;
        self.turns.jobs().for_each(|job| job.lost());
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
