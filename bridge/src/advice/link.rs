//! Of the links to nodes.

use std::io;
use std::path::Path;

use crate::node::{Address, DialError, Ended, Exposed, IDLE, SocketError, WRITE};
use crate::privval::{CodecError, MAX_REQUEST};

/// Longest part of a foreign text that is repeated to a node or a log, characters.
const MAX_QUOTE: usize = 64;

/// Why a node cannot be reached. The same words for the same fault, so that they are said once.
pub(crate) fn unreachable(address: &Address, error: &DialError) -> String {
    use io::ErrorKind::{ConnectionRefused, NotFound, PermissionDenied};
    match error {
        DialError::Io(error) | DialError::Socket(SocketError::Io(error)) => match (address, error.kind()) {
            (Address::Unix(_), NotFound) => {
                "no node has made this socket yet: start it with this path in its priv_validator_laddr"
                    .to_owned()
            }
            (Address::Unix(_), ConnectionRefused) => {
                "the socket is there but nobody listens: remove the file that \
                the last run left, and start the node"
                    .to_owned()
            }
            (Address::Unix(_), PermissionDenied) => {
                "the socket may not be opened: run the bridge as a user or group \
                that may write to it"
                    .to_owned()
            }
            (_, ConnectionRefused) => "nobody listens there: start the node with this address in its \
                priv_validator_laddr"
                .to_owned(),
            _ => format!("the node cannot be reached ({error}): check that it is running and not hung"),
        },
        DialError::Socket(error) => format!(
            "{error}, so it was not connected to: let the node make its socket in a folder that only its own user and \
             the bridge's may write to"
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

/// The identity key cannot be had.
pub(crate) fn identity(path: &Path, cause: &str) -> String {
    format!(
        "{}: {cause}; make it readable by the bridge's user alone (chmod 600), or remove it: a new one is made, and \
         what `highwater node-id` prints then must be put into each node that names the signer",
        path.display()
    )
}
