//! One chain's validator: pinned key, last replies, verification of every signature before release.

mod pins;
mod replies;
mod request;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use highwater_core::apdu::{Reply, Signed, Status};
use highwater_core::canonical::Message;
use highwater_core::hrs::{Hrs, Step};
use tokio::sync::oneshot;

use crate::admin::Counters;
use crate::advice;
use crate::config::{self, OnAbsent};
use crate::device::{Device, Fault};
use crate::node::{Outcome, Service};
use crate::privval::SignRequest;
pub use pins::{Pin, Pins, PinsError};
use replies::{Kept, Released, Replies};
use request::Request;

/// How long nodes get silence before errors, from the first unanswered request of an absence.
const PATIENCE: Duration = Duration::from_secs(20);

/// The signer of one chain, as its nodes see it. Clones share everything.
#[derive(Debug, Clone)]
pub struct Validator(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    chain: String,
    pin: Pin,
    on_absent: OnAbsent,
    stop_height: Option<u64>,
    device: Device,
    counters: Counters,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    replies: Replies,
    /// Of the device, when `replies` were kept.
    epoch: u64,
    /// When the first request of this absence came.
    absent_since: Option<Instant>,
    /// The device's mark fell: nothing is signed any more.
    fallen: Option<String>,
    released: Option<Released>,
    last: Option<Hrs>,
    extension_told: bool,
}

impl Validator {
    /// A validator of `chain`, whose key and installation are pinned.
    pub fn new(chain: &config::Chain, pin: Pin, device: Device, counters: Counters) -> Self {
        Self(Arc::new(Inner {
            chain: chain.id.clone(),
            pin,
            on_absent: chain.on_absent,
            stop_height: chain.stop_height,
            device,
            counters,
            state: Mutex::default(),
        }))
    }

    /// The chain id.
    pub fn chain(&self) -> &str {
        &self.0.chain
    }

    /// The last place signed since the start.
    pub fn last(&self) -> Option<Hrs> {
        self.0.state().last
    }

    /// Signatures since the start, refusals, and requests met with silence.
    pub fn counts(&self) -> [u64; 3] {
        self.0.counters.of(&self.0.chain)
    }
}

impl Service for Validator {
    fn public_key(&self) -> [u8; 32] {
        self.0.pin.key
    }

