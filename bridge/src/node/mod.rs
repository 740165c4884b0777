//! One task per node: dial, serve, dial again.
//!
//! The node listens and cuts the link when a reply takes more than 5 s; then it listens again and sends the
//! same bytes, up to 50 times (CometBFT `privval/retry_signer_client.go`). It never asks again after an
//! error reply. So a refusal that was decided is a reply at once, and everything undecided is silence: the
//! late result goes out as the reply to the same request on the next link.
//!
//! | room | holds |
//! | --- | --- |
//! | `address` | where a node listens |
//! | `serve` | one link: receive, answer, send |
//! | `ended` | how a link ended, with cause and cure |
//! | `service` | the seam to the validator |
//! | `backoff`, `complaint` | how often to dial, and how often to say that it failed |

mod address;
mod backoff;
mod complaint;
mod ended;
mod serve;
mod service;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::codec::Framed;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::privval::Codec;
pub use address::{Address, AddressError};
use backoff::Backoff;
use complaint::Complaint;
use ended::Ended;
pub use service::{Outcome, Service};

/// Dialling takes no longer than this.
const DIAL: Duration = Duration::from_secs(3);

/// A link that lived this long was a good one, however it ended.
const GOOD: Duration = Duration::from_secs(10);

/// Where a node listens, and for which chain it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Node {
    /// The chain.
    pub chain: String,
    /// The socket the node made.
    pub socket: PathBuf,
}

/// Serves one node until `stop`; a request under way then is still answered, if that takes no more than 5 s.
///
/// A link that ends is dialled again at once, then ever more slowly, at most every second: a node that
/// starts waits only 3 s for its signer. Nothing a node does ends the task.
pub async fn run<S: Service>(node: Node, service: S, stop: CancellationToken) {
    let mut backoff = Backoff::default();
    let mut complaint = Complaint::default();
    loop {
        let dialled = tokio::select! {
            () = stop.cancelled() => return,
            dialled = dial(&node) => dialled,
        };
        match dialled {
            Ok(stream) => {
                let since = Instant::now();
                let (ended, requests) = attend(stream, &node, &service, &stop).await;
                if matches!(ended, Ended::Stopped) {
                    return;
                }
                // A peer that spoils its links at once is not dialled in a tight loop.
                if ended.is_usual() && requests > 0 || since.elapsed() >= GOOD {
                    backoff.reset();
                    complaint.settled();
                }
                report(&node, &ended, requests, &mut complaint);
            }
            Err(error) => {
                let cure = unreachable(&error);
                if complaint.is_due(cure) {
                    warn!(chain = %node.chain, socket = %node.socket.display(), %error, "{cure}; dialling goes on");
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(backoff.next()) => {}
        }
    }
}

async fn dial(node: &Node) -> io::Result<UnixStream> {
    timeout(DIAL, UnixStream::connect(&node.socket)).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()))
}

/// One link, with the service told of its begin and end.
async fn attend<S: Service>(
    stream: UnixStream,
    node: &Node,
    service: &S,
    stop: &CancellationToken,
) -> (Ended, u64) {
    info!(chain = %node.chain, socket = %node.socket.display(), "connected to the node");
    service.link(node, true);
    let ended = serve::serve(Framed::new(stream, Codec), node, service, stop).await;
    service.link(node, false);
    ended
}

fn report(node: &Node, ended: &Ended, requests: u64, complaint: &mut Complaint) {
    let (chain, socket) = (&node.chain, node.socket.display());
    let text = ended.to_string();
    if ended.is_usual() {
        info!(%chain, %socket, requests, "{text}; dialling again");
    } else if complaint.is_due(&text) {
        warn!(%chain, %socket, requests, "{text}; the link is closed and dialled again");
    }
}

/// Why a node cannot be reached, and the cure.
fn unreachable(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "no node has made this socket yet: start it with this path in its priv_validator_laddr"
        }
        io::ErrorKind::ConnectionRefused => {
            "the socket is there but nobody listens: remove the file that the last run left, and start the node"
        }
        io::ErrorKind::PermissionDenied => {
            "the socket may not be opened: run the bridge as a user or group that may write to it"
        }
        _ => "the node cannot be reached: check that it is running and not hung",
    }
}
