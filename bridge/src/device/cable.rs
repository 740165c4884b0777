//! The cable as the device's task sees it: one command, one reply, and nothing else happens to the task meanwhile.

use std::pin::Pin;
use std::time::Instant;

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::{Opener, Transport, TransportError};

/// What is awaited of a cable.
pub type Awaited<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Whether a command that got no reply was on the cable: then the device may have acted on it.
#[derive(Debug)]
pub struct Broken {
    /// Whether it was.
    pub sent: bool,
    /// Why no reply came.
    pub error: TransportError,
}

/// A cable with a device at its end. After any error it is closed and opened anew.
pub trait Cable: Send {
    /// One command, one reply (data and status word).
    fn exchange<'a>(&'a mut self, apdu: &'a [u8], deadline: Instant) -> Awaited<'a, Result<Vec<u8>, Broken>>;

    /// The owner of a device without buttons answers; `false` where only real buttons count.
    fn press(&mut self, approved: bool) -> Awaited<'_, bool>;
}

/// Where a cable is plugged in, again and again.
pub trait Plug: Send {
    /// A fresh cable, or why there is none.
    fn plug(&mut self) -> Awaited<'_, Result<Box<dyn Cable>, TransportError>>;
}

/// A cable whose reading and writing blocks has a thread of its own.
pub(super) struct Threaded {
    orders: std::sync::mpsc::Sender<Order>,
}

enum Order {
    Open(oneshot::Sender<Result<(), TransportError>>),
    Exchange(Zeroizing<Vec<u8>>, Instant, oneshot::Sender<Result<Vec<u8>, TransportError>>),
    Press(bool, oneshot::Sender<bool>),
    Close,
}

impl Threaded {
    pub(super) fn start(opener: Box<dyn Opener>) -> std::io::Result<Self> {
        let (orders, inbox) = std::sync::mpsc::channel();
        // What the thread says goes where its maker's words go.
        let log = tracing::dispatcher::get_default(Clone::clone);
        std::thread::Builder::new().name("cable".to_owned()).spawn(move || {
            tracing::dispatcher::with_default(&log, || serve(opener, &inbox));
        })?;
        Ok(Self { orders })
    }
}

fn serve(mut opener: Box<dyn Opener>, inbox: &std::sync::mpsc::Receiver<Order>) {
    let mut transport: Option<Box<dyn Transport>> = None;
    // An asker that is gone does not want to know.
    while let Ok(order) = inbox.recv() {
        match order {
            Order::Open(answer) => {
                transport = None;
                let opened = opener.open().map(|opened| transport = Some(opened));
                let _ = answer.send(opened);
            }
            Order::Exchange(apdu, deadline, answer) => {
                let closed = || Err(TransportError::Io(std::io::ErrorKind::NotConnected.into()));
                let reply = transport.as_mut().map_or_else(closed, |open| open.exchange(&apdu, deadline));
                let _ = answer.send(reply);
            }
            Order::Press(approved, answer) => {
                let pressed = transport.as_mut().is_some_and(|open| open.press(approved));
                let _ = answer.send(pressed);
            }
            Order::Close => transport = None,
        }
    }
}

/// Where an opener's transports are plugged in: they are read and written by a thread of their own.
///
/// # Errors
/// There is no thread.
pub fn threaded(opener: Box<dyn Opener>) -> std::io::Result<Box<dyn Plug>> {
    Ok(Box::new(Threaded::start(opener)?))
}

impl Plug for Threaded {
    fn plug(&mut self) -> Awaited<'_, Result<Box<dyn Cable>, TransportError>> {
        Box::pin(async move {
            let (answer, opened) = oneshot::channel();
            let _ = self.orders.send(Order::Open(answer));
            opened.await.unwrap_or_else(|_| Err(ended()))?;
            Ok(Box::new(Lent(self.orders.clone())) as Box<dyn Cable>)
        })
    }
}

/// The thread's transport while it is open.
struct Lent(std::sync::mpsc::Sender<Order>);

impl Cable for Lent {
    fn exchange<'a>(&'a mut self, apdu: &'a [u8], deadline: Instant) -> Awaited<'a, Result<Vec<u8>, Broken>> {
        let (answer, reply) = oneshot::channel();
        let _ = self.0.send(Order::Exchange(apdu.to_vec().into(), deadline, answer));
        Box::pin(async move {
            let reply = reply.await.unwrap_or_else(|_| Err(ended()));
            // The thread does not tell how far the command came.
            reply.map_err(|error| Broken { sent: true, error })
        })
    }

    fn press(&mut self, approved: bool) -> Awaited<'_, bool> {
        let (answer, pressed) = oneshot::channel();
        let _ = self.0.send(Order::Press(approved, answer));
        Box::pin(async move { pressed.await.unwrap_or(false) })
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let _ = self.0.send(Order::Close);
    }
}

fn ended() -> TransportError {
    TransportError::Io(std::io::Error::other("the cable's thread ended"))
}
