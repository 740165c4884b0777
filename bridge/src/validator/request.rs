//! One signature, from the queue of the device to the node.

use std::time::{Duration, Instant};

use highwater_core::apdu::{Command, MAX_COMMAND};
use tokio::sync::oneshot;

use super::{PATIENCE, Validator};
use crate::config::OnAbsent;
use crate::device::{Fault, Job};
use crate::node::Outcome;
use crate::privval::SignRequest;

/// Shorter than a node's patience of 5 s: if the device is back by then, the node need not ask again.
const TRY: Duration = Duration::from_secs(4);

pub(super) struct Request {
    pub(super) validator: Validator,
    pub(super) request: SignRequest,
    pub(super) started: Instant,
    pub(super) answer: oneshot::Sender<Outcome>,
}

impl Job for Request {
    /// Nothing, if the node moved on, or if the same request got its reply while this one waited.
    fn apdu(&mut self) -> Option<Vec<u8>> {
        if self.answer.is_closed() {
            return None;
        }
        if let Some(outcome) = self.validator.0.at_once(&self.request) {
            let (answer, _) = oneshot::channel();
            let _ = std::mem::replace(&mut self.answer, answer).send(outcome);
            return None;
        }
        let mut apdu = [0; MAX_COMMAND];
        // Canonical bytes always fit; `at_once` has parsed them.
        let len = Command::Sign(&self.request.sign_bytes).encode(&mut apdu)?;
        Some(apdu[..len].to_vec())
    }

    fn installation(&self) -> Option<[u8; 16]> {
        Some(self.validator.0.pin.installation)
    }

    fn keep_trying(&self, fault: &Fault) -> bool {
        let inner = &self.validator.0;
        let late = inner.on_absent == OnAbsent::Error
            && inner.state().absent_since.is_some_and(|since| since.elapsed() >= PATIENCE);
        !matches!(fault, Fault::OtherInstallation { .. }) && !late && self.started.elapsed() < TRY
    }

    fn done(self: Box<Self>, result: Result<Vec<u8>, Fault>) {
        let outcome = self.validator.0.settle(&self.request, self.started, result);
        // The node may be gone; the result is kept for its next question.
        let _ = self.answer.send(outcome);
    }
}
