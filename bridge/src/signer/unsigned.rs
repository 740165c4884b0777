//! The requests since the chain's last signature: what became of them tells whether the chain signs at all.
//!
//! They are counted for each node by itself, and a signature for any node ends every row: a standby is refused whatever
//! another node has signed, however many standbys there are.

use std::collections::BTreeMap;
use std::time::Duration;

use highwater_core::apdu::Status;
use highwater_core::hrs::Hrs;
use highwater_guard::{Answer, Cause, Moment, NoReply, Node, Outcome, Refusal};

/// So many requests of one node in a row, and no signature: the chain does not sign. One alone may be what a node repeats
/// after a restart.
const MANY: u64 = 3;
/// Two are enough for a chain that was signed for nothing for so long before the last of them.
const LONG: Duration = Duration::from_secs(30);
/// So long after a signature the chain counts as signing: a node that starts again repeats a round at once, and is refused
/// while another node is served.
const FRESH: Duration = Duration::from_secs(5);
/// A node that got no answer asks again within 5 s. One that did not within this time asked nothing since.
const AGAIN: Duration = Duration::from_secs(10);

/// Why a chain does not sign, as its requests tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsigned {
    /// The device's signature is wrong, in words.
    Wrong(String),
    /// The chain is above the last height to sign.
    BeyondStop(u64),
    /// No request is signed.
    Many {
        /// So many in a row.
        requests: u64,
        /// Of the last one.
        last: Last,
    },
    /// The last request is undecided.
    Undecided(Hrs, Cause),
}

/// What became of the last request in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Last {
    /// It was refused, in words.
    Refused(String),
    /// It got no answer.
    Undecided(Hrs, Cause),
    /// It got none for a cause that is over.
    Over,
}

/// The rows of the nodes.
#[derive(Debug, Default)]
pub(super) struct Requests {
    signed: Option<Moment>,
    rows: BTreeMap<Node, Row>,
}

/// The requests of one node since the chain's last signature.
#[derive(Debug)]
struct Row {
    requests: u64,
    hrs: Hrs,
    why: Why,
    at: Moment,
    /// The cause of the last one was over later, and nothing was asked since.
    over: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    Refused { refusal: Refusal, words: String },
    Undecided(Cause),
}

impl Why {
    /// Why nothing is known of the request; a device that is away for long gets errors, which decide nothing.
    fn cause(&self) -> Option<Cause> {
        match self {
            Self::Undecided(cause) | Self::Refused { refusal: Refusal::Absent { cause, .. }, .. } => {
                Some(*cause)
            }
            Self::Refused { refusal: Refusal::OtherInstallation { .. }, .. } => {
                Some(Cause::OtherInstallation)
            }
            Self::Refused { .. } => None,
        }
    }

    /// The node's own impatience, or another node's height: nothing of it is the device's or the disk's.
    fn is_mute(&self) -> bool {
        matches!(self, Self::Undecided(Cause::HungUp | Cause::TooMany | Cause::OwnerGrace))
    }

    fn is_wrong(&self) -> bool {
        matches!(self, Self::Refused { refusal: Refusal::WrongSignature | Refusal::WrongExtension, .. })
    }
}

impl Requests {
    /// A request was answered; a refusal comes with its words.
    pub(super) fn answered(&mut self, answer: &Answer, words: &str, now: Moment) {
        let why = match &answer.outcome {
            Outcome::Signed { .. } => {
                self.signed = Some(now);
                return self.rows.clear();
            }
            Outcome::Refused(refusal) => Why::Refused { refusal: refusal.clone(), words: words.to_owned() },
            Outcome::Silent(cause) => Why::Undecided(*cause),
        };
        self.unsigned(&answer.node, answer.hrs, why, now);
    }

    fn unsigned(&mut self, node: &Node, hrs: Hrs, why: Why, now: Moment) {
        match self.rows.get_mut(node) {
            None => {
                self.rows.insert(node.clone(), Row { requests: 1, hrs, why, at: now, over: false });
            }
            Some(row) => {
                (row.requests, row.at) = (row.requests + 1, now);
                // What says less does not hide what says more.
                if !why.is_mute() || row.why.is_mute() || row.over {
                    (row.hrs, row.why, row.over) = (hrs, why, false);
                }
            }
        }
    }

    /// The pinned device described itself, and is sound: whatever kept it away is over.
    pub(super) fn device_is_here(&mut self) {
        self.is_over(|cause| match cause {
            Cause::NoReply(
                NoReply::Away | NoReply::Silent | NoReply::Locked | NoReply::OtherApp | NoReply::Malformed,
            )
            | Cause::OtherInstallation
            | Cause::Status(Some(Status::OtherSeed | Status::Locked)) => true,
            // A look does not show these.
            Cause::Status(_) | Cause::NotStored | Cause::NoReply(NoReply::Ending) => false,
            Cause::TooMany | Cause::OwnerGrace | Cause::HungUp => false,
        });
    }

    /// The state file was written.
    pub(super) fn disk_writes(&mut self) {
        self.is_over(|cause| cause == Cause::NotStored);
    }

    fn is_over(&mut self, over: impl Fn(Cause) -> bool) {
        for row in self.rows.values_mut() {
            row.over |= row.why.cause().is_some_and(&over);
        }
    }

    /// The owner or the operator changed something: what was refused before tells nothing of what comes.
    pub(super) fn rules_changed(&mut self) {
        self.rows.retain(|_, row| row.why.cause().is_some() || row.why.is_wrong());
    }

    /// Another device serves the chain.
    pub(super) fn device_changed(&mut self) {
        self.rows.clear();
    }

    /// Why the chain does not sign, as far as its requests tell. The first node's in the order of what weighs most.
    pub(super) fn verdict(&self, now: Moment) -> Option<Unsigned> {
        let rows = || self.rows.values();
        let wrong = rows().find_map(|row| match &row.why {
            Why::Refused { words, .. } if row.why.is_wrong() => Some(Unsigned::Wrong(words.clone())),
            _ => None,
        });
        let beyond = || {
            rows().find_map(|row| match row.why {
                Why::Refused { refusal: Refusal::BeyondStop(stop), .. } => Some(Unsigned::BeyondStop(stop)),
                _ => None,
            })
        };
        let many = || {
            let worst = rows().filter(|row| self.are_many(row, now)).max_by_key(|row| row.requests)?;
            Some(Unsigned::Many { requests: worst.requests, last: worst.last() })
        };
        let undecided = || {
            let rows = rows().filter(|row| !row.over && !row.why.is_mute());
            rows.filter_map(|row| Some(Unsigned::Undecided(row.hrs, row.why.cause()?))).next()
        };
        wrong.or_else(beyond).or_else(many).or_else(undecided)
    }

    fn are_many(&self, row: &Row, now: Moment) -> bool {
        // Of a device that is back and fails each request, as they come, the next one tells soon.
        if row.over && now.since(row.at) >= AGAIN {
            return false;
        }
        let fresh = self.signed.is_some_and(|signed| now.since(signed) < FRESH);
        let long = row.at.since(self.signed.unwrap_or(Moment::BEGIN)) >= LONG;
        row.requests >= MANY && !fresh || row.requests >= 2 && long
    }
}

impl Row {
    fn last(&self) -> Last {
        match &self.why {
            _ if self.over => Last::Over,
            Why::Refused { words, .. } => Last::Refused(format!("{}: {words}", self.hrs)),
            Why::Undecided(cause) => Last::Undecided(self.hrs, *cause),
        }
    }
}

#[cfg(test)]
#[path = "unsigned_tests.rs"]
mod tests;
