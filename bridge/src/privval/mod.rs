//! The remote-signer protocol of a node: messages behind a varint length, one request at a time.
//!
//! The node listens, we dial; after that the node asks and we answer (CometBFT `privval/`). There are no
//! request ids: order is the only correlation, so exactly one reply is sent to each request, or none at all.
//!
//! | room | holds |
//! | --- | --- |
//! | [`proto`] | the messages of every node version, as they are on the wire |
//! | `codec` | the framing, with its size cap |
//! | `request` | what a message asks, checked; votes and proposals become canonical sign bytes |
//! | `extension` | when the signature of a vote extension is due |
//! | `echo` | what of a request goes back with its signature |
//! | `malformed` | why a vote or proposal cannot be asked for |
//! | `reply` | what goes back |

mod codec;
mod echo;
mod extension;
mod malformed;
pub mod proto;
mod reply;
mod request;

pub use codec::{Codec, CodecError, MAX_REQUEST};
pub use echo::Echo;
pub use extension::wants_extension;
pub use malformed::{Malformed, Why};
pub use reply::{ErrorOf, MAX_REPLY, error_reply, ping_reply, public_key_reply};
pub use request::{Kind, Request, SignRequest};
