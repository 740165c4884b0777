//! One request, from the queue of the device to the node: a signature, and for a precommit that of its extension.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use highwater_core::apdu::{Command, Reply, Status};
use highwater_core::canonical::Message;
use highwater_core::hrs::Hrs;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::extension::{Extending, Progress};
use super::replies::Kept;
use super::settle::Asked;
use super::{PATIENCE, Validator};
use crate::config::OnAbsent;
use crate::device::{Fault, Job, Next, Stream, encode};
use crate::node::Outcome;
use crate::privval::SignRequest;

/// Shorter than a node's patience of 5 s: if the device is back by then, the node need not ask again.
const TRY: Duration = Duration::from_secs(4);

/// A node asks for one message no longer than this: 50 times 5 s (CometBFT `privval/retry_signer_client.go`).
const LONGEST: Duration = Duration::from_secs(255);

pub(super) struct Request {
    validator: Validator,
    request: SignRequest,
    started: Instant,
    /// The highest place asked before this one.
    before: Option<Hrs>,
    /// How often it was on the cable.
    sent: u32,
    /// Once the vote or proposal is signed, and its extension is still to be.
    extending: Option<(Kept, Extending)>,
    /// What the last reply came to.
    outcome: Option<Outcome>,
    /// The owner thread ends.
    ending: bool,
    /// Given back when this is dropped.
    _place: OwnedSemaphorePermit,
    answer: oneshot::Sender<Outcome>,
}

impl Request {
    pub(super) fn new(
        validator: Validator,
        request: SignRequest,
        place: OwnedSemaphorePermit,
        answer: oneshot::Sender<Outcome>,
    ) -> Self {
        let started = Instant::now();
        let (before, sent, extending, outcome, ending) = (None, 0, None, None, false);
        Self { validator, request, started, before, sent, extending, outcome, ending, _place: place, answer }
    }

    fn asked(&self) -> Asked {
        Asked { before: self.before, sent: self.sent }
    }

    /// Goes on from the signature of the vote or proposal to that of its extension, or breaks off: none is to be signed.
    fn extend(&mut self, kept: Kept) -> ControlFlow<Outcome> {
        let Some(content) = &self.request.extension else {
            return ControlFlow::Break(super::signed(kept, None));
        };
        let message = Message::parse(&self.request.sign_bytes).ok();
        let extending = message.and_then(|message| Extending::new(&message, content));
        // It was parsed when it came, and what is too long was refused then.
        let Some(extending) = extending else { return ControlFlow::Break(Outcome::Silent) };
        self.extending = Some((kept, extending));
        ControlFlow::Continue(())
    }

    fn sign(&mut self) -> Option<Vec<u8>> {
        let inner = self.validator.inner.clone();
        // Canonical bytes always fit; `at_once` has parsed them.
        let apdu = encode(&Command::Sign(&self.request.sign_bytes))?;
        self.before.get_or_insert_with(|| inner.keeper.read(|memory| memory.asked));
        inner.ask(&self.request, &self.validator.node);
        Some(apdu)
    }
}

impl Job for Request {
    /// Nothing, if the node moved on, or if the same request got its reply while this one waited.
    fn apdu(&mut self) -> Option<Vec<u8>> {
        if self.abandoned() {
            // A try may have gone before.
            self.validator.inner.unsettled(self.request.hrs, self.asked());
            return None;
        }
        if self.extending.is_none() {
            let inner = self.validator.inner.clone();
            // Asked again: another node may have got the height meanwhile.
            let known = inner.at_once(&self.request, &self.validator.node);
            // What is signed but for its extension goes on from there.
            let known = known.or_else(|| self.extend(inner.kept(&self.request)?).break_value());
            if let Some(outcome) = known {
                self.validator.inner.unsettled(self.request.hrs, self.asked());
                let (answer, _) = oneshot::channel();
                let _ = std::mem::replace(&mut self.answer, answer).send(outcome);
                return None;
            }
        }
        match &self.extending {
            Some((_, extending)) => extending.apdu(),
            None => self.sign(),
        }
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

    fn take(&mut self, reply: &[u8]) -> Next {
        let inner = self.validator.inner.clone();
        let (data, word) = Reply::split(reply).unwrap_or((&[], 0));
        if let Some((kept, extending)) = &mut self.extending {
            return match extending.take(inner.verifying.as_ref(), Status::from_word(word), data) {
                Progress::More => Next::More,
                Progress::Wrong => Next::Wrong,
                Progress::Refused => Next::Done,
                Progress::Signed(signature) => {
                    self.outcome = Some(inner.release_extension(*kept, extending.digest(), signature));
                    Next::Done
                }
            };
        }
        match Status::from_word(word) {
            Some(Status::Ok) => {}
            // Said of extensions only, so it is the late reply to a command of one.
            Some(Status::NoPrecommit | Status::ExtensionDiffers | Status::ExtensionOrder) => {
                return Next::Wrong;
            }
            _ => return Next::Done,
        }
        let Some(verified) = inner.verify(&self.request, data) else { return Next::Wrong };
        self.outcome = match inner.release(&self.request, &self.validator.node, verified) {
            ControlFlow::Continue(kept) => self.extend(kept).break_value(),
            ControlFlow::Break(outcome) => Some(outcome),
        };
        if self.outcome.is_some() { Next::Done } else { Next::More }
    }

    fn awaited(&self) -> bool {
        !self.answer.is_closed()
    }

    /// An extension that is under way goes on while its node, which may have cut the link after 5 s, asks for the same.
    fn abandoned(&self) -> bool {
        // Asked for each lane at each turn, so the lock is taken only where nobody waits.
        let goes_on = || {
            self.started.elapsed() < LONGEST
                && self.extending.as_ref().is_some_and(|(_, extending)| {
                    let (node, bytes) = (&self.validator.node, &self.request.sign_bytes);
                    self.validator.inner.wants(node, bytes, extending.digest())
                })
        };
        !self.awaited() && (self.ending || !goes_on())
    }

    fn stream(&self) -> Stream {
        self.extending.as_ref().map_or(Stream::Idle, |(_, extending)| extending.stream())
    }

    fn lost(&mut self) {
        if let Some((_, extending)) = &mut self.extending {
            extending.lost();
        }
    }

    fn ending(&mut self) {
        self.ending = true;
    }

    fn keep_trying(&self, fault: &Fault) -> bool {
        let inner = &self.validator.inner;
        let late = inner.on_absent == OnAbsent::Error && inner.away().is_some_and(|away| away >= PATIENCE);
        !matches!(fault, Fault::OtherInstallation { .. } | Fault::WrongReply | Fault::NoExtensions(_))
            && !late
            && self.started.elapsed() < TRY
    }

    fn done(self: Box<Self>, result: Result<Vec<u8>, Fault>) {
        let asked = self.asked();
        let Self { validator, request, started, extending, outcome, answer, .. } = *self;
        let inner = &validator.inner;
        let outcome = match (outcome, &extending) {
            (Some(outcome), _) => outcome,
            (None, Some(_)) => inner.settle_extension(&request, started, result),
            (None, None) => inner.settle(&request, asked, started, result),
        };
        let elapsed = matches!(outcome, Outcome::Signed { .. }).then(|| started.elapsed());
        // The node may be gone; the result is kept for its next question.
        let _ = answer.send(outcome);
        // What nobody waits for comes after the reply.
        if let Some(elapsed) = elapsed {
            inner.tell(request.hrs, elapsed, extending.as_ref().map(|(_, extending)| extending));
        }
    }
}
