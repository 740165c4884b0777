//! The owner's and the operator's words.

use highwater_core::hrs::Hrs;

use crate::guard::Guard;
use crate::io::{Seq, View, When};
use crate::record::{BelowKnown, NotAdopted};
use crate::request::Node;

impl Guard {
    /// Before the owner is asked for the mark `to`: whatever becomes of the question, a spare begins no lower. To be
    /// called again with the answer's end: [`Guard::forget_intention`], or a look at the device.
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

    /// The owner adopts the device that is plugged in. What counts is what it shows at this instant.
    ///
    /// # Errors
    /// Why not; nothing is changed.
    pub fn adopt(&mut self, installation: [u8; 16]) -> Result<Seq, NotAdopted> {
        let slot = match self.view {
            View::Here(shown) if shown.installation == installation => shown.slot,
            _ => return Err(NotAdopted::NotThere),
        };
        if self.claims.open().is_some() || self.at_device.is_some() {
            return Err(NotAdopted::UnderWay);
        }
        self.record.adopt(installation, slot.ok_or(NotAdopted::NotArmed)?)?;
        self.installation = installation;
        self.taken_back = None;
        self.replies.clear();
        self.claims.forget();
        Ok(self.store(When::BeforeReply))
    }

    /// The operator says that the node which has the height will not come back. What is locked stays locked. Gives the
    /// node, if one had it.
    pub fn release_owner(&mut self) -> (Option<Node>, Seq) {
        let owner = self.record.ownership.drop_owner();
        (owner, self.store(When::BeforeReply))
    }
}
