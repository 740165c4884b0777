//! What goes into a [`Guard`](crate::Guard) and what comes out.

use std::time::Duration;

use highwater_core::apdu::Status;
use highwater_core::hrs::Hrs;

use crate::extension::Stream;
use crate::record::{Followed, Record, Slot};
use crate::refusal::{Cause, NoReply, Refusal};
use crate::release::{Release, ReleasedExtension};
use crate::request::{Id, Node, SignRequest};

/// Counts the records that were given out to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(pub u64);

/// What is known of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum View {
    /// The device is away.
    Away(NoReply),
    /// The device is there, and described itself.
    Here(Shown),
}

/// How a device described itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shown {
    /// The installation of the app.
    pub installation: [u8; 16],
    /// The slot in which the chain is approved.
    pub slot: Option<Slot>,
    /// Another number whenever marks or chains may have been changed by command, or another device was plugged in.
    pub epoch: u64,
    /// Bytes of the longest message that it signs: of some key stores an extension is too long for it.
    pub longest: usize,
}

/// Something happened.
#[derive(Debug, Clone)]
pub enum Input<'a> {
    /// A node asks for a signature.
    Request {
        /// Its number.
        id: Id,
        /// Who asks.
        node: Node,
        /// What for.
        request: SignRequest,
    },
    /// The node does not wait for this any more.
    HungUp(Id),
    /// The link to a node came up, or went down.
    Link {
        /// Whose.
        node: Node,
        /// Whether it is up.
        up: bool,
    },
    /// A node sent something.
    Heard(Node),
    /// The device replied to the last command.
    Reply {
        /// The request that the command was for.
        id: Id,
        /// The status word; `None`: a word this protocol does not have.
        status: Option<Status>,
        /// What came with it.
        data: &'a [u8],
    },
    /// The device gave no reply to the last command.
    NoReply {
        /// The request that the command was for.
        id: Id,
        /// Whether the command was on the cable: then the device may have acted on it.
        sent: bool,
        /// Why.
        fault: NoReply,
    },
    /// The device described itself, or is away. In the order of the cable: what was replied before is handled before.
    Seen(View),
    /// Records up to this one are on the disk.
    Stored(Seq),
    /// Records up to this one could not be written; the newest is tried again.
    NotStored(Seq),
    /// The pin of the device that is adopted is on the disk.
    Pinned([u8; 16]),
    /// The process ends: only what somebody waits for is still done.
    Drain,
    /// Time passed.
    Tick,
}

/// How long a record may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum When {
    /// With the next one that is urgent, or after a while.
    Later,
    /// At once: a reply waits for it.
    BeforeReply,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Signed, for a precommit together with its extension.
    Signed {
        /// The signature.
        release: Release,
        /// That of the extension, where one is due.
        extension: Option<ReleasedExtension>,
        /// Given out before.
        again: bool,
    },
    /// An error reply: decided.
    Refused(Refusal),
    /// No reply: the node will ask again.
    Silent(Cause),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[must_use]
pub enum Output {
    /// Write the record durably, and say so.
    Store {
        /// Its number.
        seq: Seq,
        /// What to write.
        record: Box<Record>,
        /// How soon.
        when: When,
    },
    /// Pin the chain to this installation durably, and say so: it is adopted, and the record that goes with it is stored.
    Pin([u8; 16]),
    /// Answer the node.
    Answer(Box<Answer>),
    /// The last reply cannot be one to the last command: close the cable, and open it anew.
    Distrust,
    /// Something that a person may want to know.
    Event(Event),
}

/// An answer, and what a log says of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Answer {
    /// The request.
    pub id: Id,
    /// Who asked.
    pub node: Node,
    /// For which place.
    pub hrs: Hrs,
    /// Whether it names a block: no vote for nil.
    pub for_block: bool,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether the node still waits.
    pub awaited: bool,
    /// From the request to the answer.
    pub took: Duration,
    /// Of an extension that the device signed for this request: its bytes, and how long it took.
    pub extension: Option<(usize, Duration)>,
}

/// Something that a person may want to know.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Event {
    /// What the pinned device shows taught something.
    Followed(Followed),
}

/// A command for the device.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Command {
    /// The request that it is for.
    pub id: Id,
    /// Its bytes.
    pub apdu: Vec<u8>,
}

/// What the next command will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Next {
    /// What it has to do with the device's stream.
    pub stream: Stream,
    /// Whether a node waits for what comes of it.
    pub awaited: bool,
}
