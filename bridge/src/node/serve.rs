//! One link, from its first request to its end.

use std::fmt;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::codec::Framed;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{Node, Outcome, Service};
use crate::privval::proto::Envelope;
use crate::privval::{
    Codec, CodecError, ErrorOf, Request, error_reply, ping_reply, public_key_reply, signed_reply,
};

/// A link on which nothing comes for so long is dead: a node pings every 3.3 s.
pub const IDLE: Duration = Duration::from_secs(12);

/// Writing a reply takes no longer than this: a node reads at once.
const WRITE: Duration = Duration::from_secs(5);

/// How a link ended.
#[derive(Debug)]
pub enum Ended {
    /// We were asked to stop.
    Stopped,
    /// The node closed it, after so many requests.
    Closed {
        /// Requests answered.
        served: u64,
    },
    /// Nothing came for [`IDLE`].
    Idle,
    /// What came is not the protocol, or the link broke.
    Broken(CodecError),
    /// A reply, or nothing at all, where a request belongs.
    NotARequest,
    /// A second request while the first was unanswered.
    Impatient,
    /// The node does not read.
    Stuck,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => write!(f, "stopped"),
            Self::Closed { served } => write!(f, "the node closed the link after {served} requests"),
            Self::Idle => write!(f, "nothing came for {} s although a node pings every 3 s", IDLE.as_secs()),
            Self::Broken(error) => write!(f, "{error}"),
            Self::NotARequest => write!(f, "the peer sent something that is no request; is this a node?"),
            Self::Impatient => {
                write!(f, "the peer sent a request before the last one was answered; is this a node?")
            }
            Self::Stuck => write!(f, "the node does not read our reply"),
        }
    }
}

/// Answers requests in order until the link ends.
pub(super) async fn serve<S, T>(
    mut link: Framed<T, Codec>,
    node: &Node,
    service: &S,
    stop: &CancellationToken,
) -> Ended
where
    S: Service,
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut served = 0;
    loop {
        let envelope = tokio::select! {
            () = stop.cancelled() => return Ended::Stopped,
            read = tokio::time::timeout(IDLE, link.next()) => match read {
                Err(_) => return Ended::Idle,
                Ok(None) => return Ended::Closed { served },
                Ok(Some(Err(CodecError::Io(_)))) => return Ended::Closed { served },
                Ok(Some(Err(error))) => return Ended::Broken(error),
                Ok(Some(Ok(envelope))) => envelope,
            },
        };
        let Some(request) = Request::read(envelope) else {
            return Ended::NotARequest;
        };
        let answered = {
            let answer = answer(request, node, service);
            tokio::pin!(answer);
            // The node may cut the link meanwhile; what the device does goes on without us.
            tokio::select! {
                answered = &mut answer => answered,
                next = link.next() => return match next {
                    None | Some(Err(CodecError::Io(_))) => Ended::Closed { served },
                    Some(Err(error)) => Ended::Broken(error),
                    Some(Ok(_)) => Ended::Impatient,
                },
            }
        };
        if let Some(reply) = answered {
            match tokio::time::timeout(WRITE, link.send(reply)).await {
                Err(_) => return Ended::Stuck,
                Ok(Err(_)) => return Ended::Closed { served },
                Ok(Ok(())) => served += 1,
            }
        }
    }
}

/// The reply, or none where silence is the answer.
async fn answer<S: Service>(request: Request, node: &Node, service: &S) -> Option<Envelope> {
    match request {
        Request::Ping => Some(ping_reply()),
        Request::PublicKey { chain } if chain.is_empty() || chain == node.chain => {
            Some(public_key_reply(&service.public_key()))
        }
        Request::PublicKey { chain } => Some(error_reply(ErrorOf::PublicKey, wrong_chain(node, &chain))),
        Request::RawSigning => {
            warn!(chain = %node.chain, "the node asks for raw signing, which would bypass the mark: refused");
            let words = "raw signing is refused: it would bypass the high-water mark".to_owned();
            Some(error_reply(ErrorOf::RawSigning, words))
        }
        Request::Malformed(kind, malformed) => {
            warn!(chain = %node.chain, "refused: {malformed}");
            Some(error_reply(ErrorOf::Sign(kind), malformed.to_string()))
        }
        Request::Sign(request) if request.chain != node.chain => {
            Some(error_reply(ErrorOf::Sign(request.kind), wrong_chain(node, &request.chain)))
        }
        Request::Sign(request) => {
            let kind = request.kind;
            match service.sign(request).await {
                Outcome::Signed { signature, timestamp } => Some(signed_reply(kind, &signature, timestamp)),
                Outcome::Refused(words) => Some(error_reply(ErrorOf::Sign(kind), words)),
                Outcome::Silent => {
                    debug!(chain = %node.chain, "no answer yet: the node will ask again");
                    None
                }
            }
        }
    }
}

fn wrong_chain(node: &Node, asked: &str) -> String {
    warn!(
        chain = %node.chain, asked,
        "the node is of another chain: check its priv_validator_laddr against the [[chain]] sections"
    );
    format!("this link signs for chain {:?}, not {asked:?}", node.chain)
}
