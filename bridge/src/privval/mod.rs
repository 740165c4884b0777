//! The remote-signer protocol of a node: messages behind a varint length, one request at a time.
//!
//! The node listens, we dial; after that the node asks and we answer (CometBFT `privval/`). There are no
//! request ids: order is the only correlation, so exactly one reply is sent to each request, or none at all.

mod codec;
mod message;
pub mod proto;

pub use codec::{Codec, CodecError, MAX_REQUEST};
pub use message::{
    ErrorOf, Kind, Malformed, Request, SignRequest, error_reply, ping_reply, public_key_reply, signed_reply,
};
