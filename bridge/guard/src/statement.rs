//! What a message says, apart from when it says so.

use highwater_core::canonical::{MAX_MESSAGE, Message, Timestamp};

/// The canonical bytes of a message.
pub(crate) fn encode(message: &Message<'_>) -> Vec<u8> {
    let mut bytes = [0; MAX_MESSAGE];
    let len = message.encode(&mut bytes);
    bytes[..len].to_vec()
}

/// All that a message says but its timestamp. Two messages of one HRS with other statements are a double sign.
pub(crate) fn statement(message: &Message<'_>) -> Vec<u8> {
    encode(&message.at(Timestamp::default()))
}
