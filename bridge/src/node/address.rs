//! Where a node listens, as its `priv_validator_laddr` says it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{PeerId, peer_id::PeerIdError};

/// Longest path of a unix socket, bytes: `sun_path` of unix(7), less the zero at its end.
const MAX_PATH: usize = 107;

/// The address of a node's privval socket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// A socket file that the node makes: an absolute path of at most 107 bytes. Not encrypted; who may open the
    /// file is who may talk.
    Unix(PathBuf),
    /// SecretConnection: encrypted, but the node shows a new key at every start, so nobody is authenticated.
    Tcp(Host),
    /// libp2p Noise, CometBFT 0.40 and later: encrypted, and each end pins the other.
    Noise {
        /// The node, from `cometbft show-node-id --libp2p`.
        peer: PeerId,
        /// Where.
        host: Host,
    },
}

/// A host and its port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host {
    /// An IP address, or a name to look up at each dialling.
    pub name: String,
    /// Above 0.
    pub port: u16,
}

/// Not an address that can be dialled. The text names the cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not known.
    #[error("{0:?} is not a node's address")]
    Scheme(String),
    /// The path depends on where the bridge was started.
    #[error("the socket path {0:?} is not absolute")]
    Relative(String),
    /// The kernel takes no such path.
    #[error("the socket path is {0} bytes long, the kernel takes at most {MAX_PATH}")]
    TooLong(usize),
    /// A directory, or a path that ends nowhere.
    #[error("{0:?} names no socket file")]
    NoFile(String),
    /// No host, or no port.
    #[error("{0:?} is not a host and a port")]
    Host(String),
    /// All interfaces of a machine: a node may listen there, and nobody can dial it.
    #[error("{0:?} is every interface of a machine, where a node listens, and no address to dial")]
    Everywhere(String),
    /// A peer id where none can be checked.
    #[error("tcp://{0} names a peer, which tcp:// cannot check: a node shows a new key at every start")]
    TcpPeer(String),
    /// A noise address without the node's id.
    #[error("noise://{0} does not say which node is there")]
    NoPeer(String),
    /// Not an id.
    #[error(transparent)]
    Peer(#[from] PeerIdError),
}

impl Address {
    /// The host of one that is on a network.
    pub(crate) fn host(&self) -> Option<&Host> {
        match self {
            Self::Unix(_) => None,
            Self::Tcp(host) | Self::Noise { host, .. } => Some(host),
        }
    }

    /// Whether it may be on another machine, so that a network is needed.
    pub(crate) fn is_remote(&self) -> bool {
        self.host().is_some_and(|host| {
            host.name != "localhost" && !host.name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        })
    }

    /// Whether it is a socket file somewhere below this path.
    pub(crate) fn is_below(&self, path: &Path) -> bool {
        matches!(self, Self::Unix(socket) if socket != path && socket.starts_with(path))
    }
}

impl AddressError {
    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Scheme(_) => {
                "write unix:///path/of/the/node's/privval.sock, tcp://host:port or noise://peer-id@host:port"
            }
            Self::Relative(_) => "write three slashes: unix:///path/privval.sock",
            Self::TooLong(_) => "let the node make its socket at a shorter path",
            Self::NoFile(_) => "add the name of the file that the node makes",
            Self::Host(_) => "write the host and port of the node's priv_validator_laddr, as 127.0.0.1:26659",
            Self::Everywhere(_) => "write the node's own address, as 127.0.0.1:26659 on this machine",
            Self::TcpPeer(_) => {
                "remove what stands before the @, or let a node of CometBFT 0.40 listen on noise://"
            }
            Self::NoPeer(_) | Self::Peer(_) => {
                "write noise://ID@host:port with the id that `cometbft show-node-id --libp2p` prints"
            }
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.split_once("://") {
            Some(("unix", path)) => unix(path),
            Some(("tcp", rest)) => match rest.contains('@') {
                true => Err(AddressError::TcpPeer(rest.to_owned())),
                false => Ok(Self::Tcp(rest.parse()?)),
            },
            Some(("noise", rest)) => match rest.split_once('@') {
                Some((peer, host)) => Ok(Self::Noise { peer: peer.parse()?, host: host.parse()? }),
                None => Err(AddressError::NoPeer(rest.to_owned())),
            },
            _ => Err(AddressError::Scheme(text.to_owned())),
        }
    }
}

