//! What a bridge may ask of a device and tell a node, as values.
//!
//! A [`Guard`] is one chain's second line behind the device's own mark. It decides which request goes to the device,
//! what of its replies is released, whose height it is among several nodes, and when silence is better than an error.
//! It has no I/O, no clock, no thread: requests, replies, records and time go in as values, and what is to be done comes
//! out. So every order of events can be searched (`sim`), and time is given in tests.
//!
//! Its promises:
//!
//! - The highest requested place, in the record, is never below what may have left the device.
//! - A signature leaves only as a [`Release`]: claimed before, verified against the pinned key, its record stored.
//! - Nothing is released that conflicts with the last release, whatever device signed it.
//! - A node without the height gets no new statement; after a block precommit no other node gets another block.
//!
//! | module | holds |
//! | --- | --- |
//! | `io` | what goes in and comes out |
//! | `guard` | the machine: one queue of requests, and the commands that they become |
//! | `review` | what becomes of each request after each input |
//! | `storing` | which record is written, and what waits for it |
//! | `pending` | one request and its phase |
//! | `rules` | what needs no device |
//! | `replied` | what becomes of the device's answer |
//! | `owner` | the owner's and the operator's words |
//! | `record` | what survives a restart, and how it follows the device |
//! | `claims` | what may have been signed |
//! | `ownership`, `presence` | whose height it is, and who is alive |
//! | `absence` | how long nothing is known |
//! | `replies` | signatures given out, to be given again |
//! | `extension` | a vote extension, command by command |
//! | `verify`, `release` | the tokens on the way to an answer |
//! | `refusal` | why a node gets an error |
//! | `fingerprint` | a guard's state, for a search |

#![forbid(unsafe_code)]

mod absence;
mod apdu;
mod claims;
mod extension;
mod fingerprint;
mod guard;
mod io;
mod moment;
mod owner;
mod ownership;
mod pending;
mod presence;
mod record;
mod refusal;
mod release;
mod replied;
mod replies;
mod request;
mod review;
mod rules;
mod statement;
mod storing;
mod verify;

pub use apdu::encode;
pub use extension::{NODE_PATIENCE, Stream};
pub use guard::{DISK, Guard, OnAbsent, Settings};
pub use io::{Answer, Command, Event, Input, Next, Outcome, Output, Seq, Shown, View, When};
pub use moment::Moment;
pub use ownership::{Block, Lock, Ownership};
pub use presence::{OWNER_DOWN, OWNER_SILENT};
pub use record::{BelowKnown, Followed, Intention, LastMark, NotAdopted, Record, Released, Slot};
pub use refusal::{Cause, NoReply, Refusal, Stopped};
pub use release::{Claimed, Release, ReleasedExtension, Stored};
pub use request::{Id, Node, SignRequest};
pub use verify::{Ed25519, Verified, Verify};
