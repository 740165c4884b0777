//! How hosts are reached: the seam at which tests put a network that they can break.

use std::future::Future;
use std::io;
use std::net::IpAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::Host;

/// What `tcp://` and `noise://` go over.
pub trait Network: Send + Sync {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static;

    /// A connection to a host, and the address it was found at. May wait for as long as it likes: it is given up.
    fn connect(&self, host: &Host) -> impl Future<Output = io::Result<(Self::Stream, IpAddr)>> + Send;
}

/// The one there is.
#[derive(Debug, Clone, Copy)]
pub struct Internet;

impl Network for Internet {
    type Stream = TcpStream;

    async fn connect(&self, host: &Host) -> io::Result<(TcpStream, IpAddr)> {
        let stream = TcpStream::connect((host.name.as_str(), host.port)).await?;
        // A message of several packets would wait for an acknowledgement before its last.
        stream.set_nodelay(true)?;
        let peer = stream.peer_addr()?.ip();
        Ok((stream, peer))
    }
}
