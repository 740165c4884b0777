//! Canonical messages: what a validator signs, parsed strictly and encoded again.
//!
//! A message is a varint length and a protobuf body whose fields stand in ascending order, each at
//! most once, zeros left out but for the timestamp and the part-set header (CometBFT
//! `types/canonical.go`, `proto/tendermint/types/canonical.proto`; the same bytes from 0.34 to 1.0).
//! Ordinary protobuf readers accept much more: other orders, repeated fields, long varints, unknown
//! fields. Whatever they would accept beyond the canonical form is refused here, and as a last word
//! the parsed message must encode to the very bytes it was parsed from.

mod cursor;
mod extension;
mod message;
mod parts;

pub use cursor::NotCanonical;
pub use extension::{Extension, Frame, MAX_AROUND, MAX_EXTENSION, Whole};
pub use message::Message;
pub use parts::{BlockId, ChainId, MAX_CHAIN_ID, SECONDS, Timestamp};

/// The longest vote or proposal, bytes, length prefix included (a proposal with every field at its widest).
pub const MAX_MESSAGE: usize = 182;
