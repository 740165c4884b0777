//! What becomes of each request whenever something happened.

use crate::absence::Absence;
use crate::extension::{Digest, Extending};
use crate::guard::{Guard, OnAbsent, TRY};
use crate::io::{Outcome, View};
use crate::moment::Moment;
use crate::pending::{Pending, Phase};
use crate::presence::LONGEST;
use crate::refusal::{Cause, Refusal};
use crate::release::{Release, Stored};

impl Guard {
    /// Answers whatever can be answered now, and drops what nobody wants.
    pub(crate) fn review(&mut self, now: Moment) {
        for pending in &mut self.queue {
            pending.not_before = pending.not_before.filter(|at| *at > now);
        }
        let mut at = 0;
        while at < self.queue.len() {
            match self.review_one(at, now) {
                None => at += 1,
                Some(outcome) => self.end(at, outcome, None, now),
            }
        }
    }

    fn review_one(&mut self, at: usize, now: Moment) -> Option<Outcome> {
        let pending = self.queue.get(at)?;
        if self.at_device == Some(pending.id) {
            return None;
        }
        if !pending.awaited && !self.goes_on(pending, now) {
            return Some(Outcome::Silent(Cause::HungUp));
        }
        if let Some(stopped) = self.record.stopped {
            return Some(Outcome::Refused(Refusal::Stopped(stopped)));
        }
        match &pending.phase {
            Phase::Joining { .. } => self.join(at, now),
            // The same may have been asked for twice, and one stream serves both.
            Phase::Extending { .. } => self.kept(pending).or_else(|| self.unavailable(at, now)),
            Phase::Signing => {
                if let Some(outcome) = self.rule(pending, now) {
                    return Some(outcome);
                }
                if let Some(extending) = self.signed_but_for_extension(pending, now) {
                    self.queue.get_mut(at)?.phase = extending;
                }
                self.unavailable(at, now)
            }
        }
    }

    /// A vote that is signed already and whose extension is not.
    fn signed_but_for_extension(&self, pending: &Pending, now: Moment) -> Option<Phase> {
        let message = pending.request.message().ok()?;
        let release = self.replies.find(&pending.request.sign_bytes, &message)?.clone();
        let content = pending.request.extension.as_ref()?;
        let extending = Box::new(Extending::new(&message, content, now)?);
        Some(Phase::Extending { release, extending })
    }

    /// The answer to a request that waits for a device that is away, or that is another one.
    fn unavailable(&mut self, at: usize, now: Moment) -> Option<Outcome> {
        let started = self.queue.get(at)?.started;
        if let Some(refusal) = self.other_installation() {
            return Some(match self.settings.on_absent {
                OnAbsent::Error => Outcome::Refused(refusal),
                OnAbsent::Wait => self.undecided(started, Cause::OtherInstallation, now),
            });
        }
        let View::Away(fault) = self.view else { return None };
        let given_up = now.since(started) >= TRY || self.is_late(now);
        given_up.then(|| self.undecided(started, Cause::NoReply(fault), now))
    }

    /// Joins what a release needs: the signature is verified, its claim was made before, its record is on the disk.
    fn join(&mut self, at: usize, now: Moment) -> Option<Outcome> {
        let Phase::Joining { verified, needs, until } = &self.queue.get(at)?.phase else { return None };
        let (needs, until) = (*needs, *until);
        let stored = match () {
            () if self.durable >= needs => Stored(()),
            () if self.tried < needs && now < until => return None,
            // A disk that fails keeps no validator of one node from signing: its device has the mark.
            () if self.settings.one_node => Stored(()),
            // With several nodes a lock that is lost lets the next node break it.
            () => {
                let started = self.queue.get(at)?.started;
                return Some(self.undecided(started, Cause::NotStored, now));
            }
        };
        let verified = verified.clone();
        let pending = self.queue.get_mut(at)?;
        let release = Release::new(&verified, stored, pending.claimed.take()?);
        let message = pending.request.message().ok()?;
        self.replies.keep(&pending.request.sign_bytes, &message, release.clone());
        if let Some(content) = &pending.request.extension {
            // What is too long was refused before.
            let extending = Box::new(Extending::new(&message, content, now)?);
            pending.phase = Phase::Extending { release, extending };
            return None;
        }
        Some(Outcome::Signed { release, extension: None, again: false })
    }

    /// An extension under way goes on while its node, which may have cut the link after 5 s, asks for the same.
    fn goes_on(&self, pending: &Pending, now: Moment) -> bool {
        let wanted = |(bytes, digest): &(Vec<u8>, Option<Digest>)| {
            *bytes == pending.request.sign_bytes && *digest == pending.digest
        };
        match pending.phase {
            // The signature is there: it is kept for the node's next question.
            Phase::Joining { .. } => true,
            Phase::Signing => false,
            Phase::Extending { .. } => {
                !self.draining
                    && now.since(pending.started) < LONGEST
                    && self.wanted.get(&pending.node).is_some_and(wanted)
            }
        }
    }

    /// Nothing is known: silence, until an absence has lasted too long for the node's patience.
    pub(crate) fn undecided(&mut self, started: Moment, cause: Cause, now: Moment) -> Outcome {
        let absence = Absence::unanswered(self.absence, started, self.answered, now);
        self.absence = Some(absence);
        if self.is_late(now) {
            let away = absence.lasts(self.answered, now).unwrap_or_default();
            return Outcome::Refused(Refusal::Absent { away, cause });
        }
        Outcome::Silent(cause)
    }
}