fn unix(path: &str) -> Result<Address, AddressError> {
    if !path.starts_with('/') {
        return Err(AddressError::Relative(path.to_owned()));
    }
    if path.ends_with('/') || Path::new(path).file_name().is_none() {
        return Err(AddressError::NoFile(path.to_owned()));
    }
    if path.len() > MAX_PATH {
        return Err(AddressError::TooLong(path.len()));
    }
    Ok(Address::Unix(path.into()))
}

impl FromStr for Host {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let found = match text.parse::<SocketAddr>() {
            Ok(address) => Some((address.ip().to_string(), address.port())),
            Err(_) => text
                .rsplit_once(':')
                .filter(|(name, _)| !name.is_empty() && !name.contains(|c: char| "/:[] ".contains(c)))
                .and_then(|(name, port)| Some((name.to_owned(), port.parse().ok()?))),
        };
        // Every interface is where one listens, and nowhere that could be dialled.
        if text.parse::<SocketAddr>().is_ok_and(|address| address.ip().is_unspecified()) {
            return Err(AddressError::Everywhere(text.to_owned()));
        }
        match found {
            Some((name, port)) if port > 0 => Ok(Self { name, port }),
            _ => Err(AddressError::Host(text.to_owned())),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(host) => write!(f, "tcp://{host}"),
            Self::Noise { peer, host } => write!(f, "noise://{peer}@{host}"),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.contains(':') {
            true => write!(f, "[{}]:{}", self.name, self.port),
            false => write!(f, "{}:{}", self.name, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: &str = "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq";

    #[test]
    fn every_kind_of_address_is_read_and_written_alike() {
        for text in [
            "unix:///run/node/privval.sock",
            "tcp://127.0.0.1:26659",
            "tcp://[::1]:26659",
            "tcp://node-0.validators:26659",
            &format!("noise://{PEER}@10.0.0.7:26659"),
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_cannot_be_dialled_is_refused_with_its_cure() {
        let long = format!("unix:///{}", "x".repeat(MAX_PATH));
        let cases = [
            ("/run/privval.sock", "not a node's address", "write unix:///"),
            ("http://node", "not a node's address", "write unix:///"),
            ("", "not a node's address", "write unix:///"),
            ("unix://run/privval.sock", "not absolute", "three slashes"),
            ("unix:///run/", "no socket file", "add the name"),
            ("unix:///", "no socket file", "add the name"),
            ("unix:///run/..", "no socket file", "add the name"),
            (&long, "at most 107", "shorter path"),
            ("tcp://127.0.0.1", "not a host and a port", "26659"),
            ("tcp://127.0.0.1:0", "not a host and a port", "26659"),
            ("tcp://:26659", "not a host and a port", "26659"),
            ("tcp://::1:26659", "not a host and a port", "26659"),
            ("tcp://127.0.0.1:99999", "not a host and a port", "26659"),
            ("tcp://f00d@127.0.0.1:26659", "cannot check", "remove what stands before"),
            ("noise://127.0.0.1:26659", "does not say which node", "show-node-id --libp2p"),
            ("noise://f00d@127.0.0.1:26659", "not the id", "show-node-id --libp2p"),
        ];
        for (text, cause, cure) in cases {
            let error = text.parse::<Address>().unwrap_err();
            assert!(error.to_string().contains(cause) && error.cure().contains(cure), "{text}: {error}");
        }
    }
}
