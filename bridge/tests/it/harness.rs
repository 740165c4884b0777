//! The node's side of the socket, and a service that answers as the test says.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use highwater::node::{self, Node, Outcome, Service};
use highwater::privval::proto::{Empty, Envelope, PubKeyRequest, SignVoteRequest, Sum, Timestamp, Vote};
use highwater::privval::{Codec, SignRequest};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::codec::Framed;
use tokio_util::sync::CancellationToken;

/// The chain of these tests.
pub(crate) const CHAIN: &str = "link-1";
/// Longer than anything here takes, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers from a list, after a delay; remembers what it was asked.
#[derive(Clone, Default)]
pub(crate) struct Scripted {
    answers: Arc<Mutex<VecDeque<(Duration, Outcome)>>>,
    pub(crate) asked: Arc<Mutex<Vec<SignRequest>>>,
}

impl Scripted {
    pub(crate) fn then(self, outcome: Outcome) -> Self {
        self.after(Duration::ZERO, outcome)
    }

    pub(crate) fn after(self, delay: Duration, outcome: Outcome) -> Self {
        self.answers.lock().unwrap().push_back((delay, outcome));
        self
    }
}

impl Service for Scripted {
    fn public_key(&self) -> [u8; 32] {
        [7; 32]
    }

    async fn sign(&self, request: SignRequest) -> Outcome {
        self.asked.lock().unwrap().push(request);
        let (delay, outcome) = self.answers.lock().unwrap().pop_front().expect("an answer for each request");
        tokio::time::sleep(delay).await;
        outcome
    }
}

/// A node that listens, and the bridge's task that dials it.
pub(crate) struct Stage {
    listener: UnixListener,
    pub(crate) stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

/// The node's end of one link.
pub(crate) type Link = Framed<UnixStream, Codec>;

impl Stage {
    pub(crate) fn new(service: &Scripted) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket: PathBuf = folder.path().join("privval.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let stop = CancellationToken::new();
        let node = Node { chain: CHAIN.to_owned(), socket };
        let task = tokio::spawn(node::run(node, service.clone(), stop.clone()));
        Self { listener, stop, task, _folder: folder }
    }

    /// The next time the bridge dials.
    pub(crate) async fn accept(&self) -> Link {
        let (stream, _) = within(self.listener.accept()).await.unwrap();
        Framed::new(stream, Codec)
    }

    /// Stops the bridge's task, which must end.
    pub(crate) async fn finish(self) {
        self.stop.cancel();
        within(self.task).await.unwrap();
    }
}

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it happens in time")
}

pub(crate) async fn ask(link: &mut Link, sum: Sum) -> Envelope {
    link.send(Envelope { sum: Some(sum) }).await.unwrap();
    within(link.next()).await.expect("a reply, not the end").unwrap()
}

/// A ping must be answered: the link lives.
pub(crate) async fn ping(link: &mut Link) {
    let reply = ask(link, Sum::PingRequest(Empty {})).await;
    assert_eq!(reply.sum, Some(Sum::PingResponse(Empty {})));
}

pub(crate) fn key_request(chain: &str) -> Sum {
    Sum::PubKeyRequest(PubKeyRequest { chain_id: chain.to_owned() })
}

/// A nil prevote.
pub(crate) fn vote_request(chain: &str, height: i64) -> Sum {
    Sum::SignVoteRequest(SignVoteRequest {
        vote: Some(Vote {
            r#type: 1,
            height,
            timestamp: Some(Timestamp { seconds: 1_700_000_000, nanos: 5 }),
            ..Default::default()
        }),
        chain_id: chain.to_owned(),
        skip_extension_signing: false,
    })
}
