//! One signature, from the queue of the device to the node.

use std::time::{Duration, Instant};

use highwater_core::apdu::{Command, MAX_COMMAND, Reply, Status};
use highwater_core::hrs::Hrs;
use tokio::sync::oneshot;

use super::settle::{Asked, Verified};
use super::{PATIENCE, Validator};
use crate::config::OnAbsent;
use crate::device::{Fault, Job};
use crate::node::Outcome;
use crate::privval::SignRequest;

/// Shorter than a node's patience of 5 s: if the device is back by then, the node need not ask again.
const TRY: Duration = Duration::from_secs(4);

pub(super) struct Request {
    validator: Validator,
    request: SignRequest,
    started: Instant,
    /// The highest place asked before this one.
    before: Option<Hrs>,
    /// How often it was on the cable.
    sent: u32,
    /// The device's signature, once it was verified.
    verified: Option<Verified>,
    answer: oneshot::Sender<Outcome>,
}

impl Request {
    pub(super) fn new(validator: Validator, request: SignRequest, answer: oneshot::Sender<Outcome>) -> Self {
        Self { validator, request, started: Instant::now(), before: None, sent: 0, verified: None, answer }
    }
}

impl Job for Request {
    /// Nothing, if the node moved on, or if the same request got its reply while this one waited.
    fn apdu(&mut self) -> Option<Vec<u8>> {
        if self.answer.is_closed() {
            return None;
        }
        let inner = &self.validator.inner;
        // Asked again: another node may have got the height meanwhile.
        if let Some(outcome) = inner.at_once(&self.request, &self.validator.node) {
            let (answer, _) = oneshot::channel();
            let _ = std::mem::replace(&mut self.answer, answer).send(outcome);
            return None;
        }
        let mut apdu = [0; MAX_COMMAND];
        // Canonical bytes always fit; `at_once` has parsed them.
        let len = Command::Sign(&self.request.sign_bytes).encode(&mut apdu)?;
        self.before.get_or_insert_with(|| inner.keeper.read(|memory| memory.asked));
        inner.ask(&self.request, &self.validator.node);
        Some(apdu[..len].to_vec())
    }

    /// Its thread would take the processor from the one that sends, if it were woken before.
    fn under_way(&mut self) {
        self.sent += 1;
        self.validator.inner.keeper.write();
    }

    fn installation(&self) -> Option<[u8; 16]> {
        Some(self.validator.installation())
    }

    fn lane(&self) -> &str {
        &self.validator.inner.chain
    }

    fn accepts(&mut self, reply: &[u8]) -> bool {
        match Reply::split(reply) {
            Some((data, word)) if word == Status::Ok.word() => {
                self.verified = self.validator.inner.verify(&self.request, data);
                self.verified.is_some()
            }
            _ => true,
        }
    }

    fn keep_trying(&self, fault: &Fault) -> bool {
        let inner = &self.validator.inner;
        let late = inner.on_absent == OnAbsent::Error
            && inner.state().absent_since.is_some_and(|since| since.elapsed() >= PATIENCE);
        !matches!(fault, Fault::OtherInstallation { .. } | Fault::WrongReply)
            && !late
            && self.started.elapsed() < TRY
    }

    fn done(self: Box<Self>, result: Result<Vec<u8>, Fault>) {
        let Self { validator, request, started, before, sent, verified, answer } = *self;
        let inner = &validator.inner;
        let outcome = match (result, verified) {
            (Ok(_), Some(verified)) => inner.release(&request, &validator.node, verified),
            (result, _) => {
                inner.settle(&request, Asked { before: before.unwrap_or_default(), sent }, started, result)
            }
        };
        let elapsed = matches!(outcome, Outcome::Signed { .. }).then(|| started.elapsed());
        // The node may be gone; the result is kept for its next question.
        let _ = answer.send(outcome);
        // What nobody waits for comes after the reply.
        if let Some(elapsed) = elapsed {
            inner.tell(request.hrs, elapsed);
        }
    }
}
