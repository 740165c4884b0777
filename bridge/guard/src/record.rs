//! What the host remembers of a chain: its second line behind the device's mark.
//!
//! The record is durable before the reply that it is about. It is never used to raise the mark of the pinned device,
//! whose own mark is the truth; it is the starting mark of another device that takes the chain over, and it tells when
//! the mark of the pinned one fell.

use highwater_core::canonical::Message;
use highwater_core::hrs::{Hrs, Step};

use crate::ownership::{Lock, Ownership};
use crate::refusal::Stopped;
use crate::statement::statement;
use crate::verify::Verified;

/// All that survives a restart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Record {
    /// The highest place ever requested of a device, shown by the pinned one, or said by the owner. An upper bound of
    /// what may be signed.
    pub highest_requested: Hrs,
    /// Where the pinned device took the chain over from another one. What stands at its mark then may be something else
    /// than what the other one signed there, so nothing up to here is asked of it.
    pub begins_above: Hrs,
    /// `highest_requested` and `ownership` were written for a whole round, before its signatures.
    pub written_ahead: bool,
    /// The owner was asked to set the mark, and nobody told yet what came of it.
    pub intention: Option<Intention>,
    /// The chain's life on the pinned device, as last seen. `None`: not seen yet.
    pub incarnation: Option<u16>,
    /// The mark that the pinned device showed last, where it is above the last signature. In one life a mark never falls, so
    /// a lower one is a memory that was put back.
    pub shown: Option<LastMark>,
    /// The last signature given to a node.
    pub released: Option<Released>,
    /// Whose height it is.
    pub ownership: Ownership,
    /// Why nothing is signed any more.
    pub stopped: Option<Stopped>,
}

/// A mark that a device showed, in a life of the chain on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LastMark {
    /// Of the device.
    pub installation: [u8; 16],
    /// The life.
    pub incarnation: u16,
    /// The mark.
    pub mark: Hrs,
}

/// A mark that the owner was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Intention {
    /// The mark.
    pub to: Hrs,
    /// The operator repeated the place that this is below: what is known up to there is given up, and nothing above it.
    pub below: Option<Hrs>,
    /// It is above what was requested when the owner was asked: the device's mark goes up, and its life goes on.
    pub raises: bool,
    /// The mark of an earlier question of which nobody told either: the owner may have approved it.
    pub earlier: Option<Hrs>,
}

impl Intention {
    /// What the device may stand at, by this question or an earlier one.
    pub fn highest(&self) -> Hrs {
        self.to.max(self.earlier.unwrap_or(Hrs::ZERO))
    }

    /// Whether the device may begin a new life with this mark, if the owner approves.
    pub fn lowers(&self) -> bool {
        self.below.is_some() && !self.raises
    }
}

/// A signature given to a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Released {
    /// The installation that signed.
    pub installation: [u8; 16],
    /// The chain's life on that installation.
    pub incarnation: u16,
    /// Canonical, over the timestamp that was signed.
    pub bytes: Vec<u8>,
    /// The signature.
    pub signature: [u8; 64],
}

/// The slot of a chain, as the device shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slot {
    /// Whether the chain is armed there: its mark is certain.
    pub armed: bool,
    /// The chain's life in the slot.
    pub incarnation: u16,
    /// The mark; of an unclear chain a floor.
    pub mark: Hrs,
}

/// What a look at the pinned device taught.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Followed {
    /// Nothing new.
    Same,
    /// The highest place follows the mark.
    Raised {
        /// From here.
        from: Hrs,
        /// To here.
        to: Hrs,
    },
    /// The owner lowered the mark with the host's knowledge.
    Lowered {
        /// From here.
        from: Hrs,
        /// To here.
        to: Hrs,
    },
    /// The owner lowered the mark behind the host's back: nothing up to the highest place is signed.
    TakenBack,
    /// The mark fell within one life of the chain: the chain is stopped.
    Regressed(Stopped),
}

/// A mark below what is known was asked for. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BelowKnown {
    /// The highest place known. Repeated by the operator, the lower mark may be asked for.
    pub known: Hrs,
}

/// Why a device cannot take a chain over now. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotAdopted {
    /// Another device, or none, is there now.
    NotThere,
    /// The chain is not armed there.
    NotArmed,
    /// Its mark is below what is known.
    Low(BelowKnown),
    /// A request is under way: what comes of it is not known yet.
    UnderWay,
    /// A device is being adopted: its pin is not on the disk yet.
    Pinning,
    /// It is the device whose mark fell.
    SameDevice(Stopped),
}