    async fn sign(&self, request: SignRequest) -> Outcome {
        let started = Instant::now();
        let (answer, outcome) = oneshot::channel();
        if let Some(outcome) = self.0.at_once(&request) {
            return outcome;
        }
        let job = Request { validator: self.clone(), request, started, answer };
        self.0.device.submit(Box::new(job));
        // The owner thread is gone: the process is ending.
        outcome.await.unwrap_or(Outcome::Silent)
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change under the lock is one assignment, so a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What needs no device: rules of the bridge, and replies that were given before.
    fn at_once(&self, request: &SignRequest) -> Option<Outcome> {
        let Ok(message) = Message::parse(&request.sign_bytes) else {
            return Some(self.refuse(request.hrs, Status::NotCanonical, None));
        };
        if message.chain.as_str() != self.chain {
            return Some(self.refused(advice::other_chain(&self.chain)));
        }
        if let Some(stop) = self.stop_height
            && message.hrs.height.value() > stop
        {
            return Some(self.refused(advice::beyond_stop(stop)));
        }
        let fallen = self.state().fallen.clone();
        if let Some(text) = fallen {
            return Some(self.refused(text));
        }
        let mut state = self.state();
        if let Some(extension) = &request.extension {
            // Released without its extension's signature, such a precommit stops the node for good; an error does not.
            if !extension.is_empty() {
                drop(state);
                return Some(self.refused(advice::extension(&self.chain)));
            }
            if !state.extension_told {
                state.extension_told = true;
                tracing::info!("{}", advice::empty_extension(&self.chain));
            }
        }
        state.forget_older(self.device.seen().epoch);
        let kept = state.replies.find(&request.sign_bytes, &message)?;
        tracing::debug!(chain = %self.chain, hrs = %message.hrs, "repeated");
        Some(signed(kept))
    }

    /// What the device answered, on its owner thread. Called even if the node is gone: a late result is kept.
    fn settle(&self, request: &SignRequest, started: Instant, result: Result<Vec<u8>, Fault>) -> Outcome {
        let reply = match result {
            Ok(reply) => reply,
            Err(fault @ Fault::OtherInstallation { .. }) => return self.refused(advice::fault(&fault)),
            Err(_) => return self.undecided(started),
        };
        let (data, word) = Reply::split(&reply).unwrap_or((&[], 0));
        match Status::from_word(word) {
            Some(Status::Ok) => self.release(request, started, data),
            Some(status) if status.is_decided() => {
                self.state().absent_since = None;
                let mark = data.try_into().ok().and_then(|bytes: &[u8; Hrs::SIZE]| Hrs::from_bytes(bytes));
                self.refuse(request.hrs, status, mark)
            }
            status => {
                let cause = status.map_or("a status word of another app", advice::status);
                tracing::warn!(chain = %self.chain, hrs = %request.hrs, "no signature yet: {cause}");
                self.undecided(started)
            }
        }
    }

    /// Verifies before anything is kept or told. What fails is never shown: it may be half of a fault attack.
    fn release(&self, request: &SignRequest, started: Instant, data: &[u8]) -> Outcome {
        let (Some(given), Ok(message)) = (Signed::parse(data), Message::parse(&request.sign_bytes)) else {
            return self.refused(advice::wrong_signature(&self.chain));
        };
        // A vote that was signed before comes back with the timestamp it was signed with.
        let moved = given.timestamp != message.timestamp;
        let over = replies::encode(&message.at(given.timestamp));
        if moved && message.hrs.step == Step::Proposal || !self.verifies(&over, &given.signature) {
            return self.refused(advice::wrong_signature(&self.chain));
        }
        let mut state = self.state();
        state.absent_since = None;
        let seen = self.device.seen();
        state.forget_older(seen.epoch);
        let hrs = message.hrs;
        let incarnation = seen
            .session
            .as_ref()
            .and_then(|session| session.chain(&self.chain))
            .map_or(0, |slot| slot.incarnation);
        let released = Released::new(incarnation, &message);
        if let Some(last) = state.released.as_ref().and_then(|last| last.conflict(&released)) {
            let text = advice::fallen(&self.chain, last, hrs);
            state.fallen = Some(text.clone());
            drop(state);
            return self.refused(text);
        }
        state.released = Some(released);
        let kept = Kept { signature: given.signature, timestamp: given.timestamp };
        state.replies.keep(&request.sign_bytes, &message, kept);
        state.last = Some(hrs);
        drop(state);
        let elapsed = started.elapsed();
        self.counters.signed(&self.chain, hrs, elapsed);
        tracing::info!(
            chain = %self.chain,
            height = hrs.height.value(),
            round = hrs.round.value(),
            step = advice::step(hrs.step),
            ms = (elapsed.as_micros() as f64) / 1_000.0,
            "signed"
        );
        signed(kept)
    }

    fn verifies(&self, bytes: &[u8], signature: &[u8; 64]) -> bool {
        ed25519_dalek::VerifyingKey::from_bytes(&self.pin.key).is_ok_and(|key| {
            key.verify_strict(bytes, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
        })
    }

    fn refuse(&self, asked: Hrs, status: Status, mark: Option<Hrs>) -> Outcome {
        self.refused(advice::refused(&self.chain, asked, status, mark))
    }

    fn refused(&self, text: String) -> Outcome {
        self.counters.refused(&self.chain);
        tracing::error!(chain = %self.chain, reason = %text, "refused");
        Outcome::Refused(text)
    }

    /// Nothing is known: silence, until an absence has lasted too long for the node's patience.
    fn undecided(&self, started: Instant) -> Outcome {
        let since = *self.state().absent_since.get_or_insert(started);
        let away = since.elapsed();
        if self.on_absent == OnAbsent::Error && away >= PATIENCE {
            return self.refused(advice::absent(away.as_secs()));
        }
        self.counters.silent(&self.chain);
        Outcome::Silent
    }
}

impl State {
    /// Replies do not outlive a change of marks by command, or another device.
    fn forget_older(&mut self, epoch: u64) {
        if self.epoch != epoch {
            self.replies.clear();
            self.epoch = epoch;
        }
    }
}

fn signed(kept: Kept) -> Outcome {
    Outcome::Signed { signature: kept.signature, timestamp: kept.timestamp }
}

#[cfg(test)]
mod tests;
