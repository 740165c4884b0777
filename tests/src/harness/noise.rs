//! The listening end of libp2p Noise, as a node of CometBFT 0.40 has it.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use prost::Message;
use snow::{Builder, HandshakeState, TransportState};

const PATTERN: &str = "Noise_XX_25519_ChaChaPoly_SHA256";
/// What is signed, before the Noise key.
const BINDS: &[u8] = b"noise-libp2p-static-key:";
/// Of a protobuf `PublicKey` that is Ed25519.
const KEY: [u8; 4] = [8, 1, 18, 32];

#[derive(Clone, PartialEq, Message)]
struct Payload {
    #[prost(bytes = "vec", tag = "1")]
    identity_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    identity_sig: Vec<u8>,
}

/// A link after the handshake, read and written as a stream.
pub struct Noise {
    stream: TcpStream,
    state: TransportState,
    plain: Vec<u8>,
}

/// How libp2p names the owner of a key.
pub fn peer_id(key: &VerifyingKey) -> String {
    let identity = [&[0, 36][..], &KEY, key.as_bytes()].concat();
    bs58::encode(identity).into_string()
}

impl Noise {
    /// The handshake; only `signer` is let in.
    pub(super) fn accept(mut stream: TcpStream, key: &SigningKey, signer: &str) -> io::Result<Self> {
        let keys = builder()?.generate_keypair().map_err(io::Error::other)?;
        let mut noise = builder()?
            .local_private_key(&keys.private)
            .and_then(Builder::build_responder)
            .map_err(io::Error::other)?;
        read_handshake(&mut stream, &mut noise)?;
        let payload = Payload {
            identity_key: [&KEY[..], key.verifying_key().as_bytes()].concat(),
            identity_sig: key.sign(&[BINDS, &keys.public].concat()).to_vec(),
        };
        let mut message = vec![0; 1_024];
        let len = noise.write_message(&payload.encode_to_vec(), &mut message).map_err(io::Error::other)?;
        write_frame(&mut stream, &message[..len])?;
        let payload = Payload::decode(&read_handshake(&mut stream, &mut noise)?[..])?;
        let theirs = verified(&payload, noise.get_remote_static().unwrap_or_default())?;
        if peer_id(&theirs) != signer {
            let text = format!("signer {} is not on the list", peer_id(&theirs));
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
        }
        let state = noise.into_transport_mode().map_err(io::Error::other)?;
        Ok(Self { stream, state, plain: Vec::new() })
    }
}

fn builder<'a>() -> io::Result<Builder<'a>> {
    Ok(Builder::new(PATTERN.parse().map_err(io::Error::other)?))
}

fn verified(payload: &Payload, noise_key: &[u8]) -> io::Result<VerifyingKey> {
    let key = payload.identity_key.strip_prefix(&KEY).and_then(|key| key.try_into().ok());
    let key = key.and_then(|key| VerifyingKey::from_bytes(key).ok());
    let signature = Signature::from_slice(&payload.identity_sig).map_err(io::Error::other)?;
    key.filter(|key| key.verify_strict(&[BINDS, noise_key].concat(), &signature).is_ok())
        .ok_or_else(|| io::Error::other("the signer's identity does not verify"))
}

fn read_handshake(stream: &mut TcpStream, noise: &mut HandshakeState) -> io::Result<Vec<u8>> {
    let frame = read_frame(stream)?;
    let mut payload = vec![0; frame.len()];
    let len = noise.read_message(&frame, &mut payload).map_err(io::Error::other)?;
    payload.truncate(len);
    Ok(payload)
}

fn read_frame(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut len = [0; 2];
    stream.read_exact(&mut len)?;
    let mut frame = vec![0; usize::from(u16::from_be_bytes(len))];
    stream.read_exact(&mut frame)?;
    Ok(frame)
}

fn write_frame(stream: &mut TcpStream, frame: &[u8]) -> io::Result<()> {
    let len = u16::try_from(frame.len()).map_err(io::Error::other)?;
    stream.write_all(&[&len.to_be_bytes()[..], frame].concat())
}

impl Read for Noise {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.plain.is_empty() {
            let frame = match read_frame(&mut self.stream) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                frame => frame?,
            };
            self.plain.resize(frame.len(), 0);
            let len = self.state.read_message(&frame, &mut self.plain).map_err(io::Error::other)?;
            self.plain.truncate(len);
        }
        let len = buffer.len().min(self.plain.len());
        buffer[..len].copy_from_slice(&self.plain[..len]);
        self.plain.drain(..len);
        Ok(len)
    }
}

impl Write for Noise {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let chunk = &bytes[..bytes.len().min(65_519)];
        let mut frame = vec![0; chunk.len() + 16];
        let len = self.state.write_message(chunk, &mut frame).map_err(io::Error::other)?;
        write_frame(&mut self.stream, &frame[..len])?;
        Ok(chunk.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
