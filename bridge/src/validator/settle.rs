//! What becomes of the device's answer: verified, remembered, released; refused; or nothing known yet.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use highwater_core::apdu::{Reply, Signed, Status};
use highwater_core::canonical::Message;
use highwater_core::hrs::{Hrs, Step};

use super::extension::{Digest, Extending, NODE_PATIENCE};
use super::memory::Released;
use super::replies::{Kept, encode};
use super::state::Absence;
use super::{Inner, PATIENCE, signed};
use crate::advice;
use crate::config::OnAbsent;
use crate::device::Fault;
use crate::node::Outcome;
use crate::privval::SignRequest;

/// A signature that was verified against the exact bytes and the pinned key.
#[derive(Debug)]
pub(super) struct Verified {
    kept: Kept,
    bytes: Vec<u8>,
}

/// What was asked of devices before a request was settled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// The highest place before this request; none if it was not to be asked.
    pub(super) before: Option<Hrs>,
    /// How often this request was on a cable.
    pub(super) sent: u32,
}

impl Inner {
    /// Reads the device's reply to a request. What fails is never shown: it may be half of a fault attack.
    pub(super) fn verify(&self, request: &SignRequest, data: &[u8]) -> Option<Verified> {
        let (given, message) = (Signed::parse(data)?, Message::parse(&request.sign_bytes).ok()?);
        // A vote that was signed before comes back with the timestamp it was signed with.
        if given.timestamp != message.timestamp && message.hrs.step == Step::Proposal {
            return None;
        }
        let bytes = encode(&message.at(given.timestamp));
        let kept = Kept { signature: given.signature, timestamp: given.timestamp };
        self.verifying
            .as_ref()?
            .verify_strict(&bytes, &ed25519_dalek::Signature::from_bytes(&given.signature))
            .ok()?;
        Some(Verified { kept, bytes })
    }

    /// No signature came. On the device's owner thread, and called even if the node is gone.
    pub(super) fn settle(
        &self,
        request: &SignRequest,
        asked: Asked,
        started: Instant,
        result: Result<Vec<u8>, Fault>,
    ) -> Outcome {
        let hrs = request.hrs;
        let reply = match result {
            Ok(reply) => reply,
            Err(fault @ Fault::OtherInstallation { .. }) => {
                self.unask(hrs, asked, 0);
                return self.another_device(hrs, started, &fault);
            }
            Err(Fault::WrongReply) => {
                self.unsettled(hrs, asked);
                return self.refused(hrs, advice::wrong_signature(&self.chain));
            }
            Err(_) => {
                self.unsettled(hrs, asked);
                return self.undecided(hrs, started);
            }
        };
        let (data, word) = Reply::split(&reply).unwrap_or((&[], 0));
        match Status::from_word(word) {
            Some(status) if status.is_decided() => {
                self.state().absent = None;
                self.unask(hrs, asked, 1);
                let mark = data.try_into().ok().and_then(|bytes: &[u8; Hrs::SIZE]| Hrs::from_bytes(bytes));
                self.refuse(hrs, status, mark)
            }
            status => {
                self.unsettled(hrs, asked);
                self.not_yet(hrs, started, status, "no signature yet")
            }
        }
    }

    /// Remembers a signature, which may be given out then, unless it shows that the device's mark fell.
    pub(super) fn release(
        &self,
        request: &SignRequest,
        node: &str,
        verified: Verified,
    ) -> ControlFlow<Outcome, Kept> {
        let (hrs, Verified { kept, bytes }) = (request.hrs, verified);
        let (epoch, incarnation) = self.device.glance(|seen| {
            let slot = seen.session.as_ref().and_then(|session| session.chain(&self.chain));
            (seen.epoch, slot.map_or(0, |slot| slot.incarnation))
        });
        let released = Released {
            installation: self.state().installation,
            incarnation,
            bytes,
            signature: kept.signature,
        };
        let fallen = self.keeper.read(|memory| memory.released.as_ref()?.conflict(&released));
        if let Some(last) = fallen {
            let text = advice::fallen(&self.chain, last, hrs);
            self.keeper.change_now(|memory| memory.fallen = Some(text.clone()));
            return ControlFlow::Break(self.refused(hrs, text));
        }
        // It was parsed when it was verified.
        let Ok(message) = Message::parse(&request.sign_bytes) else {
            return ControlFlow::Break(Outcome::Silent);
        };
        self.keeper.change(|memory| {
            memory.ownership.released(node, &message);
            memory.maybe = None;
            memory.released = Some(released);
        });
        let mut state = self.state();
        state.absent = None;
        state.forget_older(epoch);
        state.replies.keep(&request.sign_bytes, &message, kept);
        state.last = Some(hrs);
        ControlFlow::Continue(kept)
    }

