//! `noise://`: libp2p Noise, as CometBFT 0.40 listens (`privval/noise_listener.go`).
//!
//! `Noise_XX_25519_ChaChaPoly_SHA256` over TCP at once, without any negotiation before or multiplexing after it.
//! Each Noise message stands behind its length, two bytes, big endian. The second and third carry a payload that
//! binds the sender's Noise key to its identity (libp2p `specs/noise`). Each end has the other's id in its config.

use bytes::{Buf, BufMut, BytesMut};
use ed25519_dalek::{Signature, Signer};
use prost::Message;
use snow::{Builder, HandshakeState, TransportState};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::codec::{Decoder, Encoder, Framed};

use super::{DialError, Identity, PeerId, Stream};
use crate::privval::proto::Envelope;
use crate::privval::{Codec, CodecError};

const PATTERN: &str = "Noise_XX_25519_ChaChaPoly_SHA256";
/// What an identity signs, before the Noise key.
const BINDS: &[u8] = b"noise-libp2p-static-key:";
/// The longest Noise message, and what of it is not payload.
const MAX_FRAME: usize = 65_535;
const TAG: usize = 16;

/// Who sent the Noise key of this handshake.
#[derive(Clone, PartialEq, Message)]
struct Payload {
    /// The protobuf `PublicKey`.
    #[prost(bytes = "vec", tag = "1")]
    identity_key: Vec<u8>,
    /// Its signature over [`BINDS`] and the Noise key.
    #[prost(bytes = "vec", tag = "2")]
    identity_sig: Vec<u8>,
}

/// The dialling end's handshake; `node` must be at the other.
pub(super) async fn shake<T: Stream>(
    mut stream: T,
    identity: &Identity,
    node: PeerId,
) -> Result<Framed<T, Sealed>, DialError> {
    let params = PATTERN.parse().map_err(failed)?;
    // A Noise key for this link alone: the identity is what stays.
    let keys = Builder::new(params).generate_keypair().map_err(failed)?;
    let params = PATTERN.parse().map_err(failed)?;
    let builder = Builder::new(params).local_private_key(&keys.private).map_err(failed)?;
    let mut noise = builder.build_initiator().map_err(failed)?;

    write(&mut stream, &mut noise, &[]).await?;
    let theirs = read(&mut stream, &mut noise).await?;
    verify(&theirs, noise.get_remote_static(), node)?;
    let ours = Payload {
        identity_key: identity.peer_id().public_key(),
        identity_sig: identity.key().sign(&[BINDS, &keys.public].concat()).to_vec(),
    };
    write(&mut stream, &mut noise, &ours.encode_to_vec()).await?;
    let state = noise.into_transport_mode().map_err(failed)?;
    Ok(Framed::new(stream, Sealed { state, plain: BytesMut::new() }))
}

/// The key in the payload is the pinned node's, and has signed the Noise key of this handshake.
fn verify(payload: &[u8], noise_key: Option<&[u8]>, node: PeerId) -> Result<(), DialError> {
    let payload = Payload::decode(payload).map_err(failed)?;
    let peer = PeerId::of_public_key(&payload.identity_key)
        .ok_or_else(|| failed("the node's identity is not an Ed25519 key"))?;
    let signature = Signature::from_slice(&payload.identity_sig).map_err(failed)?;
    let (Some(key), Some(noise_key)) = (peer.key(), noise_key) else {
        return Err(failed("the node's identity is not a key"));
    };
    key.verify_strict(&[BINDS, noise_key].concat(), &signature).map_err(failed)?;
    if peer == node { Ok(()) } else { Err(DialError::OtherPeer(peer)) }
}

async fn write<T: Stream>(
    stream: &mut T,
    noise: &mut HandshakeState,
    payload: &[u8],
) -> Result<(), DialError> {
    // Far more than a handshake message takes.
    let mut frame = [0; 2 + 1_024];
    let len = noise.write_message(payload, &mut frame[2..]).map_err(failed)?;
    frame[..2].copy_from_slice(&(len as u16).to_be_bytes());
    Ok(stream.write_all(&frame[..2 + len]).await?)
}

async fn read<T: Stream>(stream: &mut T, noise: &mut HandshakeState) -> Result<Vec<u8>, DialError> {
    let mut frame = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut frame).await?;
    let mut payload = vec![0; frame.len()];
    let len = noise.read_message(&frame, &mut payload).map_err(failed)?;
    payload.truncate(len);
    Ok(payload)
}

fn failed(error: impl ToString) -> DialError {
    DialError::Handshake(error.to_string())
}

/// Privval messages inside Noise messages: one may span several, and the other way round.
pub(in super::super) struct Sealed {
    state: TransportState,
    /// Opened, and not yet a whole message.
    plain: BytesMut,
}

impl Decoder for Sealed {
    type Item = Envelope;
    type Error = CodecError;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Envelope>, CodecError> {
        loop {
            if let Some(message) = Codec.decode(&mut self.plain)? {
                return Ok(Some(message));
            }
            let Some(prefix) = buffer.first_chunk() else { return Ok(None) };
            let len = usize::from(u16::from_be_bytes(*prefix));
            if buffer.len() < 2 + len {
                return Ok(None);
            }
            buffer.advance(2);
            let frame = buffer.split_to(len);
            let at = self.plain.len();
            self.plain.resize(at + len, 0);
            let opened = self.state.read_message(&frame, &mut self.plain[at..]).map_err(sealed)?;
            self.plain.truncate(at + opened);
        }
    }

    fn decode_eof(&mut self, buffer: &mut BytesMut) -> Result<Option<Envelope>, CodecError> {
        match self.decode(buffer)? {
            Some(message) => Ok(Some(message)),
            None if buffer.is_empty() && self.plain.is_empty() => Ok(None),
            None => Err(CodecError::CutShort(buffer.len() + self.plain.len())),
        }
    }
}

impl Encoder<Envelope> for Sealed {
    type Error = CodecError;

    fn encode(&mut self, message: Envelope, buffer: &mut BytesMut) -> Result<(), CodecError> {
        let mut plain = BytesMut::new();
        Codec.encode(message, &mut plain)?;
        for chunk in plain.chunks(MAX_FRAME - TAG) {
            buffer.put_u16((chunk.len() + TAG) as u16);
            let at = buffer.len();
            buffer.resize(at + chunk.len() + TAG, 0);
            self.state.write_message(chunk, &mut buffer[at..]).map_err(sealed)?;
        }
        Ok(())
    }
}

fn sealed(error: snow::Error) -> CodecError {
    CodecError::Sealed(error.to_string())
}
