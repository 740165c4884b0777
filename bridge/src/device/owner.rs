//! The one task that talks to the device: it opens the cable, asks who is there, and carries commands.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use highwater_core::apdu::{Command, Kind, PromptState, PromptStatus, Reply, Status};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use super::cable::{Cable, Plug};
use super::fault::Sort;
use super::handle::{Event, Exchange, Follower, NoReply, Order, Seen};
use super::pace::Pace;
use super::{Absence, DEADLINE, Fault, LONG_DEADLINE, Session};
use crate::watchdog::Heartbeat;
use crate::{advice, log};

/// How often a device that went away is looked for.
const SEARCH: Duration = Duration::from_millis(500);
/// How often a quiet device is asked whether it is still there.
pub(super) const CHECK: Duration = Duration::from_secs(5);

pub(super) struct Owner {
    plug: Box<dyn Plug>,
    /// Of the device, for the log.
    name: Option<Arc<str>>,
    cable: Option<Box<dyn Cable>>,
    inbox: mpsc::UnboundedReceiver<Order>,
    /// Orders that came while others were looked at.
    waiting: VecDeque<Order>,
    /// The kinds of fault that were said since the device was ready.
    said: Vec<Sort>,
    publish: watch::Sender<Seen>,
    follower: Follower,
    /// Of the last device that answered, kept while it is away.
    lives: Option<Lives>,
    /// Of the device that is open.
    pace: Pace,
    heartbeat: Heartbeat,
    next_try: Instant,
    next_look: Instant,
}

impl Owner {
    pub(super) fn new(
        plug: Box<dyn Plug>,
        name: Option<Arc<str>>,
        inbox: mpsc::UnboundedReceiver<Order>,
        publish: watch::Sender<Seen>,
        follower: Follower,
        heartbeat: Heartbeat,
    ) -> Self {
        let now = Instant::now();
        Self {
            plug,
            name,
            cable: None,
            inbox,
            waiting: VecDeque::new(),
            said: Vec::new(),
            publish,
            follower,
            lives: None,
            pace: Pace::default(),
            heartbeat,
            next_try: now,
            next_look: now,
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            self.heartbeat.beat();
            // Not pushed back by commands: what changed behind our back is seen on a busy device too.
            if Instant::now() >= self.next_look {
                self.look().await;
            }
            let order = match self.waiting.pop_front() {
                Some(order) => Some(order),
                None => tokio::select! {
                    biased;
                    order = self.inbox.recv() => order,
                    () = sleep_until(self.next_look) => continue,
                },
            };
            match order {
                None | Some(Order::End) => return self.end(),
                Some(Order::Look(asker)) => self.look_for_all(asker).await,
                Some(order) => self.carry(order).await,
            }
        }
    }

    /// What nobody carries any more gets its answer.
    fn end(mut self) {
        self.inbox.close();
        while let Ok(order) = self.inbox.try_recv() {
            if let Order::Sign { ticket, .. } = order {
                let result = Err(NoReply { sent: false, fault: Fault::Ending });
                (self.follower)(Event::Replied { ticket, result });
            }
        }
    }

    async fn carry(&mut self, order: Order) {
        match order {
            Order::Sign { exchange, ticket, epoch } => {
                let result = self.sign(&exchange, epoch).await;
                (self.follower)(Event::Replied { ticket, result });
            }
            Order::Exchange(exchange, answer) => {
                let result =
                    if answer.is_closed() { Err(Fault::Ending) } else { self.exchange(&exchange).await };
                let _ = answer.send(result);
            }
            Order::Press(approved, answer) => {
                let pressed = match &mut self.cable {
                    Some(cable) => cable.press(approved).await,
                    None => false,
                };
                let _ = answer.send(pressed);
            }
            Order::Distrust => {
                self.lose(Fault::WrongReply);
                self.next_try = Instant::now();
                self.look().await;
            }
            Order::Look(_) | Order::End => {}
        }
    }

