//! Of the links to nodes.

use std::io;
use std::path::Path;

use rustix::io::Errno;

use crate::node::host_network::Way;
use crate::node::{Address, DialError, Ended, Exposed, IDLE, SocketError, WRITE};
use crate::privval::{CodecError, MAX_REQUEST};
use crate::trust::{BrokenOff, Distrust, Why};
use crate::users;

/// Longest part of a foreign text that is repeated to a node or a log, characters.
const MAX_QUOTE: usize = 64;

/// Why a node cannot be reached. The same words for the same fault, so that they are said once.
pub(crate) fn unreachable(address: &Address, error: &DialError) -> String {
    use io::ErrorKind::{ConnectionRefused, NotFound, PermissionDenied};
    match error {
        DialError::Io(error) => match (address, error.kind()) {
            (Address::Unix(_), NotFound) => no_socket(),
            (Address::Unix(_), ConnectionRefused) => {
                "the socket is there but nobody listens: remove the file that \
                the last run left, and start the node"
                    .to_owned()
            }
            (Address::Unix(_), PermissionDenied) => {
                "the socket may not be opened: let the node make it for the group that it shares with Highwater, by UMask=0007 in a \
                 drop-in of the node's unit (`highwater setup` prints it), and restart the node; or the bridge's user is not in that \
                 group yet: add it, and restart the bridge"
                    .to_owned()
            }
            (_, ConnectionRefused) => "nobody listens there: start the node with this address in its \
                priv_validator_laddr"
                .to_owned(),
            _ if is_own(error) => format!(
                "this host cannot dial ({error}), and nothing was sent to the node: mend that on this host; of too many open files, \
                 raise LimitNOFILE of the unit"
            ),
            _ => format!("the node cannot be reached ({error}): check that it is running and not hung"),
        },
        DialError::Lookup(error) => {
            let name = address.host().map_or("", |host| &host.name);
            format!(
                "the host name {name} has no address ({error}): correct it in nodes of the config, or let this machine's DNS \
                 or /etc/hosts know it"
            )
        }
        DialError::Socket(error) => socket(address, error),
        DialError::Http => format!(
            "a web server listens there, such as the node's RPC port (26657): name the host and port of the node's \
             priv_validator_laddr{}",
            match address.host() {
                Some(host) if host.port == 26_657 =>
                    ", as 26659, and set it in the node's config.toml if it is empty",
                _ => "",
            }
        ),
        DialError::Late => {
            "the node took the connection but did not shake hands: it serves one signer at a time, so \
            check that no other is connected and that the node is not hung"
                .to_owned()
        }
        DialError::BrokenOff => match address {
            Address::Noise { .. } => {
                "the node broke off the handshake: put the id that `highwater node-id` prints into \
                its priv_validator_laddr, as noise://ID@host:port"
                    .to_owned()
            }
            _ => format!("the peer broke off the handshake: {}", same_scheme(address)),
        },
        DialError::Handshake(_) => format!("{error}: {}", same_scheme(address)),
        DialError::OtherPeer(_) => format!(
            "{error}, not the node of the config, and was told nothing: if that is the right node, take its id from \
             `cometbft show-node-id --libp2p`"
        ),
    }
}

/// Whether a connection failed before anything left this host.
fn is_own(error: &io::Error) -> bool {
    use Errno as E;
    let own = [E::MFILE, E::NFILE, E::NOBUFS, E::NOMEM, E::ADDRNOTAVAIL, E::PERM, E::ACCESS, E::AFNOSUPPORT];
    Errno::from_io_error(error).is_some_and(|errno| own.contains(&errno))
}

/// A node cannot be reached, and this host has a network.
pub(crate) fn cut(chain: &str, address: &str, way: Option<&Way>, complaint: &str) -> String {
    // The cure of a node that is down is none of a link that is cut.
    let error = complaint.split(": ").next().unwrap_or_default();
    let why = match way {
        Some(Way::None) => "no route leads to it".to_owned(),
        Some(Way::Down(interface)) => format!("its route is over {interface}, which is down"),
        Some(Way::Default(interface)) => format!(
            "its address is private, and only the default route over {interface} leads there, so a route of its own may be gone"
        ),
        Some(Way::Over(interface)) => format!("nothing answers over {interface}"),
        None => "nothing answers".to_owned(),
    };
    format!(
        "the link to the node {address} of {chain} is cut, while this host has a network: {why}; {error}. Look at what carries it, a VPN, a \
         firewall or a route, and at what was updated just now: an update that restarts the network may leave a VPN down \
         (`systemctl --failed`). The node's own end may stand on an address that is gone: then restart the node too. The bridge \
         dials again by itself"
    )
}

/// Neither a node nor anything else can be reached.
pub(crate) fn no_network() -> &'static str {
    "this host has no network: no interface that is up has a route, so no node on another machine can be reached. Mend the \
     network of this host (`ip link`, `ip route`); the bridge dials again by itself"
}

fn no_socket() -> String {
    "no node has made this socket yet: start it with this path in its priv_validator_laddr".to_owned()
}

