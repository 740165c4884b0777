//! A varint length, then a message.

use bytes::{Buf, BytesMut};
use prost::Message;
use tokio_util::codec::{Decoder, Encoder};

use super::proto::Envelope;

/// The longest request taken: a vote with an extension of 1 MiB (CometBFT `types/params.go`), and 4 KiB for the rest.
pub const MAX_REQUEST: usize = (1 << 20) + (4 << 10);

/// What a node sent is not the privval protocol. The link is spoilt: close it and dial again.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// Longer than any node sends.
    #[error(
        "a message of {0} bytes was announced, the longest is {MAX_REQUEST}; is this a node's privval socket?"
    )]
    TooLong(u64),
    /// Not a varint.
    #[error("the length before a message is no number; is this a node's privval socket?")]
    Length,
    /// Not protobuf, or no message of this protocol.
    #[error("a message does not parse ({0}); is the node of a version this bridge knows?")]
    Message(#[from] prost::DecodeError),
    /// The link itself.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Frames of the privval protocol. Cancel-safe: what was read stays in the buffer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Codec;

impl Decoder for Codec {
    type Item = Envelope;
    type Error = CodecError;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Envelope>, CodecError> {
        let Some((length, prefix)) = length(buffer)? else {
            return Ok(None);
        };
        // No room is reserved ahead: a liar gets memory only for what it really sends.
        if buffer.len() < prefix + length {
            return Ok(None);
        }
        buffer.advance(prefix);
        Ok(Some(Envelope::decode(buffer.split_to(length))?))
    }
}

impl Encoder<Envelope> for Codec {
    type Error = CodecError;

    fn encode(&mut self, message: Envelope, buffer: &mut BytesMut) -> Result<(), CodecError> {
        buffer.reserve(message.encoded_len() + 5);
        // The buffer has the room it needs, so this cannot fail.
        let _ = message.encode_length_delimited(buffer);
        Ok(())
    }
}

/// The length in front and the bytes it takes, once it is all there.
fn length(buffer: &[u8]) -> Result<Option<(usize, usize)>, CodecError> {
    let mut value = 0u64;
    for (index, byte) in buffer.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return match usize::try_from(value) {
                Ok(length) if length <= MAX_REQUEST => Ok(Some((length, index + 1))),
                _ => Err(CodecError::TooLong(value)),
            };
        }
    }
    if buffer.len() >= 5 { Err(CodecError::Length) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privval::proto::{Empty, Sum};

    fn decode(bytes: &[u8]) -> Result<Option<Envelope>, CodecError> {
        Codec.decode(&mut BytesMut::from(bytes))
    }

    #[test]
    fn a_ping_is_three_bytes_and_half_of_it_is_nothing_yet() {
        let ping = Envelope { sum: Some(Sum::PingRequest(Empty {})) };
        assert_eq!(decode(&[2, 0x3a, 0]).unwrap(), Some(ping.clone()));
        assert_eq!(decode(&[2, 0x3a]).unwrap(), None);
        assert_eq!(decode(&[]).unwrap(), None);
        let mut out = BytesMut::new();
        Codec.encode(ping, &mut out).unwrap();
        assert_eq!(&out[..], [2, 0x3a, 0]);
    }

    #[test]
    fn a_giant_length_is_refused_before_anything_is_read() {
        assert!(matches!(decode(&[0xff, 0xff, 0xff, 0xff, 0x0f]), Err(CodecError::TooLong(_))));
        assert!(matches!(decode(&[0xff; 8]), Err(CodecError::Length)));
    }

    #[test]
    fn garbage_is_an_error() {
        assert!(matches!(decode(&[3, 0xff, 0xff, 0xff]), Err(CodecError::Message(_))));
    }
}
