//! A signer that signs and does nothing else: no mark, no state, no log, no second look. What it takes, nobody can save.
//! With a device it signs by that: one thread that passes on what it is given, so its time is that of the hops alone.

use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use cometbft_p2p::{IdentitySecret, ReadMsg, SecretConnection, WriteMsg};
use ed25519_dalek::{Signer, SigningKey};
use highwater::device::{LONG_DEADLINE, Transport};
use highwater::node::Address;
use highwater::privval::proto::Envelope;
use highwater::privval::{Request, ping_reply, public_key_reply};
use highwater_core::apdu::{Command, MAX_COMMAND, Reply, Signed, Status};
use highwater_core::canonical::{ChainId, Message};
use highwater_tests::device::port;

use super::contestant::CHAIN;

/// Serves the node at `address` until it closes the link, with a key of its own or that of the device at `device`.
pub(crate) fn run(address: &str, device: Option<SocketAddr>) -> Result<()> {
    let hand = match device {
        None => Hand::Key(Box::new(SigningKey::from_bytes(&[9; 32]))),
        Some(address) => Hand::Device(port::dial(address)?),
    };
    match address.parse()? {
        Address::Unix(path) => serve(dial(|| UnixStream::connect(&path))?, hand),
        Address::Tcp(host) => {
            let stream = dial(|| TcpStream::connect((host.name.as_str(), host.port)))?;
            stream.set_nodelay(true)?;
            serve(SecretConnection::new(stream, &IdentitySecret::from_bytes(&[8; 32]))?, hand)
        }
        Address::Noise { .. } => bail!("the floor does not speak noise"),
    }
}

fn dial<S>(connect: impl Fn() -> std::io::Result<S>) -> Result<S> {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        match connect() {
            Ok(stream) => return Ok(stream),
            Err(error) if Instant::now() > until => return Err(error.into()),
            Err(_) => sleep(Duration::from_millis(20)),
        }
    }
}

fn serve(mut link: impl ReadMsg<Envelope> + WriteMsg<Envelope>, mut hand: Hand) -> Result<()> {
    loop {
        let reply = match Request::read(link.read_msg()?).context("not a request")? {
            Request::PublicKey { .. } => public_key_reply(&hand.public_key()?),
            Request::Ping => ping_reply(),
            Request::Sign(request, echo) => {
                let Signed { signature, timestamp } = hand.sign(&request.sign_bytes)?;
                echo.signed(&signature, timestamp, None)
            }
            Request::Malformed(_) | Request::RawSigning => bail!("nothing the floor knows"),
        };
        link.write_msg(&reply)?;
    }
}

/// What signs.
enum Hand {
    Key(Box<SigningKey>),
    Device(Box<dyn Transport>),
}

impl Hand {
    fn public_key(&mut self) -> Result<[u8; 32]> {
        match self {
            Self::Key(key) => Ok(key.verifying_key().to_bytes()),
            Self::Device(device) => {
                let chain = ChainId::new(CHAIN.as_bytes()).context("no chain id")?;
                ask(device.as_mut(), &Command::GetPublicKey(chain))?.try_into().ok().context("not a key")
            }
        }
    }

    fn sign(&mut self, sign_bytes: &[u8]) -> Result<Signed> {
        match self {
            Self::Key(key) => {
                let Ok(message) = Message::parse(sign_bytes) else { bail!("not canonical") };
                Ok(Signed { signature: key.sign(sign_bytes).to_bytes(), timestamp: message.timestamp })
            }
            Self::Device(device) => {
                Signed::parse(&ask(device.as_mut(), &Command::Sign(sign_bytes))?).context("not a signature")
            }
        }
    }
}

fn ask(device: &mut dyn Transport, command: &Command<'_>) -> Result<Vec<u8>> {
    let mut apdu = [0; MAX_COMMAND];
    let len = command.encode(&mut apdu).context("a command longer than any")?;
    let reply = device.exchange(&apdu[..len], Instant::now() + LONG_DEADLINE)?;
    match Reply::split(&reply) {
        Some((data, word)) if Status::from_word(word) == Some(Status::Ok) => Ok(data.to_vec()),
        _ => bail!("the device refused"),
    }
}