impl Record {
    /// Of a chain whose first mark, or whose mark on another device, is `highest`.
    pub fn new(highest: Hrs) -> Self {
        Self {
            highest_requested: highest,
            begins_above: highest,
            written_ahead: false,
            intention: None,
            incarnation: None,
            shown: None,
            released: None,
            ownership: Ownership::unknown(highest),
            stopped: None,
        }
    }

    /// The record as a start takes it over: of a round that was written ahead only its node knows the lock. Where nobody
    /// has the height the lock is still the one that stands here: nobody got anything else.
    #[must_use]
    pub fn after_restart(mut self) -> Self {
        if std::mem::take(&mut self.written_ahead)
            && self.ownership.height == self.highest_requested.height.value()
            && self.ownership.owner.is_some()
        {
            self.ownership.lock = Lock::Unknown;
        }
        self
    }

    /// The lowest mark another device may begin with: nothing that may be signed is above it.
    pub fn floor(&self) -> Hrs {
        self.highest_requested.max(self.intention.map_or(Hrs::ZERO, |intention| intention.highest()))
    }

    /// Before the owner is asked for the mark `to`: whatever becomes of the question, a spare begins no lower.
    ///
    /// # Errors
    /// `to` is below what is known, and `below` does not repeat it.
    pub fn intend(&mut self, to: Hrs, below: Option<Hrs>) -> Result<(), BelowKnown> {
        let known = self.floor();
        let below = below.filter(|_| to < known);
        if to < known && below != Some(known) {
            return Err(BelowKnown { known });
        }
        let earlier = self.intention.map(|intention| intention.highest());
        let raises = to > self.highest_requested;
        self.intention = Some(Intention { to, below, raises, earlier });
        Ok(())
    }

    /// The question came to nothing for certain: denied, expired or never put. Of an earlier one nothing is known still.
    pub fn forget_intention(&mut self) {
        let earlier = self.intention.and_then(|intention| intention.earlier);
        self.intention = earlier.map(|to| Intention { to, below: None, raises: true, earlier: None });
    }

    /// Follows what the pinned device shows.
    pub fn follow(&mut self, installation: [u8; 16], slot: Slot) -> Followed {
        if !slot.armed {
            return Followed::Same;
        }
        if self.incarnation.is_some_and(|known| known != slot.incarnation) {
            return self.follow_new_life(installation, slot);
        }
        let in_this_life = |life: (_, _)| life == (installation, slot.incarnation);
        let released =
            self.released.as_ref().filter(|last| in_this_life((last.installation, last.incarnation)));
        let shown = self.shown.filter(|last| in_this_life((last.installation, last.incarnation)));
        let before = released.and_then(Released::hrs).max(shown.map(|shown| shown.mark));
        if let Some(before) = before.filter(|before| slot.mark < *before) {
            if self.stopped.is_some() {
                return Followed::Same;
            }
            let stopped = Stopped::MarkRegressed { installation, before, shown: slot.mark };
            self.stopped = Some(stopped);
            return Followed::Regressed(stopped);
        }
        self.lives(installation, slot);
        self.settle_intention(slot.mark);
        self.ownership.shown(slot.mark);
        self.raise(slot.mark)
    }

    /// The device is in this life, and stands there.
    fn lives(&mut self, installation: [u8; 16], Slot { incarnation, mark, .. }: Slot) {
        (self.incarnation, self.shown) =
            (Some(incarnation), Some(LastMark { installation, incarnation, mark }));
        self.forget_what_the_release_says();
    }

    /// A mark at or below the last signature of the same life tells nothing that the signature does not.
    pub(crate) fn forget_what_the_release_says(&mut self) {
        let told = |shown: &LastMark| {
            self.released.as_ref().is_some_and(|last| {
                (last.installation, last.incarnation) == (shown.installation, shown.incarnation)
                    && last.hrs() >= Some(shown.mark)
            })
        };
        self.shown = self.shown.filter(|shown| !told(shown));
    }

