//! The owner's and the operator's words.

use highwater_core::hrs::Hrs;

use crate::guard::Guard;
use crate::io::{Output, Seq, View, When};
use crate::record::{BelowKnown, NotAdopted};
use crate::refusal::Stopped;
use crate::request::Node;

/// A device that is being adopted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Adopting {
    installation: [u8; 16],
    /// Why the device of before is stopped. Its stop ends with its pin: a restart in between asks that device.
    pub(crate) stopped: Option<Stopped>,
    /// The record that must be on the disk before the pin is.
    pub(crate) seq: Seq,
    /// The pin was asked for.
    pub(crate) asked: bool,
}

impl Guard {
    /// Before the owner is asked for the mark `to`, right after a look: whatever becomes of the question, a spare begins no
    /// lower. The question's end is told by [`Guard::forget_intention`], or by a look at the device.
    ///
    /// # Errors
    /// `to` is below what is known, and `below` does not repeat that place. Nothing is changed.
    pub fn intend(&mut self, to: Hrs, below: Option<Hrs>) -> Result<Seq, BelowKnown> {
        let mut record = self.record.clone();
        record.highest_requested = self.claims.highest_requested(&self.record);
        record.intend(to, below)?;
        self.record.intention = record.intention;
        Ok(self.store(When::BeforeReply))
    }

    /// The question came to nothing for certain.
    pub fn forget_intention(&mut self) -> Seq {
        self.record.forget_intention();
        self.store(When::BeforeReply)
    }

    /// The owner adopts the device that is plugged in. What counts is what it shows at this instant. Nothing is asked of
    /// it before the record is on the disk, and then its pin: [`Output::Pin`] and [`Input::Pinned`] in this order, or what
    /// the host remembers after a cut is of one device and its pin names another.
    ///
    /// [`Input::Pinned`]: crate::Input::Pinned
    ///
    /// # Errors
    /// Why not; nothing is changed.
    pub fn adopt(&mut self, installation: [u8; 16]) -> Result<Seq, NotAdopted> {
        let slot = match self.view {
            View::Here(shown) if shown.installation == installation => shown.slot,
            _ => return Err(NotAdopted::NotThere),
        };
        if self.adopting.is_some() {
            return Err(NotAdopted::Pinning);
        }
        if self.claims.open().is_some() || self.at_device.is_some() {
            return Err(NotAdopted::UnderWay);
        }
        let stopped = self.record.stopped;
        self.record.adopt(installation, slot.ok_or(NotAdopted::NotArmed)?)?;
        self.taken_back = None;
        self.replies.clear();
        self.claims.forget();
        self.adopting = Some(Adopting { installation, stopped, seq: self.given, asked: false });
        let seq = self.store(When::BeforeReply);
        if let Some(adopting) = &mut self.adopting {
            adopting.seq = seq;
        }
        self.pin();
        Ok(seq)
    }

    /// Asks for the pin of a device that is being adopted, once the record is on the disk.
    pub(crate) fn pin(&mut self) {
        if let Some(adopting) = &mut self.adopting
            && self.durable >= adopting.seq
            && !std::mem::replace(&mut adopting.asked, true)
        {
            self.outputs.push_back(Output::Pin(adopting.installation));
        }
    }

    /// The pin is on the disk.
    pub(crate) fn pinned(&mut self, installation: [u8; 16]) {
        let Some(adopted) = self.adopting.take_if(|adopting| adopting.installation == installation) else {
            return;
        };
        self.installation = installation;
        if adopted.stopped.is_some() {
            self.store(When::BeforeReply);
        }
    }

    /// The operator says that the node which has the height will not come back. What is locked stays locked. Gives the
    /// node, if one had it.
    pub fn release_owner(&mut self) -> (Option<Node>, Seq) {
        let owner = self.record.ownership.drop_owner();
        (owner, self.store(When::BeforeReply))
    }
}
