//! What may have been signed.
//!
//! A claim is made before a device is asked. It is then *withdrawn* (the device is known to have signed nothing) or
//! *settled* (signed, or nobody knows). The highest requested place is derived from both kinds, so nothing is ever undone
//! by hand.

use highwater_core::hrs::Hrs;

use crate::ownership::{Block, Ownership};
use crate::record::{Record, round_end};
use crate::request::Node;

/// A place that a device is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Claim {
    pub(crate) place: Hrs,
    /// For whom.
    pub(crate) node: Node,
    /// What is said there; `None` is nil.
    pub(crate) block: Option<Block>,
    /// How often it was on a cable without an answer.
    pub(crate) unanswered: u32,
}

impl Claim {
    /// The ownership if this is signed. `None`: it stays. It follows from the ownership as it is now, and not as it was
    /// when the claim was made: a look may have taught something since, and the operator may have released the owner.
    fn signed(&self, now: &Ownership) -> Option<Ownership> {
        now.after(&self.node, self.place, self.block)
    }

    /// The ownership while nobody knows whether this is signed.
    fn unresolved(&self, now: &Ownership) -> Option<Ownership> {
        now.maybe_after(&self.node, self.place, self.block)
    }
}

/// The claims of a chain. One at a time is open, since one request of a chain is at the device at a time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Claims {
    open: Option<Claim>,
    /// The highest place settled since the start, of which the record's round is written ahead.
    settled: Hrs,
}

impl Claims {
    pub(crate) fn open(&self) -> Option<&Claim> {
        self.open.as_ref()
    }

    pub(crate) fn settled_at(&self) -> Hrs {
        self.settled
    }

    /// From now on this may be signed. A claim of the same request goes on.
    pub(crate) fn make(&mut self, node: &Node, place: Hrs, block: Option<Block>) {
        self.open.get_or_insert_with(|| Claim { place, node: node.clone(), block, unanswered: 0 });
    }

    /// It is on a cable.
    pub(crate) fn sent(&mut self) {
        if let Some(claim) = &mut self.open {
            claim.unanswered += 1;
        }
    }

    /// The last sending is known to have come to nothing: it never was on the cable, or a rule said no.
    pub(crate) fn answered(&mut self) {
        if let Some(claim) = &mut self.open {
            claim.unanswered = claim.unanswered.saturating_sub(1);
        }
    }

    /// The request ends without a signature. What was on a cable and had no answer may be signed all the same.
    pub(crate) fn close(&mut self, record: &mut Record) {
        if self.open.as_ref().is_some_and(|claim| claim.unanswered > 0) {
            self.count_as_signed(record);
        } else {
            self.open = None;
        }
    }

    /// It is signed.
    pub(crate) fn settle(&mut self, record: &mut Record) {
        let ownership = self.open.as_ref().and_then(|claim| claim.signed(&record.ownership));
        self.take(record, ownership);
    }

    /// Nobody knows whether it is signed, so it counts as signed.
    pub(crate) fn count_as_signed(&mut self, record: &mut Record) {
        let ownership = self.open.as_ref().and_then(|claim| claim.unresolved(&record.ownership));
        self.take(record, ownership);
    }

    fn take(&mut self, record: &mut Record, ownership: Option<Ownership>) {
        let Some(claim) = self.open.take() else { return };
        record.highest_requested = record.highest_requested.max(claim.place);
        self.settled = self.settled.max(claim.place);
        if let Some(ownership) = ownership {
            record.ownership = ownership;
        }
    }

    /// The highest place requested of a device, or said by it or by the owner.
    pub(crate) fn highest_requested(&self, record: &Record) -> Hrs {
        record.highest_requested.max(self.open.as_ref().map_or(Hrs::ZERO, |claim| claim.place))
    }

    /// What the file must say: as if the open claim may be signed. Where a chain has one node its round is written as a
    /// whole, so that the rest of the round needs no write: a device that takes over loses at most that rest.
    pub(crate) fn on_file(&self, record: &Record, one_node: bool) -> Record {
        let mut file = record.clone();
        file.highest_requested = self.highest_requested(record);
        if let Some(ownership) = self.open.as_ref().and_then(|claim| claim.unresolved(&record.ownership)) {
            file.ownership = ownership;
        }
        if one_node {
            let open = self.open.as_ref().map_or(Hrs::ZERO, |claim| claim.place);
            let whole = round_end(open).max(round_end(self.settled));
            file.written_ahead = whole > file.highest_requested;
            file.highest_requested = file.highest_requested.max(whole);
        }
        file
    }

    /// The owner lowered the mark: what was settled before counts no more.
    pub(crate) fn forget(&mut self) {
        self.settled = Hrs::ZERO;
    }
}
