//! What needs no device: the rules of the bridge, and replies that were given before.

use highwater_core::canonical::MAX_EXTENSION;

use crate::absence::BEFORE_ERRORS;
use crate::guard::{Guard, OnAbsent};
use crate::io::{Outcome, View};
use crate::moment::Moment;
use crate::ownership::Foreign;
use crate::pending::Pending;
use crate::record::{Conflict, Intention};
use crate::refusal::{Cause, Refusal};

impl Guard {
    /// The answer to a request, if it needs no device. Asked when the request comes, and again whenever something
    /// happened, until the device is asked.
    pub(crate) fn rule(&self, pending: &Pending, now: Moment) -> Option<Outcome> {
        let Pending { node, request, .. } = pending;
        let refuse = |refusal| Some(Outcome::Refused(refusal));
        let Ok(message) = request.message() else { return refuse(Refusal::NotCanonical) };
        if message.chain.as_str() != self.settings.chain {
            return refuse(Refusal::OtherChain);
        }
        if let Some(stop) = self.settings.stop_height
            && message.hrs.height.value() > stop
        {
            return refuse(Refusal::BeyondStop(stop));
        }
        if let Some(content) = &request.extension
            && content.len() > MAX_EXTENSION as usize
        {
            return refuse(Refusal::LongExtension(content.len()));
        }
        if let (Some(content), View::Here(shown)) = (&request.extension, &self.view)
            && crate::extension::signed_length(&message, content) > shown.longest
        {
            // The precommit alone would be of no use to its node, and its place would be taken.
            return refuse(Refusal::LongForDevice { length: content.len(), longest: shown.longest });
        }
        if self.replies.find(&request.sign_bytes, &message).is_some() {
            // Else the device is needed for the extension alone.
            return self.kept(pending);
        }
        let last = self.record.released.as_ref();
        if message.hrs <= self.record.begins_above && !last.is_some_and(|last| last.says(&message)) {
            return refuse(Refusal::BelowAdopted(self.record.begins_above));
        }
        match last.map_or(Ok(()), |last| last.allows(&message)) {
            Ok(()) => {}
            Err(Conflict::Below(last)) => return refuse(Refusal::BelowReleased(last)),
            Err(Conflict::Other(_)) => return refuse(Refusal::ConflictWithReleased),
        }
        let requested = self.record.highest_requested;
        if message.hrs <= requested {
            if let Some(mark) = self.taken_back {
                return refuse(Refusal::TakenBack { requested, mark });
            }
            // The owner may have approved it, and no look showed it yet.
            if let Some(lowering) = self.record.intention.filter(Intention::lowers) {
                return refuse(Refusal::Lowering { requested, to: lowering.to, below: lowering.below });
            }
        }
        match self.record.ownership.admits(node, &message, |owner| self.presence.owner(owner, now)) {
            Ok(()) => {}
            Err(Foreign::Owned(owner)) => return refuse(Refusal::Owned { owner }),
            // Its node asks again; an error it would never repeat.
            Err(Foreign::InGrace) => return Some(Outcome::Silent(Cause::OwnerGrace)),
            Err(Foreign::LockedBlock(owner)) => return refuse(Refusal::LockedBlock { owner }),
            // Only one node can have it, and that one knows it: were the height nobody's, a chain that needs this validator
            // would stand still for good.
            Err(Foreign::LockUnknown(None)) if self.settings.one_node => {}
            Err(Foreign::LockUnknown(owner)) => return refuse(Refusal::LockUnknown { owner }),
        }
        None
    }

    /// What was given before, if all of it is kept.
    pub(crate) fn kept(&self, pending: &Pending) -> Option<Outcome> {
        let Pending { request, digest, .. } = pending;
        let release = self.replies.find(&request.sign_bytes, &request.message().ok()?)?.clone();
        let extension = match digest {
            None => None,
            Some(digest) => Some(self.replies.extension(digest)?.clone()),
        };
        Some(Outcome::Signed { release, extension, again: true })
    }

    /// The answer to a request where another installation than the pinned one is plugged in. Nothing is asked of it.
    /// Where errors halt the chain there is none: adopting it, or plugging in the right one, cures it without the node.
    pub(crate) fn other_installation(&self) -> Option<Refusal> {
        match self.view {
            View::Here(shown) if shown.installation != self.installation => {
                Some(Refusal::OtherInstallation { found: shown.installation, pinned: self.installation })
            }
            _ => None,
        }
    }

    /// Whether nodes get errors by now instead of silence.
    pub(crate) fn is_late(&self, now: Moment) -> bool {
        self.settings.on_absent == OnAbsent::Error
            && self
                .absence
                .and_then(|absence| absence.lasts(self.answered, now))
                .is_some_and(|lasts| lasts >= BEFORE_ERRORS)
    }
}
