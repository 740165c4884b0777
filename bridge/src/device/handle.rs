//! What everyone else holds of the device: commands go in, what is known of it comes out.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use highwater_core::apdu::Kind;
use tokio::sync::{mpsc, oneshot, watch};
use zeroize::Zeroizing;

use super::cable::{Plug, threaded};
use super::owner::{CHECK, Owner};
use super::{Fault, LONG_DEADLINE, Opener, Session};
use crate::watchdog::Heartbeat;

/// What is known of the device.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// What it described itself as; `None` while it is away.
    pub session: Option<Session>,
    /// Why it is away.
    pub fault: Option<Fault>,
    /// When a look at it last came to an end, whatever was seen; at first, when the device's task began.
    pub looked: Option<Instant>,
    /// Rises whenever marks or chains may have been changed by command, or another device was plugged in.
    pub epoch: u64,
}

/// A look may be so late: one comes every [`CHECK`], a command that is under way then goes on to its deadline, and the look
/// itself takes a while. Later than this the cable hangs, and nothing that is known of the device holds any more.
const OVERDUE: Duration = CHECK.saturating_add(LONG_DEADLINE).saturating_add(Duration::from_secs(5));

impl Seen {
    /// How long ago the last look came to an end, if that is too long ago.
    pub fn overdue(&self, now: Instant) -> Option<Duration> {
        let age = now.saturating_duration_since(self.looked?);
        (age > OVERDUE).then_some(age)
    }
}

/// A command for the device, and what it is for.
#[derive(Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Its bytes. A key may be among them, so they are wiped.
    pub apdu: Zeroizing<Vec<u8>>,
    /// What it is for.
    pub kind: Kind,
}

impl fmt::Debug for Exchange {
    /// Never its bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Names a signing command to whoever sent it: the chain's number and the request's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) chain: usize,
    pub(crate) request: u64,
}

/// What happened, in the order of the cable: a reply comes before what was seen after it.
#[derive(Debug)]
pub(crate) enum Event {
    /// The device described itself anew, or went away.
    Seen(Box<Seen>),
    /// A signing command is over.
    Replied { ticket: Ticket, result: Result<Vec<u8>, NoReply> },
}

/// A command that got no reply.
#[derive(Debug)]
pub(crate) struct NoReply {
    /// Whether it was on the cable: then the device may have acted on it.
    pub(crate) sent: bool,
    /// Why.
    pub(crate) fault: Fault,
}

/// Where events go.
pub(crate) type Follower = Box<dyn Fn(Event) + Send>;

/// What the device's task is told.
pub(super) enum Order {
    /// For a chain's request; the device must be open, and as it was last seen.
    Sign {
        exchange: Exchange,
        ticket: Ticket,
        epoch: u64,
    },
    /// Of the operator.
    Exchange(Exchange, oneshot::Sender<Result<Vec<u8>, Fault>>),
    Press(bool, oneshot::Sender<bool>),
    Look(oneshot::Sender<()>),
    /// The last reply cannot have been one: open the cable anew.
    Distrust,
    End,
}

/// A handle of the device; clones share it.
#[derive(Debug, Clone)]
pub struct Device {
    orders: mpsc::UnboundedSender<Order>,
    seen: watch::Receiver<Seen>,
    heartbeat: Heartbeat,
}

/// Resolves when the device's task ended, in whatever way.
pub type Died = oneshot::Receiver<()>;

impl Device {
    /// Starts the device's task, which opens the device by itself. Reading and writing blocks a thread of its own.
    pub fn start(opener: Box<dyn Opener>) -> std::io::Result<(Self, Died)> {
        Ok(Self::plugged(threaded(opener)?))
    }

    /// The device task's sign of life.
    pub fn heartbeat(&self) -> Heartbeat {
        self.heartbeat.clone()
    }

    /// Starts the device's task on this cable.
    pub fn plugged(plug: Box<dyn Plug>) -> (Self, Died) {
        Self::followed(plug, None, Box::new(|_| ()))
    }

    /// Starts the device's task; what happens is told to `follower`, and in the log by the device's name.
    pub(crate) fn followed(plug: Box<dyn Plug>, name: Option<Arc<str>>, follower: Follower) -> (Self, Died) {
        let (orders, inbox) = mpsc::unbounded_channel();
        let (publish, seen) = watch::channel(Seen { looked: Some(Instant::now()), ..Seen::default() });
        let (alive, died) = oneshot::channel::<()>();
        let heartbeat = Heartbeat::new();
        let owner = Owner::new(plug, name, inbox, publish, follower, heartbeat.clone());
        tokio::spawn(async move {
            // Dropped when the task ends, by a panic too.
            let _alive = alive;
            owner.run().await;
        });
        (Self { orders, seen, heartbeat }, died)
    }

    /// Sends a signing command; its end is an [`Event::Replied`]. One at a time.
    pub(crate) fn sign(&self, apdu: Vec<u8>, ticket: Ticket, epoch: u64) {
        let exchange = Exchange { apdu: apdu.into(), kind: Kind::Signs };
        let _ = self.orders.send(Order::Sign { exchange, ticket, epoch });
    }

    /// The last reply cannot have been one to its command.
    pub(crate) fn distrust(&self) {
        let _ = self.orders.send(Order::Distrust);
    }

    /// One command of the operator. The reply holds its status word.
    pub async fn exchange(&self, exchange: Exchange) -> Result<Vec<u8>, Fault> {
        let (answer, reply) = oneshot::channel();
        let _ = self.orders.send(Order::Exchange(exchange, answer));
        reply.await.unwrap_or(Err(Fault::Ending))
    }

    /// The owner of a simulated device presses; `false` if the device has real buttons.
    pub async fn press(&self, approved: bool) -> bool {
        let (answer, pressed) = oneshot::channel();
        let _ = self.orders.send(Order::Press(approved, answer));
        pressed.await.unwrap_or(false)
    }

    /// Asks the device for its state now, if it gets round to it within 3 s; else the last one known stays. Says whether
    /// it was asked.
    pub async fn look(&self) -> bool {
        let (answer, looked) = oneshot::channel();
        let _ = self.orders.send(Order::Look(answer));
        matches!(tokio::time::timeout(Duration::from_secs(3), looked).await, Ok(Ok(())))
    }

    /// Ends the device's task once what is under way is done.
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