    /// A new life begins with an approval of the owner only.
    fn follow_new_life(&mut self, installation: [u8; 16], slot: Slot) -> Followed {
        let from = self.highest_requested;
        match () {
            () if slot.mark >= from => {
                self.lives(installation, slot);
                self.settle_intention(slot.mark);
                self.raise(slot.mark)
            }
            () if self.may_lower_to(slot.mark) => {
                self.lives(installation, slot);
                self.intention = None;
                self.highest_requested = slot.mark;
                self.begins_above = self.begins_above.min(slot.mark);
                if self.released_at().is_some_and(|released| released > slot.mark) {
                    self.released = None;
                }
                self.ownership = self.ownership.unknown_from(slot.mark);
                Followed::Lowered { from, to: slot.mark }
            }
            () => Followed::TakenBack,
        }
    }

    /// Whether the operator gave up everything that is known above `mark`. What was asked for after the operator's word
    /// is not given up.
    fn may_lower_to(&self, mark: Hrs) -> bool {
        self.intention.is_some_and(|intention| {
            mark >= intention.to && intention.below.is_some_and(|below| self.highest_requested <= below)
        })
    }

    /// What the device shows in the same life tells of a raise only: a lowering begins a new one.
    fn settle_intention(&mut self, mark: Hrs) {
        let Some(intention) = &mut self.intention else { return };
        intention.earlier = intention.earlier.filter(|earlier| *earlier > mark);
        let reached = match intention.below {
            // The operator gave up what was asked for before, and the device is where it was to go instead.
            Some(_) => intention.to <= mark,
            None => intention.highest() <= mark,
        };
        if reached && !intention.lowers() {
            self.intention = None;
        }
    }

    /// Everything up to `to` counts as signed; whose it was is not known.
    pub fn raise(&mut self, to: Hrs) -> Followed {
        let from = self.highest_requested;
        if to <= from {
            return Followed::Same;
        }
        self.highest_requested = to;
        if to.height.value() >= self.ownership.height {
            self.ownership = self.ownership.unknown_from(to);
        }
        Followed::Raised { from, to }
    }

    /// Whether a device that shows `slot` may take the chain over.
    ///
    /// # Errors
    /// Why not; nothing was changed.
    pub fn adopt(&mut self, installation: [u8; 16], slot: Slot) -> Result<(), NotAdopted> {
        if let Some(stopped) = self.stopped.filter(|stopped| stopped.installation() == installation) {
            return Err(NotAdopted::SameDevice(stopped));
        }
        if !slot.armed {
            return Err(NotAdopted::NotArmed);
        }
        // A lowering that the operator confirmed is the only way below.
        if slot.mark < self.floor() && !self.may_lower_to(slot.mark) {
            return Err(NotAdopted::Low(BelowKnown { known: self.floor() }));
        }
        self.stopped = None;
        self.follow_new_life(installation, slot);
        self.intention = None;
        self.lives(installation, slot);
        self.begins_above = slot.mark;
        Ok(())
    }

    /// The place of the last signature given out.
    pub fn released_at(&self) -> Option<Hrs> {
        self.released.as_ref()?.hrs()
    }
}

impl Released {
    /// Its place.
    pub fn hrs(&self) -> Option<Hrs> {
        Some(Message::parse(&self.bytes).ok()?.hrs)
    }

    /// Whether `next` may be released after this: above it, or at its place the same statement.
    pub(crate) fn allows(&self, next: &Message<'_>) -> Result<(), Conflict> {
        let Ok(last) = Message::parse(&self.bytes) else { return Ok(()) };
        match () {
            () if next.hrs < last.hrs => Err(Conflict::Below(last.hrs)),
            () if next.hrs == last.hrs && statement(&last) != statement(next) => {
                Err(Conflict::Other(last.hrs))
            }
            () => Ok(()),
        }
    }

    /// Whether it says just this.
    pub(crate) fn says(&self, message: &Message<'_>) -> bool {
        Message::parse(&self.bytes)
            .is_ok_and(|last| last.hrs == message.hrs && statement(&last) == statement(message))
    }

    pub(crate) fn of(verified: &Verified, installation: [u8; 16], incarnation: u16) -> Self {
        let (bytes, signature) = (verified.bytes().to_vec(), verified.signature());
        Self { installation, incarnation, bytes, signature }
    }
}

/// What a message conflicts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// Below this place.
    Below(Hrs),
    /// At this place, with another statement.
    Other(Hrs),
}

/// The end of a round: the record of a chain with one node is written for the whole of it.
pub(crate) fn round_end(place: Hrs) -> Hrs {
    match place.step {
        Step::None => place,
        _ => Hrs { step: Step::Precommit, ..place },
    }
}
