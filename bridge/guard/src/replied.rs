//! What becomes of the device's answer, or of its silence.

use highwater_core::apdu::Status;
use highwater_core::hrs::Hrs;

use crate::extension::Progress;
use crate::guard::{DISK, Guard, RETRY, TRY};
use crate::io::{Outcome, Output, View, When};
use crate::moment::Moment;
use crate::pending::Phase;
use crate::record::Released;
use crate::refusal::{Cause, NoReply, Refusal, Stopped};
use crate::request::Id;
use crate::verify::Verified;

impl Guard {
    /// The device replied to the last command.
    pub(crate) fn reply(&mut self, id: Id, status: Option<Status>, data: &[u8], now: Moment) {
        let Some(at) = self.back_from_device(id) else { return };
        match &self.queue[at].phase {
            Phase::Signing => self.sign_replied(at, status, data, now),
            Phase::Extending { .. } => self.extension_replied(at, status, data, now),
            // Nothing of it is at the device.
            Phase::Joining { .. } => {}
        }
    }

    /// The device gave no reply to the last command.
    pub(crate) fn no_reply(&mut self, id: Id, sent: bool, fault: NoReply, now: Moment) {
        let Some(at) = self.back_from_device(id) else { return };
        if !sent && matches!(self.queue[at].phase, Phase::Signing) {
            self.claims.answered();
        }
        self.queue[at].lose_stream();
        let started = self.queue[at].started;
        if fault != NoReply::Ending && now.since(started) < TRY && !self.is_late(now) {
            self.queue[at].not_before = Some(now + RETRY);
            return;
        }
        let outcome = self.undecided(started, Cause::NoReply(fault), now);
        self.end(at, outcome, None, now);
    }

    /// The place in the queue of the request whose command was on the cable. `None`: it was another one's.
    fn back_from_device(&mut self, id: Id) -> Option<usize> {
        if self.at_device != Some(id) {
            return None;
        }
        self.at_device = None;
        self.queue.iter().position(|pending| pending.id == id)
    }

    fn sign_replied(&mut self, at: usize, status: Option<Status>, data: &[u8], now: Moment) {
        match status {
            Some(Status::Ok) => self.signed(at, data, now),
            // Said of extensions only, so it is the late reply to a command of one.
            Some(Status::NoPrecommit | Status::ExtensionDiffers | Status::ExtensionOrder) => {
                self.wrong(at, Refusal::WrongSignature, now);
            }
            Some(status) if status.is_decided() => {
                let mark = data.try_into().ok().and_then(|bytes: &[u8; Hrs::SIZE]| Hrs::from_bytes(bytes));
                if !fits(status, self.queue[at].request.hrs, mark) {
                    return self.wrong(at, Refusal::WrongSignature, now);
                }
                self.claims.answered();
                self.absence = None;
                self.end(at, Outcome::Refused(Refusal::Device { status, mark }), None, now);
            }
            // It may have been written before it failed, so it counts as signed.
            status => {
                let outcome = self.undecided(self.queue[at].started, Cause::Status(status), now);
                self.end(at, outcome, None, now);
            }
        }
    }

    fn signed(&mut self, at: usize, data: &[u8], now: Moment) {
        let pending = &self.queue[at];
        let Ok(message) = pending.request.message() else { return };
        let Some(verified) = Verified::read(data, &message, &*self.settings.key) else {
            return self.wrong(at, Refusal::WrongSignature, now);
        };
        let conflict = self.record.released.as_ref().and_then(|last| {
            let conflicts = last.allows(&message).is_err();
            conflicts.then(|| last.hrs()).flatten()
        });
        self.claims.settle(&mut self.record);
        if let Some(released) = conflict {
            let stopped =
                Stopped::Conflict { installation: self.installation, released, signed: verified.hrs() };
            self.record.stopped = Some(stopped);
            self.store(When::BeforeReply);
            return self.end(at, Outcome::Refused(Refusal::Stopped(stopped)), None, now);
        }
        let incarnation = match self.view {
            View::Here(shown) => shown.slot.map_or(0, |slot| slot.incarnation),
            View::Away(_) => self.record.incarnation.unwrap_or(0),
        };
        self.record.released = Some(Released::of(&verified, self.installation, incarnation));
        self.record.forget_what_the_release_says();
        self.absence = None;
        self.store(When::Later);
        let pending = &mut self.queue[at];
        pending.phase = Phase::Joining { verified, needs: pending.needs, until: now + DISK };
    }

    fn extension_replied(&mut self, at: usize, status: Option<Status>, data: &[u8], now: Moment) {
        let pending = &mut self.queue[at];
        let (started, digest) = (pending.started, pending.digest);
        let Phase::Extending { release, extending } = &mut pending.phase else { return };
        match extending.take(&*self.settings.key, status, data) {
            Progress::More => {}
            Progress::Wrong => self.wrong(at, Refusal::WrongExtension, now),
            Progress::Refused => {
                let outcome = match status {
                    Some(status) if status.is_decided() => {
                        self.absence = None;
                        Outcome::Refused(Refusal::DeviceExtension(status))
                    }
                    status => self.undecided(started, Cause::Status(status), now),
                };
                self.end(at, outcome, None, now);
            }
            Progress::Signed(signature) => {
                let took = (extending.length(), extending.elapsed(now));
                let release = release.clone();
                if let Some(digest) = digest {
                    self.replies.keep_extension(digest, signature.clone());
                }
                self.absence = None;
                let outcome = Outcome::Signed { release, extension: Some(signature), again: false };
                self.end(at, outcome, Some(took), now);
            }
        }
    }

    /// A reply that cannot be the one to the command: once more, on a fresh cable. What is no reply then either is
    /// refused.
    fn wrong(&mut self, at: usize, refusal: Refusal, now: Moment) {
        self.outputs.push_back(Output::Distrust);
        let pending = &mut self.queue[at];
        pending.lose_stream();
        if std::mem::replace(&mut pending.wrong, true) {
            self.end(at, Outcome::Refused(refusal), None, now);
        }
    }
}

/// Whether a refusal of `place` can come with this mark. One that cannot was said of another request: it is late, and
/// tells nothing of this one, which may be signed.
fn fits(status: Status, place: Hrs, mark: Option<Hrs>) -> bool {
    let is = |rule: fn(Hrs, Hrs) -> bool| mark.is_some_and(|mark| rule(place, mark));
    match status {
        Status::HeightRegression | Status::RoundRegression | Status::StepRegression => {
            is(|at, mark| at < mark)
        }
        Status::Conflict | Status::NoStatement => is(|at, mark| at == mark),
        Status::Leap => is(|at, mark| at.height > mark.height),
        _ => true,
    }
}
