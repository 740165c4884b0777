//! The node's side of the socket, and a service that answers as the test says.

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use highwater::node::{self, Address, Identity, Node, Outcome, Service};
use highwater::privval::proto::{Empty, Envelope, PubKeyRequest, SignVoteRequest, Sum, Timestamp, Vote};
use highwater::privval::{Codec, SignRequest};
use highwater_core::canonical;
use tokio::net::{UnixListener, UnixStream};
use tokio_util::codec::Framed;
use tokio_util::sync::CancellationToken;

/// The chain of these tests.
pub(crate) const CHAIN: &str = "link-1";
/// When the votes of these tests were cast.
pub(crate) const AT: canonical::Timestamp = canonical::Timestamp { seconds: 1_700_000_000, nanos: 5 };
/// Longer than anything here takes, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers from a list, after a delay; remembers what it was asked and told.
#[derive(Clone, Default)]
pub(crate) struct Scripted {
    answers: Arc<Mutex<VecDeque<(Duration, Outcome)>>>,
    pub(crate) asked: Arc<Mutex<Vec<SignRequest>>>,
    pub(crate) links: Arc<Mutex<Vec<bool>>>,
    pub(crate) abandoned: Arc<Mutex<u32>>,
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
        let waiting = Waiting(&self.abandoned);
        self.asked.lock().unwrap().push(request);
        let (delay, outcome) = self.answers.lock().unwrap().pop_front().expect("an answer for each request");
        tokio::time::sleep(delay).await;
        std::mem::forget(waiting);
        outcome
    }

    fn link(&self, node: &Node, up: bool) {
        assert_eq!(node.chain, CHAIN);
        self.links.lock().unwrap().push(up);
    }
}

/// Counts itself as abandoned when it is dropped before the answer.
struct Waiting<'a>(&'a Mutex<u32>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        *self.0.lock().unwrap() += 1;
    }
}

/// A node that listens, and the bridge's task that dials it.
pub(crate) struct Stage {
    listener: Option<UnixListener>,
    socket: PathBuf,
    pub(crate) stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

/// The node's end of one link.
pub(crate) type Link = Framed<UnixStream, Codec>;

impl Stage {
    /// The node listens before the bridge dials.
    pub(crate) fn new(service: &impl Service) -> Self {
        let mut stage = Self::without_node(service);
        stage.listen();
        stage
    }

    /// The bridge dials, and there is no node yet.
    pub(crate) fn without_node(service: &impl Service) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("privval.sock");
        let node = Node { chain: CHAIN.to_owned(), address: Address::Unix(socket.clone()) };
        let stop = CancellationToken::new();
        let task = tokio::spawn(node::run(node, Identity::generate(), service.clone(), stop.clone()));
        Self { listener: None, socket, stop, task, _folder: folder }
    }

    /// The node starts.
    pub(crate) fn listen(&mut self) {
        self.listener = Some(UnixListener::bind(&self.socket).unwrap());
    }

    /// The node dies, and leaves its socket file.
    pub(crate) fn stop_listening(&mut self) {
        self.listener = None;
    }

    /// What an operator does before the node starts again.
    pub(crate) fn remove_socket(&self) {
        fs::remove_file(&self.socket).unwrap();
    }

    /// The next time the bridge dials.
    pub(crate) async fn accept(&self) -> Link {
        let listener = self.listener.as_ref().expect("the node listens");
        let (stream, _) = within(listener.accept()).await.unwrap();
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

pub(crate) async fn send(link: &mut Link, sum: Sum) {
    link.send(Envelope { sum: Some(sum) }).await.unwrap();
}

pub(crate) async fn ask(link: &mut Link, sum: Sum) -> Sum {
    send(link, sum).await;
    within(link.next()).await.expect("a reply, not the end").unwrap().sum.expect("a member")
}

/// A ping must be answered: the link lives.
pub(crate) async fn ping(link: &mut Link) {
    assert_eq!(ask(link, Sum::PingRequest(Empty {})).await, Sum::PingResponse(Empty {}));
}

/// The bridge closes the link, and sends nothing before.
pub(crate) async fn closed(link: &mut Link) {
    let next = within(link.next()).await;
    // Closed with bytes unread shows as a reset.
    assert!(matches!(next, None | Some(Err(_))), "not the end: {next:?}");
}

pub(crate) fn key_request(chain: &str) -> Sum {
    Sum::PubKeyRequest(PubKeyRequest { chain_id: chain.to_owned() })
}

/// A nil prevote.
pub(crate) fn vote_request(chain: &str, height: i64) -> Sum {
    vote(chain, Vote { r#type: 1, height, ..Default::default() })
}

/// This vote, cast at [`AT`].
pub(crate) fn vote(chain: &str, vote: Vote) -> Sum {
    let timestamp = Some(Timestamp { seconds: AT.seconds, nanos: AT.nanos as i32 });
    Sum::SignVoteRequest(SignVoteRequest {
        vote: Some(Vote { timestamp, ..vote }),
        chain_id: chain.to_owned(),
        skip_extension_signing: false,
    })
}

pub(crate) fn signed() -> Outcome {
    Outcome::Signed { signature: [9; 64], timestamp: AT, extension: None }
}

/// The vote of a reply that is no refusal.
pub(crate) fn signed_vote(reply: Sum) -> Vote {
    match reply {
        Sum::SignedVoteResponse(reply) if reply.error.is_none() => reply.vote.expect("a vote"),
        other => panic!("not a signed vote: {other:?}"),
    }
}

/// The words of a reply to a vote that is a refusal.
pub(crate) fn refusal(reply: Sum) -> String {
    match reply {
        Sum::SignedVoteResponse(reply) => reply.error.expect("an error").description,
        other => panic!("not the reply to a vote: {other:?}"),
    }
}
