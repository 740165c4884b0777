//! How hosts are reached: the seam at which tests put a network that they can break.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::Host;
use super::wire::CONNECT;

/// A name is looked up in this time: less than connecting may take, so that it is known what took so long.
pub(super) const LOOKUP: Duration = CONNECT.saturating_sub(Duration::from_millis(200));

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The host's name has no address, or nobody tells which.
    #[error("{0}")]
    Lookup(io::Error),
    /// The host cannot be reached, or nobody listens there.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// What `tcp://` and `noise://` go over.
pub trait Network: Send + Sync {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static;

    /// A connection to a host, and the address it was found at. May wait for as long as it likes: it is given up.
    fn connect(
        &self,
        host: &Host,
    ) -> impl Future<Output = Result<(Self::Stream, IpAddr), ConnectError>> + Send;
}

/// The one there is.
#[derive(Debug, Clone, Copy)]
pub struct Internet;

impl Network for Internet {
    type Stream = TcpStream;

    async fn connect(&self, host: &Host) -> Result<(TcpStream, IpAddr), ConnectError> {
        let looking = timeout(LOOKUP, lookup_host((host.name.as_str(), host.port)));
        let found = looking.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let found: Vec<SocketAddr> = found.map_err(ConnectError::Lookup)?.collect();
        let stream = TcpStream::connect(found.as_slice()).await?;
        // A message of several packets would wait for an acknowledgement before its last.
        stream.set_nodelay(true)?;
        let peer = stream.peer_addr()?.ip();
        Ok((stream, peer))
    }
}
