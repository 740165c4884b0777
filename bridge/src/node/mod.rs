//! One task per node: dial, serve, dial again.
//!
//! The node listens and cuts the link when a reply takes more than 5 s; then it listens again and sends the
//! same bytes, up to 50 times. So a refusal that was decided is a reply at once, and everything undecided is
//! silence: the late result goes out as the reply to the same request on the next link.

mod backoff;
mod serve;
mod service;

use std::path::PathBuf;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio_util::codec::Framed;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::privval::Codec;
use backoff::Backoff;
pub use serve::{Ended, IDLE};
pub use service::{Outcome, Service};

/// Dialling takes no longer than this.
const DIAL: Duration = Duration::from_secs(3);

/// Where a node listens, and for which chain it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The chain.
    pub chain: String,
    /// The socket the node made.
    pub socket: PathBuf,
}

/// Serves one node until `stop`. A link that breaks is dialled again at once, then ever more slowly, at most
/// every second: a node that starts waits only 3 s for its signer.
pub async fn run<S: Service>(node: Node, service: S, stop: CancellationToken) {
    let mut backoff = Backoff::new();
    let mut complained = false;
    let socket = node.socket.display();
    loop {
        let dialled = tokio::select! {
            () = stop.cancelled() => return,
            dialled = tokio::time::timeout(DIAL, UnixStream::connect(&node.socket)) => dialled,
        };
        match dialled {
            Ok(Ok(stream)) => {
                info!(chain = %node.chain, %socket, "connected to the node");
                complained = false;
                let link = Framed::new(stream, Codec);
                match serve::serve(link, &node, &service, &stop).await {
                    Ended::Stopped => return,
                    Ended::Closed { served } => {
                        info!(chain = %node.chain, %socket, served, "the node closed the link; dialling again");
                        if served > 0 {
                            backoff = Backoff::new();
                        }
                    }
                    ended => {
                        warn!(chain = %node.chain, %socket, "{ended}; the link is dropped and dialled again");
                    }
                }
            }
            failed if !complained => {
                let cause = match failed {
                    Ok(Err(error)) => error.to_string(),
                    _ => "no answer within 3 s".to_owned(),
                };
                warn!(
                    chain = %node.chain, %socket, cause,
                    "no node there yet: start it with priv_validator_laddr = \"unix://{socket}\"; dialling goes on"
                );
                complained = true;
            }
            _ => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(backoff.next()) => {}
        }
    }
}