    /// Whatever came meanwhile, then one look for all who want one: however many ask, signing goes on.
    async fn look_for_all(&mut self, first: oneshot::Sender<()>) {
        let mut askers = vec![first];
        let mut others = VecDeque::new();
        while let Ok(order) = self.inbox.try_recv() {
            match order {
                Order::Look(asker) => askers.push(asker),
                order => others.push_back(order),
            }
        }
        // The end comes after the look: somebody waits for it.
        if let Some(order) = others.pop_front() {
            match order {
                Order::End => others.push_front(Order::End),
                order => self.carry(order).await,
            }
        }
        self.waiting.extend(others);
        if askers.iter().any(|asker| !asker.is_closed()) {
            self.look().await;
        }
        for asker in askers {
            let _ = asker.send(());
        }
    }

    /// Is it still there, or there again?
    async fn look(&mut self) {
        let outcome = if self.cable.is_some() { self.resync().await } else { self.reopen().await };
        if let Err(fault) = outcome {
            self.lose(fault);
        }
        self.next_look = Instant::now() + if self.cable.is_some() { CHECK } else { SEARCH };
    }

    /// A signing command goes only to a device that is open and as it was last seen.
    async fn sign(&mut self, exchange: &Exchange, epoch: u64) -> Result<Vec<u8>, NoReply> {
        let current = {
            let seen = self.publish.borrow();
            (seen.session.is_some() && seen.epoch == epoch)
                .then_some(())
                .ok_or_else(|| seen.fault.clone().unwrap_or(Fault::Absent(Absence::Closed)))
        };
        current.map_err(|fault| NoReply { sent: false, fault })?;
        let reply = self.send(&exchange.apdu, exchange.kind).await?;
        // Words that the app never says to a command it knows, or says only while it is not the app.
        let strange = match Reply::split(&reply).map(|(_, word)| Status::from_word(word)) {
            Some(Some(Status::Locked)) => Some(Fault::Locked),
            _ => another_app(&reply),
        };
        match strange {
            None => Ok(reply),
            Some(fault) => {
                self.lose(fault.clone());
                Err(NoReply { sent: true, fault })
            }
        }
    }

    /// A command of the operator.
    async fn exchange(&mut self, exchange: &Exchange) -> Result<Vec<u8>, Fault> {
        if self.cable.is_none() {
            let opened = self.reopen().await;
            opened.inspect_err(|fault| self.lose(fault.clone()))?;
        }
        let Exchange { apdu, kind } = exchange;
        let reply = self.send(apdu, *kind).await.map_err(|broken| broken.fault)?;
        if let Some(fault) = another_app(&reply) {
            self.lose(fault.clone());
            return Err(fault);
        }
        let (data, word) = Reply::split(&reply).unwrap_or((&[], 0));
        let locked = Status::from_word(word) == Some(Status::Locked);
        match kind {
            // A question may be refused because the device is locked; nothing else may.
            Kind::Signs | Kind::Reads | Kind::Opens | Kind::Watches if locked => {
                self.lose(Fault::Locked);
                return Err(Fault::Locked);
            }
            Kind::Signs | Kind::Reads | Kind::Opens => {}
            // What the owner approves at once, as one without buttons does, is seen at once.
            Kind::Asks => self.changed().await,
            Kind::Watches if is_done(apdu, data) => self.changed().await,
            Kind::Watches => {}
        }
        Ok(reply)
    }

    /// Marks or chains may have changed by command.
    async fn changed(&mut self) {
        self.publish.send_modify(|seen| seen.epoch += 1);
        if let Err(fault) = self.resync().await {
            self.lose(fault);
        }
    }

    async fn send(&mut self, apdu: &[u8], kind: Kind) -> Result<Vec<u8>, NoReply> {
        let deadline = match kind {
            Kind::Signs | Kind::Asks | Kind::Opens => LONG_DEADLINE,
            Kind::Reads | Kind::Watches => DEADLINE,
        };
        let Some(cable) = self.cable.as_mut() else {
            return Err(NoReply { sent: false, fault: Fault::Absent(Absence::Closed) });
        };
        self.heartbeat.beat();
        let started = std::time::Instant::now();
        match cable.exchange(apdu, started + deadline).await {
            Ok(reply) => {
                self.pace.learn(apdu, &reply, started.elapsed());
                Ok(reply)
            }
            Err(broken) => {
                let fault = Fault::from(broken.error);
                self.lose(fault.clone());
                Err(NoReply { sent: broken.sent, fault })
            }
        }
    }