    /// Counts and logs a signature that was released, with that of its extension, if it has one.
    pub(super) fn tell(&self, hrs: Hrs, elapsed: Duration, extension: Option<&Extending>) {
        self.counters.signed(&self.chain, hrs, elapsed);
        if let Some(extension) = extension {
            self.counters.extended(&self.chain, extension.elapsed());
        }
        // The empty one, which chains without extensions have too, is no news.
        let length = extension.map(Extending::length).filter(|length| *length > 0);
        tracing::info!(
            chain = %self.chain,
            height = hrs.height.value(),
            round = hrs.round.value(),
            step = advice::step(hrs.step),
            extension = length,
            ms = (elapsed.as_micros() as f64) / 1_000.0,
            "signed"
        );
        if let Some(extension) = extension
            && elapsed > NODE_PATIENCE
        {
            tracing::warn!("{}", advice::slow_extension(&self.chain, extension.length(), elapsed));
        }
    }

    /// Remembers the signature of an extension, which may be given out then with its precommit's.
    pub(super) fn release_extension(&self, kept: Kept, digest: Digest, signature: [u8; 64]) -> Outcome {
        let epoch = self.device.glance(|seen| seen.epoch);
        let mut state = self.state();
        state.absent = None;
        state.forget_older(epoch);
        state.replies.keep_extension(digest, signature);
        signed(kept, Some(signature))
    }

    /// The precommit is signed, its extension is not: without both the node would stop for good.
    pub(super) fn settle_extension(
        &self,
        request: &SignRequest,
        started: Instant,
        result: Result<Vec<u8>, Fault>,
    ) -> Outcome {
        let hrs = request.hrs;
        let reply = match result {
            Ok(reply) => reply,
            Err(fault @ Fault::OtherInstallation { .. }) => {
                return self.another_device(hrs, started, &fault);
            }
            Err(Fault::WrongReply) => return self.refused(hrs, advice::wrong_extension(&self.chain)),
            Err(_) => return self.undecided(hrs, started),
        };
        let word = Reply::split(&reply).map_or(0, |(_, word)| word);
        match Status::from_word(word) {
            Some(status) if status.is_decided() => {
                self.state().absent = None;
                self.refused(hrs, advice::extension_refused(&self.chain, hrs, status))
            }
            status => self.not_yet(hrs, started, status, "no signature of the extension yet"),
        }
    }

    /// Another device is plugged in. Where errors halt the chain there is none: adopting it, or plugging in the right
    /// one, cures it without the node's help.
    fn another_device(&self, hrs: Hrs, started: Instant, fault: &Fault) -> Outcome {
        let text = advice::fault(fault);
        match self.on_absent {
            OnAbsent::Error => self.refused(hrs, text),
            OnAbsent::Wait => {
                tracing::error!(chain = %self.chain, %hrs, "no signature yet: {text}");
                self.undecided(hrs, started)
            }
        }
    }

    /// Nobody says whether it was signed: it may have been, if it was on a cable at all.
    pub(super) fn unsettled(&self, hrs: Hrs, asked: Asked) {
        // What never came so far changed nothing.
        if asked.before.is_some() {
            self.unask(hrs, asked, 0);
        }
    }

    /// It was not signed, by the `answered` sendings that are known to have come to nothing: it does not count as asked.
    /// A sending more, whose reply was lost, may have been signed whatever was said later.
    fn unask(&self, hrs: Hrs, asked: Asked, answered: u32) {
        if asked.sent > answered {
            return self.reckon();
        }
        let raised = self.state().raised;
        self.keeper.change(|memory| {
            // Another request may have asked for more meanwhile; and what the owner said stays said, also below this.
            if let Some(before) = asked.before
                && memory.asked == hrs
            {
                memory.asked = before.max(raised);
            }
            memory.maybe = None;
        });
    }

    /// It may have been signed: then the height is this node's.
    fn reckon(&self) {
        self.keeper.change(|memory| {
            if let Some(maybe) = memory.maybe.take() {
                memory.ownership = maybe;
            }
        });
    }

    /// The device said why nothing is decided.
    fn not_yet(&self, hrs: Hrs, started: Instant, status: Option<Status>, what: &str) -> Outcome {
        let cause = status.map_or("a status word of another app", advice::status);
        tracing::warn!(chain = %self.chain, %hrs, "{what}: {cause}");
        self.undecided(hrs, started)
    }

    /// How long the device is away already, if it is.
    pub(super) fn away(&self) -> Option<Duration> {
        let answered = self.device.glance(|seen| seen.answered);
        let absence = self.state().absent?;
        (!absence.is_over(answered)).then(|| absence.since.elapsed())
    }

    /// Nothing is known: silence, until an absence has lasted too long for the node's patience.
    fn undecided(&self, hrs: Hrs, started: Instant) -> Outcome {
        let away = {
            let answered = self.device.glance(|seen| seen.answered);
            let mut state = self.state();
            let absence = Absence::unanswered(state.absent, started, answered);
            state.absent.insert(absence).since.elapsed()
        };
        if self.on_absent == OnAbsent::Error && away >= PATIENCE {
            return self.refused(hrs, advice::absent(away.as_secs()));
        }
        self.silent()
    }
}
