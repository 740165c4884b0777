//! Why a node gets an error: a type; the sentences are the bridge's.

use std::time::Duration;

use highwater_core::apdu::Status;
use highwater_core::hrs::Hrs;

use crate::request::Node;

/// What came back from the cable instead of a reply, as far as a rule cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoReply {
    /// The device is not there, or cannot be opened.
    Away,
    /// The device was there and did not answer.
    Silent,
    /// The device is locked.
    Locked,
    /// Another app is open, or one that this bridge does not speak to.
    OtherApp,
    /// A reply without the form of its command's.
    Malformed,
    /// The process is ending.
    Ending,
}

/// Why nothing is known of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// No reply came.
    NoReply(NoReply),
    /// The device said that nothing is decided; `None` is a word of another app.
    Status(Option<Status>),
    /// The record that must be on the disk first could not be written.
    NotStored,
    /// Another installation is plugged in, and the chain waits.
    OtherInstallation,
    /// The node has more requests under way than nodes have.
    TooMany,
    /// The node that has this height is away, but not for long enough.
    OwnerGrace,
    /// The node hung up.
    HungUp,
}

/// Why a chain signs nothing more, until another device is adopted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stopped {
    /// The device showed a mark below what it had shown or signed before, in one life.
    MarkRegressed {
        /// The installation that did.
        installation: [u8; 16],
        /// What it had shown or signed.
        before: Hrs,
        /// The mark that it showed.
        shown: Hrs,
    },
    /// The device signed in conflict with the last release.
    Conflict {
        /// The installation that did.
        installation: [u8; 16],
        /// The last place released.
        released: Hrs,
        /// What it signed then, which was not released.
        signed: Hrs,
    },
}

impl Stopped {
    /// The installation that did it, which never signs for the chain again.
    pub const fn installation(&self) -> [u8; 16] {
        match self {
            Self::MarkRegressed { installation, .. } | Self::Conflict { installation, .. } => *installation,
        }
    }
}

/// Why a node gets an error. The same request would get the same one: decided.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The sign bytes are not canonical. They were made by the bridge, so this is a fault of its own.
    NotCanonical,
    /// A message of another chain.
    OtherChain,
    /// Above the last height that the configuration allows.
    BeyondStop(u64),
    /// The chain is stopped.
    Stopped(Stopped),
    /// A vote extension longer than any may be, in bytes.
    LongExtension(usize),
    /// A vote extension that is longer than this device takes: a key store that signs short messages alone.
    LongForDevice {
        /// Bytes of the extension.
        length: usize,
        /// Bytes of the longest message that is signed.
        longest: usize,
    },
    /// Below the last place released.
    BelowReleased(Hrs),
    /// At or below the place where the pinned device took the chain over. Another device may have signed there.
    BelowAdopted(Hrs),
    /// Another statement was released at this very place.
    ConflictWithReleased,
    /// The owner took the mark back on the device, and the host was not told. At or below this place nothing is signed.
    TakenBack {
        /// The highest place requested before.
        requested: Hrs,
        /// The mark that the device shows.
        mark: Hrs,
    },
    /// The owner was asked to lower the mark, and whether the owner approved is not known. At or below this place nothing
    /// is signed.
    Lowering {
        /// The highest place requested before.
        requested: Hrs,
        /// The mark that the owner was asked for.
        to: Hrs,
        /// The place that the operator repeated to give up what is above `to`.
        below: Option<Hrs>,
    },
    /// Another node has this height.
    Owned {
        /// Its address.
        owner: Node,
    },
    /// A block was precommitted at this height for somebody else, and this is not a vote for it nor nil.
    LockedBlock {
        /// Who has the height; nobody, once two nodes precommitted the block.
        owner: Option<Node>,
    },
    /// What was precommitted at this height is not known, so only the node that has it gets more than nil.
    LockUnknown {
        /// Who has the height, if that is known.
        owner: Option<Node>,
    },
    /// A rule of the device said no.
    Device {
        /// Its word.
        status: Status,
        /// The mark, where the word comes with it.
        mark: Option<Hrs>,
    },
    /// A rule of the device said no to the vote extension of a precommit that is signed.
    DeviceExtension(Status),
    /// Another installation than the pinned one is plugged in.
    OtherInstallation {
        /// What is plugged in.
        found: [u8; 16],
        /// What is pinned.
        pinned: [u8; 16],
    },
    /// The device's signature did not verify, twice.
    WrongSignature,
    /// The device's signature of an extension did not verify, or its stream broke, twice.
    WrongExtension,
    /// Nothing was known for so long that silence would hold the node up.
    Absent {
        /// For how long.
        away: Duration,
        /// The last cause.
        cause: Cause,
    },
}
