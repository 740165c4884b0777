//! One link, from its first request to its end.

use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::quiet::{IDLE, Quiet};
use super::wire::{Stream, Wire};
use super::{Ended, Node, Outcome, Service};
use crate::advice;
use crate::log::Kind;
use crate::privval::proto::Envelope;
use crate::privval::{Echo, ErrorOf, Request, SignRequest, error_reply, ping_reply, public_key_reply};
use crate::repeats::Repeats;

/// Writing a reply takes no longer than this: a node waits for it, and for no longer.
pub(crate) const WRITE: Duration = Duration::from_secs(5);

/// When we are to stop, a request under way is given this long: its node waits no longer either.
const LAST: Duration = Duration::from_secs(5);

/// Answers requests in order until the link ends. Also how many came. What was said of its node outlasts the link.
pub(super) async fn serve<T: Stream, S: Service>(
    mut link: Wire<T>,
    node: &Node,
    service: &S,
    stop: &CancellationToken,
    said: &mut Repeats,
) -> (Ended, u64) {
    let mut requests = 0;
    let mut quiet = Quiet::new();
    loop {
        let request = tokio::select! {
            biased;
            () = stop.cancelled() => return (Ended::Stopped, requests),
            request = receive(&mut link, &mut quiet) => match request {
                Ok(request) => request,
                Err(ended) => return (ended, requests),
            },
        };
        requests += 1;
        // A request to sign says the same by itself.
        if !matches!(request, Request::Sign(..)) {
            service.heard();
        }
        let reply = tokio::select! {
            biased;
            reply = answer(request, node, service, said) => reply,
            // The node may cut the link meanwhile; what the device does goes on without us.
            ended = interrupted(&mut link) => return (ended, requests),
            () = last_call(stop) => return (Ended::Stopped, requests),
        };
        let Some(reply) = reply else {
            // A reply to anything later would be taken for the one that is missing. So nothing is sent on
            // this link any more: the node cuts it, and asks again on the next.
            let ended = tokio::select! {
                biased;
                () = stop.cancelled() => Ended::Stopped,
                ended = timeout(IDLE, interrupted(&mut link)) => ended.unwrap_or(Ended::Idle),
            };
            return (ended, requests);
        };
        match timeout(WRITE, link.send(reply)).await {
            Err(_) => return (Ended::Stuck, requests),
            Ok(Err(_)) => return (Ended::Closed, requests),
            Ok(Ok(())) => {}
        }
    }
}

/// The next request. Cancelling loses nothing.
async fn receive<T: Stream>(link: &mut Wire<T>, quiet: &mut Quiet) -> Result<Request, Ended> {
    quiet.begin();
    let next = tokio::select! {
        biased;
        next = link.next() => next,
        () = quiet.over() => return Err(Ended::Idle),
    };
    match next {
        None => Err(Ended::Closed),
        Some(Err(error)) => Err(Ended::Broken(error)),
        Some(Ok(envelope)) => Request::read(envelope).ok_or(Ended::NotARequest),
    }
}

/// What ends the link while a request is unanswered: a node sends nothing then.
async fn interrupted<T: Stream>(link: &mut Wire<T>) -> Ended {
    match link.next().await {
        None => Ended::Closed,
        Some(Err(error)) => Ended::Broken(error),
        Some(Ok(_)) => Ended::Impatient,
    }
}

async fn last_call(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(LAST).await;
}

/// The reply, or none where silence is the answer.
async fn answer<S: Service>(
    request: Request,
    node: &Node,
    service: &S,
    said: &mut Repeats,
) -> Option<Envelope> {
    match request {
        Request::Ping => Some(ping_reply()),
        Request::PublicKey { chain } if chain == node.chain => Some(public_key_reply(&service.public_key())),
        Request::PublicKey { chain } => {
            let words = advice::link::wrong_chain(&node.chain, &chain);
            Some(refuse(node, service, said, Kind::RefusedWrongChain, ErrorOf::PublicKey, &words))
        }
        Request::RawSigning => {
            let words = advice::link::raw_signing();
            Some(refuse(node, service, said, Kind::RefusedRawSigning, ErrorOf::RawSigning, words))
        }
        Request::Malformed(malformed) => {
            let to = ErrorOf::Sign(malformed.kind);
            Some(refuse(node, service, said, Kind::RefusedMalformed, to, &malformed.to_string()))
        }
        Request::Sign(request, echo) => sign(request, echo, node, service, said).await,
    }
}

async fn sign<S: Service>(
    request: SignRequest,
    echo: Echo,
    node: &Node,
    service: &S,
    said: &mut Repeats,
) -> Option<Envelope> {
    let (to, hrs) = (ErrorOf::Sign(request.kind), request.hrs);
    if request.chain != node.chain {
        let words = advice::link::wrong_chain(&node.chain, &request.chain);
        return Some(refuse(node, service, said, Kind::RefusedWrongChain, to, &words));
    }
    match service.sign(request).await {
        Outcome::Signed { signature, timestamp, extension } => {
            Some(echo.signed(&signature, timestamp, extension.as_ref()))
        }
        Outcome::Refused(words) => Some(error_reply(to, &words)),
        Outcome::Silent => {
            debug!(kind = %Kind::NodeUnanswered, chain = %node.chain, %hrs, "no answer yet: the node will ask again");
            None
        }
    }
}

/// A refusal that needs no validator: said here, since nobody else sees it.
fn refuse<S: Service>(
    node: &Node,
    service: &S,
    said: &mut Repeats,
    kind: Kind,
    to: ErrorOf,
    words: &str,
) -> Envelope {
    service.refused(kind, words);
    if let Some(held) = said.due(&format!("{to:?} {words}"), std::time::Instant::now()) {
        let repeated = (held > 0).then_some(held);
        warn!(kind = %kind, chain = %node.chain, node = %node.address, repeated, "{words}");
    }
    error_reply(to, words)
}
