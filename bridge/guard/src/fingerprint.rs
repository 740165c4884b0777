//! All that a guard's next answers depend on, for a search through its states.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use crate::absence::BEFORE_ERRORS;
use crate::claims::Claims;
use crate::guard::{Guard, OnAbsent, TRY};
use crate::io::View;
use crate::moment::Moment;
use crate::pending::Phase;
use crate::presence::LONGEST;

impl Guard {
    /// Two guards of one search that give the same here answer alike for ever, if `epoch` is what the device of each would
    /// show now. Times count as ages up to the longest that a rule knows, and numbers by their order.
    #[doc(hidden)]
    pub fn fingerprint(&self, now: Moment, epoch: u64, state: &mut impl Hasher) {
        let age = |moment: Moment, longest: Duration| (now.since(moment).min(longest), moment.since(now));
        (&self.installation, &self.record, &self.claims, &self.file, self.loosened).hash(state);
        (self.urgent <= self.durable, self.urgent <= self.tried).hash(state);
        (self.taken_back, &self.replies, self.draining).hash(state);
        self.adopting.map(|adopting| (adopting.seq <= self.durable, adopting.asked)).hash(state);
        self.epoch.map(|known| known == epoch).hash(state);
        match self.view {
            View::Away(fault) => fault.hash(state),
            // Its mark counts when another device is adopted, and then the bridge looks right before.
            View::Here(shown) => {
                (shown.installation, shown.slot.map(|slot| (slot.armed, slot.incarnation))).hash(state);
            }
        }
        let at = |id| self.queue.iter().position(|pending| pending.id == id);
        self.at_device.map(at).hash(state);
        for pending in &self.queue {
            let longest = if matches!(pending.phase, Phase::Extending { .. }) { LONGEST } else { TRY };
            (&pending.node, &pending.request, age(pending.started, longest)).hash(state);
            (pending.not_before.map(|at| at.since(now)), pending.awaited, pending.wrong).hash(state);
            (pending.needs <= self.durable, pending.needs <= self.tried, pending.claimed.is_some())
                .hash(state);
            match &pending.phase {
                Phase::Signing => 0_u8.hash(state),
                Phase::Joining { verified, needs, until } => {
                    (verified, *needs <= self.durable, *needs <= self.tried, until.since(now)).hash(state);
                }
                Phase::Extending { release, extending } => (release, extending).hash(state),
            }
        }
        let extended = self.wanted.iter().filter(|(_, (_, digest))| digest.is_some());
        extended.for_each(|wanted| wanted.hash(state));
        self.wanted.keys().for_each(|node| node.hash(state));
        self.presence.fingerprint(now, state);
        if self.settings.on_absent == OnAbsent::Error {
            let ages = self.absence.map(|absence| absence.moments().map(|at| age(at, BEFORE_ERRORS)));
            (ages, self.answered.map(|at| age(at, BEFORE_ERRORS))).hash(state);
            let absence = self.absence.map(|absence| absence.moments()[1]);
            (self.answered > absence).hash(state);
        }
    }
}

impl Hash for Claims {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // One sending is under way, and of those before it counts whether there were any.
        let open = self.open().map(|claim| (claim.place, &claim.node, claim.block, claim.unanswered.min(2)));
        (open, self.settled_at()).hash(state);
    }
}
