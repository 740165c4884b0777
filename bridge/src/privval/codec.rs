//! A varint length, then a message.

use bytes::{Buf, BytesMut};
use prost::Message;
use tokio_util::codec::{Decoder, Encoder};

use super::proto::Envelope;

/// The longest request taken, bytes: a vote with an extension of 1 MiB (CometBFT `types/params.go`,
/// `MaxVoteExtensionSize`), and 4 KiB for the rest.
pub const MAX_REQUEST: usize = (1 << 20) + (4 << 10);

/// Most bytes a varint of 64 bits takes.
const LONGEST_VARINT: usize = 10;

/// What came is not the privval protocol. Where the next message begins is not known any more: the link must
/// be closed; dialling again helps if the peer is a node after all.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// Longer than any node sends.
    #[error("a message of {0} bytes was announced, the longest allowed is {1}")]
    TooLong(u64, usize),
    /// Not a varint.
    #[error("the length before a message is not a number")]
    Length,
    /// Not protobuf.
    #[error("a message does not parse: {0}")]
    Message(#[from] prost::DecodeError),
    /// What came was not encrypted by the peer of the handshake.
    #[error("a message does not decrypt: {0}")]
    Sealed(String),
    /// The peer closed the link within a message.
    #[error("the link was closed within a message, after {0} bytes of it")]
    CutShort(usize),
    /// The link itself.
    #[error("the link broke: {0}")]
    Io(#[from] std::io::Error),
}

/// Frames of the privval protocol.
///
/// What was read of an unfinished message stays in the caller's buffer, so waiting for the rest may be
/// cancelled at any time.
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

    fn decode_eof(&mut self, buffer: &mut BytesMut) -> Result<Option<Envelope>, CodecError> {
        match self.decode(buffer)? {
            Some(envelope) => Ok(Some(envelope)),
            None if buffer.is_empty() => Ok(None),
            None => Err(CodecError::CutShort(buffer.len())),
        }
    }
}

impl Encoder<Envelope> for Codec {
    type Error = CodecError;

    fn encode(&mut self, message: Envelope, buffer: &mut BytesMut) -> Result<(), CodecError> {
        // Fails only for want of room, and the buffer grows.
        message.encode_length_delimited(buffer).map_err(|error| CodecError::Io(std::io::Error::other(error)))
    }
}

/// The length in front and the bytes it takes, once it is all there.
fn length(buffer: &[u8]) -> Result<Option<(usize, usize)>, CodecError> {
    let mut value = 0u64;
    for (index, byte) in buffer.iter().take(LONGEST_VARINT).enumerate() {
        let (bits, shift) = (u64::from(byte & 0x7f), 7 * index as u32);
        if bits << shift >> shift != bits {
            return Err(CodecError::Length);
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return match usize::try_from(value) {
                Ok(length) if length <= MAX_REQUEST => Ok(Some((length, index + 1))),
                _ => Err(CodecError::TooLong(value, MAX_REQUEST)),
            };
        }
    }
    if buffer.len() >= LONGEST_VARINT { Err(CodecError::Length) } else { Ok(None) }
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
    fn a_giant_length_is_refused_at_its_last_byte_and_takes_no_memory() {
        let giants: [&[u8]; 3] = [
            &[0xff, 0xff, 0xff, 0xff, 0x0f],
            &[0x81, 0xa0, 0x40],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        ];
        for giant in giants {
            let mut buffer = BytesMut::from(giant);
            assert!(matches!(Codec.decode(&mut buffer), Err(CodecError::TooLong(..))), "{giant:02x?}");
            assert!(buffer.capacity() < 100);
        }
        // The longest that is allowed is waited for, and nothing is set aside for it.
        let mut buffer = BytesMut::from(&[0x80, 0xa0, 0x40][..]);
        assert!(matches!(Codec.decode(&mut buffer), Ok(None)));
        assert!(buffer.capacity() < 100);
    }

    #[test]
    fn a_length_of_more_than_64_bits_is_no_length() {
        for bytes in [[0xff; 10], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]] {
            assert!(matches!(decode(&bytes), Err(CodecError::Length)));
        }
    }

    #[test]
    fn garbage_and_a_cut_within_a_message_are_errors() {
        assert!(matches!(decode(&[3, 0xff, 0xff, 0xff]), Err(CodecError::Message(_))));
        let mut half = BytesMut::from(&[2, 0x3a][..]);
        assert!(matches!(Codec.decode_eof(&mut half), Err(CodecError::CutShort(2))));
        assert!(matches!(Codec.decode_eof(&mut BytesMut::new()), Ok(None)));
    }
}