    async fn reopen(&mut self) -> Result<(), Fault> {
        let now = Instant::now();
        if now < self.next_try
            && let Some(fault) = self.publish.borrow().fault.clone()
        {
            return Err(fault);
        }
        self.next_try = now + SEARCH / 2;
        self.heartbeat.beat();
        self.cable = Some(self.plug.plug().await?);
        self.pace = Pace::default();
        self.resync().await?;
        self.said.clear();
        if let Some(session) = &self.publish.borrow().session {
            tracing::info!(
                kind = %log::Kind::DeviceReady,
                device = self.name.as_deref(),
                installation = %hex::encode(session.installation),
                app = %advice::version(session.app),
                extension_fits = session.extension_fits.unwrap_or(0),
                "device ready"
            );
        }
        Ok(())
    }

    async fn resync(&mut self) -> Result<(), Fault> {
        let mut session = self.describe().await?;
        if self.pace.is_unknown() {
            self.send(&Pace::probe(), Kind::Signs).await.map_err(|broken| broken.fault)?;
        }
        session.extension_fits = self.pace.fits();
        if let Some(fault) = advice::standing(session.standing)
            && self.publish.borrow().session.as_ref().map(|old| old.standing) != Some(session.standing)
        {
            tracing::error!(kind = %log::Kind::DeviceUnsound, device = self.name.as_deref(), "{fault}");
        }
        let now = lives(&session);
        let changed = self.lives.as_ref().is_some_and(|before| *before != now);
        self.lives = Some(now);
        self.publish.send_modify(|seen| {
            seen.epoch += u64::from(changed);
            seen.session = Some(session);
            seen.fault = None;
            seen.looked = Some(std::time::Instant::now());
        });
        self.tell();
        Ok(())
    }

    async fn describe(&mut self) -> Result<Session, Fault> {
        let mut questions = super::session::Questions::new();
        while let Some(command) = questions.next() {
            // It is shorter than a device takes.
            let apdu = super::encode(&command).unwrap_or_default();
            let reply = self.send(&apdu, Kind::Reads).await.map_err(|broken| broken.fault)?;
            questions.answer(&reply)?;
        }
        questions.session()
    }

    /// Closes; the next opening asks everything anew.
    fn lose(&mut self, fault: Fault) {
        self.cable = None;
        // Each kind is said once until the device is ready again, however they take turns.
        let kind = fault.sort();
        if !self.said.contains(&kind) {
            self.said.push(kind);
            tracing::warn!(kind = %fault.kind(), device = self.name.as_deref(), "{}", advice::fault(&fault));
        }
        self.publish.send_modify(|seen| {
            seen.session = None;
            seen.fault = Some(fault);
            seen.looked = Some(std::time::Instant::now());
        });
        self.tell();
        // A hiccup is over at once, so the first try comes soon.
        self.next_look = self.next_look.min(Instant::now() + SEARCH / 2);
    }

    fn tell(&self) {
        (self.follower)(Event::Seen(Box::new(self.publish.borrow().clone())));
    }
}

/// A reply that Highwater never gives to a command it knows.
fn another_app(reply: &[u8]) -> Option<Fault> {
    let word = Reply::split(reply).map_or(0, |(_, word)| word);
    match Status::from_word(word) {
        None | Some(Status::Class | Status::Instruction) => {
            Some(Fault::OtherApp(format!("status {word:04x}")))
        }
        Some(_) => None,
    }
}

/// Whether the reply to a command that watches a question says that the question is over.
fn is_done(apdu: &[u8], data: &[u8]) -> bool {
    match Command::parse(apdu) {
        Ok(Command::PromptStatus(_)) => {
            PromptStatus::parse(data).is_none_or(|status| status.state != PromptState::Pending)
        }
        _ => true,
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