/// Why a socket file is not talked to.
fn socket(address: &Address, error: &SocketError) -> String {
    match error {
        SocketError::BrokenOff(BrokenOff { path, error }) => match error.kind() {
            io::ErrorKind::NotFound if address.is_below(path) => format!(
                "the folder {} is missing: make it for the node's user, as packaging/tmpfiles.d shows",
                path.display()
            ),
            io::ErrorKind::NotFound => no_socket(),
            io::ErrorKind::PermissionDenied => format!(
                "the bridge may not look at {}: let its user or group pass through the folders above it (chmod g+x)",
                path.display()
            ),
            _ => format!("{} cannot be looked at ({error}): correct the path, or mend that", path.display()),
        },
        SocketError::Distrust(Distrust { path, why }) => distrust(path, *why),
        SocketError::Peer { owner, peer } => format!(
            "{} listens at a socket that belongs to {}, so it was told nothing: find out who put it there; the node's own \
             process must make the socket",
            users::name(*peer),
            users::name(*owner)
        ),
        SocketError::Credentials(error) => {
            format!(
                "the system does not tell who listens there ({error}), so it was told nothing: start the node again"
            )
        }
    }
}

fn distrust(path: &Path, why: Why) -> String {
    const FOLDER: &str =
        "give each node a folder of its own below one of root's, as packaging/tmpfiles.d shows";
    let path = path.display();
    match why {
        Why::NotASocket | Why::NotAFolder => format!(
            "{path} is not a socket, so it was not connected to: name the file that the node makes, or remove this one and \
             start the node"
        ),
        Why::Open(mode) => format!(
            "{path} has mode {mode:o}, so one user may replace another's socket in it, and nothing below it is connected \
             to: {FOLDER}, or set the sticky bit (chmod 3770)"
        ),
        Why::Owner(owner) => format!(
            "{path} belongs to {}, who is neither root, nor the bridge's user, nor the one who listens, so nothing below it is \
             connected to: {FOLDER}",
            users::name(owner)
        ),
        Why::Planted(owner) => format!(
            "{} made {path} in a folder where every user may do so, so it was not connected to: {FOLDER}",
            users::name(owner)
        ),
    }
}

fn same_scheme(address: &Address) -> &'static str {
    match address {
        Address::Noise { .. } => "check that a node of CometBFT 0.40 or later listens there, on noise://",
        _ => "check that the node's priv_validator_laddr has the same scheme, host and port",
    }
}

/// The node closed the link before it asked anything.
pub(crate) fn turned_away(address: &Address) -> String {
    let cure = match address {
        Address::Noise { .. } => {
            "it expects another signer; put the id that `highwater node-id` prints into its priv_validator_laddr, as \
             noise://ID@host:port"
        }
        Address::Tcp(_) => {
            "if it allows the keys of its list only, put the one into it that `highwater node-id` prints for tcp; else \
             check that it is not starting again and again, and that no other signer is connected to it"
        }
        Address::Unix(_) => {
            "check that it is not starting again and again, and that no other signer is connected to it"
        }
    };
    format!("the node closed the link before it asked anything: {cure}")
}

/// What makes a link weaker than its operator may think.
pub(crate) fn exposed(exposed: &Exposed) -> String {
    match exposed {
        Exposed::Everyone(mode) => format!(
            "the socket file has mode {mode:o}: every user of this machine may take the signer's place there; \
             set it to 660 with a group of the node's user and the bridge's"
        ),
        Exposed::Members(group) => format!(
            "the socket's folder is shared: every member of {} may take the node's place there while the node is down; give \
             each node a folder of its own, as packaging/tmpfiles.d shows",
            users::group(*group)
        ),
        Exposed::Network(ip) => format!(
            "{ip} is another machine: tcp:// encrypts but authenticates nobody, so whoever can answer at that address \
             may ask for votes; keep it inside a VPN, or use noise:// with CometBFT 0.40"
        ),
    }
}

/// How a link ended.
pub(crate) fn ended(ended: &Ended) -> String {
    const NO_NODE: &str = "check that a CometBFT node made this socket, and nothing else listens there";
    match ended {
        Ended::Stopped => "stopped".to_owned(),
        Ended::Closed => "the node closed the link".to_owned(),
        Ended::Idle => format!(
            "nothing came for {} s although a node pings every 3 s: check that the node is not hung or halted",
            IDLE.as_secs()
        ),
        Ended::Broken(CodecError::CutShort(bytes)) => format!(
            "the link was closed within a message, after {bytes} bytes of it: check why the node died"
        ),
        Ended::Broken(CodecError::Io(error)) => {
            format!("the link broke ({error}): check that the node is still running")
        }
        // A node may well send that much: it is this kind of link that takes less.
        Ended::Broken(error @ CodecError::TooLong(length, _)) if *length <= MAX_REQUEST as u64 => {
            format!("{error} over tcp://: let this node listen on unix:// or noise://, which take it")
        }
        Ended::Broken(error) => format!("{error}: {NO_NODE}"),
        Ended::NotARequest => format!("a message came that is no request of a known version: {NO_NODE}"),
        Ended::Impatient => {
            format!("a request came before the last one was answered, which no node sends: {NO_NODE}")
        }
        Ended::Stuck => {
            format!("a reply was not read within {} s: check that the node is not hung", WRITE.as_secs())
        }
    }
}

/// Raw signing was asked for.
pub(crate) fn raw_signing() -> &'static str {
    "raw signing is refused, it would bypass the high-water mark: let the application on this node use another key \
     for it"
}

/// A node of another chain.
pub(crate) fn wrong_chain(ours: &str, asked: &str) -> String {
    let asked: String = asked.chars().take(MAX_QUOTE).collect();
    format!(
        "this socket signs for chain {ours:?}, the node asked for {asked:?}: check the node's genesis, and its \
         priv_validator_laddr against the nodes of each [[chain]]"
    )
}

/// The identity key is not as it should be.
pub(crate) fn identity(path: &Path, cause: &str) -> String {
    format!(
        "{}: {cause}; make it readable by the bridge's user alone (chmod 600), or remove it: a new one is made, and \
         what `highwater node-id` prints then must be put into each node that names the signer",
        path.display()
    )
}
