//! HTTP clients: a few at a time, each for a while. Else idle ones would take every file the process may open, and the
//! state files could not be written any more.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

use super::accept::Accepting;
use crate::advice;
use crate::log::Kind;

/// At a time; the next ones wait in the system.
const MOST: usize = 16;
/// A client is cut then, whatever it does: an answer takes milliseconds.
const LIFE: Duration = Duration::from_secs(10);
/// Between two tries to listen.
const AGAIN: Duration = Duration::from_secs(5);

/// Takes clients in.
pub(super) struct Clients {
    listener: TcpListener,
    places: Arc<Semaphore>,
    accepting: Accepting,
    life: Duration,
}

impl Clients {
    /// Listens there as soon as that can be done: metrics are no reason not to sign.
    pub(super) async fn listen(listen: SocketAddr) -> Self {
        let mut told = false;
        loop {
            match TcpListener::bind(listen).await {
                Ok(listener) => {
                    if told {
                        tracing::info!(kind = %Kind::AdminServed, "metrics are served on {listen}");
                    }
                    return Self::of(listener, LIFE);
                }
                Err(error) => {
                    if !std::mem::replace(&mut told, true) {
                        tracing::error!(kind = %Kind::AdminUnserved, "{}", advice::metrics_listen(listen, &error));
                    }
                    sleep(AGAIN).await;
                }
            }
        }
    }

    fn of(listener: TcpListener, life: Duration) -> Self {
        let (places, accepting) = (Arc::new(Semaphore::new(MOST)), Accepting::default());
        Self { listener, places, accepting, life }
    }
}

impl axum::serve::Listener for Clients {
    type Io = Client;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Client, SocketAddr) {
        // It is never closed.
        let place = self.places.clone().acquire_owned().await.ok();
        loop {
            if let Some((stream, from)) = self.accepting.take(self.listener.accept().await).await {
                return (Client { stream, end: Box::pin(sleep(self.life)), _place: place }, from);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// One of them.
pub(super) struct Client {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Client {
    fn over(&mut self, context: &mut Context<'_>) -> bool {
        self.end.as_mut().poll(context).is_ready()
    }
}

impl AsyncRead for Client {
    /// At its end it reads as one that hung up.
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.over(context) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Client {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.over(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::timeout;

    use super::*;

    /// Longer than anything here takes, on a slow machine too.
    const PATIENCE: Duration = Duration::from_secs(20);

    async fn ask(to: SocketAddr) -> String {
        let mut client = TcpStream::connect(to).await.unwrap();
        client.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        timeout(PATIENCE, client.read_to_string(&mut answer)).await.expect("an answer").unwrap();
        answer
    }

    fn router() -> Router {
        Router::new().route("/health", get(|| async { "ok" }))
    }

    #[tokio::test]
    async fn idle_clients_take_a_few_places_and_those_for_a_while_only() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clients = Clients::of(listener, Duration::from_millis(300));
        let (to, places) = (clients.listener.local_addr().unwrap(), clients.places.clone());
        let server = tokio::spawn(async move { axum::serve(clients, router()).await });
        let mut idle = Vec::new();
        for _ in 0..2 * MOST {
            idle.push(TcpStream::connect(to).await.unwrap());
        }
        assert!(ask(to).await.ends_with("ok"), "behind all of them");
        let mut byte = [0];
        for mut client in idle {
            let read = timeout(PATIENCE, client.read(&mut byte)).await.expect("it is cut");
            assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
        }
        // The one that the next client would get may be taken already.
        timeout(PATIENCE, async {
            while places.available_permits() < MOST - 1 {
                sleep(Duration::from_millis(10)).await;
            }
        })
        .await
        .expect("the places are free again");
        server.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_port_that_is_taken_is_waited_for() {
        let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = other.local_addr().unwrap();
        let listening = tokio::spawn(Clients::listen(to));
        sleep(3 * AGAIN).await;
        assert!(!listening.is_finished(), "it goes on trying");
        drop(other);
        assert_eq!(listening.await.unwrap().listener.local_addr().unwrap(), to);
    }
}
