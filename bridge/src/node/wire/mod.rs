//! What carries the messages: dialling, handshake, and the same two verbs for all three kinds of link.

mod http;
mod noise;
mod secret;
mod unix;

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::time::timeout;
use tokio_util::codec::Framed;

use super::{Address, ConnectError, Host, Identity, Internet, Network, PeerId};
use crate::privval::proto::Envelope;
use crate::privval::{Codec, CodecError};
pub(super) use http::Suspicion;
pub(crate) use unix::SocketError;

/// Connecting takes no longer than this.
pub(super) const CONNECT: Duration = Duration::from_secs(3);

/// A handshake takes no longer than this: a node that starts gives its signer 3 s for all of it.
const HANDSHAKE: Duration = Duration::from_millis(2_500);

/// What a handshake needs of a connection.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static> Stream for T {}

/// A link whose handshake is done.
pub(super) enum Wire<T> {
    Unix(Framed<UnixStream, Codec>),
    Tcp(secret::Secret<T>),
    Noise(Box<Framed<T, noise::Sealed>>),
}

/// Why there is no link. `advice` has cause and cure of each.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    /// No connection.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The host has no address.
    #[error("{0}")]
    Lookup(io::Error),
    /// The socket file is none, or whose it is must not be talked to.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// Connected, and then nothing for [`HANDSHAKE`].
    #[error("no handshake")]
    Late,
    /// The peer broke off the handshake.
    #[error("the handshake was broken off")]
    BrokenOff,
    /// What came is no handshake of this kind.
    #[error("the handshake failed: {0}")]
    Handshake(String),
    /// A web server is there, and no node that waits for its signer.
    #[error("what listens there answers HTTP")]
    Http,
    /// Another node than the pinned one.
    #[error("{0} is there")]
    OtherPeer(PeerId),
}

impl DialError {
    /// Whether nothing came from the other machine, and nothing of this host kept what was sent from going out: then the way
    /// to it is in question, and not what runs there.
    pub(crate) fn is_cut(&self) -> bool {
        matches!(self, Self::Io(error) if is_of_the_way(error))
    }

    /// Whether a host without a network is why.
    pub(crate) fn needs_network(&self) -> bool {
        self.is_cut() || matches!(self, Self::Lookup(_))
    }
}

/// Of a connection: it tells that packets do not come through. Whatever else keeps a host from connecting is its own trouble,
/// like too many open files.
fn is_of_the_way(error: &io::Error) -> bool {
    use io::ErrorKind::{HostUnreachable, NetworkDown, NetworkUnreachable, TimedOut};
    matches!(error.kind(), TimedOut | HostUnreachable | NetworkUnreachable | NetworkDown)
}

/// What is worth a warning about a link that is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Exposed {
    /// Every user of this machine may open the socket file.
    Everyone(u32),
    /// Every member of this group may make the socket while there is none.
    Members(u32),
    /// SecretConnection to another machine.
    Network(IpAddr),
}

impl<T: Stream> Wire<T> {
    pub(super) async fn dial(
        network: &impl Network<Stream = T>,
        address: &Address,
        identity: &Identity,
    ) -> Result<(Self, Option<Exposed>), DialError> {
        match address {
            Address::Unix(path) => {
                unix::look(path)?;
                let stream = in_time(async { Ok(UnixStream::connect(path).await?) }).await?;
                let exposed = unix::verify(path, &stream)?;
                Ok((Self::Unix(Framed::new(stream, Codec)), exposed))
            }
            Address::Tcp(host) => {
                let (stream, peer) = in_time(network.connect(host)).await?;
                let exposed = (!peer.to_canonical().is_loopback()).then_some(Exposed::Network(peer));
                Ok((Self::Tcp(handshake(secret::shake(stream, identity)).await?), exposed))
            }
            Address::Noise { peer, host } => {
                let (stream, _) = in_time(network.connect(host)).await?;
                let sealed = handshake(noise::shake(stream, identity, *peer)).await?;
                Ok((Self::Noise(Box::new(sealed)), None))
            }
        }
    }

    /// The next message; `None` at the end. Cancelling loses nothing: an unfinished message stays in a buffer, or
    /// with a task that nobody cancels but the end of the link.
    pub(super) async fn next(&mut self) -> Option<Result<Envelope, CodecError>> {
        match self {
            Self::Unix(framed) => framed.next().await,
            Self::Tcp(secret) => secret.next().await,
            Self::Noise(framed) => framed.next().await,
        }
    }

    /// Sends a message. Cancelled, or after an error, the link must be dropped.
    pub(super) async fn send(&mut self, message: Envelope) -> Result<(), CodecError> {
        match self {
            Self::Unix(framed) => framed.send(message).await,
            Self::Tcp(secret) => secret.send(message).await,
            Self::Noise(framed) => framed.send(message).await,
        }
    }
}

/// Judges where a node listens, without a connection.
pub(crate) fn look(address: &Address) -> Result<(), DialError> {
    match address {
        Address::Unix(path) => unix::look(path).map(|_| ()).map_err(DialError::Socket),
        Address::Tcp(_) | Address::Noise { .. } => Ok(()),
    }
}

/// Whether a node listens there: connects, says nothing, and hangs up. Not while another signer serves the node.
pub(crate) async fn reach(address: &Address) -> Result<(), DialError> {
    match address {
        Address::Unix(path) => {
            unix::look(path)?;
            let stream = in_time(async { Ok(UnixStream::connect(path).await?) }).await?;
            unix::verify(path, &stream)?;
        }
        Address::Tcp(host) | Address::Noise { host, .. } => drop(in_time(Internet.connect(host)).await?),
    }
    Ok(())
}

impl From<ConnectError> for DialError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Lookup(error) => Self::Lookup(error),
            ConnectError::Io(error) => Self::Io(error),
        }
    }
}

async fn in_time<T>(connecting: impl Future<Output = Result<T, ConnectError>>) -> Result<T, ConnectError> {
    let late = || Err(io::Error::from(io::ErrorKind::TimedOut).into());
    timeout(CONNECT, connecting).await.unwrap_or_else(|_| late())
}

async fn handshake<T>(shaking: impl Future<Output = Result<T, DialError>>) -> Result<T, DialError> {
    match timeout(HANDSHAKE, shaking).await {
        Err(_) => Err(DialError::Late),
        Ok(Err(DialError::Io(error))) if is_end(&error) => Err(DialError::BrokenOff),
        Ok(shaken) => shaken,
    }
}

fn is_end(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | BrokenPipe)
}
