//! One task per node: dial, serve, dial again.
//!
//! The node listens and cuts the link when a reply takes more than 5 s; then it listens again and sends the
//! same bytes, up to 50 times (CometBFT `privval/retry_signer_client.go`). It never asks again after an
//! error reply. So a refusal that was decided is a reply at once, and everything undecided is silence: the
//! late result goes out as the reply to the same request on the next link.
//!
//! | room | holds |
//! | --- | --- |
//! | `address`, `peer_id` | where a node listens, and who it must be |
//! | `identity` | who we are on links that ask |
//! | `network` | how hosts are reached |
//! | `host_network` | whether this host has a network at all, by the kernel's texts |
//! | `this_host` | reading those texts: on a thread that may wait, once for all who ask |
//! | `wire` | dialling, who is there, handshake, and what carries the messages |
//! | `serve`, `quiet` | one link: receive, answer, send; and until when |
//! | `ended` | how a link ended |
//! | `service` | the seam to the validator |
//! | `backoff`, `complaint` | how often to dial, and how often to say that it failed |

mod address;
mod backoff;
mod complaint;
mod ended;
pub(crate) mod host_network;
mod identity;
mod network;
mod peer_id;
mod quiet;
mod serve;
mod service;
pub(crate) mod this_host;
mod wire;

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::advice;
use crate::log::Kind;
use crate::repeats::Repeats;
pub use address::{Address, AddressError, Host};
use backoff::Backoff;
use complaint::Complaint;
pub(crate) use ended::Ended;
pub use identity::{Identity, IdentityError};
pub use network::{ConnectError, Internet, Network};
pub use peer_id::{PeerId, PeerIdError};
pub(crate) use quiet::IDLE;
pub(crate) use serve::WRITE;
pub use service::{Outcome, Service};
pub(crate) use wire::{DialError, Exposed, SocketError};
use wire::{Stream, Suspicion, Wire};
pub(crate) use wire::{look, reach};

/// A link that lived this long was a good one, however it ended.
const GOOD: Duration = Duration::from_secs(10);

/// A link on which a node asked something was a good one if it lived this long, or if it is the first that did not. A node
/// that asks and hangs up at once, ever again, would have requests queued as fast as it can be dialled; one that lost its
/// patience waited 5 s.
const SERVED: Duration = Duration::from_secs(1);

/// Where a node listens, and for which chain it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Node {
    /// The chain.
    pub chain: String,
    /// Where it listens.
    pub address: Address,
}

/// Serves one node until `stop`; a request under way then is still answered, if that takes no more than 5 s.
///
/// A link that ends is dialled again at once, then ever more slowly, at most every second: a node that
/// starts waits only 3 s for its signer. Nothing a node does ends the task.
pub async fn run<S: Service>(node: Node, identity: Identity, service: S, stop: CancellationToken) {
    run_over(Internet, node, identity, service, stop).await;
}

/// As [`run`], over another network than the one there is.
pub async fn run_over<S: Service>(
    network: impl Network,
    node: Node,
    identity: Identity,
    service: S,
    stop: CancellationToken,
) {
    let mut backoff = Backoff::default();
    let mut complaint = Complaint::default();
    let mut exposed = None;
    // The last link ended before the node asked anything; then the next is not announced.
    let mut wasted = false;
    // Since the last one that lived for a while, a link ended at once although the node had asked something.
    let mut hasty = false;
    let mut said = Repeats::default();
    let mut suspicion = Suspicion::default();
    loop {
        let dialled = tokio::select! {
            () = stop.cancelled() => return,
            dialled = dial(&network, &node.address, &identity, &mut suspicion) => dialled,
        };
        match dialled {
            Ok((wire, found)) => {
                if found != exposed {
                    exposed = found;
                    warn_exposed(&node, exposed.as_ref());
                }
                let since = Instant::now();
                if !wasted {
                    info!(kind = %Kind::NodeConnected, chain = %node.chain, node = %node.address, "connected to the node");
                }
                let (ended, requests) = attend(wire, &node, &service, &stop, &mut said).await;
                if matches!(ended, Ended::Stopped) {
                    return;
                }
                let (served, lived) = (ended.is_usual() && requests > 0, since.elapsed());
                if served || lived >= GOOD {
                    complaint.settled();
                }
                // A peer that spoils its links at once, or asks and hangs up, is not dialled in a tight loop. One that
                // hung up once may be a node that restarts.
                if lived >= GOOD || served && (lived >= SERVED || !hasty) {
                    backoff.reset();
                }
                hasty = (hasty || served) && lived < SERVED;
                wasted = requests == 0;
                report(&node, &ended, requests, &mut complaint);
            }
            Err(error) => {
                wasted = false;
                let text = advice::link::unreachable(&node.address, &error);
                service.unreachable(&node, &text, node.address.is_remote() && error.is_cut());
                if complaint.is_due(&text) {
                    warn!(kind = %Kind::NodeUnreachable, chain = %node.chain, node = %node.address, %error, "{text}; dialling goes on");
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(backoff.next()) => {}
        }
    }
}

/// A link; or the cause why there is none, looked for a little further where a handshake does not tell.
async fn dial<N: Network>(
    network: &N,
    address: &Address,
    identity: &Identity,
    suspicion: &mut Suspicion,
) -> Result<(Wire<N::Stream>, Option<Exposed>), DialError> {
    match Wire::dial(network, address, identity).await {
        Ok(link) => {
            suspicion.allayed();
            Ok(link)
        }
        Err(error) => Err(suspicion.confirm(network, address, error).await),
    }
}

/// One link, with the service told of its begin and end.
async fn attend<T: Stream, S: Service>(
    wire: Wire<T>,
    node: &Node,
    service: &S,
    stop: &CancellationToken,
    said: &mut Repeats,
) -> (Ended, u64) {
    service.link(node, true);
    let ended = serve::serve(wire, node, service, stop, said).await;
    service.link(node, false);
    ended
}

fn warn_exposed(node: &Node, exposed: Option<&Exposed>) {
    if let Some(exposed) = exposed {
        warn!(kind = %Kind::NodeExposed, chain = %node.chain, node = %node.address, "{}", advice::link::exposed(exposed));
    }
}

fn report(node: &Node, ended: &Ended, requests: u64, complaint: &mut Complaint) {
    let (chain, node) = (&node.chain, &node.address);
    if ended.is_usual() && requests > 0 {
        info!(kind = %Kind::NodeDisconnected, %chain, %node, requests, "{}; dialling again", advice::link::ended(ended));
        return;
    }
    // Closed before it asked anything: over noise that is how a node turns a stranger away.
    let text = match ended.is_usual() {
        true => advice::link::turned_away(node),
        false => advice::link::ended(ended),
    };
    if complaint.is_due(&text) {
        warn!(kind = %Kind::NodeFailed, %chain, %node, requests, "{text}; the link is closed and dialled again");
    }
}

#[cfg(test)]
#[path = "dial_tests.rs"]
mod tests;
