//! Where a node listens, and one link to its signer, with the deadlines of a node.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use cometbft_p2p::{IdentitySecret, ReadMsg, SecretConnection, WriteMsg};
use prost::bytes::{Buf, BufMut};
use prost::encoding::{DecodeContext, WireType, bytes};
use prost::{DecodeError, Message};

use super::noise::{self, Noise};

/// The kinds of link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A socket file.
    Unix,
    /// SecretConnection.
    Tcp,
    /// libp2p Noise.
    Noise,
}

impl By {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Unix, Self::Tcp, Self::Noise];
}

/// Where to listen, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A socket file; removed before listening if a node left it.
    Unix(PathBuf),
    /// SecretConnection on loopback, on this port, or on any if 0.
    Tcp(u16),
    /// libp2p Noise on loopback, for the signer of this id alone.
    Noise(u16, String),
}

/// A node's socket and its key.
#[derive(Debug)]
pub(super) struct Listener {
    socket: Socket,
    key: IdentitySecret,
    allowed: Option<String>,
}

#[derive(Debug)]
enum Socket {
    Unix(UnixListener, PathBuf),
    Tcp(TcpListener),
}

/// A link to a signer, after the handshake.
pub enum Link {
    /// Not encrypted.
    Unix(UnixStream),
    /// SecretConnection, and the stream below it.
    Tcp(Box<SecretConnection<TcpStream>>, TcpStream),
    /// libp2p Noise.
    Noise(Box<Noise>),
}

impl Listener {
    pub(super) fn bind(address: &Address, seed: [u8; 32]) -> io::Result<Self> {
        let tcp = |port| TcpListener::bind(("127.0.0.1", port)).map(Socket::Tcp);
        let (socket, allowed) = match address {
            Address::Unix(path) => {
                let _ = std::fs::remove_file(path);
                (Socket::Unix(UnixListener::bind(path)?, path.clone()), None)
            }
            Address::Tcp(port) => (tcp(*port)?, None),
            Address::Noise(port, signer) => (tcp(*port)?, Some(signer.clone())),
        };
        match &socket {
            Socket::Unix(listener, _) => listener.set_nonblocking(true)?,
            Socket::Tcp(listener) => listener.set_nonblocking(true)?,
        }
        Ok(Self { socket, key: IdentitySecret::from_bytes(&seed), allowed })
    }

    /// As the signer's config names it.
    pub(super) fn address(&self) -> io::Result<String> {
        Ok(match (&self.socket, &self.allowed) {
            (Socket::Unix(_, path), _) => format!("unix://{}", path.display()),
            (Socket::Tcp(listener), None) => format!("tcp://{}", listener.local_addr()?),
            (Socket::Tcp(listener), Some(_)) => {
                format!("noise://{}@{}", noise::peer_id(&self.key.verifying_key()), listener.local_addr()?)
            }
        })
    }

    /// The next signer that dials within `patience`, with reads and writes that take no longer than `deadline`.
    pub(super) fn accept(&self, patience: Duration, deadline: Duration) -> io::Result<Link> {
        let until = Instant::now() + patience;
        loop {
            let accepted = match &self.socket {
                Socket::Unix(listener, _) => listener.accept().map(|(stream, _)| Err(stream)),
                Socket::Tcp(listener) => listener.accept().map(|(stream, _)| Ok(stream)),
            };
            match accepted {
                Ok(stream) => return self.shake(stream, deadline),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if Instant::now() >= until {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    std::thread::sleep(Duration::from_millis(2));
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn shake(&self, stream: Result<TcpStream, UnixStream>, deadline: Duration) -> io::Result<Link> {
        let stream = match stream {
            Ok(stream) => stream,
            Err(stream) => {
                stream.set_nonblocking(false)?;
                stream.set_read_timeout(Some(deadline))?;
                stream.set_write_timeout(Some(deadline))?;
                return Ok(Link::Unix(stream));
            }
        };
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(deadline))?;
        stream.set_write_timeout(Some(deadline))?;
        match &self.allowed {
            Some(signer) => Ok(Link::Noise(Box::new(Noise::accept(stream, &self.key, signer)?))),
            None => {
                let raw = stream.try_clone()?;
                let secret = SecretConnection::new(stream, &self.key).map_err(io::Error::other)?;
                Ok(Link::Tcp(Box::new(secret), raw))
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Socket::Unix(_, path) = &self.socket {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Link {
    pub(super) fn write(&mut self, message: &[u8]) -> io::Result<()> {
        let raw = Raw(message.to_vec());
        match self {
            Self::Unix(stream) => stream.write_msg(&raw),
            Self::Tcp(secret, _) => secret.write_msg(&raw),
            Self::Noise(noise) => noise.write_msg(&raw),
        }
        .map_err(io_error)
    }

    pub(super) fn read(&mut self) -> io::Result<Vec<u8>> {
        let raw: Result<Raw, _> = match self {
            Self::Unix(stream) => stream.read_msg(),
            Self::Tcp(secret, _) => secret.read_msg(),
            Self::Noise(noise) => noise.read_msg(),
        };
        raw.map(|raw| raw.0).map_err(io_error)
    }

    /// Bytes as they are: behind a length on unix and inside noise, and below the encryption on tcp.
    pub fn write_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Unix(stream) => stream.write_all(bytes),
            Self::Tcp(_, stream) => stream.write_all(bytes),
            Self::Noise(noise) => noise.write_all(bytes),
        }
    }

    /// Whether the signer closes within the deadline, whatever it sends before.
    pub fn is_closed(&mut self) -> bool {
        let mut buffer = [0; 4_096];
        loop {
            let read = match self {
                Self::Unix(stream) => stream.read(&mut buffer),
                Self::Tcp(_, stream) => stream.read(&mut buffer),
                Self::Noise(noise) => noise.read(&mut buffer),
            };
            match read {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return !is_timeout(&error),
            }
        }
    }
}

pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn io_error(error: cometbft_p2p::Error) -> io::Error {
    match error {
        cometbft_p2p::Error::Io(error) => error,
        error => io::Error::new(io::ErrorKind::InvalidData, error.to_string()),
    }
}

/// A privval message, kept as its bytes: which version's types read it is decided later.
#[derive(Debug, Default)]
struct Raw(Vec<u8>);

impl Message for Raw {
    fn encode_raw(&self, buffer: &mut impl BufMut) {
        buffer.put_slice(&self.0);
    }

    fn encoded_len(&self) -> usize {
        self.0.len()
    }

    /// Every member of the message is length-delimited.
    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buffer: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        let mut member = Vec::new();
        bytes::merge(wire_type, &mut member, buffer, context)?;
        bytes::encode(tag, &member, &mut self.0);
        Ok(())
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}
